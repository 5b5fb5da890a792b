package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
)

// group runs fns as one group commit: the writer is busy with a first Update until all of them wait for it. Inside a synctest bubble only.
func group(t *testing.T, db *sqldb.DB, whileWaiting func(), fns ...func(tx *sqldb.Tx) error) []error {
	t.Helper()
	busy := make(chan struct{})
	errs := make([]error, len(fns))
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := db.Update(t.Context(), func(*sqldb.Tx) error { <-busy; return nil }); err != nil {
			t.Error(err)
		}
	})
	synctest.Wait()
	for i, fn := range fns {
		wg.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					errs[i] = fmt.Errorf("panic: %v", p)
				}
			}()
			errs[i] = db.Update(t.Context(), fn)
		})
	}
	synctest.Wait()
	whileWaiting()
	close(busy)
	wg.Wait()
	return errs
}

// bubble opens a SQLite database inside a synctest bubble.
func bubble(t *testing.T, migrations []sqldb.Migration, fn func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.db")
	synctest.Test(t, func(t *testing.T) {
		db, err := sqldb.Open(t.Context(), "sqlite:"+path, migrations)
		if err != nil {
			t.Fatal(err)
		}
		fn(t, db)
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestGroupFailsOneByOneAndCommitsTogether(t *testing.T) {
	t.Parallel()
	bubble(t, tables, func(t *testing.T, db *sqldb.DB) {
		var fns []func(tx *sqldb.Tx) error
		for i := range 30 {
			switch i % 10 {
			case 3:
				fns = append(fns, insert("same")) // one of three can succeed
			case 6:
				fns = append(fns, func(tx *sqldb.Tx) error { return errors.Join(insert("taken back")(tx), errRefused) })
			case 9:
				fns = append(fns, func(tx *sqldb.Tx) error { panic(insert("taken back too")(tx)) })
			default:
				fns = append(fns, insert(fmt.Sprint("good", i)))
			}
		}
		failed := 0
		for _, err := range group(t, db, func() {}, fns...) {
			if err != nil {
				failed++
			}
		}
		if n := number(t, db, `SELECT COUNT(*) FROM item`); n != 22 || failed != 8 {
			t.Fatalf("%d rows and %d failures, want 22 and 8", n, failed)
		}
	})
}

// The members share one transaction: the last sees the others' rows, while nobody outside does.
func TestGroupSharesOneCommit(t *testing.T) {
	t.Parallel()
	bubble(t, tables, func(t *testing.T, db *sqldb.DB) {
		var inside, outside []int64
		member := func(id string) func(tx *sqldb.Tx) error {
			return func(tx *sqldb.Tx) error {
				var n int64
				if err := tx.QueryRow(`SELECT COUNT(*) FROM item`).Scan(&n); err != nil {
					return err
				}
				inside, outside = append(inside, n), append(outside, number(t, db, `SELECT COUNT(*) FROM item`))
				return insert(id)(tx)
			}
		}
		errs := group(t, db, func() {}, member("a"), member("b"), member("c"), member("d"))
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(inside) != "[0 1 2 3]" || fmt.Sprint(outside) != "[0 0 0 0]" {
			t.Fatalf("inside %v, outside %v", inside, outside)
		}
	})
}

// A commit that fails because of one member (here a foreign key checked at commit) must not take the others with it.
func TestFailedCommitIsTheOneMembersAlone(t *testing.T) {
	t.Parallel()
	deferred := append(tables[:len(tables):len(tables)], sqldb.Migration{Name: "deferred-1",
		SQL: `CREATE TABLE child (item TEXT NOT NULL REFERENCES item (id) DEFERRABLE INITIALLY DEFERRED)`})
	bubble(t, deferred, func(t *testing.T, db *sqldb.DB) {
		errs := group(t, db, func() {}, insert("a"), insert("b"), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(`INSERT INTO child (item) VALUES ('nobody')`)
			return err
		}, insert("c"))
		if errs[0] != nil || errs[1] != nil || errs[2] == nil || errs[3] != nil {
			t.Fatal(errs)
		}
		if n := number(t, db, `SELECT COUNT(*) FROM item`); n != 3 {
			t.Fatalf("%d rows", n)
		}
	})
}

// A member that ends the transaction behind sqldb's back spoils it for itself only.
func TestMemberThatEndsTheTransactionFailsAlone(t *testing.T) {
	t.Parallel()
	bubble(t, tables, func(t *testing.T, db *sqldb.DB) {
		errs := group(t, db, func() {}, insert("a"), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(`ROLLBACK`)
			return err
		}, insert("b"))
		if errs[0] != nil || errs[1] == nil || errs[2] != nil {
			t.Fatal(errs)
		}
		if n := number(t, db, `SELECT COUNT(*) FROM item`); n != 2 {
			t.Fatalf("%d rows", n)
		}
	})
}

func TestWaitingCallerLeavesWithItsContext(t *testing.T) {
	t.Parallel()
	bubble(t, tables, func(t *testing.T, db *sqldb.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		group(t, db, func() {
			go func() { left <- db.Update(ctx, insert("never")) }()
			synctest.Wait()
			cancel()
			if err := <-left; !errors.Is(err, context.Canceled) {
				t.Errorf("left with %v", err)
			}
		}, insert("a"))
		if n := number(t, db, `SELECT COUNT(*) FROM item`); n != 1 {
			t.Fatalf("%d rows", n)
		}
	})
}

func TestCloseRefusesThoseWhoWait(t *testing.T) {
	t.Parallel()
	bubble(t, tables, func(t *testing.T, db *sqldb.DB) {
		closed := make(chan error, 1)
		errs := group(t, db, func() {
			go func() { closed <- db.Close() }()
			synctest.Wait()
		}, insert("a"), insert("b"))
		for _, err := range errs {
			if !fault.Is(err, fault.Unavailable) {
				t.Errorf("answered %v", err)
			}
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}
