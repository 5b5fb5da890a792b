package detect

import (
	"math"
	"time"

	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

// Bounds of one partition's memory. They decide what is found when they are hit, so they are constants: every program that computes a log
// must have the same.
const (
	MaxSubjects = 1 << 18 // states of a subject in a scenario, and keys of clusters
	MaxKeys     = 1 << 19 // remembered keys of one dedup horizon
)

// micros is a moment in microseconds since 1970, as in the log; never a duration from a clock.
type micros int64

const (
	never micros = math.MinInt64 // before everything
	far   micros = math.MaxInt64 // after everything
)

const minute = micros(time.Minute / time.Microsecond)

func microsOf(t time.Time) micros     { return micros(t.UnixMicro()) }
func spanOf(d time.Duration) micros   { return micros(d / time.Microsecond) }
func (m micros) time() time.Time      { return time.UnixMicro(int64(m)).UTC() }
func (m micros) minute() int64        { return floorDiv(int64(m), int64(minute)) }
func floorDiv(a, b int64) int64       { return (a - ((a%b)+b)%b) / b }
func later(a, b micros) (last micros) { return max(a, b) }

// Output is what one message led to. The receiver owns it. The data of readings and exceptions shares no memory with the message.
type Output struct {
	Detections []scenario.Detection
	Exceptions []Exception
	Samples    []indicator.Sample
	Rules      []*scenario.Compiled // of detections by a scenario that is no longer in the set in force
}

// Empty says that nothing came out that must be committed; samples need no commit.
func (o *Output) Empty() bool { return len(o.Detections) == 0 && len(o.Exceptions) == 0 }

// Partition is the state of one partition. Its methods must not be called at the same time; messages must come in log order.
type Partition struct {
	part       int
	seq        bus.Seq
	clock      micros // log time
	set        *pack.Set
	activation Activation
	account    Accounting
	bounds     bounds

	listeners map[event.TypeName]*listener
	watches   map[scenario.ID]*watch  // those of the set, and those gone that have states, or had
	gauges    map[indicator.ID]*gauge // those of the set
	due       dueHeap                 // states by the moment at which they must be looked at without an event
	seen      seen                    // keys
	orders    order.Table             // city states and silences in force
	flood     flood
	copies    flood  // of keyed copies
	promoting micros // the next moment at which a changed scenario takes over; far
	states    int    // over all watches, fields included
	areas     map[event.AreaCode]event.AreaCode
	out       Output // of the message at work
	trace     func(Look)
	traced    scenario.ID

	dirty   []*state            // changed since the last delta
	removed map[string]struct{} // keys of records to delete with the next delta
}

// bounds can be smaller in tests.
type bounds struct{ subjects, keys int }

// New makes the partition as it stands before the log's first message. A set that is not nil counts as activated before it, for tests of packs.
func New(part int, set *pack.Set) *Partition {
	p := &Partition{
		part: part, clock: never, promoting: far, bounds: bounds{subjects: MaxSubjects, keys: MaxKeys},
		listeners: map[event.TypeName]*listener{}, watches: map[scenario.ID]*watch{}, gauges: map[indicator.ID]*gauge{},
		removed: map[string]struct{}{}, areas: map[event.AreaCode]event.AreaCode{},
	}
	if set != nil {
		p.activation = ActivationOf(set)
		p.change(set)
	}
	return p
}

// Seq is the last message applied.
func (p *Partition) Seq() bus.Seq { return p.seq }

// Accounting is what became of the partition's events so far.
func (p *Partition) Accounting() Accounting { return p.account }

// Time is the log time; the zero time before the first message.
func (p *Partition) Time() time.Time {
	if p.clock == never {
		return time.Time{}
	}
	return p.clock.time()
}

// Set is the set in force; nil before the first activation.
func (p *Partition) Set() *pack.Set { return p.set }

// Apply applies an events or a tick message. A batch that cannot be decoded is counted and kept as an exception. It takes over the body's memory.
func (p *Partition) Apply(m bus.Message) Output {
	if m.Kind == bus.Tick {
		return p.Tick(m.Seq, m.Tick)
	}
	b, err := event.DecodeBatch(m.Body)
	if err != nil {
		return p.unreadable(m, err)
	}
	return p.Events(m.Seq, b)
}

// Events applies a batch of the partition's events. It takes over the batch.
func (p *Partition) Events(seq bus.Seq, b *event.Batch) Output {
	p.advance(seq, microsOf(b.Stamp))
	ahead := microsOf(b.Stamp) + spanOf(event.MaxAhead)
	for i := range b.Events {
		at := place{seq: seq, n: i, copied: b.Copies}
		p.event(at, &b.Events[i], ahead)
	}
	return p.take()
}

// Copy applies one keyed copy, made anew of the event that stands at n in the batch of a message: for whoever computes the past under other packs than those
// by which its copies were made. It keeps nothing of the event's memory.
func (p *Partition) Copy(seq bus.Seq, n int, stamp time.Time, e event.Event) Output {
	p.advance(seq, microsOf(stamp))
	p.event(place{seq: seq, n: n, copied: true}, &e, microsOf(stamp)+spanOf(event.MaxAhead))
	return p.take()
}

// Tick applies one tick: what was due by then starts, scenarios whose windows are full take over, and indicators speak.
func (p *Partition) Tick(seq bus.Seq, at time.Time) Output {
	p.advance(seq, microsOf(at))
	p.lookAtDue()
	if p.clock >= p.promoting {
		p.promote() // only now: both the old states and the new are as of this moment
		p.lookAtDue()
	}
	p.orders.Forget(p.clock.time(), pack.MaxLateness) // only now: what was due may lie far back, under a silence that is over
	p.speak()
	return p.take()
}

func (p *Partition) lookAtDue() {
	for p.due.Len() > 0 && p.due[0].wake <= p.clock {
		p.look(p.due[0])
	}
}

// advance moves the position and log time. With each new minute it forgets what can no longer matter.
func (p *Partition) advance(seq bus.Seq, at micros) {
	before := p.clock
	p.seq, p.clock = seq, later(p.clock, at)
	p.seen.rotate(p.clock, p)
	if before != never && p.clock.minute() != before.minute() {
		p.sweep()
	}
}

func (p *Partition) take() Output {
	out := p.out
	p.out = Output{}
	return out
}
