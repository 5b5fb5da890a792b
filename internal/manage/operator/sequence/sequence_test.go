package sequence_test

import (
	"bytes"
	"cmp"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
	"twoweave/internal/manage/operator/sequence"
	"twoweave/internal/rule"
)

const second = int64(time.Second / time.Microsecond)

func compiled(within, lateness int64, steps int) operator.Operator {
	c := sequence.Config{Within: time.Duration(within) * time.Second}
	return c.New(operator.Setting{Lateness: time.Duration(lateness) * time.Second, Inputs: steps})
}

// judgement is what came of one event.
type judgement struct {
	ok       bool
	at       int64 // seconds
	complete bool
}

// item is an event that came.
type item struct {
	inputs uint64
	at     int64
	seq    uint64
	n      int
}

func compare(a, b item) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq), cmp.Compare(a.n, b.n))
}

func give(m operator.Machine, x item) judgement {
	at, ok := m.Observe(operator.Event{At: x.at * second, Seq: x.seq, N: x.n, Inputs: x.inputs})
	if !ok {
		return judgement{}
	}
	return judgement{true, at / second, complete(m)}
}

func complete(m operator.Machine) bool {
	values := make([]rule.Value, 1)
	m.Measure(values)
	return values[0].Bool()
}

func TestTheConfigIsChecked(t *testing.T) {
	t.Parallel()
	for within, want := range map[time.Duration]int{0: 1, -time.Second: 1, time.Nanosecond: 1, time.Second: 0, sequence.MaxWithin: 0, sequence.MaxWithin + 1: 1} {
		if p := (&sequence.Config{Within: within}).Check(); len(p) != want || want == 1 && p[0].Field != "within" {
			t.Errorf("within %v: %v", within, p)
		}
	}
}

func TestThePicture(t *testing.T) {
	t.Parallel()
	m := compiled(20, 30, 3).New()
	for i, s := range []struct {
		step int
		at   int64
		want judgement
	}{
		{2, 0, judgement{true, 0, false}},
		{0, 4, judgement{true, 4, false}},
		{1, 10, judgement{true, 10, false}},
		{2, 17, judgement{true, 17, true}},
		{2, 25, judgement{true, 25, false}},
		{0, 27, judgement{true, 27, false}},
		{1, 33, judgement{true, 33, false}},
		{1, 9, judgement{true, 33, true}}, // late: after a 4, before c 17
		{0, 20, judgement{}},
		{2, 38, judgement{true, 38, true}},
	} {
		if got := give(m, item{1 << s.step, s.at, uint64(i), 0}); got != s.want {
			t.Errorf("step %d at %d: %+v, want %+v", s.step, s.at, got, s.want)
		}
	}
}

func TestAnEventOfTwoStepsIsOneOfThem(t *testing.T) {
	t.Parallel()
	m := compiled(20, 30, 2).New()
	if got := give(m, item{3, 5, 1, 0}); got.complete {
		t.Error("one event completed two steps")
	}
	if got := give(m, item{3, 5, 1, 1}); !got.complete {
		t.Error("two events at the same time are one after the other by their place in the log")
	}
}

func TestABeginningIsKeptAsLongAsAnEndMayCome(t *testing.T) {
	t.Parallel()
	m := compiled(20, 30, 2).New()
	give(m, item{1, 50, 1, 0})
	give(m, item{1, 400, 2, 0}) // as far ahead of log time as may be: that is 100
	if got := give(m, item{2, 70, 3, 0}); got != (judgement{true, 400, true}) {
		t.Errorf("an end as late as may be: %+v", got)
	}
}

func TestItIsSpentOnceNothingToComeCanBeInAChainWithIt(t *testing.T) {
	t.Parallel()
	op := compiled(20, 30, 2)
	m := op.New()
	if !m.Spent(0) {
		t.Error("a new machine is spent")
	}
	give(m, item{1, 100, 1, 0})
	if m.Spent(150*second) || !m.Spent(150*second+1) {
		t.Error("its end at 120 can still come at 150, and not afterwards")
	}
	m = op.New()
	give(m, item{2, 100, 1, 0})
	if m.Spent(130*second) || !m.Spent(130*second+1) {
		t.Error("its beginning at 100 can still come at 130, and not afterwards")
	}
	if at, ok := m.Advance(200 * second); ok || m.Due() != operator.Never {
		t.Errorf("time alone was judged, at %d", at)
	}
}

// oracle tries every chain in the complete list of what came.
type oracle struct {
	within int64
	steps  int
	all    []item
}

// whole tries the events after last for a step, and then the following steps. with says whether x is in the chain yet.
func (o oracle) whole(x item, step int, first, last item, with bool) bool {
	if step == o.steps {
		return with
	}
	for _, e := range o.all {
		begun := first
		if step == 0 {
			begun = e
		}
		fits := e.inputs>>step&1 == 1 && (step == 0 || compare(e, last) > 0) && e.at-begun.at <= o.within
		missed := !with && compare(e, x) > 0 // x cannot come after e
		if fits && !missed && o.whole(x, step+1, begun, e, with || e == x) {
			return true
		}
	}
	return false
}

// judge is what must come of the last item.
func (o oracle) judge() judgement {
	x, newest := o.all[len(o.all)-1], o.all[0].at
	for _, e := range o.all {
		newest = max(newest, e.at)
	}
	complete := o.whole(x, 0, item{}, item{}, false)
	if !complete && x.at < newest {
		return judgement{}
	}
	return judgement{true, newest, complete}
}

