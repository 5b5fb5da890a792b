package outbox_test

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

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/outbox"
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

var (
	start     = time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)
	quiet     = slog.New(slog.DiscardHandler)
	errBad    = errors.New("bad")
	errRefuse = errors.New("refused")
	tables    = append(slices.Clone(outbox.Migrations), sqldb.Migration{Name: "matter-1",
		SQL: `CREATE TABLE matter (subject TEXT NOT NULL PRIMARY KEY, n BIGINT NOT NULL)`})
)

// bus is a Publisher that keeps the first message of each id. before and after may fail or panic: not taken, or taken but not told so.
type bus struct {
	mu            sync.Mutex
	seen          map[string]bool
	taken         []outbox.Message
	calls         int
	before, after func(m outbox.Message) error
	arrived       chan struct{}
}

func newBus() *bus { return &bus{seen: map[string]bool{}, arrived: make(chan struct{}, 100)} }

func (b *bus) Publish(ctx context.Context, subject, id string, body []byte) (uint64, error) {
	m := outbox.Message{ID: id, Subject: subject, Body: slices.Clone(body)}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls++
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if b.before != nil {
		if err := b.before(m); err != nil {
			return 0, err
		}
	}
	if !b.seen[id] {
		b.seen[id] = true
		b.taken = append(b.taken, m)
		select {
		case b.arrived <- struct{}{}:
		default:
		}
	}
	if b.after != nil {
		return uint64(len(b.taken)), b.after(m)
	}
	return uint64(len(b.taken)), nil
}

func (b *bus) LastID(_ context.Context, subject string) (id string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.taken {
		if m.Subject == subject {
			id = m.ID
		}
	}
	return id, nil
}

// forget is what the bus does after a while: it no longer recognises ids.
func (b *bus) forget() { b.seen = map[string]bool{} }

func (b *bus) expect(t *testing.T, want ...string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	var got []string
	for _, m := range b.taken {
		got = append(got, m.ID)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("the bus took %q, want %q", got, want)
	}
}

// put puts messages "subject:n", in one Update.
func put(t *testing.T, db *sqldb.DB, ids ...string) {
	t.Helper()
	if err := db.Update(t.Context(), func(tx *sqldb.Tx) error { return outbox.Put(tx, messages(ids)...) }); err != nil {
		t.Fatal(err)
	}
}

func messages(ids []string) (all []outbox.Message) {
	for _, id := range ids {
		all = append(all, outbox.Message{ID: id, Subject: id[:1], Body: []byte("body of " + id)})
	}
	return all
}

func drain(t *testing.T, r *outbox.Relay, want int) {
	t.Helper()
	if n, err := r.Drain(t.Context()); err != nil || n != want {
		t.Fatalf("Drain moved %d (%v), want %d", n, err, want)
	}
}

