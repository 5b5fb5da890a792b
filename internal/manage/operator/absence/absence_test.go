package absence_test

import (
	"bytes"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
	"twoweave/internal/manage/operator/absence"
	"twoweave/internal/rule"
)

const second = int64(time.Second / time.Microsecond)

func compiled(gap, lateness int64) operator.Operator {
	c := absence.Config{Gap: time.Duration(gap) * time.Second}
	return c.New(operator.Setting{Lateness: time.Duration(lateness) * time.Second, Inputs: 2})
}

// judgement is what came of one call.
type judgement struct {
	ok     bool
	at     int64 // seconds
	absent bool
}

func judged(m operator.Machine, at int64, ok bool) judgement {
	if !ok {
		return judgement{}
	}
	values := make([]rule.Value, 1)
	m.Measure(values)
	return judgement{true, at / second, values[0].Bool()}
}

func observe(m operator.Machine, at int64) judgement {
	moment, ok := m.Observe(operator.Event{At: at * second, Inputs: 1})
	return judged(m, moment, ok)
}

// tick advances the machine as detection does: when it is due.
func tick(m operator.Machine, now int64) judgement {
	if m.Due() > now*second {
		return judgement{}
	}
	moment, ok := m.Advance(now * second)
	return judged(m, moment, ok)
}

func TestTheConfigIsChecked(t *testing.T) {
	t.Parallel()
	for gap, want := range map[time.Duration]int{0: 1, -time.Second: 1, time.Nanosecond: 1, time.Second: 0, absence.MaxGap: 0, absence.MaxGap + 1: 1} {
		if p := (&absence.Config{Gap: gap}).Check(); len(p) != want || want == 1 && p[0].Field != "gap" {
			t.Errorf("a gap of %v: %v", gap, p)
		}
	}
}

func TestBeforeTheFirstEventNothingIsKnown(t *testing.T) {
	t.Parallel()
	m := compiled(30, 0).New()
	values := []rule.Value{rule.BoolValue(true)}
	if m.Measure(values); !values[0].Missing() || m.Due() != operator.Never || !m.Spent(0) {
		t.Errorf("a new machine measures %v, is due %d, spent %v", values[0], m.Due(), m.Spent(0))
	}
}

// call is an event or a tick of a story, and what must come of it.
type call struct {
	event bool
	at    int64
	want  judgement
}

func play(t *testing.T, m operator.Machine, story []call) {
	t.Helper()
	for _, c := range story {
		got := judgement{}
		if c.event {
			got = observe(m, c.at)
		} else {
			got = tick(m, c.at)
		}
		if got != c.want {
			t.Errorf("event %v at %d: %+v, want %+v", c.event, c.at, got, c.want)
		}
	}
}

// The pictures of the package's documentation.
func TestThePictures(t *testing.T) {
	t.Parallel()
	t.Run("silence and return", func(t *testing.T) {
		t.Parallel()
		play(t, compiled(30, 0).New(), []call{
			{true, 10, judgement{true, 10, false}},
			{false, 39, judgement{}},
			{false, 40, judgement{true, 40, true}},
			{false, 41, judgement{}},
			{true, 43, judgement{true, 43, false}},
			{true, 66, judgement{true, 66, false}},
			{false, 73, judgement{}},
			{false, 96, judgement{true, 96, true}},
		})
	})
	t.Run("late by a little", func(t *testing.T) {
		t.Parallel()
		play(t, compiled(30, 40).New(), []call{
			{true, 10, judgement{true, 10, false}},
			{false, 40, judgement{true, 40, true}},
			{true, 9, judgement{}},
			{true, 10, judgement{}},
			{true, 39, judgement{true, 40, false}},
			{false, 68, judgement{}},
			{false, 69, judgement{true, 69, true}},
		})
	})
	t.Run("late by more than the gap", func(t *testing.T) {
		t.Parallel()
		play(t, compiled(30, 40).New(), []call{
			{true, 10, judgement{true, 10, false}},
			{false, 40, judgement{true, 40, true}},
			{true, 15, judgement{true, 40, false}},
			{false, 56, judgement{true, 45, true}},
			{true, 57, judgement{true, 57, false}},
		})
	})
}

