package sqldb_test

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

// Whatever way fn fails, nothing of it stays, and the next Update works.
func TestFailedUpdateLeavesNothing(t *testing.T) {
	t.Parallel()
	ways := map[string]func(db *sqldb.DB) error{
		"error": func(db *sqldb.DB) error {
			return db.Update(context.Background(), func(tx *sqldb.Tx) error { return errors.Join(insert("x")(tx), errRefused) })
		},
		"panic": func(db *sqldb.DB) (err error) {
			defer func() { err, _ = recover().(error) }()
			return db.Update(context.Background(), func(tx *sqldb.Tx) error { panic(errors.Join(insert("x")(tx), errRefused)) })
		},
		"goexit": func(db *sqldb.DB) error {
			done := make(chan error, 1)
			go func() {
				defer func() { done <- errRefused }()
				_ = db.Update(context.Background(), func(tx *sqldb.Tx) error {
					_ = insert("x")(tx)
					runtime.Goexit()
					return nil
				})
			}()
			return <-done
		},
		"cancelled inside": func(db *sqldb.DB) error {
			ctx, cancel := context.WithCancelCause(context.Background())
			return db.Update(ctx, func(tx *sqldb.Tx) error {
				if err := insert("x")(tx); err != nil {
					return err
				}
				cancel(nil)
				return insert("y")(tx)
			})
		},
		"cancelled before": func(db *sqldb.DB) error {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			return db.Update(ctx, insert("x"))
		},
		"failure passed over": func(db *sqldb.DB) error {
			return db.Update(context.Background(), func(tx *sqldb.Tx) error {
				_, _ = insert("x")(tx), insert("x")(tx)
				return nil
			})
		},
		"failed row passed over": func(db *sqldb.DB) error {
			return db.Update(context.Background(), func(tx *sqldb.Tx) error {
				_ = insert("x")(tx)
				_ = tx.QueryRow(`SELECT nothing FROM item`).Scan(new(int64))
				return nil
			})
		},
		"update inside": func(db *sqldb.DB) error {
			return db.Update(context.Background(), func(tx *sqldb.Tx) error {
				return errors.Join(insert("x")(tx), db.Update(tx.Context(), insert("y")))
			})
		},
	}
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		for name, way := range ways {
			if err := way(db); err == nil {
				t.Errorf("%s: no error", name)
			}
			if n := number(t, db, `SELECT COUNT(*) FROM item`); n != 0 {
				t.Errorf("%s: left %d rows", name, n)
			}
			must(t, db, `INSERT INTO item (id, n) VALUES ('after', 1)`, `DELETE FROM item`)
		}
	})
}

func TestErrorOfTheFunctionComesBackUnchanged(t *testing.T) {
	t.Parallel()
	want := fault.New(fault.Conflict, "desk.Do", "changed meanwhile")
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		if err := db.Update(t.Context(), func(*sqldb.Tx) error { return want }); err != error(want) {
			t.Errorf("Update: %#v", err)
		}
		if err := db.View(t.Context(), func(*sqldb.Tx) error { return want }); err != error(want) {
			t.Errorf("View: %#v", err)
		}
	})
}

// A cursor that fn forgot must not keep the connection, or a lock.
func TestRowsLeftOpenAreClosed(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		must(t, db, `INSERT INTO item (id, n) VALUES ('a', 1), ('b', 2), ('c', 3)`)
		forget := func(tx *sqldb.Tx) error {
			rows, err := tx.Query(`SELECT id FROM item`)
			if err == nil {
				rows.Next()
			}
			return err
		}
		for range 40 { // more than there are connections
			if err := errors.Join(db.Update(t.Context(), forget), db.View(t.Context(), forget)); err != nil {
				t.Fatal(err)
			}
		}
		must(t, db, `DELETE FROM item`)
	})
}

func TestClosedDatabaseRefuses(t *testing.T) {
	t.Parallel()
	sqldbtest.EachURL(t, func(t *testing.T, url string) {
		db, err := sqldb.Open(t.Context(), url, tables)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := db.Update(t.Context(), insert("a")); err == nil {
			t.Error("a closed database took an Update")
		}
		again := sqldbtest.Open(t, url, tables)
		if n := number(t, again, `SELECT COUNT(*) FROM item`); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
}
