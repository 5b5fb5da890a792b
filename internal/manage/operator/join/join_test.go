package join_test

import (
	"bytes"
	"cmp"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/operator"
	"twoweave/internal/manage/operator/join"
	"twoweave/internal/rule"
)

const second = int64(time.Second / time.Microsecond)

const (
	main  = 1
	other = 2
)

func compiled(within, lateness int64) operator.Operator {
	c := join.Config{Within: time.Duration(within) * time.Second}
	return c.New(operator.Setting{Lateness: time.Duration(lateness) * time.Second, Inputs: 2})
}

// judgement is what came of one call.
type judgement struct {
	ok   bool
	at   int64 // seconds
	both bool
}

func judged(m operator.Machine, at int64, ok bool) judgement {
	if !ok {
		return judgement{}
	}
	values := make([]rule.Value, 1)
	m.Measure(values)
	return judgement{true, at / second, values[0].Bool()}
}

// item is one thing that came: an event, or a tick (no inputs).
type item struct {
	inputs uint64
	at     int64 // of the event; log time of the tick
	seq    uint64
	n      int
}

func (x item) id() string { return fmt.Sprintf("%d.%d", x.seq, x.n) }

func compare(a, b item) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq), cmp.Compare(a.n, b.n))
}

// give hands an item to the machine as detection does.
func give(m operator.Machine, x item) judgement {
	if x.inputs == 0 {
		if m.Due() > x.at*second {
			return judgement{}
		}
		at, ok := m.Advance(x.at * second)
		return judged(m, at, ok)
	}
	claimed := time.UnixMicro(x.at * second).Add(time.Hour) // what the source says is not what counts
	of := &event.Event{ID: x.id(), Source: "test", Type: "level", Subject: "s", Time: claimed, Data: []byte(`{"x":1}`)}
	at, ok := m.Observe(operator.Event{At: x.at * second, Seq: x.seq, N: x.n, Inputs: x.inputs, Of: of})
	return judged(m, at, ok)
}

func TestTheConfigIsChecked(t *testing.T) {
	t.Parallel()
	for within, want := range map[time.Duration]int{0: 1, -time.Second: 1, time.Nanosecond: 1, time.Second: 0, join.MaxWithin: 0, join.MaxWithin + 1: 1} {
		if p := (&join.Config{Within: within}).Check(); len(p) != want || want == 1 && p[0].Field != "within" {
			t.Errorf("within %v: %v", within, p)
		}
	}
}

// step is a call of a story, and what must come of it.
type step struct {
	item
	want judgement
}

func TestThePicture(t *testing.T) {
	t.Parallel()
	m := compiled(10, 20).New()
	for i, s := range []step{
		{item{inputs: main, at: 5}, judgement{true, 5, false}},
		{item{inputs: other, at: 13}, judgement{true, 13, true}},
		{item{inputs: main, at: 21}, judgement{true, 21, true}},
		{item{inputs: main, at: 13}, judgement{}},
		{item{inputs: other, at: 26}, judgement{true, 26, true}},
		{item{at: 51}, judgement{}},
		{item{at: 52}, judgement{true, 51, false}},
		{item{inputs: main, at: 20}, judgement{}},
		{item{at: 90}, judgement{true, 56, false}},
	} {
		s.seq = uint64(i)
		if got := give(m, s.item); got != s.want {
			t.Errorf("%+v: %+v, want %+v", s.item, got, s.want)
		}
	}
	if m.Spent(76*second) || !m.Spent(76*second+1) {
		t.Error("an event at 56 can still come at 76, and none afterwards")
	}
}

func TestALateEventTakesItsSideAndIsJudgedAtTheNewestMoment(t *testing.T) {
	t.Parallel()
	m := compiled(10, 20).New()
	give(m, item{main, 5, 1, 0})
	give(m, item{other, 6, 2, 0})
	if got := give(m, item{main, 21, 3, 0}); got != (judgement{true, 21, false}) {
		t.Errorf("m2 parts the pair: %+v", got)
	}
	if got := give(m, item{other, 13, 4, 0}); got != (judgement{true, 21, true}) {
		t.Errorf("y completes a new one: %+v", got)
	}
}

func TestSidesShowTheEventsWithTheTimesThatCount(t *testing.T) {
	t.Parallel()
	op := compiled(10, 20)
	m := op.New().(*join.Machine)
	if a, b := m.Sides(); a != nil || b != nil {
		t.Error("a new machine has events")
	}
	give(m, item{other, 6, 2, 0})
	a, b := m.Sides()
	if a != nil || b == nil || b.ID != "2.0" || !b.Time.Equal(time.UnixMicro(6*second)) || string(b.Data) != `{"x":1}` {
		t.Errorf("sides %+v and %+v", a, b)
	}
	if _, again := m.Sides(); again != b {
		t.Error("it was decoded twice")
	}
	give(m, item{other, 6, 3, 0})
	if _, b = m.Sides(); b.ID != "3.0" {
		t.Errorf("the newer event of the same time did not take its side: %s", b.ID)
	}
	r := wire.Reader{Rest: m.Append(nil)}
	if _, read := op.Read(&r).(*join.Machine).Sides(); read == nil || read.ID != "3.0" || !r.Done() {
		t.Errorf("read back: %+v", read)
	}
}

// oracle reads the definitions as sentences about the complete list of what came.
type oracle struct {
	within, lateness int64
	all              []item
}

// newest is the newest event of a side among the first items; nil when there was none.
func (o oracle) newest(side uint64, first int) (best *item) {
	for i := range o.all[:first] {
		if x := &o.all[i]; x.inputs&side != 0 && (best == nil || compare(*x, *best) > 0) {
			best = x
		}
	}
	return best
}