// arrival is an event and what log time is when it comes.
type arrival struct {
	item
	now int64
}

// draw makes a list in which events are shuffled, late and ahead of log time.
func draw(t *rapid.T, steps int, lateness int64) (all []arrival) {
	now := int64(1000)
	for i := range rapid.IntRange(1, 24).Draw(t, "items") {
		now += rapid.SampledFrom([]int64{0, 0, 1, 7, 10, 30, 400}).Draw(t, "step")
		inputs := uint64(1) << rapid.IntRange(0, steps-1).Draw(t, "input")
		if rapid.IntRange(0, 4).Draw(t, "several") == 0 {
			inputs |= rapid.Uint64Range(0, 1<<steps-1).Draw(t, "more")
		}
		back := rapid.SampledFrom([]int64{0, 0, 1, 5, 12, 30, lateness, lateness - 1, -10, -300}).Draw(t, "back")
		all = append(all, arrival{item{inputs, now - min(back, lateness), uint64(i / 3), i % 3}, now})
	}
	return all
}

// cycle writes the machine and reads it back.
func cycle(t *rapid.T, op operator.Operator, m operator.Machine) operator.Machine {
	body := m.Append(nil)
	r := wire.Reader{Rest: body}
	again := op.Read(&r)
	if !r.Done() || !bytes.Equal(again.Append(nil), body) || complete(again) != complete(m) {
		t.Fatalf("% x was read as % x, done %v", body, again.Append(nil), r.Done())
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
	steps := rapid.SampledFrom([]int{2, 2, 3, 3, 4, 8}).Draw(t, "steps")
	within, lateness := rapid.Int64Range(1, 100).Draw(t, "within"), rapid.Int64Range(0, 120).Draw(t, "lateness")
	op := compiled(within, lateness, steps)
	m, o := op.New(), oracle{within: within, steps: steps}
	kept := rapid.Uint64().Draw(t, "kept")
	for i, x := range draw(t, steps, lateness) {
		o.all = append(o.all, x.item)
		if got, want := give(m, x.item), o.judge(); got != want {
			t.Fatalf("within %d, lateness %d, %d steps: after %+v: %+v, want %+v", within, lateness, steps, o.all, got, want)
		}
		if kept>>i&1 == 0 {
			m = cycle(t, op, m)
		}
		if m.Spent(x.now * second) {
			m = op.New()
		}
	}
}

// In the order of time an event completes when the newest beginning that leads to it is near enough; that is found without a list.
func TestInTheOrderOfTimeItIsExactHoweverMuchComes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		steps, within := rapid.IntRange(2, 4).Draw(t, "steps"), rapid.Int64Range(1, 400).Draw(t, "within")
		op := compiled(within, 600, steps)
		m, begun, now := op.New(), make([]int64, steps+1), int64(1000)
		often := rapid.IntRange(0, steps-1).Draw(t, "often")
		for i := range 300 {
			step := often // most events are of one step, and push out its older ones
			if rapid.IntRange(0, 40).Draw(t, "kind") == 0 {
				step = rapid.IntRange(0, steps-1).Draw(t, "step")
			}
			now += rapid.Int64Range(0, 2).Draw(t, "gap")
			begun[0] = now
			begun[step+1] = max(begun[step+1], begun[step])
			want := step == steps-1 && begun[steps] > 0 && now-begun[steps] <= within
			if got := give(m, item{1 << step, now, uint64(i), 0}); got != (judgement{true, now, want}) {
				t.Fatalf("event %d of step %d at %d: %+v, want complete %v", i, step, now, got, want)
			}
		}
	})
}

func TestASubjectStaysSmallAndWhatItFindsIsThere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		op := compiled(100, 600, 2)
		m, o := op.New(), oracle{within: 100, steps: 2}
		for i := range 300 {
			back := rapid.Int64Range(0, 600).Draw(t, "back")
			o.all = append(o.all, item{rapid.Uint64Range(1, 3).Draw(t, "inputs"), 1000 + int64(i) - back, uint64(i), 0})
			got := give(m, o.all[i])
			if got.complete && !o.judge().complete {
				t.Fatalf("after %+v: found, and not there", o.all)
			}
		}
		if size := len(m.Append(nil)); size > 2*(sequence.MaxOpen+1)*20 {
			t.Fatalf("%d bytes", size)
		}
	})
}

func states(op operator.Operator) (all [][]byte) {
	m := op.New()
	all = append(all, m.Append(nil))
	for i, at := range []int64{5, 3, 9, 9, 12, 11, 800} {
		give(m, item{1 << (i % 3), at, uint64(i), 0})
		all = append(all, m.Append(nil))
	}
	return all
}

func FuzzRead(f *testing.F) {
	op := compiled(20, 30, 3)
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
		give(m, item{7, 50, 9, 0})
	})
}

func TestDamageIsSeen(t *testing.T) {
	t.Parallel()
	op := compiled(20, 30, 3)
	for _, body := range states(op) {
		for cut := range body {
			r := wire.Reader{Rest: body[:cut]}
			if op.Read(&r); !r.Bad {
				t.Errorf("% x cut at %d was read as whole", body, cut)
			}
		}
	}
}
