package sqldb

import (
	"context"
	"database/sql"
	"strings"
	"sync"

	"twoweave/internal/base/fault"
)

// Engine names the database behind a DB.
type Engine string

// The two engines. Only bulk inserts and the claiming of queue rows have reason to look at it.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// store is what an engine does its own way.
type store interface {
	update(ctx context.Context, fn func(*Tx) error) error
	view(ctx context.Context, fn func(*Tx) error) error
	close() error
}

// DB is an open database. It is safe for many goroutines.
type DB struct {
	engine Engine
	sync   string
	store  store
	close  func() error
}

// Open opens the database that url names, "sqlite:PATH" or "postgres://…", and brings its tables up to date with migrations, in their order.
//
// A SQLite file is created, readable by its owner only, when it is missing; its folder must exist. A PostgreSQL database must exist, sort
// text in binary order and write commits through to disk; else Open returns an Invalid fault that says what to change. A migration that was changed
// after it was applied, or a database with migrations this program does not know, is a Conflict. A database that does not answer is Unavailable.
func Open(ctx context.Context, url string, migrations []Migration) (*DB, error) {
	const op = "sqldb.Open"
	if err := checkNames(migrations); err != nil {
		return nil, fault.Wrap(op, err)
	}
	var db *DB
	var err error
	switch scheme, rest, _ := strings.Cut(url, ":"); scheme {
	case "sqlite":
		db, err = openSQLite(ctx, rest, migrations)
	case "postgres", "postgresql":
		db, err = openPostgres(ctx, url, migrations)
	default:
		err = fault.New(fault.Invalid, "", "the database must be given as sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME")
	}
	if err != nil {
		return nil, fault.Wrap(op, classify(err))
	}
	db.close = sync.OnceValue(db.store.close)
	return db, nil
}

// Update runs fn in a serialisable transaction and commits it. When it returns nil the commit is durable. When it returns an error nothing
// of fn remains, but for one case: an Unavailable fault may mean that the server was lost during the commit and that the outcome is not known; commands that are
// repeated must therefore be idempotent.
//
// fn may run more than once and runs in the caller's goroutine, never after Update has returned. The error of fn comes back unchanged, and a panic
// goes on in the caller. ctx is heeded until the commit begins. A conflict that lasts through all attempts is Unavailable.
func (db *DB) Update(ctx context.Context, fn func(tx *Tx) error) error {
	if ctx.Value(insideKey{}) == db {
		return fault.New(fault.Internal, "sqldb.Update", "an Update must not start inside another one")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return classify(db.store.update(context.WithValue(ctx, insideKey{}, db), fn))
}

// View runs fn on one snapshot of what is committed when it first reads. Statements that write fail. fn runs once, in the caller's goroutine.
func (db *DB) View(ctx context.Context, fn func(tx *Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return classify(db.store.view(ctx, fn))
}

// Engine is the engine behind db.
func (db *DB) Engine() Engine { return db.engine }

// SyncMode says, in the engine's own terms, what a durable commit rests on: "sqlite wal synchronous=full". If commits are not safe
// from a power cut it says UNSAFE.
func (db *DB) SyncMode() string { return db.sync }

// Close waits for the transactions that run, refuses those that wait with Unavailable, and closes the database. A second Close does nothing.
func (db *DB) Close() error { return db.close() }

// insideKey marks the context of a running Update with its DB.
type insideKey struct{}

// runView is the read-only transaction of both engines.
func runView(ctx context.Context, pool *sql.DB, engine Engine, o *sql.TxOptions, fn func(*Tx) error) error {
	raw, err := pool.BeginTx(ctx, o)
	if err != nil {
		return err
	}
	defer func() { _ = raw.Rollback() }() // a snapshot has nothing to keep, and rolling back may fail only on a lost connection
	tx := newTx(ctx, ctx, raw, engine)
	defer tx.finish()
	if err := fn(tx); err != nil {
		return err
	}
	return tx.finish()
}
