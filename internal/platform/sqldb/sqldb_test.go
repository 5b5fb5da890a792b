package sqldb_test

import (
	"errors"
	"os"
	"testing"

	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

func TestMain(m *testing.M) { os.Exit(sqldbtest.Main(m)) }

var items = []sqldb.Migration{{Name: "item-1", SQL: `
	CREATE TABLE item (id TEXT NOT NULL PRIMARY KEY, n BIGINT NOT NULL);
	CREATE TABLE queue (seq $identity, body BYTEA NOT NULL);`}}

var errRefused = errors.New("refused")

func TestWriteAndRead(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, items, func(t *testing.T, db *sqldb.DB) {
		err := db.Update(t.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(`INSERT INTO item (n, id) VALUES ($2, $1)`, "a", 7)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		err = db.Update(t.Context(), func(tx *sqldb.Tx) error {
			if _, err := tx.Exec(`INSERT INTO item (id, n) VALUES ('b', 1)`); err != nil {
				return err
			}
			return errRefused
		})
		if !errors.Is(err, errRefused) {
			t.Fatalf("err = %v", err)
		}
		var n, count int64
		err = db.View(t.Context(), func(tx *sqldb.Tx) error {
			return tx.QueryRow(`SELECT MAX(n), COUNT(*) FROM item`).Scan(&n, &count)
		})
		if err != nil || n != 7 || count != 1 {
			t.Fatalf("n = %d, count = %d, err = %v", n, count, err)
		}
		err = db.View(t.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(`DELETE FROM item`)
			return err
		})
		if err == nil {
			t.Fatal("a View wrote")
		}
	})
}
