package timer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/platform/timer"
)

func TestMain(m *testing.M) {
	code := sqldbtest.Main(m)
	if err := goleak.Find(); code == 0 && err != nil {
		println(err.Error())
		code = 1
	}
	os.Exit(code)
}

var (
	start  = time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)
	quiet  = slog.New(slog.DiscardHandler)
	errBad = errors.New("bad")
	tables = append(slices.Clone(timer.Migrations), sqldb.Migration{Name: "ran-1",
		SQL: `CREATE TABLE ran (seq $identity, kind TEXT NOT NULL, key TEXT NOT NULL, payload BYTEA NOT NULL)`})
)

// record is a handler that writes down that it ran.
func record(_ context.Context, tx *sqldb.Tx, t timer.Timer) error {
	_, err := tx.Exec(`INSERT INTO ran (kind, key, payload) VALUES ($1, $2, $3)`, t.Kind, t.Key, t.Payload)
	return err
}

// with is a handler that records and then goes on.
func with(then func(tx *sqldb.Tx, t timer.Timer) error) timer.Handler {
	return func(ctx context.Context, tx *sqldb.Tx, t timer.Timer) error {
		if err := record(ctx, tx, t); err != nil {
			return err
		}
		return then(tx, t)
	}
}

func set(t testing.TB, db *sqldb.DB, timers ...timer.Timer) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *sqldb.Tx) error {
		for _, one := range timers {
			if err := timer.Set(tx, one); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func runDue(t testing.TB, r *timer.Runner, want int) {
	t.Helper()
	if n, err := r.RunDue(t.Context()); err != nil || n != want {
		t.Fatalf("RunDue ran %d (%v), want %d", n, err, want)
	}
}

// ran lists what was recorded, as "kind/key", in order.
func ran(t testing.TB, db *sqldb.DB) (all []string) {
	t.Helper()
	err := db.View(context.WithoutCancel(t.Context()), func(tx *sqldb.Tx) error {
		rows, err := tx.Query(`SELECT kind || '/' || key FROM ran ORDER BY seq`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				return err
			}
			all = append(all, s)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func expect(t testing.TB, db *sqldb.DB, want ...string) {
	t.Helper()
	if got := ran(t, db); !slices.Equal(got, want) {
		t.Fatalf("ran %q, want %q", got, want)
	}
}

func at(d time.Duration, kind, key string) timer.Timer {
	return timer.Timer{Kind: kind, Key: key, Due: start.Add(d)}
}

// Against a model: any mix of Set, Cancel, rolled-back Set and passing time runs each timer once, at its time.
func TestTimersFollowTheModel(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		now := start
		rapid.Check(t, func(rt *rapid.T) {
			c := clock.NewManual(now)
			r := timer.NewRunner(db, c, quiet, map[string]timer.Handler{"a": record, "b": record})
			model := map[string]time.Time{}
			for range rapid.IntRange(1, 12).Draw(rt, "steps") {
				step(rt, t, db, c, model)
				var want []string
				for id, due := range model {
					if !due.After(c.Now()) {
						want = append(want, id)
						delete(model, id)
					}
				}
				runDue(t, r, len(want))
				got := ran(t, db)
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					rt.Fatalf("ran %q, want %q", got, want)
				}
				clear(db, t, `DELETE FROM ran`)
			}
			clear(db, t, `DELETE FROM timer`)
			now = c.Now()
		})
	})
}

func step(rt *rapid.T, t *testing.T, db *sqldb.DB, c *clock.Manual, model map[string]time.Time) {
	kind, key := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "kind"), rapid.SampledFrom([]string{"x", "y", "东"}).Draw(rt, "key")
	due := c.Now().Add(time.Duration(rapid.IntRange(-1, 5).Draw(rt, "due")) * time.Second)
	switch rapid.SampledFrom([]string{"set", "set", "undone", "cancel", "advance"}).Draw(rt, "step") {
	case "set":
		set(t, db, timer.Timer{Kind: kind, Key: key, Due: due})
		model[kind+"/"+key] = due
	case "undone":
		err := db.Update(t.Context(), func(tx *sqldb.Tx) error {
			return errors.Join(timer.Set(tx, timer.Timer{Kind: kind, Key: key, Due: due}), errBad)
		})
		if !errors.Is(err, errBad) {
			rt.Fatal(err)
		}
	case "cancel":
		if err := db.Update(t.Context(), func(tx *sqldb.Tx) error { return timer.Cancel(tx, kind, key) }); err != nil {
			rt.Fatal(err)
		}
		delete(model, kind+"/"+key)
	case "advance":
		c.Advance(time.Duration(rapid.IntRange(0, 3).Draw(rt, "by")) * time.Second)
	}
}

func clear(db *sqldb.DB, t *testing.T, statement string) {
	t.Helper()
	if err := db.Update(t.Context(), func(tx *sqldb.Tx) error { _, err := tx.Exec(statement); return err }); err != nil {
		t.Fatal(err)
	}
}

func TestHandlerGetsTheTimer(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		want := timer.Timer{Kind: "k", Key: "浦东", Due: start, Payload: []byte{0, 1}}
		set(t, db, want)
		var got timer.Timer
		r := timer.NewRunner(db, clock.NewManual(start), quiet, map[string]timer.Handler{"k": with(func(_ *sqldb.Tx, t timer.Timer) error { got = t; return nil })})
		runDue(t, r, 1)
		if got.Kind != want.Kind || got.Key != want.Key || !got.Due.Equal(want.Due) || string(got.Payload) != string(want.Payload) {
			t.Fatalf("got %+v", got)
		}
	})
}

