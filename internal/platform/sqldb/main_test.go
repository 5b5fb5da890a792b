package sqldb_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

func TestMain(m *testing.M) {
	code := sqldbtest.Main(m)
	if err := goleak.Find(); code == 0 && err != nil {
		println(err.Error())
		code = 1
	}
	os.Exit(code)
}

const writers = 16

var errRefused = errors.New("refused")

// tables are what the conformance cases work on.
var tables = []sqldb.Migration{
	{Name: "item-1", SQL: `CREATE TABLE item (id TEXT NOT NULL PRIMARY KEY, n BIGINT NOT NULL, version BIGINT NOT NULL DEFAULT 1)`},
	{Name: "part-1", SQL: `
		CREATE TABLE duty (person TEXT NOT NULL PRIMARY KEY, team TEXT NOT NULL, present BOOLEAN NOT NULL);
		CREATE TABLE place (seq $identity, room TEXT NOT NULL, body BYTEA);
		CREATE INDEX place_room ON place (room);
		CREATE TABLE part (item TEXT NOT NULL REFERENCES item (id), name TEXT NOT NULL, weight DOUBLE PRECISION NOT NULL, PRIMARY KEY (item, name))`},
}

// together runs fn as n goroutines at once and fails t with the first error.
func together(t *testing.T, n int, fn func(i int) error) {
	t.Helper()
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = fn(i) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// must runs statements in one Update.
func must(t *testing.T, db *sqldb.DB, statements ...string) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *sqldb.Tx) error {
		for _, s := range statements {
			if _, err := tx.Exec(s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// number is the one number that query returns.
func number(t *testing.T, db *sqldb.DB, query string, args ...any) (n int64) {
	t.Helper()
	err := db.View(context.WithoutCancel(t.Context()), func(tx *sqldb.Tx) error { return tx.QueryRow(query, args...).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func insert(id string) func(*sqldb.Tx) error {
	return func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`INSERT INTO item (id, n) VALUES ($1, 0)`, id)
		return err
	}
}
