package sqldb_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
)

// A flood of Updates in the background holds up one that somebody waits for by no more than a group's patience and one of its own; and all of the flood is done.
func TestTheBackgroundGivesWay(t *testing.T) {
	t.Parallel()
	bubble(t, tables, func(t *testing.T, db *sqldb.DB) {
		const flood, each = 40, 15 * time.Millisecond
		var mu sync.Mutex
		var order []string
		slow := func(name string, took time.Duration) func(*sqldb.Tx) error {
			return func(*sqldb.Tx) error {
				<-time.After(took)
				mu.Lock()
				defer mu.Unlock()
				order = append(order, name)
				return nil
			}
		}
		var wg sync.WaitGroup
		for range flood {
			wg.Go(func() {
				if err := db.Update(sqldb.Background(t.Context()), slow("background", each)); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		for range 5 {
			begun := time.Now()
			if err := db.Update(t.Context(), slow("somebody", 0)); err != nil {
				t.Error(err)
			}
			if took := time.Since(begun); took > 4*each { // its group's patience, one more, and some in its own group
				t.Errorf("somebody waited %v", took)
			}
		}
		wg.Wait()
		if n := slices.Index(order, "somebody"); n > 3 || len(order) != flood+5 {
			t.Errorf("%d were before the first, %d ran", n, len(order))
		}
	})
}

// What gave way when the database is closed is told so.
func TestNobodyIsForgottenAtTheEnd(t *testing.T) {
	t.Parallel()
	bubble(t, tables, func(t *testing.T, db *sqldb.DB) {
		errs := make(chan error, 20)
		for range cap(errs) {
			go func() {
				errs <- db.Update(sqldb.Background(t.Context()), func(*sqldb.Tx) error { <-time.After(50 * time.Millisecond); return nil })
			}()
		}
		synctest.Wait()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		done := 0
		for range cap(errs) {
			if err := <-errs; err == nil {
				done++
			} else if !fault.Is(err, fault.Unavailable) {
				t.Error(err)
			}
		}
		if done == 0 || done == cap(errs) {
			t.Errorf("%d of %d were done", done, cap(errs))
		}
	})
}
