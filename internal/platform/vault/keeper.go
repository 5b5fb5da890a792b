package vault

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"twoweave/internal/base/fault"
)

// Keeper keeps the master key's text outside the database: a File here, or whatever calls a key management service or a hardware module.
type Keeper interface {
	// Read gives the text; fs.ErrNotExist when there is none yet.
	Read() ([]byte, error)
	// Create keeps a first text, whole or not at all, and leaves one that somebody else made in the meantime alone.
	Create(text []byte) error
	// Replace exchanges the text, whole or not at all; when it returns nil, the new one survives a power cut.
	Replace(text []byte) error
	// Lock keeps other rotations out until release; fault.Unavailable when one is under way. It ends with the process.
	Lock() (release func() error, err error)
	// String names the place for people.
	String() string
}

// File is the Keeper that keeps the master key in a file which only this program's user may read.
type File string

func (f File) String() string { return "the file " + string(f) }

// Read refuses a file that others may read as fault.Invalid.
func (f File) Read() ([]byte, error) {
	info, err := os.Stat(string(f))
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Invalid, "vault.File", "the key file %s may be read by others (mode %04o); make it 0600", string(f), info.Mode().Perm())
	}
	return os.ReadFile(string(f))
}

// Create also makes the folder.
func (f File) Create(text []byte) error {
	if err := os.MkdirAll(f.folder(), folderMode); err != nil {
		return err
	}
	return f.write(text, func(temp string) error {
		if err := os.Link(temp, string(f)); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return nil
	})
}

// Replace writes beside the file and renames.
func (f File) Replace(text []byte) error {
	return f.write(text, func(temp string) error { return os.Rename(temp, string(f)) })
}

func (f File) folder() string { return filepath.Dir(string(f)) }

func (f File) write(text []byte, put func(temp string) error) error {
	temp, err := os.CreateTemp(f.folder(), ".master-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	if err := writeSynced(temp, append(text, '\n')); err != nil {
		return err
	}
	if err := put(temp.Name()); err != nil {
		return err
	}
	return syncFolder(f.folder())
}

// Lock locks the file's folder, so that nothing is left behind. It also removes what a rotation that was killed left beside the file: it may hold keys.
func (f File) Lock() (release func() error, err error) {
	d, err := os.Open(f.folder())
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		d.Close()
		return nil, fault.New(fault.Unavailable, "vault.Lock", "another rotation works on %s", f)
	}
	left, err := filepath.Glob(filepath.Join(f.folder(), ".master-*"))
	for _, name := range left {
		err = errors.Join(err, os.Remove(name))
	}
	return d.Close, err
}

func writeSynced(f *os.File, text []byte) error {
	_, err := f.Write(text)
	return errors.Join(err, f.Chmod(masterMode), f.Sync(), f.Close())
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
