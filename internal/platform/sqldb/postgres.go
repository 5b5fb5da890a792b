package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
)

const (
	pgIdentity = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
	pgLock     = 0x74776f7765617665 // "twoweave": the advisory lock of migrations
	pgConns    = 24
	pgIdle     = 5 * time.Minute

	// UnsafeParameter in a PostgreSQL URL, with the value "allow", opens a server whose fsync is off. It is for tests that measure something else.
	UnsafeParameter = "twoweave_unsafe_fsync"

	attempts  = 48 // of one Update; with the waits below two to five seconds
	firstWait = 2 * time.Millisecond
	lastWait  = 100 * time.Millisecond

	// A process that stands still in a transaction (stopped, swapped out, its host asleep) would hold its locks, and with them everybody who takes over from it. The
	// server ends such a session after idleMillis, unless the URL says otherwise; the process then finds its transaction rolled back. Its other sessions that wait
	// for that one's locks give up before: else each in turn would get them and stand still with them.
	idleInTransaction = "idle_in_transaction_session_timeout"
	idleMillis        = "5000"
	lockTimeout       = "lock_timeout"
	lockMillis        = "3000"
)

type postgres struct{ pool *sql.DB }

func openPostgres(ctx context.Context, text string, migrations []Migration) (*DB, error) {
	text, unsafe, err := cutUnsafe(text)
	if err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfig(text)
	if err != nil {
		return nil, fault.New(fault.Invalid, "", "the PostgreSQL URL is not valid; write postgres://USER:PASSWORD@HOST:PORT/NAME") // the cause would show the password
	}
	for name, value := range map[string]string{idleInTransaction: idleMillis, lockTimeout: lockMillis} {
		if _, given := config.RuntimeParams[name]; !given {
			config.RuntimeParams[name] = value
		}
	}
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(pgConns)
	pool.SetMaxIdleConns(pgConns)
	pool.SetConnMaxIdleTime(pgIdle)
	p := &postgres{pool: pool}
	mode, err := p.prepare(ctx, unsafe, migrations)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return &DB{engine: Postgres, sync: mode, store: p}, nil
}

// cutUnsafe takes our own parameter out of the URL; the server would not know it.
func cutUnsafe(text string) (rest string, unsafe bool, err error) {
	u, err := url.Parse(text)
	if err != nil {
		return "", false, fault.New(fault.Invalid, "", "the PostgreSQL URL is not valid; write postgres://USER:PASSWORD@HOST:PORT/NAME")
	}
	q := u.Query()
	unsafe = q.Get(UnsafeParameter) == "allow"
	q.Del(UnsafeParameter)
	u.RawQuery = q.Encode()
	return u.String(), unsafe, nil
}

func (p *postgres) prepare(ctx context.Context, unsafe bool, migrations []Migration) (mode string, err error) {
	if err := p.checkOrder(ctx); err != nil {
		return "", err
	}
	if mode, err = p.syncMode(ctx, unsafe); err != nil {
		return "", err
	}
	return mode, migrator{step: p.step, exec: pgScript}.migrate(ctx, migrations)
}

// checkOrder refuses a database that would not sort text by its bytes: pages and indexes would differ from SQLite's.
func (p *postgres) checkOrder(ctx context.Context) error {
	var name, collate, encoding, provider string
	err := p.pool.QueryRowContext(ctx, `SELECT datname, datcollate, pg_encoding_to_char(encoding), COALESCE(to_jsonb(d)->>'datlocprovider', 'c')
		FROM pg_database d WHERE datname = current_database()`).Scan(&name, &collate, &encoding, &provider)
	if err != nil {
		return err
	}
	if encoding == "UTF8" && (provider == "b" || provider == "c" && (collate == "C" || collate == "POSIX")) {
		return nil
	}
	return fault.New(fault.Invalid, "", "the database %s sorts text by %s (%s); it must be binary. Create it with: CREATE DATABASE %s TEMPLATE template0 LOCALE 'C' ENCODING 'UTF8'",
		name, collate, encoding, pgx.Identifier{name}.Sanitize())
}