func left(t *testing.T, db *sqldb.DB) (n int) {
	t.Helper()
	err := db.View(t.Context(), func(tx *sqldb.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM outbox`).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCommittedMessagesLeaveInOrderAndOnce(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		b := newBus()
		r := outbox.NewRelay(db, b, clock.NewManual(start), quiet)
		put(t, db, "a1", "b1", "a2")
		err := db.Update(t.Context(), func(tx *sqldb.Tx) error { return errors.Join(outbox.Put(tx, messages([]string{"a3"})...), errBad) })
		if !errors.Is(err, errBad) {
			t.Fatal(err)
		}
		put(t, db, "b2")
		drain(t, r, 4)
		drain(t, r, 0)
		b.expect(t, "a1", "b1", "a2", "b2")
		if string(b.taken[2].Body) != "body of a2" || b.taken[2].Subject != "a" || left(t, db) != 0 {
			t.Fatalf("message %+v, %d rows left", b.taken[2], left(t, db))
		}
	})
}

func TestManyBatchesKeepTheOrder(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		var want []string
		for i := range 1000 {
			want = append(want, fmt.Sprintf("%c%04d", 'a'+i%3, i))
		}
		put(t, db, want...)
		b := newBus()
		drain(t, outbox.NewRelay(db, b, clock.NewManual(start), quiet), 1000)
		b.expect(t, want...)
	})
}

func TestEmptyAndIncompleteMessages(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		b := newBus()
		err := db.Update(t.Context(), func(tx *sqldb.Tx) error { return outbox.Put(tx, outbox.Message{ID: "1", Subject: "a"}) })
		if err != nil {
			t.Fatal(err)
		}
		err = db.Update(t.Context(), func(tx *sqldb.Tx) error { return outbox.Put(tx, outbox.Message{ID: "1", Subject: "b"}) })
		if !sqldb.UniqueViolation(err) {
			t.Errorf("an id twice: %v", err)
		}
		for _, bad := range []outbox.Message{{ID: "2"}, {Subject: "a"}} {
			if err := db.Update(t.Context(), func(tx *sqldb.Tx) error { return outbox.Put(tx, bad) }); !fault.Is(err, fault.Internal) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		drain(t, outbox.NewRelay(db, b, clock.NewManual(start), quiet), 1)
		b.expect(t, "1")
	})
}

// A message that the bus refuses waits, ever longer, and with it only what must come after it.
func TestFailingMessageHoldsItsSubjectOnly(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		b, c := newBus(), clock.NewManual(start)
		r := outbox.NewRelay(db, b, c, quiet)
		b.before = func(m outbox.Message) error {
			if m.ID == "a2" {
				return errRefuse
			}
			return nil
		}
		put(t, db, "a1", "a2", "b1", "a3", "b2")
		drain(t, r, 3)
		put(t, db, "a4", "b3")
		drain(t, r, 1)
		b.expect(t, "a1", "b1", "b2", "b3")
		c.Advance(time.Second)
		drain(t, r, 0)
		b.before = nil
		c.Advance(1999 * time.Millisecond)
		drain(t, r, 0)
		c.Advance(time.Millisecond)
		drain(t, r, 3)
		b.expect(t, "a1", "b1", "b2", "b3", "a2", "a3", "a4")
	})
}

// Taken, but the answer was lost: the bus is asked before it goes again.
func TestLostAnswerIsNoSecondMessage(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		b, c := newBus(), clock.NewManual(start)
		r := outbox.NewRelay(db, b, c, quiet)
		b.after = func(m outbox.Message) error {
			if m.ID == "a1" && b.calls < 3 {
				return errBad
			}
			return nil
		}
		put(t, db, "a1", "a2", "b1")
		drain(t, r, 1)
		c.Advance(time.Second)
		drain(t, r, 2)
		b.expect(t, "a1", "b1", "a2")
		if b.calls != 3 || left(t, db) != 0 {
			t.Fatalf("%d calls, %d rows left", b.calls, left(t, db))
		}
	})
}

// The process dies after the bus took a message and before the row was deleted.
func TestCrashBetweenPublishAndDelete(t *testing.T) {
	t.Parallel()
	for _, takeOver := range []bool{false, true} { // the lease runs out, or is ended by a program that knows better
		sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) { crashBetween(t, db, takeOver) })
	}
}

func crashBetween(t *testing.T, db *sqldb.DB, takeOver bool) {
	b, c := newBus(), clock.NewManual(start)
	put(t, db, "a1", "a2", "a3", "b1")
	b.after = func(m outbox.Message) error {
		if m.ID == "a2" {
			panic(errBad)
		}
		return nil
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the relay survived")
			}
		}()
		_, _ = outbox.NewRelay(db, b, c, quiet).Drain(t.Context())
	}()
	b.after = nil
	put(t, db, "a4", "c1")
	next := outbox.NewRelay(db, b, c, quiet)
	drain(t, next, 1) // the dead one's lease still runs: a4 must wait for it
	b.expect(t, "a1", "a2", "c1")
	b.forget()
	if takeOver {
		if err := next.TakeOver(t.Context()); err != nil {
			t.Fatal(err)
		}
	} else {
		c.Advance(10 * time.Second)
	}
	drain(t, next, 5)
	b.expect(t, "a1", "a2", "c1", "a3", "b1", "a4")
}

// Three refusals in a row are taken for an outage: it ends at once, and nothing is lost or passed over.
func TestOutageOfTheBus(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		b, c := newBus(), clock.NewManual(start)
		r := outbox.NewRelay(db, b, c, quiet)
		b.before = func(outbox.Message) error { return errRefuse }
		put(t, db, "a1", "b1", "c1", "d1", "a2", "e1")
		if n, err := r.Drain(t.Context()); n != 0 || !fault.Is(err, fault.Unavailable) || b.calls != 3 {
			t.Fatalf("n = %d, err = %v, %d calls", n, err, b.calls)
		}
		b.before = nil
		drain(t, r, 2)
		c.Advance(time.Second)
		drain(t, r, 4)
		b.expect(t, "d1", "e1", "a1", "b1", "c1", "a2")
	})
}

// A relay that is paused beyond its lease publishes no further message of it.
func TestLeaseThatRunsOutStopsTheRelay(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		b, c := newBus(), clock.NewManual(start)
		other := outbox.NewRelay(db, b, c, quiet)
		put(t, db, "a1", "a2", "a3")
		paused := newBus()
		paused.after = func(m outbox.Message) error {
			c.Advance(10 * time.Second)
			drain(t, other, 3)
			return nil
		}
		drain(t, outbox.NewRelay(db, paused, c, quiet), 1)
		paused.expect(t, "a1")
		b.expect(t, "a1", "a2", "a3")
	})
}

// The process is told to stop while it publishes: what was taken is deleted, the rest is free at once.
func TestStoppedRelayGivesBackItsLease(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		b, c := newBus(), clock.NewManual(start)
		ctx, cancel := context.WithCancel(t.Context())
		put(t, db, "a1", "a2", "b1")
		b.after = func(m outbox.Message) error { cancel(); return nil }
		if n, err := outbox.NewRelay(db, b, c, quiet).Drain(ctx); n != 1 || !errors.Is(err, context.Canceled) {
			t.Fatal(n, err)
		}
		b.after = nil
		drain(t, outbox.NewRelay(db, b, c, quiet), 2)
		b.expect(t, "a1", "a2", "b1")
	})
}

// Two relays on two connections and writers on four subjects: the order of each subject is the order of its counter, which its transactions set.
func TestTwoRelaysKeepTheOrderOfEachSubject(t *testing.T) {
	t.Parallel()
	const subjects, each = 4, 60
	sqldbtest.EachURL(t, func(t *testing.T, url string) {
		b := newBus()
		dbs := []*sqldb.DB{sqldbtest.Open(t, url, tables), sqldbtest.Open(t, url, tables)}
		written := make(chan struct{})
		var relays, writers sync.WaitGroup
		for _, db := range dbs {
			r := outbox.NewRelay(db, b, clock.NewManual(start), quiet)
			relays.Go(func() { drainUntil(t, r, written) })
		}
		for i := range subjects * 2 {
			writers.Go(func() {
				for range each / 2 {
					if err := dbs[i%2].Update(t.Context(), func(tx *sqldb.Tx) error { return putNext(tx, string(rune('a'+i/2))) }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		writers.Wait()
		close(written)
		relays.Wait()
		drain(t, outbox.NewRelay(dbs[0], b, clock.NewManual(start), quiet), 0)
		checkOrder(t, b, subjects*each)
	})
}

// drainUntil drains until nothing more is written and the outbox is empty for this relay.
func drainUntil(t *testing.T, r *outbox.Relay, written chan struct{}) {
	for last := false; ; {
		n, err := r.Drain(t.Context())
		if err != nil {
			t.Error(err)
			return
		}
		if last && n == 0 {
			return
		}
		select {
		case <-written:
			last = true
		default:
			runtime.Gosched()
		}
	}
}

func putNext(tx *sqldb.Tx, subject string) error {
	var n int64
	err := tx.QueryRow(`INSERT INTO matter (subject, n) VALUES ($1, 1) ON CONFLICT (subject) DO UPDATE SET n = matter.n + 1 RETURNING n`, subject).Scan(&n)
	if err != nil {
		return err
	}
	return outbox.Put(tx, outbox.Message{ID: fmt.Sprintf("%s%d", subject, n), Subject: subject})
}

func checkOrder(t *testing.T, b *bus, total int) {
	t.Helper()
	next := map[string]int{}
	for _, m := range b.taken {
		next[m.Subject]++
		if want := fmt.Sprintf("%s%d", m.Subject, next[m.Subject]); m.ID != want {
			t.Fatalf("took %s, want %s", m.ID, want)
		}
	}
	if len(b.taken) != total {
		t.Fatalf("%d messages arrived of %d", len(b.taken), total)
	}
}

func TestRunFollowsWakeAndClock(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		b, c := newBus(), clock.NewManual(start)
		r := outbox.NewRelay(db, b, c, quiet)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		for i, wake := range []func(){r.Wake, func() { c.Advance(time.Second) }} {
			for left(t, db) > 0 || c.Waiting() == 0 { // asleep, and the clock stands still
				runtime.Gosched()
			}
			put(t, db, fmt.Sprint("a", i))
			wake()
			<-b.arrived
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
