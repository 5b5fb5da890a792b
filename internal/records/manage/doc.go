// Package manage is the SQL of network one's nouns: cases and their facts, detections, exceptions, the progress of detection, accounts, the audit trail
// and the answers kept under idempotency keys. One file per noun holds its tables (as a migration), its statements and nothing else.
//
// Store's methods are plain: each works in the transaction it is given, keeps or finds what it is told to, and returns a NotFound fault for one thing
// that does not exist. No business rule lives here but those that only the database can keep under concurrency: unique constraints, compare-and-set on a case's
// version, the fence of detection's progress, one answer per key.
//
// Owners is the exception: it shares out partitions among workers and therefore opens its own transactions.
package manage

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
)

// Migrations are the tables of this package.
var Migrations = slices.Concat(
	caseTables,
	figureTables,
	detectionTables,
	exceptionTables,
	progressTables,
	accountTables,
	auditTables,
	idempotencyTables,
	orderTables,
	reportTables,
	dutyTables,
	revisionTables,
	photoTables,
	incidentTables,
	actTables,
	exchangeTables,
	sessionTables,
)

// Store is the records of network one. It has no state of its own.
type Store struct{}

// missing makes a NotFound fault of an empty answer.
func missing(op string, err error, what, id string) error {
	if sqldb.NotFound(err) {
		return fault.New(fault.NotFound, op, "there is no %s %q", what, id)
	}
	return fault.Wrap(op, err)
}

// where gathers conditions and their arguments; each `?` of a condition becomes the next placeholder.
type where struct {
	conds []string
	args  []any
}

func (w *where) add(cond string, args ...any) {
	for _, a := range args {
		cond = strings.Replace(cond, "?", w.arg(a), 1)
	}
	w.conds = append(w.conds, cond)
}

// arg adds an argument and names its placeholder.
func (w *where) arg(a any) string {
	w.args = append(w.args, a)
	return fmt.Sprintf("$%d", len(w.args))
}

func (w *where) String() string {
	if len(w.conds) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conds, " AND ")
}

// collect reads all rows of a query.
func collect[T any](tx *sqldb.Tx, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []T{}
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
