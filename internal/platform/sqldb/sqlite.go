package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"runtime"

	"modernc.org/sqlite"

	"twoweave/internal/base/fault"
)

const (
	sqliteIdentity = "INTEGER PRIMARY KEY AUTOINCREMENT"
	// sqliteSync is what the settings below amount to; openSQLite checks that the file took them.
	sqliteSync = "sqlite wal synchronous=full"
	sqliteBusy = "busy_timeout(10000)"
)

// lite is SQLite: one connection that writes, in its own goroutine, and many that read.
type lite struct {
	writer  *writer
	writers *sql.DB
	readers *sql.DB
}

func openSQLite(ctx context.Context, path string, migrations []Migration) (*DB, error) {
	if path == "" || path == ":memory:" {
		return nil, fault.New(fault.Invalid, "", "sqlite: needs the path of a file")
	}
	if err := createPrivate(path); err != nil {
		return nil, &fault.Error{Kind: fault.Invalid, Msg: "the SQLite file cannot be opened for writing: " + path, Err: err}
	}
	writers, err := pool(path, url.Values{"_pragma": {sqliteBusy, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)", writerCache}, "_dqs": {"0"}}, 1)
	if err != nil {
		return nil, err
	}
	readers, err := pool(path, url.Values{"_pragma": {sqliteBusy, "foreign_keys(ON)", readerCache}, "_dqs": {"0"}, "mode": {"ro"}}, max(4, 2*runtime.NumCPU()))
	if err != nil {
		return nil, errors.Join(err, writers.Close())
	}
	l := &lite{writers: writers, readers: readers}
	if err := l.start(ctx, migrations); err != nil {
		return nil, errors.Join(err, readers.Close(), writers.Close())
	}
	return &DB{engine: SQLite, sync: sqliteSync, store: l}, nil
}

// createPrivate makes the file for its owner only; SQLite gives its side files the same mode.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// Pages that a connection keeps, in KiB: keys of cases are random, so that a year's indexes are written all over; with SQLite's own 2 MB they are read again and again.
const (
	writerCache = "cache_size(-65536)"
	readerCache = "cache_size(-8192)"
)

func pool(path string, options url.Values, conns int) (*sql.DB, error) {
	name := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: options.Encode()}
	if path[0] != '/' {
		name.Path, name.Opaque = "", (&url.URL{Path: path}).EscapedPath()
	}
	c, err := sqlite.NewConnector(name.String())
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// connect opens the connection that writes. While another process turns a new file to write-ahead logging, SQLite does not wait but answers busy.
func (l *lite) connect(ctx context.Context) (*sql.Conn, error) {
	for attempt := 1; ; attempt++ {
		conn, err := l.writers.Conn(ctx)
		if !busy(err) || attempt == attempts {
			return conn, err
		}
		if err := wait(ctx, attempt); err != nil {
			return nil, err
		}
	}
}

func (l *lite) start(ctx context.Context, migrations []Migration) error {
	conn, err := l.connect(ctx)
	if err != nil {
		return err
	}
	if err := checkSettings(ctx, conn); err != nil {
		return errors.Join(err, conn.Close())
	}
	if err := (migrator{step: liteStep(conn), exec: liteScript}).migrate(ctx, migrations); err != nil {
		return errors.Join(err, conn.Close())
	}
	l.writer = startWriter(conn)
	return nil
}

func checkSettings(ctx context.Context, conn *sql.Conn) error {
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		if err := conn.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got); err != nil {
			return err
		}
		if got != want {
			return fault.New(fault.Internal, "", "SQLite keeps %s=%s, not %s; is the file on a network drive?", pragma, got, want)
		}
	}
	return nil
}

func liteStep(conn *sql.Conn) func(context.Context, func(runner) error) error {
	return func(ctx context.Context, fn func(runner) error) error {
		if _, err := conn.ExecContext(ctx, "BEGIN EXCLUSIVE"); err != nil {
			return err
		}
		err := fn(conn)
		if err == nil {
			_, err = conn.ExecContext(ctx, "COMMIT")
		}
		if err != nil {
			_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") // SQLite may have rolled back itself
		}
		return err
	}
}

func liteScript(ctx context.Context, run runner, text string) error {
	_, err := run.ExecContext(ctx, dialect(text, sqliteIdentity))
	return err
}

func (l *lite) update(ctx context.Context, fn func(*Tx) error) error { return l.writer.do(ctx, fn) }

func (l *lite) view(ctx context.Context, fn func(*Tx) error) error {
	return runView(ctx, l.readers, SQLite, &sql.TxOptions{ReadOnly: true}, fn)
}

// close ends with the writer's pool: the last connection empties the write-ahead log into the file.
func (l *lite) close() error {
	return errors.Join(l.writer.stop(), l.readers.Close(), l.writers.Close())
}
