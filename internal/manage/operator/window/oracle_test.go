package window_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
	"twoweave/internal/manage/operator/window"
	"twoweave/internal/rule"
)

const ms = int64(time.Millisecond / time.Microsecond)

// arrival is an event as the oracle keeps it, in milliseconds.
type arrival struct {
	at     int64
	number float64
	text   string
}

// judgement is what came of one call.
type judgement struct {
	ok    bool
	at    int64
	value string // "none" when missing
	count int64
	full  bool
}

// oracle reads the definitions as sentences about the complete list of events. It sums nothing up: every answer looks at all that came.
type oracle struct {
	config      window.Config
	width, keep int64 // milliseconds; panes
	over, wait  int64
	all         []arrival
	head        int64
	closed      bool // head is a close of a tumbling window
}

func floor(a, by int64) int64 { return int64(math.Floor(float64(a) / float64(by))) }

func (o *oracle) pane(at int64) int64 { return floor(at, o.width) }

func (o *oracle) tumbling() bool { return o.config.Kind == window.Tumbling }

// began is the time of the first event since the last silence of more than twice the window.
func (o *oracle) began() (first, newest int64) {
	for i, a := range o.all {
		if i == 0 || a.at > newest+2*o.over {
			first, newest = a.at, a.at
		}
		first, newest = min(first, a.at), max(newest, a.at)
	}
	return first, newest
}

func (o *oracle) full() bool {
	first, _ := o.began()
	return len(o.all) > 0 && (o.closed || !o.tumbling()) && o.head >= first+o.over
}

// window is the events of what is judged.
func (o *oracle) window() (all []arrival) {
	to := o.pane(o.head)
	from := to - o.keep
	if o.tumbling() {
		to, from = to-1, to-1
	}
	for _, a := range o.all {
		if p := o.pane(a.at); p >= from && p <= to && (o.closed || !o.tumbling()) {
			all = append(all, a)
		}
	}
	return all
}

func (o *oracle) judge() judgement {
	all := o.window()
	j := judgement{true, o.head, "none", int64(len(all)), o.full()}
	if v, some := o.value(all); some {
		j.value = strconv.FormatFloat(v, 'x', -1, 64)
	}
	return j
}

func (o *oracle) value(all []arrival) (float64, bool) {
	n := float64(len(all))
	switch m := window.Measure(o.config.Measure); m {
	case window.Count:
		return n, true
	case window.Rate:
		if o.config.Of == "" {
			return n / float64(o.over*ms) * 3600e6, true
		}
		return o.sum(all) / float64(o.over*ms) * 3600e6, true
	case window.Sum:
		return o.sum(all), true
	case window.Avg:
		return o.sum(all) / n, n > 0
	case window.Distinct:
		seen := map[string]bool{}
		for _, a := range all {
			seen[a.text] = true
		}
		return float64(len(seen)), true
	}
	return o.ranked(all)
}

// sum adds up each pane as it came, then the panes in order.
func (o *oracle) sum(all []arrival) (total float64) {
	panes := map[int64]float64{}
	var order []int64
	for _, a := range all {
		p := o.pane(a.at)
		if _, known := panes[p]; !known {
			order = append(order, p)
		}
		panes[p] += a.number
	}
	slices.Sort(order)
	for _, p := range order {
		total += panes[p]
	}
	return total
}

// ranked is the least, the greatest, or the least number of the bin of the nearest rank.
func (o *oracle) ranked(all []arrival) (float64, bool) {
	var numbers []float64
	for _, a := range all {
		numbers = append(numbers, a.number)
	}
	if slices.Sort(numbers); len(numbers) == 0 {
		return 0, false
	}
	switch window.Measure(o.config.Measure) {
	case window.Min:
		return numbers[0], true
	case window.Max:
		return numbers[len(numbers)-1], true
	}
	percent, _ := strconv.Atoi(o.config.Measure[1:])
	exact := numbers[int(math.Ceil(float64(percent)*float64(len(numbers))/100))-1]
	return numbers[slices.IndexFunc(numbers, func(x float64) bool { return binOf(x) == binOf(exact) })], true
}

// binOf names a number's bin: the octave and which of its 128 parts.
func binOf(x float64) string {
	fraction, exponent := math.Frexp(x)
	part := math.Floor(math.Abs(fraction) * 256)
	return fmt.Sprint(math.Signbit(fraction), exponent, part)
}

