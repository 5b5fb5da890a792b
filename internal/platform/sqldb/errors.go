package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"twoweave/internal/base/fault"
)

// PostgreSQL's error codes that mean something here (its manual, appendix A).
const (
	pgUniqueViolation  = "23505"
	pgSerialization    = "40001"
	pgDeadlock         = "40P01"
	pgLockTimeout      = "55P03"
	pgTooManyClients   = "53300"
	pgAdminShutdown    = "57P01"
	pgCrashShutdown    = "57P02"
	pgCannotConnectNow = "57P03"
	pgIdleTooLong      = "25P03" // in a transaction, see idleInTransaction
)

// Micros is t as the database holds it: microseconds since 1970 UTC, rounded down. The zero time is 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// FromMicros is the time, in UTC, that Micros gave m for; 0 is the zero time.
func FromMicros(m int64) time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMicro(m).UTC()
}

// NotFound reports whether err says that a query returned no row.
func NotFound(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// UniqueViolation reports whether err says that a row with such a key exists already. The transaction in which it happened is lost; to go on in the
// same one, insert with ON CONFLICT.
func UniqueViolation(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
			return true
		}
	}
	return pgCode(err) == pgUniqueViolation
}

func pgCode(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// conflicted reports whether the engine gave up a transaction because of another one.
func conflicted(err error) bool {
	if code := pgCode(err); code != "" {
		return code == pgSerialization || code == pgDeadlock || code == pgLockTimeout
	}
	return busy(err)
}

// busy reports whether SQLite gave up waiting for another process's lock.
func busy(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

// classify makes an error of the database that another try may heal an Unavailable fault. Faults, and errors that are not the database's, stay as
// they are.
func classify(err error) error {
	if err == nil {
		return nil
	}
	if _, is := errors.AsType[*fault.Error](err); is || !transient(err) {
		return err
	}
	return &fault.Error{Kind: fault.Unavailable, Op: "sqldb", Msg: "the database cannot do this now", Err: err}
}

func transient(err error) bool {
	if _, is := errors.AsType[*pgconn.ConnectError](err); is || conflicted(err) {
		return true
	}
	if e, is := errors.AsType[*sqlite.Error](err); is {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM:
			return true
		}
		return false
	}
	return lostServer(err)
}

func lostServer(err error) bool {
	switch code := pgCode(err); code {
	case "":
		return pgconn.SafeToRetry(err) || pgconn.Timeout(err) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, driver.ErrBadConn)
	case pgTooManyClients, pgAdminShutdown, pgCrashShutdown, pgCannotConnectNow, pgIdleTooLong:
		return true
	default:
		return len(code) > 2 && code[:2] == "08" // connection exceptions
	}
}

// brokenLink makes a driver's error about its connection an Unavailable fault. Only for errors that come from the driver itself: a function under
// Update may meet an end of file of its own.
func brokenLink(err error) error {
	_, isNet := errors.AsType[net.Error](err)
	if !isNet && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) || ended(err) {
		return err
	}
	return &fault.Error{Kind: fault.Unavailable, Op: "sqldb", Msg: "the connection to the database broke; if it was during the commit, the outcome is not known", Err: err}
}

func ended(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