// syncMode tells what a commit rests on and refuses what a power cut could undo.
func (p *postgres) syncMode(ctx context.Context, unsafe bool) (string, error) {
	var fsync, commit string
	err := p.pool.QueryRowContext(ctx, `SELECT current_setting('fsync'), current_setting('synchronous_commit')`).Scan(&fsync, &commit)
	if err != nil {
		return "", err
	}
	if commit == "off" {
		return "", fault.New(fault.Invalid, "", "the server has synchronous_commit=off, so a commit could be lost; set it to on or local for this database")
	}
	mode := fmt.Sprintf("postgres synchronous_commit=%s fsync=%s", commit, fsync)
	switch {
	case fsync == "on":
		return mode, nil
	case unsafe:
		return "UNSAFE " + mode + ": a power cut loses commits", nil
	default:
		return "", fault.New(fault.Invalid, "", "the server has fsync=off, so a power cut could lose commits; set it to on")
	}
}

// step is one transaction of the migrations, alone among all programs on this database.
func (p *postgres) step(ctx context.Context, fn func(run runner) error) error {
	tx, err := p.pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()                                         // after a commit there is nothing left to roll back
	if _, err := tx.ExecContext(ctx, `SET LOCAL lock_timeout = 0`); err != nil { // another program's migrations may take long
		return err
	}
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(pgLock)); err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// pgScript runs several statements at once, which only the simple protocol can.
func pgScript(ctx context.Context, run runner, text string) error {
	_, err := run.ExecContext(ctx, dialect(text, pgIdentity), pgx.QueryExecModeSimpleProtocol)
	return err
}

func (p *postgres) update(ctx context.Context, fn func(*Tx) error) error {
	doubted := false
	for attempt := 1; ; attempt++ {
		err, lost := p.try(ctx, fn)
		switch {
		case lost == nil:
			return err
		case conflicted(lost) && attempt < attempts:
		case UniqueViolation(lost) && !doubted:
			// Two transactions that both looked, found nothing and inserted: the second is told of the duplicate, though its own reads exclude it. On a second run it sees the row.
			doubted = true
		case conflicted(lost):
			return &fault.Error{Kind: fault.Unavailable, Op: "sqldb.Update", Msg: "too many changes to the same thing at once", Err: lost}
		default:
			return err
		}
		if err := wait(ctx, attempt); err != nil {
			return err
		}
	}
}

// try runs fn once. lost is the database's own failure, whatever fn made of it in err.
func (p *postgres) try(ctx context.Context, fn func(*Tx) error) (err, lost error) {
	conn, err := p.pool.Conn(ctx)
	if err != nil {
		return err, err
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool
	// A cancelled context ends statements, but not a commit on its way: its outcome would not be known.
	raw, err := conn.BeginTx(context.WithoutCancel(ctx), &sql.TxOptions{Isolation: sql.LevelSerializable})
	if err != nil {
		return err, err
	}
	defer func() { _ = raw.Rollback() }() // after a commit there is nothing left to roll back
	tx := newTx(ctx, ctx, raw, Postgres)
	err = fn(tx)
	if lost = tx.finish(); lost != nil {
		return brokenLink(withLost(err, lost)), lost
	}
	if err != nil {
		return err, nil
	}
	err = brokenLink(raw.Commit())
	return err, err
}

// wait lets the other transaction finish: a random time, longer with each attempt.
func wait(ctx context.Context, attempt int) error {
	most := min(firstWait<<min(attempt, 16), lastWait)
	c := clock.System{}
	return c.Wait(ctx, c.Now().Add(rand.N(most)))
}

func (p *postgres) view(ctx context.Context, fn func(*Tx) error) error {
	return runView(ctx, p.pool, Postgres, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, fn)
}

func (p *postgres) close() error { return p.pool.Close() }
