package blob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"twoweave/internal/base/fault"
)

// Dir is a blob store in a folder of the file system. Its methods may be called from many goroutines, and several programs may share the folder.
type Dir struct {
	root *os.Root

	durable sync.Map // folders whose names we know to be synced, all the way up
}

const (
	tempDir  = ".tmp" // no key can start with a dot
	dirPerm  = 0o700
	filePerm = 0o600
)

// OpenDir opens the folder, makes it when missing, and removes what an interrupted Put left behind.
func OpenDir(dir string) (*Dir, error) {
	const op = "blob.OpenDir"
	if err := makeDurably(filepath.Clean(dir)); err != nil {
		return nil, ioFault(op, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, ioFault(op, err)
	}
	d := &Dir{root: root}
	if err := d.prepare(); err != nil {
		return nil, ioFault(op, errors.Join(err, root.Close()))
	}
	return d, nil
}

// prepare makes the folder of what is being written, and removes what a program that died has left there. Another program may be writing there at this moment.
func (d *Dir) prepare() error {
	if err := d.root.Mkdir(tempDir, dirPerm); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := d.sweep(); err != nil {
		return err
	}
	return d.syncDir(".")
}

// abandoned is the age at which nobody writes on a file any more.
const abandoned = time.Hour

// sweep removes abandoned files. What time it is the file system says, whose clock their age is by.
func (d *Dir) sweep() error {
	probe, err := d.writeTemp(nil)
	if err != nil {
		return err
	}
	fresh, err := d.root.Stat(probe)
	if err := errors.Join(err, d.root.Remove(probe)); err != nil {
		return err
	}
	left, err := fs.ReadDir(d.root.FS(), tempDir)
	if err != nil {
		return err
	}
	for _, entry := range left {
		info, err := entry.Info()
		if err == nil && fresh.ModTime().Sub(info.ModTime()) > abandoned {
			err = d.root.Remove(path.Join(tempDir, entry.Name()))
		}
		if ignoreMissing(err) != nil {
			return err
		}
	}
	return nil
}

// Close gives the folder's handle free. Blobs need no closing.
func (d *Dir) Close() error { return d.root.Close() }

// Put stores body under key, replacing what was there, and returns once that is durable. On an error the blob is as before, or, when the
// last sync failed, either. Invalid: the key. Conflict: the key is the first words of another, or the other way round. Unavailable: the disk.
func (d *Dir) Put(ctx context.Context, key string, body []byte) error {
	const op = "blob.Put"
	if err := check(ctx, op, key); err != nil {
		return err
	}
	temp, err := d.writeTemp(body)
	if err != nil {
		return ioFault(op, err)
	}
	err = d.publish(temp, key)
	if err == nil {
		return nil
	}
	err = errors.Join(err, ignoreMissing(d.root.Remove(temp)))
	if errors.Is(err, syscall.ENOTDIR) || d.isFolder(key) {
		return &fault.Error{Kind: fault.Conflict, Op: op, Msg: fmt.Sprintf("blob key %q: a key cannot be another key's first words", key), Err: err}
	}
	return ioFault(op, err)
}

// writeTemp writes a synced file of an unused name and returns that name.
func (d *Dir) writeTemp(body []byte) (name string, err error) {
	name, f, err := d.createTemp()
	if err != nil {
		return "", err
	}
	_, err = f.Write(body)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, d.root.Remove(name))
	}
	return name, nil
}

// publish gives the synced file its name, and syncs the folders from the name up to the first that was there before.
func (d *Dir) publish(temp, key string) error {
	folder := filepath.Dir(filepath.FromSlash(key))
	if err := d.makeFolders(folder); err != nil {
		return err
	}
	if err := d.root.Rename(temp, filepath.FromSlash(key)); err != nil {
		return err
	}
	return d.syncDir(folder)
}

// makeFolders makes the folder and those above it durable, top down. A folder found there may be the work of another Put that has not
// synced it yet: every level is synced unless this store has already seen it done.
func (d *Dir) makeFolders(folder string) error {
	if _, done := d.durable.Load(folder); done || folder == "." {
		return nil
	}
	parent := filepath.Dir(folder)
	if err := d.makeFolders(parent); err != nil {
		return err
	}
	err := d.root.Mkdir(folder, dirPerm)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := d.syncDir(parent); err != nil {
		return err
	}
	d.durable.Store(folder, true)
	return nil
}

// Get returns the blob, which is the caller's. NotFound: there is none.
func (d *Dir) Get(ctx context.Context, key string) ([]byte, error) {
	const op = "blob.Get"
	if err := check(ctx, op, key); err != nil {
		return nil, err
	}
	body, err := d.root.ReadFile(filepath.FromSlash(key))
	if err != nil && d.isFolder(key) {
		err = fs.ErrNotExist // a longer key's first words
	}
	if absent(err) {
		return nil, fault.New(fault.NotFound, op, "there is no blob %q", key)
	}
	if err != nil {
		return nil, ioFault(op, err)
	}
	return body, nil
}

// List returns the keys that start with prefix, in byte order. The prefix need not end at a slash.
func (d *Dir) List(ctx context.Context, prefix string) ([]string, error) {
	const op = "blob.List"
	if err := checkPrefix(op, prefix); err != nil {
		return nil, err
	}
	var keys []string
	err := fs.WalkDir(d.root.FS(), startFolder(prefix), func(key string, e fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case absent(err):
			return nil // the starting folder, or one removed meanwhile
		case err != nil:
			return err
		case e.IsDir():
			return enterFolder(key, prefix)
		case strings.HasPrefix(key, prefix):
			keys = append(keys, key)
		}
		return nil
	})
	if err != nil {
		return nil, ioFault(op, err)
	}
	slices.Sort(keys)
	return keys, nil
}

// startFolder is the deepest folder that holds every key with the prefix.
func startFolder(prefix string) string {
	if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
		return prefix[:i]
	}
	return "."
}

func enterFolder(folder, prefix string) error {
	inside := folder + "/"
	if folder == "." || strings.HasPrefix(inside, prefix) || strings.HasPrefix(prefix, inside) {
		if folder != tempDir {
			return nil
		}
	}
	return fs.SkipDir
}

// Delete removes the blob and returns once that is durable. A blob that is not there is no error.
func (d *Dir) Delete(ctx context.Context, key string) error {
	const op = "blob.Delete"
	if err := check(ctx, op, key); err != nil {
		return err
	}
	if d.isFolder(key) {
		return nil // the first words of longer keys; not a blob
	}
	err := d.root.Remove(filepath.FromSlash(key))
	if absent(err) {
		return nil
	}
	if err == nil {
		err = d.syncDir(filepath.Dir(filepath.FromSlash(key)))
	}
	if err != nil {
		return ioFault(op, err)
	}
	return nil
}

func (d *Dir) isFolder(key string) bool {
	info, err := d.root.Stat(filepath.FromSlash(key))
	return err == nil && info.IsDir()
}

func check(ctx context.Context, op, key string) error {
	if err := checkKey(op, key); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return ioFault(op, err)
	}
	return nil
}

// absent holds too when a shorter key's blob stands where this key has a folder.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func ioFault(op string, err error) error {
	return &fault.Error{Kind: fault.Unavailable, Op: op, Msg: "the file store cannot do this now", Err: err}
}
