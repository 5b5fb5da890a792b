package detect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

// course is a log with everything in it, and what every partition must find in it: the fold, message by message, with nothing around it.
type course struct {
	sets    []*pack.Set
	log     []bus.Message
	events  int
	want    [bus.Partitions][]byte
	account Accounting
}

func newCourse(t *testing.T, seed uint64, n int) *course {
	t.Helper()
	c := &course{sets: []*pack.Set{
		setOf(t, "high", "long", "steady", "over", "mean", "tumble", "plates", "quiet", "rise", "pair", "near", "zone", "odd"),
		setOf(t, "high-rule", "long", "steady-high", "over", "mean-long", "plates", "quiet-long", "near", "zone", "rise", "pair", "odd"),
		setOf(t, "high-title", "long-rule", "over", "both", "steady-low", "mean", "tumble", "plates", "quiet", "near", "pair"),
	}}
	rng := rand.New(rand.NewPCG(seed, 1))
	c.log, c.events = busyLog(rng.IntN, n, c.sets...)
	w := newWorld(c.sets...)
	w.append(c.log...)
	for part := range c.want {
		p := New(part, nil)
		var all Output
		for _, m := range w.log {
			out := c.fold(t, p, m)
			all.Detections = append(all.Detections, out.Detections...)
			all.Exceptions = append(all.Exceptions, out.Exceptions...)
		}
		c.want[part] = encodeOutput(&all)
		c.account = c.account.Plus(p.Accounting())
	}
	a := c.account
	if sum := a.Evaluated + a.Duplicate + a.Conflict + a.Late + a.Dead + a.Capped; sum != a.Events || sum != int64(c.events) {
		t.Fatalf("accounting %+v does not add up to the log's %d events", a, c.events)
	}
	if a.Evaluated == 0 || a.Duplicate == 0 || a.Conflict == 0 || a.Late == 0 || a.Dead == 0 || a.Detections < 100 {
		t.Fatalf("the log lacks something: %+v", a)
	}
	return c
}

func (c *course) fold(t *testing.T, p *Partition, m bus.Message) (out Output) {
	t.Helper()
	switch {
	case m.Kind == bus.Control:
		c0, err := DecodeControl(m.Body)
		if err != nil {
			t.Fatal(err)
		}
		if c0.Order != nil {
			return p.Order(m.Seq, *c0.Order)
		}
		a := *c0.Activation
		for _, s := range c.sets {
			if s.Activation == a.Activation {
				out = p.Activate(m.Seq, a, s)
			}
		}
	case m.Kind == bus.Tick || m.Part == p.part:
		m.Body = bytes.Clone(m.Body)
		out = p.Apply(m)
	}
	return out
}

func (c *course) world() *world {
	w := newWorld(c.sets...)
	w.append(c.log...)
	return w
}

func (c *course) check(t *testing.T, w *world) {
	t.Helper()
	for part := range c.want {
		if got := w.output(part); !bytes.Equal(got, c.want[part]) {
			t.Errorf("partition %d: %d bytes of output, want %d; they differ at %d", part, len(got), len(c.want[part]), differ(got, c.want[part]))
		}
	}
}

// pass lets the bubble's time pass.
func pass(t *testing.T, d time.Duration) {
	t.Helper()
	if err := (clock.System{}).Wait(t.Context(), time.Now().Add(d)); err != nil {
		t.Fatal(err)
	}
}

func differ(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// finish lets a fresh process compute the rest, and compares.
func (c *course) finish(t *testing.T, w *world, workers int) {
	t.Helper()
	r := w.process("finisher").runner(workers)
	stop := start(t, r)
	for len(r.Status()) < bus.Partitions {
		pass(t, time.Second) // until the leases of the dead have expired
	}
	if err := r.WaitFor(t.Context(), w.last()); err != nil {
		t.Fatal(err)
	}
	var sum Accounting
	for _, a := range r.Accounting() {
		sum = sum.Plus(a)
	}
	if sum != c.account {
		t.Errorf("accounting %+v, want %+v", sum, c.account)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	c.check(t, w)
}

func TestDeterministicWithAnyWorkerCount(t *testing.T) {
	t.Parallel()
	c := newCourse(t, 1, 5_000)
	for _, workers := range []int{1, 2, 4} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { c.finish(t, c.world(), workers) })
		})
	}
}

func rounds() int {
	if slow() {
		return 60
	}
	return 6
}

func TestDeterministicWithKills(t *testing.T) {
	t.Parallel()
	c, restored := newCourse(t, 2, 5_000), 0
	for _, damage := range []bool{false, true} {
		for round := range rounds() {
			t.Run(fmt.Sprintf("damage=%v/%d", damage, round), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					if c.killed(t, rand.New(rand.NewPCG(uint64(round), 7)), damage) {
						restored++
					}
				})
			})
		}
	}
	// Where the victims die depends on the scheduler too: now and then all of them die before their first snapshot.
	if all := 2 * rounds(); restored < all*3/4 {
		t.Errorf("only in %d of %d rounds was there a snapshot to begin from", restored, all)
	}
}