// due is the next moment at which something changes by itself.
func (o *oracle) due() (at int64, some bool) {
	consider := func(moment int64) {
		if !some || moment < at {
			at, some = moment, true
		}
	}
	if o.tumbling() {
		for _, a := range o.all {
			if w := o.pane(a.at); !o.closed || a.at >= o.head {
				consider((w+1)*o.width + o.wait)
			} else if (w+1)*o.width == o.head {
				consider(o.head + o.width + o.wait)
			}
		}
		return at, some
	}
	for _, a := range o.all {
		if leaves := (o.pane(a.at) + o.keep + 1) * o.width; leaves > o.head {
			consider(leaves)
		}
	}
	if first, _ := o.began(); len(o.all) > 0 && !o.full() {
		consider(first + o.over)
	}
	return at, some
}

// observe takes in an event whose time the subject has reached.
func (o *oracle) observe(a arrival) judgement {
	if o.tumbling() {
		_, newest := o.began()
		if (!o.closed || a.at >= o.head) && (len(o.all) == 0 || (o.pane(a.at)+1)*o.width+o.wait > newest) {
			o.all = append(o.all, a)
		}
		return judgement{}
	}
	before := o.full()
	if len(o.all) == 0 || a.at > o.head {
		o.head = a.at
	}
	o.all = append(o.all, a)
	if o.pane(a.at) < o.pane(o.head)-o.keep && o.full() == before {
		return judgement{}
	}
	return o.judge()
}

func (o *oracle) advance(due int64) judgement {
	if o.head = due; o.tumbling() {
		o.head, o.closed = due-o.wait, true
	}
	return o.judge()
}

// run is a machine beside its oracle.
type run struct {
	t  *rapid.T
	op operator.Operator
	m  operator.Machine
	o  *oracle
}

func (r *run) judged(at int64, ok bool) judgement {
	if !ok {
		return judgement{}
	}
	values := make([]rule.Value, 3)
	r.m.Measure(values)
	j := judgement{ok, at / ms, "none", values[1].Int(), values[2].Bool()}
	if !values[0].Missing() {
		j.value = strconv.FormatFloat(values[0].Double(), 'x', -1, 64)
	}
	return j
}

func (r *run) same(what string, got, want judgement) {
	if got != want {
		r.t.Fatalf("%+v, width %d, keep %d, wait %d, %s of\n%+v\nhead %d: got %+v, want %+v",
			r.o.config, r.o.width, r.o.keep, r.o.wait, what, r.o.all, r.o.head, got, want)
	}
}

// reach does what is due up to a moment, as detection does.
func (r *run) reach(now int64) {
	for {
		want, some := r.o.due()
		if got := r.m.Due(); some && got != want*ms || !some && got != operator.Never {
			r.t.Fatalf("%+v after %+v, head %d: due %d, want %d (%v)", r.o.config, r.o.all, r.o.head, got/ms, want, some)
		}
		if !some || want > now {
			return
		}
		at, ok := r.m.Advance(want * ms)
		r.same("advance", r.judged(at, ok), r.o.advance(want))
	}
}

func (r *run) event(a arrival) {
	r.reach(a.at)
	at, ok := r.m.Observe(operator.Event{At: a.at * ms, Inputs: 1, Number: a.number, Text: a.text})
	r.same("event", r.judged(at, ok), r.o.observe(a))
}

// cycle writes the machine and reads it back.
func (r *run) cycle() {
	body := r.m.Append(nil)
	from := wire.Reader{Rest: body}
	again := r.op.Read(&from)
	if !from.Done() || !bytes.Equal(again.Append(nil), body) || again.Due() != r.m.Due() {
		r.t.Fatalf("%+v: % x was read as % x, done %v", r.o.config, body, again.Append(nil), from.Done())
	}
	r.m = again
}

func newRun(t *rapid.T, c window.Config, lateness int64) *run {
	if p := c.Check(); len(p) > 0 {
		t.Fatalf("%+v: %v", c, p)
	}
	o := &oracle{config: c, over: c.Over.Milliseconds(), width: c.Over.Milliseconds()}
	if o.wait = min(lateness, 57*o.over); !o.tumbling() {
		o.width = widths[c.Over].Milliseconds()
		o.keep = (o.over + o.width - 1) / o.width
	}
	op := c.New(operator.Setting{Lateness: time.Duration(lateness) * time.Millisecond, Inputs: 1})
	return &run{t, op, op.New(), o}
}

