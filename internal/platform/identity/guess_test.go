package identity

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

// Whatever a guesser does, an account sees few guesses a day; and whenever the guesser stops, nobody waits longer than the bound.
func TestGuessesADayAreFew(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		th := newThrottle(perAccount)
		start := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
		now, guesses := start, 0
		for now.Sub(start) < 24*time.Hour {
			wait := th.take("li", now)
			if wait > perAccount.most {
				t.Fatalf("wait %s", wait)
			}
			if wait == 0 {
				guesses++
			}
			now = now.Add(wait + time.Duration(rapid.Int64Range(0, int64(30*time.Minute)).Draw(t, "pause")))
		}
		if guesses > 115 {
			t.Fatalf("%d guesses in a day", guesses)
		}
		if wait := th.take("li", now.Add(perAccount.most)); wait != 0 {
			t.Fatalf("after the bound: %s", wait)
		}
		if wait := th.take("li", start.Add(-time.Hour)); wait > perAccount.most {
			t.Fatalf("the clock was set back: %s", wait)
		}
	})
}

func TestAGuesserAtFullSpeed(t *testing.T) {
	t.Parallel()
	th := newThrottle(perAccount)
	start := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	guesses := 0
	for now := start; now.Sub(start) < 24*time.Hour; {
		wait := th.take("li", now)
		if wait == 0 {
			guesses++
		}
		now = now.Add(wait)
	}
	if guesses > 115 {
		t.Errorf("%d guesses in a day", guesses)
	}
	t.Logf("%d guesses in a day", guesses)
}

// A stranger who guesses all day does not keep the person out of the browser that is known; elsewhere the person waits, but not for ever.
func TestStrangersDoNotLockAnybodyOut(t *testing.T) {
	each(t, func(w world) {
		w.hired("li", access.Operator)
		e, err := w.signIn("li", good, Client{Address: "10.0.0.1"})
		w.must(err)
		var soon *TooSoon
		for i := range 40 {
			_, err = w.signIn("li", "guess guess guess", Client{Address: "203.0.113." + string(rune('0'+i%10))})
		}
		if !errors.As(err, &soon) || !fault.Is(err, fault.Exhausted) {
			w.Fatalf("a guesser is not slowed down: %v", err)
		}
		if _, err := w.signIn("li", good, Client{Address: "10.0.0.1", Marks: []string{"forged.mark"}}); !errors.As(err, &soon) {
			w.Errorf("a forged mark helped: %v", err)
		}
		if _, err := w.signIn("li", good, Client{Address: "10.0.0.1", Marks: e.Marks}); err != nil {
			w.Errorf("the person is kept out of the own browser: %v", err)
		}
		w.clock.Advance(soon.Wait + time.Second)
		if _, err := w.signIn("li", good, Client{Address: "10.0.0.9"}); err != nil {
			w.Errorf("the person is kept out elsewhere after the wait: %v", err)
		}
	})
}

func TestAnAddressThatGuessesNamesIsSlowedDown(t *testing.T) {
	each(t, func(w world) {
		var err error
		var soon *TooSoon
		for i := 0; i <= perAddress.free && err == nil || fault.Is(err, fault.Unauthenticated); i++ {
			_, err = w.signIn("name"+string(rune('a'+i)), "password password", Client{Address: "2001:db8::" + string(rune('0'+i%10))})
		}
		if !errors.As(err, &soon) {
			w.Fatal(err)
		}
		if _, err := w.signIn("li", "guess guess guess", Client{Address: "2001:db8:1::1"}); errors.As(err, &soon) {
			w.Error("another network is slowed down too")
		}
	})
}

// A flood of attempts is computed a few at a time; what does not fit into the queue is told to come again, and costs no memory.
// Not parallel: it would count what other tests allocate.
func TestAFloodOfGuessesIsBounded(t *testing.T) {
	const atOnce, queue, flood = 2, 4, 60
	h := NewHasher(DefaultCost, atOnce, queue)
	hash, err := h.Hash(t.Context(), good)
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var busy, checked atomic.Int32
	var all sync.WaitGroup
	for range flood {
		all.Go(func() {
			switch _, _, err := h.Verify(t.Context(), hash, "guess guess guess"); {
			case fault.Is(err, fault.Unavailable):
				busy.Add(1)
			case err == nil:
				checked.Add(1)
			}
		})
	}
	all.Wait()
	runtime.ReadMemStats(&after)
	if checked.Load() < atOnce || busy.Load() == 0 || checked.Load()+busy.Load() != flood {
		t.Errorf("%d checked, %d told to come again", checked.Load(), busy.Load())
	}
	if spent, most := after.TotalAlloc-before.TotalAlloc, uint64(checked.Load()+1)*uint64(DefaultCost.Memory+1024)<<10; spent > most {
		t.Errorf("%d MiB for %d checks", spent>>20, checked.Load())
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	full := NewHasher(cheap, 1, 1)
	full.running <- struct{}{}
	if _, err := full.Hash(gone, good); !fault.Is(err, fault.Unavailable) {
		t.Errorf("whoever has gone is still waited for: %v", err)
	}
}

// Hashes that were made when they cost less are made anew at the next sign-in.
func TestHashesGrowWithTheirCost(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, Migrations, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db, NewHasher(cheap, 1, 1))
		w.hired("li", access.Operator)
		old, _, err := w.hashOf(t.Context(), "li")
		w.must(err)
		dear := NewHasher(Cost{Memory: 128, Time: 2, Threads: 1}, 1, 1)
		w.o.Hasher = dear
		w.in("li")
		renewed, _, err := w.hashOf(t.Context(), "li")
		w.must(err)
		if same, outdated, err := dear.Verify(t.Context(), renewed, good); renewed == old || !same || outdated || err != nil {
			t.Errorf("%s became %s: %v %v %v", old, renewed, same, outdated, err)
		}
		w.in("li")
		for _, bad := range []string{"", "$argon2id$v=19$m=9999999,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAA", "$argon2i$v=19$m=64,t=1,p=1$AAAA$AAAA", old[:len(old)-30]} {
			if same, _, err := dear.Verify(t.Context(), bad, good); same || !fault.Is(err, fault.Internal) {
				t.Errorf("%q was checked: %v", bad, err)
			}
		}
	})
}