// killed lets processes die one after another at a random operation, and says whether the last began from a snapshot of theirs.
// With damage, the newest full snapshot of each partition is broken each time.
func (c *course) killed(t *testing.T, rng *rand.Rand, damage bool) (restored bool) {
	w := c.world()
	for n := range 8 {
		p := w.process(fmt.Sprintf("victim-%d", n))
		if p.left = 300 + rng.IntN(1200); n%2 == 0 {
			p.left, p.writes = 50+rng.IntN(300), true // reading is fast: this one dies with something done
		}
		stop := start(t, p.runner(1+rng.IntN(4)))
		for !p.isDead() && p.busy(w) {
			pass(t, time.Millisecond) // the bubble's time
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		if damage {
			w.breakNewest(rng)
		}
		if n%2 == 0 {
			pass(t, 5*time.Second) // the next one gets every partition; otherwise what nobody holds, until leases expire
		}
	}
	restored = len(w.blobs) > 0
	c.finish(t, w, 2)
	return restored
}

// busy says whether the process may still be at work: it came to life less than a minute ago, or claims.
func (p *process) busy(w *world) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Before(w.workers[p.name].Add(time.Minute)) || len(w.workers) == 0
}

// breakNewest changes one byte of the newest full snapshot of each partition that has two.
func (w *world) breakNewest(rng *rand.Rand) {
	a := archive{blobs: w.process("breaker")}
	for part := range bus.Partitions {
		fulls, err := a.names(context.Background(), part, full)
		if err != nil || len(fulls) < 2 {
			continue
		}
		body := w.blobs[fulls[0].name()]
		body[rng.IntN(len(body))] ^= 1 << rng.IntN(8)
	}
}

func TestDeterministicWithChangesOfOwner(t *testing.T) {
	t.Parallel()
	c := newCourse(t, 3, 5_000)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(c.sets...)
		first := w.process("first")
		r1 := first.runner(2)
		stop1 := start(t, r1)
		w.append(c.log[:len(c.log)/3]...)
		if err := r1.WaitFor(t.Context(), w.last()); err != nil {
			t.Fatal(err)
		}
		second := w.process("second")
		r2 := second.runner(3)
		stop2 := start(t, r2)
		synctest.Wait()
		w.append(c.log[len(c.log)/3 : len(c.log)/2]...)
		pass(t, 10*time.Second) // until the shares are even
		if n1, n2 := len(r1.Status()), len(r2.Status()); n1 != 32 || n2 != 32 {
			t.Errorf("shares are %d and %d, want 32 each", n1, n2)
		}
		// The first is paused, its partitions move, it wakes up and finds the fence closed.
		thaw := first.freeze()
		w.append(c.log[len(c.log)/2 : len(c.log)*2/3]...)
		pass(t, 10*time.Second)
		if n := len(r2.Status()); n != bus.Partitions {
			t.Errorf("the second holds %d partitions, want all", n)
		}
		before := w.stale
		thaw()
		w.append(c.log[len(c.log)*2/3:]...)
		synctest.Wait()
		if w.stale == before {
			t.Error("the paused owner never met the fence")
		}
		if err := errors.Join(stop2(), stop1()); err != nil {
			t.Error(err)
		}
		c.finish(t, w, 1)
	})
}

func TestAStopLosesNothingAndLeavesSnapshotsOfTheEnd(t *testing.T) {
	t.Parallel()
	c := newCourse(t, 4, 3_000)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(c.sets...)
		p := w.process("one")
		r := p.runner(2)
		stop := start(t, r)
		for some := range slices.Chunk(c.log, 50) { // so that snapshots are written between
			w.append(some...)
			if err := r.WaitFor(t.Context(), w.last()); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		c.check(t, w)
		a := archive{p, r.opts.Logger}
		lastShared := bus.Seq(0)
		for _, m := range w.log {
			if m.Kind != bus.Events {
				lastShared = m.Seq
			}
		}
		for part := range bus.Partitions {
			st, err := a.newest(t.Context(), part)
			if err != nil || st == nil || st.seq < lastShared {
				t.Fatalf("partition %d: the last snapshot is %+v (%v), want one at %d or later", part, st, err, lastShared)
			}
		}
		if len(w.workers) != 0 {
			t.Error("the leases were not given back")
		}
		if safe, err := SafeSeq(t.Context(), p); err != nil || safe == 0 || safe >= w.last() {
			t.Errorf("SafeSeq is %d (%v)", safe, err)
		}
	})
}