// left says that an event could find no other any more by the ticks among the first items.
func (o oracle) left(x *item, first int) bool {
	for _, tick := range o.all[:first] {
		if tick.inputs == 0 && tick.at > x.at+o.within+o.lateness {
			return true
		}
	}
	return false
}

func (o oracle) held(side uint64, first int) *item {
	if x := o.newest(side, first); x != nil && !o.left(x, first) {
		return x
	}
	return nil
}

func (o oracle) both(first int) bool {
	a, b := o.held(main, first), o.held(other, first)
	return a != nil && b != nil && max(a.at, b.at)-min(a.at, b.at) <= o.within
}

// moment is the moment that item i is about by itself.
func (o oracle) moment(i int) (at int64, ok bool) {
	x := o.all[i]
	for _, side := range []uint64{main, other} {
		if x.inputs&side != 0 && *o.newest(side, i+1) == x {
			return x.at, true
		}
		if before := o.held(side, i); x.inputs == 0 && before != nil && o.left(before, i+1) {
			if leaves := before.at + o.within + o.lateness; !ok || leaves < at {
				at, ok = leaves, true
			}
		}
	}
	return at, ok
}

func (o oracle) judge(i int) judgement {
	at, ok := o.moment(i)
	if !ok {
		return judgement{}
	}
	for j := range i {
		if before, ok := o.moment(j); ok {
			at = max(at, before)
		}
	}
	return judgement{true, at, o.both(i + 1)}
}

// draw makes a list in which events are shuffled, late and ahead of log time.
func draw(t *rapid.T, lateness int64) (all []item) {
	now := int64(1000)
	for i := range rapid.IntRange(1, 20).Draw(t, "items") {
		now += rapid.SampledFrom([]int64{0, 0, 1, 7, 10, 30, 100}).Draw(t, "step")
		inputs := rapid.SampledFrom([]uint64{0, main, other, main, other, main | other}).Draw(t, "inputs")
		if inputs == 0 {
			all = append(all, item{at: now})
			continue
		}
		back := rapid.SampledFrom([]int64{0, 0, 1, 5, 30, lateness, lateness - 1, -10, -300}).Draw(t, "back")
		all = append(all, item{inputs, now - min(back, lateness), uint64(i / 3), i % 3})
	}
	return all
}

// cycle writes the machine and reads it back.
func cycle(t *rapid.T, op operator.Operator, m operator.Machine) operator.Machine {
	body := m.Append(nil)
	r := wire.Reader{Rest: body}
	again := op.Read(&r)
	if !r.Done() || !bytes.Equal(again.Append(nil), body) || again.Due() != m.Due() {
		t.Fatalf("% x was read as % x, done %v, due %d and %d", body, again.Append(nil), r.Done(), m.Due(), again.Due())
	}
	return again
}

func TestStreamingJudgesWhatTheOracleJudges(t *testing.T) {
	t.Parallel()
	for range 100 { // times the 100 cases of each check
		rapid.Check(t, agree)
	}
}

func agree(t *rapid.T) {
	within, lateness := rapid.Int64Range(1, 60).Draw(t, "within"), rapid.Int64Range(0, 120).Draw(t, "lateness")
	op := compiled(within, lateness)
	o := oracle{within, lateness, draw(t, lateness)}
	m, now := op.New(), int64(0)
	kept := rapid.Uint64().Draw(t, "kept")
	for i, x := range o.all {
		if x.inputs == 0 {
			now = x.at
		}
		if got, want := give(m, x), o.judge(i); got != want {
			t.Fatalf("within %d, lateness %d: item %d of %+v: %+v, want %+v", within, lateness, i, o.all, got, want)
		}
		if x.inputs == 0 && m.Due() <= now*second {
			t.Fatalf("item %d of %+v: still due at %d", i, o.all, m.Due())
		}
		if kept>>i&1 == 0 {
			m = cycle(t, op, m)
		}
		compareSides(t, m.(*join.Machine), o, i+1)
		if m.Spent(now * second) {
			m = op.New()
		}
	}
}

func compareSides(t *rapid.T, m *join.Machine, o oracle, first int) {
	got := [2]*event.Event{}
	got[0], got[1] = m.Sides()
	for i, want := range []*item{o.held(main, first), o.held(other, first)} {
		if (got[i] == nil) != (want == nil) || want != nil && got[i].ID != want.id() {
			t.Fatalf("within %d, lateness %d: after %d of %+v side %d is %+v, want %+v", o.within, o.lateness, first, o.all, i, got[i], want)
		}
	}
}

func states(op operator.Operator) (all [][]byte) {
	m := op.New()
	for _, x := range []item{{at: 0}, {main, 5, 1, 0}, {other, 6, 2, 0}, {at: 36}, {at: 90}} {
		give(m, x)
		all = append(all, m.Append(nil))
	}
	return all
}

func FuzzRead(f *testing.F) {
	op := compiled(10, 20)
	for _, body := range states(op) {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := wire.Reader{Rest: body}
		m := op.Read(&r)
		if r.Bad {
			return
		}
		written := m.Append(nil)
		again := wire.Reader{Rest: written}
		if n := op.Read(&again); !again.Done() || !bytes.Equal(n.Append(nil), written) {
			t.Fatalf("% x is written as % x and that as % x", body, written, n.Append(nil))
		}
		m.(*join.Machine).Sides()
		give(m, item{main, 50, 9, 0})
		give(m, item{at: 99})
	})
}

func TestDamageIsSeen(t *testing.T) {
	t.Parallel()
	op := compiled(10, 20)
	for _, body := range states(op) {
		for cut := range body {
			r := wire.Reader{Rest: body[:cut]}
			if op.Read(&r); !r.Bad {
				t.Errorf("% x cut at %d was read as whole", body, cut)
			}
		}
	}
}
