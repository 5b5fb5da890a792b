package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"twoweave/internal/base/fault"
)

// runner is the part of *sql.Tx, *sql.Conn that runs statements.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Tx is a running transaction. It belongs to the function it was passed to: it is not for other goroutines, and not for use after the
// function has returned. Rows that are still open then are closed.
type Tx struct {
	ctx    context.Context // the caller's
	stmt   context.Context // the statements'
	run    runner
	engine Engine
	open   []*sql.Rows
	err    error // the first failure: the transaction is lost
}

func newTx(ctx, stmt context.Context, run runner, engine Engine) *Tx {
	return &Tx{ctx: ctx, stmt: stmt, run: run, engine: engine}
}

// Context is the context of the Update or View that tx belongs to.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Engine is the engine tx runs on.
func (tx *Tx) Engine() Engine { return tx.engine }

// Exec runs a statement and returns how many rows it inserted, changed or deleted.
func (tx *Tx) Exec(query string, args ...any) (rows int64, err error) {
	if err := tx.before(args); err != nil {
		return 0, err
	}
	res, err := tx.run.ExecContext(tx.stmt, query, args...)
	if err != nil {
		return 0, tx.fail(err)
	}
	return res.RowsAffected()
}

// Query runs a statement that returns rows. The caller closes them, and reads rows.Err after the last.
func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	if err := tx.before(args); err != nil {
		return nil, err
	}
	rows, err := tx.run.QueryContext(tx.stmt, query, args...)
	if err != nil {
		return nil, tx.fail(err)
	}
	tx.open = append(tx.open, rows)
	return rows, nil
}

// QueryRow runs a statement that returns at most one row; Scan reports what went wrong. For no row NotFound holds of Scan's error.
func (tx *Tx) QueryRow(query string, args ...any) *sql.Row {
	if tx.before(args) != nil {
		return tx.failedRow()
	}
	row := tx.run.QueryRowContext(tx.stmt, query, args...)
	if err := row.Err(); err != nil {
		_ = tx.fail(err)
	}
	return row
}

// before refuses what must not reach an engine: a statement in a lost or cancelled transaction, and arguments that the two would treat differently.
func (tx *Tx) before(args []any) error {
	if tx.err != nil {
		return tx.err
	}
	if err := tx.ctx.Err(); err != nil {
		return tx.fail(err)
	}
	for i, a := range args {
		if err := checkArgument(i+1, a); err != nil {
			return tx.fail(err)
		}
	}
	return nil
}

// checkArgument refuses a time.Time, which SQLite would store as text, and text that PostgreSQL could not hold, without a word or with an unclear one.
func checkArgument(n int, a any) error {
	switch a := a.(type) {
	case time.Time:
		return fault.New(fault.Internal, "sqldb.Tx", "argument $%d is a time.Time: pass Micros", n)
	case string:
		if strings.IndexByte(a, 0) >= 0 || !utf8.ValidString(a) {
			return fault.New(fault.Invalid, "sqldb.Tx", "text to be stored must be UTF-8 without the character U+0000")
		}
	}
	return nil
}

// failedRow is a row whose Scan returns tx.err.
func (tx *Tx) failedRow() *sql.Row {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return tx.run.QueryRowContext(endedContext{ctx, tx.err}, "SELECT 1")
}

// endedContext has ended for a reason: the one way to have database/sql make a row with a given error.
type endedContext struct {
	context.Context
	reason error
}

func (c endedContext) Err() error { return c.reason }

func (tx *Tx) fail(err error) error {
	if tx.err == nil {
		tx.err = err
	}
	return err
}

// finish closes what fn left open and returns the failure that fn may have passed over.
func (tx *Tx) finish() error {
	for _, rows := range tx.open {
		if err := rows.Err(); err != nil {
			_ = tx.fail(err)
		}
		_ = rows.Close() // reading is over; an error of the rows was taken above
	}
	tx.open = nil
	return tx.err
}

// withLost is fn's error together with the failure that lost the transaction, each once.
func withLost(err, lost error) error {
	switch {
	case err == nil:
		return lost
	case lost == nil || errors.Is(err, lost):
		return err
	default:
		return errors.Join(err, lost)
	}
}
