package app

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"syscall"

	"twoweave/internal/base/fault"
)

// lock makes sure that one program at a time uses a data folder.
func lock(path string) (release func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fault.New(fault.Invalid, "app", "%s cannot be opened: %v", path, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fault.New(fault.Unavailable, "app", "the data folder is in use by another program (%s is locked)", path)
	}
	return f.Close, nil
}

// keep32 is the 32 random bytes kept in a file that only we may read; they are made at the first start.
func keep32(path string) ([]byte, error) {
	secret, err := os.ReadFile(path)
	if err == nil && len(secret) == 32 {
		return secret, nil
	}
	if err == nil {
		return nil, fault.New(fault.Invalid, "app", "%s must hold 32 bytes and holds %d", path, len(secret))
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap("app.keep32", err)
	}
	secret = make([]byte, 32)
	rand.Read(secret)
	return secret, fault.Wrap("app.keep32", writeDurably(path, secret))
}

func writeDurably(path string, body []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	return errors.Join(err, f.Sync(), f.Close())
}