// A handler that fails or panics leaves nothing but its timer, which waits ever longer; others run.
func TestFailingTimerWaitsAndBlocksNobody(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		c := clock.NewManual(start)
		healed := false
		fail := func(way func() error) timer.Handler {
			return with(func(*sqldb.Tx, timer.Timer) error {
				if healed {
					return nil
				}
				return way()
			})
		}
		r := timer.NewRunner(db, c, quiet, map[string]timer.Handler{
			"error": fail(func() error { return errBad }),
			"panic": fail(func() error { panic(errBad) }),
			"good":  record,
		})
		set(t, db, at(0, "error", "1"), at(0, "panic", "2"), at(0, "good", "1"), at(time.Second, "good", "3"))
		runDue(t, r, 1)
		expect(t, db, "good/1")
		runDue(t, r, 0)
		c.Advance(time.Second) // the second try, and the other timer
		runDue(t, r, 1)
		healed = true
		c.Advance(1999 * time.Millisecond) // the wait has doubled
		runDue(t, r, 0)
		c.Advance(time.Millisecond)
		runDue(t, r, 2)
		if got := ran(t, db); len(got) != 4 {
			t.Fatalf("ran %q", got)
		}
	})
}

func TestFailureIsKeptInTheRowWithoutSecrets(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		handlers := map[string]timer.Handler{"k": func(context.Context, *sqldb.Tx, timer.Timer) error {
			return &fault.Error{Kind: fault.Conflict, Msg: "the case is closed", Err: errors.New("secret")}
		}}
		set(t, db, at(0, "k", "1"), at(0, "unknown", "2"))
		runDue(t, timer.NewRunner(db, clock.NewManual(start), quiet, handlers), 0)
		var got []string
		err := db.View(t.Context(), func(tx *sqldb.Tx) error {
			for _, kind := range []string{"k", "unknown"} {
				var attempts int64
				var last string
				if err := tx.QueryRow(`SELECT attempts, last_error FROM timer WHERE kind = $1`, kind).Scan(&attempts, &last); err != nil {
					return err
				}
				got = append(got, fmt.Sprint(attempts, " ", last))
			}
			return nil
		})
		want := []string{"1 conflict: the case is closed", `1 internal: no handler for timers of kind "unknown"`}
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("rows say %q (%v)", got, err)
		}
	})
}

// The process stops while a handler works: its transaction is gone, the timer is as it was.
func TestInterruptedTimerStaysAsItWas(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		set(t, db, at(0, "k", "1"))
		c := clock.NewManual(start)
		dying := timer.NewRunner(db, c, quiet, map[string]timer.Handler{"k": with(func(tx *sqldb.Tx, t timer.Timer) error {
			cancel()
			return record(tx.Context(), tx, t)
		})})
		if n, err := dying.RunDue(ctx); n != 0 || !errors.Is(err, context.Canceled) {
			t.Fatal(n, err)
		}
		expect(t, db)
		runDue(t, timer.NewRunner(db, c, quiet, map[string]timer.Handler{"k": record}), 1)
		expect(t, db, "k/1")
	})
}

