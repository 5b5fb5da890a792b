package app

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"twoweave/internal/base/fault"
)

// errFolderInUse is in the fault of lock when another program holds the data folder.
var errFolderInUse = errors.New("folder in use")

// lock makes sure that one program at a time uses a data folder.
func lock(path string) (release func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fault.New(fault.Invalid, "app", "%s cannot be opened: %v", path, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, &fault.Error{Kind: fault.Unavailable, Op: "app", Msg: fmt.Sprintf("the data folder is in use by another program (%s is locked)", path), Err: errFolderInUse}
	}
	// Given back by its name, not by closing alone: a process that is being started at this moment holds a copy of the file until it runs its own program.
	return func() error { return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close()) }, nil
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
