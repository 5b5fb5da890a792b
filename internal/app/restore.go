package app

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/backup"
	"twoweave/internal/platform/blob"
	"twoweave/internal/platform/bus"
	"twoweave/internal/platform/sqldb"
)

// restoring stands in a data folder while something is restored into it. A program does not start on half a city.
const restoring = "restoring"

// tidyData looks at what a program before this one left in the data folder.
func (a *App) tidyData() error {
	if err := a.wholeData(); err != nil {
		return err
	}
	left, err := filepath.Glob(a.path(backupFolder + "*"))
	if err != nil {
		return fault.Wrap("app.tidyData", err)
	}
	for _, folder := range left {
		if err := os.RemoveAll(folder); err != nil {
			return fault.Wrap("app.tidyData", err)
		}
	}
	return nil
}

// wholeData refuses a folder into which only a part was restored.
func (a *App) wholeData() error {
	if _, err := os.Stat(a.path(restoring)); err == nil {
		return fault.New(fault.Conflict, "app.wholeData", "a restore into %s was broken off; empty the folder and restore again", a.config.Data)
	}
	return nil
}

// restore puts an archive where a program with a configuration will find it.
type restore struct {
	app    *App
	loader *sqldb.Loader
	bus    *bus.Restorer
	blobs  *blob.Dir
}

// Restore puts the archive into an empty data folder, and an empty database where that is elsewhere, and reads it all once more. What is there already is never written over,
// but for keys: they are in no archive and may be in their folder before.
func Restore(ctx context.Context, config Config, log *slog.Logger, open func() (io.ReadCloser, error), keyFile string) (m backup.Manifest, err error) {
	a, err := New(config, Options{Clock: clock.System{}, Log: log, Silent: true})
	if err != nil {
		return m, err
	}
	// First everything is read, so that a damaged archive leaves no trace.
	if m, err = readArchive(open, keyFile, func(string, int64, io.Reader) error { return nil }); err != nil {
		return m, err
	}
	if err := a.prepareRestore(); err != nil {
		return m, err
	}
	r := &restore{app: a}
	if r.loader, err = sqldb.OpenLoader(ctx, config.databaseURL(), sqldb.Engine(m.Engine), migrations()); err != nil {
		return m, errors.Join(err, os.Remove(a.path(restoring)))
	}
	_, err = readArchive(open, keyFile, func(name string, _ int64, body io.Reader) error { return r.take(ctx, name, body) })
	if err = errors.Join(err, r.close(ctx, err == nil)); err != nil {
		return m, err
	}
	if err := os.Remove(a.path(restoring)); err != nil {
		return m, fault.Wrap("app.Restore", err)
	}
	return m, a.tryRestored(ctx)
}

func readArchive(open func() (io.ReadCloser, error), keyFile string, take func(string, int64, io.Reader) error) (backup.Manifest, error) {
	archive, err := open()
	if err != nil {
		return backup.Manifest{}, err
	}
	defer archive.Close()
	return backup.Read(archive, keyFile, take)
}

// prepareRestore makes the data folder, or sees that nothing but keys is in it, and marks it.
func (a *App) prepareRestore() error {
	const op = "app.prepareRestore"
	if err := os.MkdirAll(a.config.Data, 0o700); err != nil {
		return fault.New(fault.Invalid, op, "data folder %s cannot be made: %v", a.config.Data, err)
	}
	if err := a.wholeData(); err != nil {
		return err
	}
	entries, err := os.ReadDir(a.config.Data)
	if err != nil {
		return fault.New(fault.Invalid, op, "data folder %s cannot be read: %v", a.config.Data, err)
	}
	for _, e := range entries {
		if e.Name() == "keys" && e.IsDir() {
			continue
		}
		return fault.New(fault.Conflict, op, "%s is not empty (%s); nothing is restored over something else: name an empty folder", a.config.Data, e.Name())
	}
	return fault.Wrap(op, writeDurably(a.path(restoring), []byte("A restore is under way, or was broken off.\n")))
}

// take puts one part where it belongs.
func (r *restore) take(ctx context.Context, name string, body io.Reader) (err error) {
	kind, rest, _ := strings.Cut(name, "/")
	switch kind + "/" {
	case databasePart:
		return r.loader.Load(ctx, rest, body)
	case logPart:
		if r.bus == nil {
			if r.bus, err = bus.OpenRestorer(r.app.busOptions()); err != nil {
				return err
			}
		}
		return r.bus.Restore(ctx, rest, body)
	case blobPart:
		return r.takeBlob(ctx, rest, body)
	case seriesPart:
		return writeFile(r.app.path("series", filepath.FromSlash(rest)), body)
	default:
		return fault.New(fault.Invalid, "app.Restore", "the backup has a part %q that this program does not know; restore it with the program that made it, or a later one", name)
	}
}

func (r *restore) takeBlob(ctx context.Context, key string, body io.Reader) (err error) {
	if r.blobs == nil {
		if r.blobs, err = blob.OpenDir(r.app.config.folder(r.app.config.Blobs, "blobs")); err != nil {
			return err
		}
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return fault.Wrap("app.takeBlob", err)
	}
	return r.blobs.Put(ctx, key, text)
}

func writeFile(path string, body io.Reader) error {
	const op = "app.writeFile"
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fault.Wrap(op, err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fault.Wrap(op, err)
	}
	_, err = io.Copy(f, body)
	return fault.Wrap(op, errors.Join(err, f.Sync(), f.Close()))
}

// close ends what take opened; the database stands only when everything went well.
func (r *restore) close(ctx context.Context, well bool) error {
	err := r.loader.Close(ctx, well)
	if r.bus != nil {
		err = errors.Join(err, r.bus.Close())
	}
	if r.blobs != nil {
		err = errors.Join(err, r.blobs.Close())
	}
	return err
}

// tryRestored opens everything as the program will, so that what does not open is known now.
func (a *App) tryRestored(ctx context.Context) error {
	keys := filepath.Join(a.config.folder(a.config.Keys, "keys"), "master.key")
	if _, err := os.Stat(keys); errors.Is(err, fs.ErrNotExist) {
		return nil // without it the database cannot be opened, and a new one must not be made
	}
	return errors.Join(a.openAll(ctx), a.undo.unwind())
}