func TestHandlersMaySetAndCancelTimers(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		c := clock.NewManual(start)
		r := timer.NewRunner(db, c, quiet, map[string]timer.Handler{
			"periodic": with(func(tx *sqldb.Tx, t timer.Timer) error {
				return timer.Set(tx, timer.Timer{Kind: t.Kind, Key: t.Key, Due: t.Due.Add(time.Hour)})
			}),
			"last":  with(func(tx *sqldb.Tx, t timer.Timer) error { return timer.Cancel(tx, "never", t.Key) }),
			"never": record,
		})
		set(t, db, at(0, "periodic", "p"), at(2*time.Hour, "last", "c"), at(2*time.Hour+1, "never", "c"))
		runDue(t, r, 1)
		c.Advance(2 * time.Hour)
		runDue(t, r, 3) // catches up: two periods and the last
		if got := ran(t, db); slices.Contains(got, "never/c") || len(got) != 4 {
			t.Fatalf("ran %q", got)
		}
	})
}

// After an outage a case's reminder must come before its escalation, though both are overdue.
func TestTimersOfOneKeyRunInOrder(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		handlers := map[string]timer.Handler{}
		var want []string
		for i := range 20 {
			kind := fmt.Sprintf("k%02d", i)
			handlers[kind] = record
			set(t, db, at(time.Duration(i)*time.Second, kind, "case"), at(time.Duration(i)*time.Second, kind, kind))
			want = append(want, kind+"/case")
		}
		runDue(t, timer.NewRunner(db, clock.NewManual(start.Add(time.Hour)), quiet, handlers), 40)
		got := slices.DeleteFunc(ran(t, db), func(s string) bool { return s[4:] != "case" })
		if !slices.Equal(got, want) {
			t.Fatalf("ran %q", got)
		}
	})
}

func TestTwoRunnersRunEachTimerOnce(t *testing.T) {
	t.Parallel()
	const timers = 300
	sqldbtest.EachURL(t, func(t *testing.T, url string) {
		var total int
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i := range 2 {
			db := sqldbtest.Open(t, url, tables)
			if i == 0 {
				for k := range timers {
					set(t, db, at(0, "k", fmt.Sprint(k)))
				}
			}
			r := timer.NewRunner(db, clock.NewManual(start), quiet, map[string]timer.Handler{"k": record})
			wg.Go(func() {
				n, err := r.RunDue(t.Context())
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				total += n
			})
		}
		wg.Wait()
		got := ran(t, sqldbtest.Open(t, url, tables))
		slices.Sort(got)
		if len(got) != timers || len(slices.Compact(got)) != timers || total != timers {
			t.Fatalf("%d runs recorded, %d counted, want %d", len(got), total, timers)
		}
	})
}

func TestRunFollowsTheClockAndWake(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		c := clock.NewManual(start)
		fired := make(chan string, 10)
		r := timer.NewRunner(db, c, quiet, map[string]timer.Handler{"k": with(func(_ *sqldb.Tx, t timer.Timer) error { fired <- t.Key; return nil })})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		set(t, db, at(100*time.Millisecond, "k", "by clock"))
		r.Wake()
		c.Advance(100 * time.Millisecond)
		r.Wake()
		if key := <-fired; key != "by clock" {
			t.Error(key)
		}
		for c.Waiting() == 0 { // asleep, and the clock stands still
			runtime.Gosched()
		}
		set(t, db, at(0, "k", "by wake"))
		r.Wake()
		if key := <-fired; key != "by wake" {
			t.Error(key)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

func TestIncompleteTimersAreRefused(t *testing.T) {
	t.Parallel()
	db := sqldbtest.Open(t, sqldbtest.SQLiteURL(t), tables)
	for _, bad := range []timer.Timer{{Key: "k", Due: start}, {Kind: "k", Due: start}, {Kind: "k", Key: "k"}} {
		if err := db.Update(t.Context(), func(tx *sqldb.Tx) error { return timer.Set(tx, bad) }); !fault.Is(err, fault.Internal) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}
