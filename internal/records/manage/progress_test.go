package manage_test

import (
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"twoweave/internal/manage/detect"
	"twoweave/internal/manage/event"
	"twoweave/internal/platform/bus"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/records/manage"
)

var dawn = time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)

const ttl = 10 * time.Second

func claim(t *testing.T, o manage.Owners, worker string, now time.Time) []detect.Lease {
	t.Helper()
	leases, err := o.Claim(t.Context(), worker, now, ttl)
	if err != nil {
		t.Fatal(err)
	}
	return leases
}

func TestSharesBecomeFairAndMoveWhenAWorkerIsGone(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, manage.Migrations, func(t *testing.T, db *sqldb.DB) {
		o, now := manage.Owners{DB: db}, dawn
		if n := len(claim(t, o, "a", now)); n != event.Partitions {
			t.Fatalf("the only worker holds %d partitions", n)
		}
		for range 2 {
			for _, w := range []string{"b", "c", "a"} {
				claim(t, o, w, now)
			}
		}
		for w, want := range map[string]int{"a": 22, "b": 22, "c": 20} {
			if n := len(claim(t, o, w, now)); n != want {
				t.Errorf("%s holds %d, want %d", w, n, want)
			}
		}
		now = now.Add(ttl - time.Second)
		b := claim(t, o, "b", now)
		now = now.Add(time.Second) // a and c have not come again
		if n := len(claim(t, o, "b", now)); n != event.Partitions {
			t.Errorf("b holds %d after the others are gone", n)
		}
		for _, kept := range b {
			if got := claim(t, o, "b", now)[kept.Part]; got.Epoch != kept.Epoch {
				t.Errorf("partition %d that b held on to went from epoch %d to %d", kept.Part, kept.Epoch, got.Epoch)
			}
		}
		if err := o.Release(t.Context(), "b"); err != nil {
			t.Fatal(err)
		}
		if n := len(claim(t, o, "d", now)); n != event.Partitions {
			t.Errorf("d holds %d after a release", n)
		}
	})
}

// Whatever sixteen workers do at once, no epoch of a partition is ever given to two of them, and a partition is held by one.
func TestNoEpochHasTwoOwners(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, manage.Migrations, func(t *testing.T, db *sqldb.DB) {
		o := manage.Owners{DB: db}
		var mu sync.Mutex
		owner := map[[2]int64]string{}
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				name := fmt.Sprint("worker-", i)
				for round := range 4 {
					now := dawn.Add(time.Duration(round*(5+i)) * time.Second) // some come too late and lose what they held
					leases, err := o.Claim(t.Context(), name, now, ttl)
					mu.Lock()
					noteOwners(t, owner, name, leases, err)
					mu.Unlock()
					if i%5 == 4 && round == 2 {
						if err := o.Release(t.Context(), name); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		all.Wait()
		if len(owner) < event.Partitions {
			t.Errorf("only %d epochs of %d partitions", len(owner), event.Partitions)
		}
	})
}

func noteOwners(t *testing.T, owner map[[2]int64]string, name string, leases []detect.Lease, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
	for _, l := range leases {
		k := [2]int64{int64(l.Part), l.Epoch}
		if other, taken := owner[k]; taken && other != name {
			t.Errorf("epoch %d of partition %d was given to %s and %s", l.Epoch, l.Part, other, name)
		}
		owner[k] = name
	}
}

func TestAPausedOwnerWritesNothing(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, manage.Migrations, func(t *testing.T, db *sqldb.DB) {
		o := manage.Owners{DB: db}
		old := claim(t, o, "paused", dawn)[7]
		advance(t, db, old, 100, true)
		next := claim(t, o, "successor", dawn.Add(ttl))[7]
		if next.Epoch != old.Epoch+1 || next.Seq != 100 {
			t.Errorf("taken over as %+v after %+v", next, old)
		}
		advance(t, db, old, 101, false)
		advance(t, db, next, 100, false) // the output of 100 is kept already
		advance(t, db, next, 101, true)
		advance(t, db, old, 200, false)
	})
}

func advance(t *testing.T, db *sqldb.DB, l detect.Lease, seq bus.Seq, want bool) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *sqldb.Tx) error {
		ok, err := manage.Store{}.Advance(tx, l.Part, l.Epoch, seq)
		if ok != want {
			t.Errorf("epoch %d to %d: %v, want %v", l.Epoch, seq, ok, want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestLeasesShowAllPartitions(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, manage.Migrations, func(t *testing.T, db *sqldb.DB) {
		o := manage.Owners{DB: db}
		claim(t, o, "a", dawn)
		claim(t, o, "b", dawn)
		claim(t, o, "a", dawn)
		held := map[string]int{}
		err := db.View(t.Context(), func(tx *sqldb.Tx) error {
			leases, owners, err := manage.Store{}.Leases(tx)
			for i := range leases {
				held[owners[i]]++
			}
			return err
		})
		if err != nil || !maps.Equal(held, map[string]int{"a": 32, "": 32}) {
			t.Errorf("held = %v (%v)", held, err)
		}
	})
}
