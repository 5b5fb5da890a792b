package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

// Reading a value and writing it back one greater must count every time.
func TestNoLostUpdate(t *testing.T) {
	t.Parallel()
	const each = 12
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		must(t, db, `INSERT INTO item (id, n) VALUES ('counter', 0)`)
		together(t, writers, func(int) error {
			for range each {
				if err := db.Update(t.Context(), readThenAdd); err != nil {
					return err
				}
			}
			return nil
		})
		if n := number(t, db, `SELECT n FROM item WHERE id = 'counter'`); n != writers*each {
			t.Fatalf("counted %d of %d", n, writers*each)
		}
	})
}

func readThenAdd(tx *sqldb.Tx) error {
	var n int64
	if err := tx.QueryRow(`SELECT n FROM item WHERE id = 'counter'`).Scan(&n); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE item SET n = $1 WHERE id = 'counter'`, n+1)
	return err
}

// The program's own way: read in one transaction, write in another on condition of the version; a stale version changes nothing.
func TestCompareAndSetAcrossTransactions(t *testing.T) {
	t.Parallel()
	const each = 5
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		must(t, db, `INSERT INTO item (id, n) VALUES ('counter', 0)`)
		together(t, writers, func(int) error {
			for done := 0; done < each; {
				changed, err := compareAndAdd(t.Context(), db)
				if err != nil {
					return err
				}
				done += int(changed)
			}
			return nil
		})
		if n := number(t, db, `SELECT n FROM item WHERE n = version - 1`); n != writers*each {
			t.Fatalf("counted %d of %d", n, writers*each)
		}
	})
}

func compareAndAdd(ctx context.Context, db *sqldb.DB) (changed int64, err error) {
	var n, version int64
	err = db.View(ctx, func(tx *sqldb.Tx) error {
		return tx.QueryRow(`SELECT n, version FROM item WHERE id = 'counter'`).Scan(&n, &version)
	})
	if err != nil {
		return 0, err
	}
	err = db.Update(ctx, func(tx *sqldb.Tx) error {
		var err error
		changed, err = tx.Exec(`UPDATE item SET n = $1, version = version + 1 WHERE id = 'counter' AND version = $2`, n+1, version)
		return err
	})
	return changed, err
}

// Each person may leave if another stays; they write different rows, so only serialisable transactions keep the last one.
func TestNoWriteSkew(t *testing.T) {
	t.Parallel()
	const rounds = 6 // the connections of the first one come up one after another
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		for round := range rounds {
			for i := range writers {
				must(t, db, fmt.Sprintf(`INSERT INTO duty (person, team, present) VALUES ('%d-%d', 't%d', TRUE)`, round, i, round))
			}
			team := fmt.Sprintf("t%d", round)
			together(t, writers, func(i int) error {
				return db.Update(t.Context(), func(tx *sqldb.Tx) error { return leaveUnlessLast(tx, team, fmt.Sprintf("%d-%d", round, i)) })
			})
			if n := number(t, db, `SELECT COUNT(*) FROM duty WHERE team = $1 AND present`, team); n != 1 {
				t.Fatalf("%d stay, want 1", n)
			}
		}
	})
}

func leaveUnlessLast(tx *sqldb.Tx, team, person string) error {
	var present int64
	if err := tx.QueryRow(`SELECT COUNT(*) FROM duty WHERE team = $1 AND present`, team).Scan(&present); err != nil {
		return err
	}
	if present < 2 {
		return nil
	}
	_, err := tx.Exec(`UPDATE duty SET present = FALSE WHERE person = $1`, person)
	return err
}

// A rule over rows that do not exist yet: no more than five in a room.
func TestNoPhantom(t *testing.T) {
	t.Parallel()
	const limit = 5
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		var entered atomic.Int64
		together(t, writers, func(int) error {
			var in bool
			err := db.Update(t.Context(), func(tx *sqldb.Tx) (err error) { in, err = enterBelow(tx, limit); return err })
			if err == nil && in {
				entered.Add(1)
			}
			return err
		})
		if n := number(t, db, `SELECT COUNT(*) FROM place WHERE room = 'r'`); n != limit || entered.Load() != limit {
			t.Fatalf("%d rows, %d told that they are in, want %d", n, entered.Load(), limit)
		}
	})
}

func enterBelow(tx *sqldb.Tx, limit int64) (bool, error) {
	var n int64
	if err := tx.QueryRow(`SELECT COUNT(*) FROM place WHERE room = 'r'`).Scan(&n); err != nil || n >= limit {
		return false, err
	}
	_, err := tx.Exec(`INSERT INTO place (room) VALUES ('r')`)
	return true, err
}

// Find or create: nobody may be told of a duplicate that their own look ruled out.
func TestFindOrCreateNeverMeetsItsOwnDuplicate(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		var created atomic.Int64
		together(t, writers, func(int) error {
			var made int64
			err := db.Update(t.Context(), func(tx *sqldb.Tx) error {
				made = 0
				err := tx.QueryRow(`SELECT n FROM item WHERE id = 'one'`).Scan(new(int64))
				if !sqldb.NotFound(err) {
					return err
				}
				made = 1
				return insert("one")(tx)
			})
			created.Add(made)
			return err
		})
		if created.Load() != 1 {
			t.Fatalf("%d callers created the row", created.Load())
		}
	})
}

func TestViewIsOneSnapshotAndDoesNotWrite(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		var before, after int64
		err := db.View(t.Context(), func(tx *sqldb.Tx) error {
			if err := tx.QueryRow(`SELECT COUNT(*) FROM item`).Scan(&before); err != nil {
				return err
			}
			if err := db.Update(t.Context(), insert("a")); err != nil {
				return err
			}
			return tx.QueryRow(`SELECT COUNT(*) FROM item`).Scan(&after)
		})
		if err != nil || before != 0 || after != 0 {
			t.Fatalf("before %d, after %d, err %v", before, after, err)
		}
		if err := db.View(t.Context(), insert("b")); err == nil {
			t.Error("a View inserted")
		}
		if n := number(t, db, `SELECT COUNT(*) FROM item`); n != 1 {
			t.Errorf("%d rows, want the one of the Update", n)
		}
	})
}

// PostgreSQL refuses a transaction whose row another one changed; fn runs again on what is there now.
func TestRefusedTransactionRunsAgainCleanly(t *testing.T) {
	t.Parallel()
	db := sqldbtest.Open(t, sqldbtest.PostgresURL(t), tables)
	must(t, db, `INSERT INTO item (id, n) VALUES ('counter', 0)`)
	runs := 0
	err := db.Update(t.Context(), func(tx *sqldb.Tx) error {
		runs++
		if err := insert("made once")(tx); err != nil {
			return err
		}
		var n int64
		if err := tx.QueryRow(`SELECT n FROM item WHERE id = 'counter'`).Scan(&n); err != nil {
			return err
		}
		if runs == 1 {
			must(t, db, `UPDATE item SET n = 10 WHERE id = 'counter'`)
		}
		_, _ = tx.Exec(`UPDATE item SET n = $1 WHERE id = 'counter'`, n+1) // passing over the refusal must not commit
		return nil
	})
	if n := number(t, db, `SELECT n FROM item WHERE id = 'counter'`); err != nil || runs != 2 || n != 11 {
		t.Fatalf("runs = %d, n = %d, err = %v", runs, n, err)
	}
}

// A conflict that never ends is the caller's to try later.
func TestLastingConflictIsUnavailable(t *testing.T) {
	t.Parallel()
	db := sqldbtest.Open(t, sqldbtest.PostgresURL(t), tables)
	must(t, db, `INSERT INTO item (id, n) VALUES ('counter', 0)`)
	err := db.Update(t.Context(), func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(`SELECT n FROM item`); err != nil {
			return err
		}
		must(t, db, `UPDATE item SET n = n + 1`)
		_, err := tx.Exec(`UPDATE item SET n = -1`)
		return err
	})
	if !fault.Is(err, fault.Unavailable) {
		t.Fatalf("err = %v, want Unavailable", err)
	}
}

// A server that goes away is the caller's to try later, and the pool finds the server again.
func TestBrokenConnectionIsUnavailableAndHeals(t *testing.T) {
	t.Parallel()
	db := sqldbtest.Open(t, sqldbtest.PostgresURL(t), tables)
	err := db.Update(t.Context(), func(tx *sqldb.Tx) error {
		var pid int64
		if err := tx.QueryRow(`SELECT pg_backend_pid()`).Scan(&pid); err != nil {
			return err
		}
		if ok := number(t, db, `SELECT CASE WHEN pg_terminate_backend($1) THEN 1 ELSE 0 END`, pid); ok != 1 {
			t.Error("not terminated")
		}
		return insert("a")(tx)
	})
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("err = %v, want Unavailable", err)
	}
	if err := db.Update(t.Context(), insert("b")); err != nil {
		t.Errorf("after that: %v", err)
	}
}

// A program that is stopped in the middle of a transaction does not keep its locks for ever; when it wakes, its transaction is gone.
func TestAStoppedProgramGivesItsLocksBack(t *testing.T) {
	t.Parallel()
	url := sqldbtest.PostgresURL(t)
	db := sqldbtest.Open(t, url, tables)
	short := sqldbtest.Open(t, url+"&idle_in_transaction_session_timeout=100", tables)
	if n := number(t, db, `SELECT setting::int FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'`); n != 5000 {
		t.Errorf("a session may stand still in a transaction for %d ms", n)
	}
	err := short.Update(t.Context(), func(tx *sqldb.Tx) error {
		if err := insert("locked")(tx); err != nil {
			return err
		}
		if err := db.Update(t.Context(), insert("locked")); err != nil { // waits until the other session has been ended
			t.Errorf("the one behind it: %v", err)
		}
		return insert("too late")(tx)
	})
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("err = %v, want Unavailable", err)
	}
}

// Waiting long for another's lock is a conflict like others: the Update runs again.
func TestAWaitForALockIsNotForEver(t *testing.T) {
	t.Parallel()
	url := sqldbtest.PostgresURL(t)
	db := sqldbtest.Open(t, url, tables)
	impatient := sqldbtest.Open(t, url+"&lock_timeout=50", tables)
	runs, done := 0, make(chan error, 1)
	if err := db.Update(t.Context(), insert("held")); err != nil {
		t.Fatal(err)
	}
	again := make(chan struct{})
	err := db.Update(t.Context(), func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(`UPDATE item SET n = n + 1`); err != nil {
			return err
		}
		go func() {
			done <- impatient.Update(t.Context(), func(tx *sqldb.Tx) error {
				if runs++; runs == 3 {
					close(again)
				}
				_, err := tx.Exec(`UPDATE item SET n = n + 1`)
				return err
			})
		}()
		<-again
		return nil
	})
	if err := errors.Join(err, <-done); err != nil {
		t.Error(err)
	}
}