// widths are those that the documentation promises.
var widths = map[time.Duration]time.Duration{
	time.Second: 20 * time.Millisecond, 7 * time.Second: 125 * time.Millisecond, time.Minute: time.Second, 61 * time.Second: 2 * time.Second,
	100 * time.Second: 2 * time.Second, 15 * time.Minute: 15 * time.Second,
}

var measures = []window.Config{
	{Measure: "count"}, {Measure: "sum", Of: "x"}, {Measure: "avg", Of: "x"}, {Measure: "min", Of: "x"}, {Measure: "max", Of: "x"},
	{Measure: "distinct", Of: "x"}, {Measure: "rate"}, {Measure: "rate", Of: "x"}, {Measure: "p1", Of: "x"}, {Measure: "p50", Of: "x"}, {Measure: "p95", Of: "x"},
}

// agree plays a list in which events are shuffled, late, ahead of log time, and as old as the type allows; ticks come and stay away.
func agree(t *rapid.T) {
	c := rapid.SampledFrom(measures).Draw(t, "measure")
	c.Over = rapid.SampledFrom(overs).Draw(t, "over")
	c.Kind = rapid.SampledFrom([]string{"", window.Sliding, window.Tumbling}).Draw(t, "kind")
	over := c.Over.Milliseconds()
	lateness := rapid.SampledFrom([]int64{0, over / 7, over, 3 * over, 100 * over}).Draw(t, "lateness")
	r := newRun(t, c, lateness)
	now := rapid.SampledFrom([]int64{0, -5 * over, 1_700_000_000_123}).Draw(t, "now")
	steps := []int64{0, 1, r.o.width - 1, r.o.width, over / 3, over - 1, over, over + r.o.width, 2*over + 1, 5 * over}
	for range rapid.IntRange(1, 40).Draw(t, "items") {
		now += rapid.SampledFrom(steps).Draw(t, "step") / rapid.SampledFrom([]int64{1, 5, 50}).Draw(t, "part")
		kind := rapid.IntRange(0, 7).Draw(t, "kind")
		if kind < 2 {
			r.reach(now)
		} else {
			back := rapid.SampledFrom([]int64{0, 0, 0, 1, r.o.width, over / 2, over, lateness, -1, -r.o.width, -over / 3}).Draw(t, "back")
			r.event(arrival{now - min(back, lateness),
				rapid.SampledFrom([]float64{0, 0.1, 0.2, 0.3, -7.7, 1e15, -1e15, 3, 100, 100.3}).Draw(t, "number"),
				rapid.StringMatching("[a-d]").Draw(t, "text")})
		}
		if kind%3 == 0 {
			r.cycle()
		}
		r.spend(now, lateness)
	}
}

// spend takes a new machine and oracle where the old one says that it does not matter, and the old oracle goes on beside it to see.
func (r *run) spend(now, lateness int64) {
	if r.m.Spent(now*ms) && len(r.o.all) > 0 {
		_, newest := r.o.began()
		if _, some := r.o.due(); some || now-lateness <= newest+2*r.o.over {
			r.t.Fatalf("%+v is spent at %d after %+v", r.o.config, now, r.o.all)
		}
		r.m = r.op.New()
	}
}

var overs = []time.Duration{time.Second, 7 * time.Second, time.Minute, 61 * time.Second, 100 * time.Second, 15 * time.Minute}

func TestStreamingMeasuresWhatTheOracleMeasures(t *testing.T) {
	t.Parallel()
	for range 100 { // times the 100 cases of each check
		rapid.Check(t, agree)
	}
}

// TestManyCountsInAPane: counts outgrow one byte and two.
func TestManyCountsInAPane(t *testing.T) {
	t.Parallel()
	for _, measure := range []string{"count", "sum"} {
		c := window.Config{Over: time.Minute, Measure: measure}
		if measure == "sum" {
			c.Of = "x"
		}
		op := c.New(operator.Setting{})
		m := op.New()
		for i := range 70_000 {
			m.Observe(operator.Event{At: int64(i%2) * 30_000_000, Number: 1})
			if n := measured(m); n[1].Int() != int64(i+1) || n[0].Double() != float64(i+1) {
				t.Fatalf("%s is %v after %d", measure, n, i+1)
			}
		}
		r := wire.Reader{Rest: m.Append(nil)}
		if n := measured(op.Read(&r)); !r.Done() || n[1].Int() != 70_000 {
			t.Errorf("%v was read", n)
		}
	}
}

func measured(m operator.Machine) []rule.Value {
	values := make([]rule.Value, 3)
	m.Measure(values)
	return values
}
