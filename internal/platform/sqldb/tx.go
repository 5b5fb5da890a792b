package sqldb

import (
	"context"
	"database/sql"
	"time"

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
	if err := tx.before(args); err != nil {
		return tx.failedRow()
	}
	row := tx.run.QueryRowContext(tx.stmt, query, args...)
	if err := row.Err(); err != nil {
		_ = tx.fail(err)
	}
	return row
}

// before refuses what must not reach an engine: a statement in a lost or cancelled transaction, and a time.Time, which SQLite would store as
// text without a word.
func (tx *Tx) before(args []any) error {
	if tx.err != nil {
		return tx.err
	}
	if err := tx.ctx.Err(); err != nil {
		return tx.fail(err)
	}
	for i, a := range args {
		if _, is := a.(time.Time); is {
			return tx.fail(fault.New(fault.Internal, "sqldb.Tx", "argument $%d is a time.Time: pass Micros", i+1))
		}
	}
	return nil
}

// failedRow is a row whose Scan fails: database/sql makes one only from a context that ended. The reason is in tx.err, which finish returns.
func (tx *Tx) failedRow() *sql.Row {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return tx.run.QueryRowContext(ctx, "SELECT 1")
}

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