func TestItIsSpentOnceNoLateEventCanMeetIt(t *testing.T) {
	t.Parallel()
	m := compiled(30, 20).New()
	observe(m, 10)
	if m.Spent(1_000_000 * second) {
		t.Error("spent before absence was told")
	}
	tick(m, 40)
	if m.Spent(60*second) || !m.Spent(60*second+1) {
		t.Error("an event at 40 can still come at 60, and none afterwards")
	}
}

// item is one thing that came: an event, or a tick that found the machine due or not.
type item struct {
	event bool
	at    int64 // of the event; log time of the tick
}

// oracle reads the definitions as sentences about the complete list of what came.
type oracle struct {
	gap  int64
	all  []item
	memo map[int]judgement
}

func (o oracle) newest(before int) (at int64, any bool) {
	for _, x := range o.all[:before] {
		if x.event && (!any || x.at > at) {
			at, any = x.at, true
		}
	}
	return at, any
}

// last is the last judgement before i.
func (o oracle) last(i int) judgement {
	for k := i - 1; k >= 0; k-- {
		if j := o.judge(k); j.ok {
			return j
		}
	}
	return judgement{}
}

func (o oracle) judge(i int) judgement {
	if j, known := o.memo[i]; known {
		return j
	}
	newest, any := o.newest(i)
	last := o.last(i)
	j := judgement{}
	switch x := o.all[i]; {
	case !x.event && any && !last.absent && x.at >= newest+o.gap:
		j = judgement{true, max(newest+o.gap, last.at), true}
	case x.event && !any:
		j = judgement{true, x.at, false}
	case x.event && (x.at > newest || x.at == newest && !last.absent):
		j = judgement{true, max(x.at, last.at), false}
	}
	o.memo[i] = j
	return j
}

// draw makes a list in which events are shuffled, late and ahead of log time.
func draw(t *rapid.T, lateness int64) (all []item) {
	now := int64(1000)
	for range rapid.IntRange(1, 25).Draw(t, "items") {
		now += rapid.SampledFrom([]int64{0, 0, 1, 7, 29, 30, 31, 100}).Draw(t, "step")
		if rapid.IntRange(0, 2).Draw(t, "kind") == 0 {
			all = append(all, item{false, now})
			continue
		}
		back := rapid.SampledFrom([]int64{0, 0, 1, 5, 30, lateness, lateness - 1, -10, -300}).Draw(t, "back")
		all = append(all, item{true, now - min(back, lateness)})
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
	gap, lateness := rapid.Int64Range(1, 60).Draw(t, "gap"), rapid.Int64Range(0, 120).Draw(t, "lateness")
	op := compiled(gap, lateness)
	o := oracle{gap, draw(t, lateness), map[int]judgement{}}
	m, now := op.New(), int64(0)
	kept := rapid.Uint64().Draw(t, "kept")
	for i, x := range o.all {
		got := judgement{}
		if x.event {
			got = observe(m, x.at)
		} else {
			now = x.at
			got = tick(m, x.at)
		}
		if want := o.judge(i); got != want {
			t.Fatalf("gap %d, lateness %d: item %d of %+v: %+v, want %+v", gap, lateness, i, o.all, got, want)
		}
		if !x.event && m.Due() <= now*second {
			t.Fatalf("item %d of %+v: still due at %d", i, o.all, m.Due())
		}
		if kept>>i&1 == 0 {
			m = cycle(t, op, m)
		}
		if m.Spent(now * second) {
			m = op.New()
		}
	}
}

func FuzzRead(f *testing.F) {
	op := compiled(30, 40)
	m := op.New()
	f.Add(m.Append(nil))
	observe(m, 10)
	f.Add(m.Append(nil))
	tick(m, 40)
	f.Add(m.Append(nil))
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
		observe(m, 50)
		tick(m, 90)
	})
}

func TestDamageIsSeen(t *testing.T) {
	t.Parallel()
	op := compiled(30, 40)
	m := op.New()
	observe(m, 10)
	tick(m, 40)
	body := m.Append(nil)
	for cut := range body {
		r := wire.Reader{Rest: body[:cut]}
		if op.Read(&r); !r.Bad {
			t.Errorf("a state cut at %d was read as whole", cut)
		}
	}
	if r := (wire.Reader{Rest: []byte{9}}); op.Read(&r) == nil || !r.Bad {
		t.Error("an unknown state was read")
	}
}
