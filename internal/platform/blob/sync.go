package blob

import (
	"crypto/rand"
	"errors"
	"os"
)

// createTemp opens a new file in the store's own folder; 26 random characters do not meet twice.
func (d *Dir) createTemp() (string, *os.File, error) {
	name := tempDir + "/" + rand.Text()
	f, err := d.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, filePerm)
	return name, f, err
}

// syncDir makes the names in a folder of the store durable.
func (d *Dir) syncDir(folder string) error {
	f, err := d.root.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func syncOSDir(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
