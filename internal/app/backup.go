package app

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/backup"
	"twoweave/internal/platform/bus"
	"twoweave/internal/platform/sqldb"
)

// Backup is the setting backup.
type Backup struct {
	Recipients backup.Recipients `yaml:"recipients"` // public keys of whoever may restore
}

// The folders of an archive.
const (
	databasePart  = "database/"
	logPart       = "log/"
	seriesPart    = "series/"
	blobPart      = "blobs/"
	snapshotsPart = "snapshots/" // of the blobs, those of detection
)

// backupFolder is where parts wait while they are written; what a broken-off backup left is taken away at the next start.
const backupFolder = "backup-"

// writeBackup writes everything that the program keeps, but its keys, while it goes on working.
//
// The order keeps what is restored whole. Detection's snapshots come first: none may know more than the database, or what it found in between would never be written
// down. Then the database, at one moment. Then the log, which may know more: what came in after that moment is computed again after a restore. Then the rest of the
// blobs, which have everything that database and log speak of. Series last: they are history.
func (a *App) writeBackup(ctx context.Context, w io.Writer, to backup.Recipients) (m backup.Manifest, err error) {
	folder, err := os.MkdirTemp(a.config.Data, backupFolder)
	if err != nil {
		return m, fault.New(fault.Unavailable, "app.writeBackup", "the data folder takes no files: %v", err)
	}
	defer os.RemoveAll(folder)
	out, err := backup.NewWriter(w, to, backup.Manifest{Program: Version(), Engine: string(a.database.Engine()), At: a.o.Clock.Now().UTC()}, folder)
	if err != nil {
		return m, err
	}
	if err := a.auditBackup(ctx); err != nil {
		return m, err
	}
	under := func(part string) func(string, func(io.Writer) error) error {
		return func(name string, fill func(io.Writer) error) error { return out.AddStream(part+name, fill) }
	}
	for _, step := range []func() error{
		func() error { return a.backupSnapshots(ctx, out) },
		func() error { return a.database.Dump(ctx, folder, under(databasePart)) },
		func() error { return a.bus.Snapshot(ctx, under(logPart)) },
		func() error { return a.backupBlobs(ctx, out) },
		func() error { return a.backupSeries(out, filepath.Join(folder, "series")) },
	} {
		if err := step(); err != nil {
			return m, err
		}
	}
	return out.Close()
}

// auditBackup notes that everything was copied: it holds what people told the city, although only the right key opens it.
func (a *App) auditBackup(ctx context.Context) error {
	row, err := access.Ask(a.o.Clock.Now(), access.Request{Actor: access.Program("shell"), Action: access.MakeBackup, Thing: access.Thing{Kind: "backup"}, Purpose: access.Operation})
	if err != nil {
		return err
	}
	return a.database.Update(ctx, func(tx *sqldb.Tx) error { return a.records.AppendAudit(tx, row) })
}

// backupSnapshots copies each partition's snapshots as they stood at one moment: newer ones take away those that they build on no more.
func (a *App) backupSnapshots(ctx context.Context, out *backup.Writer) error {
	folders := map[string][]string{}
	keys, err := a.blobs.List(ctx, snapshotsPart)
	if err != nil {
		return err
	}
	for _, key := range keys {
		folder := key[:strings.LastIndex(key, "/")+1]
		folders[folder] = nil
	}
	for folder := range folders {
		bodies, err := a.steadyBlobs(ctx, folder)
		if err != nil {
			return err
		}
		for key, body := range bodies {
			if err := out.Add(blobPart+key, body); err != nil {
				return err
			}
		}
	}
	return nil
}

// steadyTries is how often a folder is read anew because it changed meanwhile; it changes once in a while, and reading takes milliseconds.
const steadyTries = 100

func (a *App) steadyBlobs(ctx context.Context, folder string) (map[string][]byte, error) {
	for range steadyTries {
		bodies, err := a.readBlobs(ctx, folder)
		if err != nil {
			return nil, err
		}
		after, err := a.blobs.List(ctx, folder)
		if err != nil {
			return nil, err
		}
		gone := func(key string) bool { return !slices.Contains(after, key) }
		if bodies != nil && !slices.ContainsFunc(keysOf(bodies), gone) {
			return bodies, nil
		}
	}
	return nil, fault.New(fault.Unavailable, "app.backupSnapshots", "detection's snapshots in %s change faster than they can be read; try again", folder)
}

// readBlobs reads a folder; nil when something in it was taken away meanwhile.
func (a *App) readBlobs(ctx context.Context, folder string) (map[string][]byte, error) {
	keys, err := a.blobs.List(ctx, folder)
	if err != nil {
		return nil, err
	}
	bodies := map[string][]byte{}
	for _, key := range keys {
		body, err := a.blobs.Get(ctx, key)
		if fault.Is(err, fault.NotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		bodies[key] = body
	}
	return bodies, nil
}

func keysOf(m map[string][]byte) (keys []string) {
	for key := range m {
		keys = append(keys, key)
	}
	return keys
}

// backupBlobs copies all blobs but detection's snapshots: packs, photos. None is ever changed; one that is taken away meanwhile has had its time.
func (a *App) backupBlobs(ctx context.Context, out *backup.Writer) error {
	keys, err := a.blobs.List(ctx, "")
	if err != nil {
		return err
	}
	for _, key := range keys {
		if strings.HasPrefix(key, snapshotsPart) {
			continue
		}
		body, err := a.blobs.Get(ctx, key)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err == nil {
			err = out.Add(blobPart+key, body)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *App) backupSeries(out *backup.Writer, folder string) error {
	if err := a.series.Snapshot(folder); err != nil {
		return err
	}
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		return out.AddFile(seriesPart+filepath.ToSlash(name), path)
	})
}

// MakeBackup writes a backup of the program with a configuration: by the program itself where it runs, else from its folders.
func MakeBackup(ctx context.Context, config Config, log *slog.Logger, w io.Writer, to backup.Recipients) error {
	if len(to) == 0 {
		to = config.Backup.Recipients
	}
	if err := to.Check(); err != nil {
		return err
	}
	a, err := New(config, Options{Clock: clock.System{}, Log: log, Silent: true})
	if err != nil {
		return err
	}
	if _, err := os.Stat(config.Data); err != nil {
		return fault.New(fault.NotFound, "app.MakeBackup", "there is no data folder %s", config.Data)
	}
	err = a.openAll(ctx)
	if errors.Is(err, errFolderInUse) {
		return a.askForBackup(ctx, w, to)
	}
	if err != nil {
		return errors.Join(err, a.undo.unwind())
	}
	_, err = a.writeBackup(ctx, w, to)
	return errors.Join(err, a.undo.unwind())
}

// openAll opens what a backup copies, and starts nothing.
func (a *App) openAll(ctx context.Context) error {
	for _, open := range []func(context.Context) error{a.openData, a.openDatabase, a.openBus, a.openSeries} {
		if err := open(ctx); err != nil {
			return err
		}
	}
	return nil
}

// VerifyBackup reads a whole archive and says what is in it.
func VerifyBackup(r io.Reader, keyFile string) (backup.Manifest, error) {
	return backup.Read(r, keyFile, func(string, int64, io.Reader) error { return nil })
}

// busOptions are those of the log, running or restored.
func (a *App) busOptions() bus.Options {
	o := bus.Options{Clock: a.o.Clock, Log: a.o.Log.With("part", "bus")}
	if a.config.NATS == "embedded" {
		o.Dir = a.path("log")
	} else {
		o.URL = a.config.NATS
	}
	return o
}