func TestAStoreThatIsAwayHoldsUpAndReordersNothing(t *testing.T) {
	t.Parallel()
	c := newCourse(t, 5, 3_000)
	synctest.Test(t, func(t *testing.T) {
		w := c.world()
		p := w.process("one")
		rng := rand.New(rand.NewPCG(5, 5))
		p.fail = func(op string) error {
			if (op == "commit" || op == "put" || op == "load") && rng.IntN(3) == 0 {
				return fault.New(fault.Unavailable, "world", "away")
			}
			return nil
		}
		r := p.runner(2)
		stop := start(t, r)
		if err := r.WaitFor(t.Context(), w.last()); err != nil {
			t.Fatal(err)
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		c.check(t, w)
	})
}

func TestACommitThatStoodAlreadyIsSettledByTheFence(t *testing.T) {
	t.Parallel()
	c := newCourse(t, 6, 1_000)
	synctest.Test(t, func(t *testing.T) {
		w := c.world()
		p := w.process("one")
		sink := &forgetful{process: p}
		r := p.runner(2)
		r.opts.Sink = sink
		stop := start(t, r)
		if err := r.WaitFor(t.Context(), w.last()); err != nil {
			t.Fatal(err)
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if sink.forgot == 0 || w.stale == 0 {
			t.Error("nothing was forgotten: the test shows nothing")
		}
		c.check(t, w)
	})
}

// forgetful commits, and now and then says that it could not.
type forgetful struct {
	*process
	calls, forgot int
}

func (f *forgetful) Commit(ctx context.Context, c Commit) error {
	err := f.process.Commit(ctx, c)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls++; err == nil && f.calls%50 == 0 {
		f.forgot++
		return fault.New(fault.Unavailable, "world", "the answer was lost")
	}
	return err
}

func TestAnUnknownControlStopsEveryPartition(t *testing.T) {
	t.Parallel()
	set := setOf(t, "high")
	for name, body := range map[string]string{
		"kind":  `{"kind":"silence","activation":"x","packs":[]}`,
		"field": `{"kind":"activate","activation":"` + set.Activation + `","packs":[],"from":"tomorrow"}`,
		"packs": `{"kind":"activate","activation":"unknown","packs":[]}`,
		"text":  `activate`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(set)
				w.append(bus.Message{Kind: bus.Control, Body: ActivationOf(set).Encode()}, eventAt("a", 1, 20),
					bus.Message{Kind: bus.Control, Body: []byte(body)}, eventAt("a", 2, 1))
				r := w.process("one").runner(2)
				stop := start(t, r)
				synctest.Wait()
				if err := r.Ready(); err == nil {
					t.Error("the runner says that it is ready")
				}
				if at := r.Position(); at != 2 {
					t.Errorf("the position is %d, want 2", at)
				}
				if n := len(w.parts[event.PartitionOf("a")].committed); n != 1 {
					t.Errorf("%d commits, want the one before the control message", n)
				}
				if err := stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func eventAt(subject string, at, cm int) bus.Message {
	a := arrival{key: at, sub: subject, t: at, cm: cm}
	b := &event.Batch{Stamp: zero.Add(time.Duration(at) * time.Second), Events: []event.Event{a.event()}}
	return bus.Message{Kind: bus.Events, Part: event.PartitionOf(subject), Body: event.AppendBatch(nil, b)}
}

func TestARunnerThatCannotRestoreSaysSo(t *testing.T) {
	t.Parallel()
	set := setOf(t, "high")
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(set)
		w.blobs["snapshots/07/00000000000000000009-0000000001-full"] = []byte("nonsense")
		w.append(bus.Message{Kind: bus.Control, Body: ActivationOf(set).Encode()})
		r := w.process("one").runner(2)
		stop := start(t, r)
		synctest.Wait()
		if err := r.Ready(); !fault.Is(errors.Unwrap(unjoin(err)), fault.Invalid) {
			t.Errorf("Ready is %v, want an Invalid fault of partition 7", err)
		}
		if n := len(r.Status()); n != bus.Partitions {
			t.Errorf("%d partitions are shown, want all", n)
		}
		if err := w.process("a person").Delete(t.Context(), "snapshots/07/00000000000000000009-0000000001-full"); err != nil {
			t.Fatal(err)
		}
		pass(t, 5*time.Second)
		if err := r.Ready(); err != nil {
			t.Errorf("after the damage is gone: %v", err)
		}
		if err := r.WaitFor(t.Context(), 1); err != nil {
			t.Error(err)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func unjoin(err error) error {
	if all, ok := err.(interface{ Unwrap() []error }); ok && len(all.Unwrap()) > 0 {
		return all.Unwrap()[0]
	}
	return err
}

func TestALogThatWasReplacedEndsTheRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newWorld().process("one")
		p.fail = func(op string) error {
			if op == "read" {
				return fault.New(fault.Conflict, "world.Read", "the log was replaced")
			}
			return nil
		}
		p.append(bus.Message{Kind: bus.Tick, Tick: zero})
		if err := p.runner(1).Run(t.Context()); !fault.Is(err, fault.Conflict) {
			t.Errorf("Run returned %v, want the Conflict", err)
		}
	})
}
