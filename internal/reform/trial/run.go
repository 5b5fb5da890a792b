package trial

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/detect"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
	"twoweave/internal/rule"
)

// Report is what the scripts of one pack gave.
type Report struct {
	Pack   string
	Tests  []Result
	Events int // sent by all scripts
}

// Result is one script's. It passed when it has no failures.
type Result struct {
	Test     string
	Failures []fault.Problem // with the place of the step
}

// Failed says whether any script failed.
func (r *Report) Failed() bool {
	return slices.ContainsFunc(r.Tests, func(t Result) bool { return len(t.Failures) > 0 })
}

// Run plays all scripts of a pack against a set that holds it.
func Run(set *pack.Set, p *pack.Pack) Report {
	r := Report{Pack: p.Name}
	for i := range p.Tests {
		pl := play(set, &p.Tests[i])
		r.Tests = append(r.Tests, Result{Test: p.Tests[i].Name, Failures: pl.failures})
		r.Events += pl.sent
	}
	return r
}

// Uncovered are the scenarios of a pack that no script is about.
func Uncovered(p *pack.Pack) []scenario.ID {
	covered := map[scenario.ID]bool{}
	for i := range p.Tests {
		for _, id := range p.Tests[i].About {
			covered[id] = true
		}
	}
	var missing []scenario.ID
	for i := range p.Scenarios {
		if !covered[p.Scenarios[i].ID] {
			missing = append(missing, p.Scenarios[i].ID)
		}
	}
	return missing
}

// player is one script being played. Partitions are made when their first event comes: before that they would only have heard ticks and orders, of
// which they are told the orders then.
type player struct {
	set    *pack.Set
	script *pack.Script
	parts  map[int]*detect.Partition
	orders []placedOrder
	table  order.Table // of the orders
	rows   map[event.TypeName]*rule.Row
	seq    bus.Seq
	begin  time.Time
	now    time.Time
	sent   int

	about    map[scenario.ID]bool // whose findings count
	found    []scenario.Detection // since the last expect
	effects  []order.Control      // that findings have set off and that are not in force yet
	values   map[gauge]*indicator.Parts
	failures []fault.Problem
}

// placedOrder is an order where it stands in the log.
type placedOrder struct {
	seq     bus.Seq
	control order.Control
}

type gauge struct {
	indicator indicator.ID
	area      event.AreaCode
}

func newPlayer(set *pack.Set, s *pack.Script) *player {
	begin := s.Begin()
	return &player{set: set, script: s, parts: map[int]*detect.Partition{}, rows: map[event.TypeName]*rule.Row{}, begin: begin, now: begin,
		about: concerning(s), values: map[gauge]*indicator.Parts{}}
}

// passes plays a script up to its first failure and says whether there was none.
func passes(set *pack.Set, s *pack.Script) bool {
	p := newPlayer(set, s)
	for i := range s.Steps {
		if p.step(i, &s.Steps[i]); len(p.failures) > 0 {
			return false
		}
	}
	return len(p.found) == 0
}

func play(set *pack.Set, s *pack.Script) *player {
	p := newPlayer(set, s)
	for i := range s.Steps {
		p.step(i, &s.Steps[i])
	}
	for _, d := range p.found {
		p.fail(-1, "at the end of the script %s came out, which no step expects", p.describe(&d))
	}
	return p
}

func (p *player) fail(step int, format string, args ...any) {
	file, line := p.script.Line(step)
	p.failures = append(p.failures, fault.Problem{File: file, Line: line, Message: fmt.Sprintf(format, args...)})
}

func (p *player) step(i int, st *pack.Step) {
	p.pass(p.begin.Add(st.At))
	if st.Order != nil {
		p.order(st.Order.Control(p.begin))
	}
	if e, ok := p.event(i, st); ok {
		p.send(i, st, e)
	}
	if st.Expect != nil {
		p.compare(i, *st.Expect)
	}
}

// pass moves time to t, with a tick at each whole minute on the way and one at t.
func (p *player) pass(t time.Time) {
	for next := p.now.Truncate(time.Minute).Add(time.Minute); next.Before(t); next = next.Add(time.Minute) {
		p.tick(next)
	}
	if t.After(p.now) {
		p.tick(t)
	}
}

func (p *player) tick(t time.Time) {
	p.now = t
	p.seq++
	for _, n := range slices.Sorted(maps.Keys(p.parts)) {
		p.take(p.parts[n].Tick(p.seq, t))
	}
	p.settle()
}

// part is a partition, made when it is first asked for.
func (p *player) part(n int) *detect.Partition {
	part := p.parts[n]
	if part == nil {
		part = detect.New(n, p.set)
		p.parts[n] = part
		for _, o := range p.orders {
			p.take(part.Order(o.seq, o.control))
		}
	}
	return part
}

// send delivers a step's event, as often as it repeats.
func (p *player) send(i int, st *pack.Step, e event.Event) {
	times, every := 1, time.Duration(0)
	if st.Repeat != nil {
		times, every = st.Repeat.Times, st.Repeat.Every
	}
	id := e.ID
	for n := range times {
		if n > 0 {
			p.pass(p.now.Add(every))
			e.Time = e.Time.Add(every)
			e.ID = fmt.Sprintf("%s.%d", id, n)
		}
		p.deliver(i, st, e)
	}
}

// deliver gives the event to its partition, and keyed copies of it to others, as ingest does.
func (p *player) deliver(i int, st *pack.Step, e event.Event) {
	t := p.set.Types[e.Type]
	e.Body = e.BodyDigest(nil)
	part := p.part(event.PartitionOf(t.PartitionKey(&e)))
	before := part.Accounting()
	p.sent++
	p.batch(part, e, false)
	if got := outcome(before, part.Accounting()); st.Outcome != "" && got != detect.Outcome(st.Outcome) {
		p.fail(i, "the event is %s; expected is %s", got, st.Outcome)
	}
	if p.rows[e.Type] == nil {
		p.rows[e.Type] = t.NewRow()
	}
	for _, n := range t.CopyParts(&e, p.rows[e.Type]) {
		p.batch(p.part(n), e, true)
	}
	p.settle()
}

func (p *player) batch(part *detect.Partition, e event.Event, copies bool) {
	p.seq++
	p.take(part.Events(p.seq, &event.Batch{Stamp: p.now, Copies: copies, Events: []event.Event{e}}))
}

// outcome is which sum one event has moved.
func outcome(before, after detect.Accounting) detect.Outcome {
	switch {
	case after.Evaluated > before.Evaluated:
		return detect.Evaluated
	case after.Duplicate > before.Duplicate:
		return detect.Duplicate
	case after.Conflict > before.Conflict:
		return detect.Conflict
	case after.Late > before.Late:
		return detect.Late
	}
	return detect.Dead
}

func (p *player) take(o detect.Output) {
	for i := range o.Detections {
		d := &o.Detections[i]
		p.setsOff(d)
		if p.about[d.Scenario] {
			p.found = append(p.found, *d)
		}
	}
	for _, s := range o.Samples {
		at := gauge{s.Indicator, s.Area}
		if p.values[at] == nil {
			p.values[at] = &indicator.Parts{}
		}
		p.values[at].Put(&s, s.At)
	}
}

// compare strikes out what was expected; what is left over on either side fails. Order does not matter, since it depends on partitions.
func (p *player) compare(step int, expected []pack.Expectation) {
	left := slices.Clone(p.found)
	p.found = nil
	for i := range expected {
		x := &expected[i]
		if x.Indicator != "" {
			p.compareValue(step, x)
			continue
		}
		at := slices.IndexFunc(left, func(d scenario.Detection) bool { return p.fits(x, &d) })
		if at < 0 {
			p.fail(step, "%s was expected and did not come", p.wish(x))
			continue
		}
		left = slices.Delete(left, at, at+1)
	}
	for _, d := range left {
		p.fail(step, "%s came out, which is not expected", p.describe(&d))
	}
}

func (p *player) fits(x *pack.Expectation, d *scenario.Detection) bool {
	id, change := x.Started, scenario.Started
	if x.Ended != "" {
		id, change = x.Ended, scenario.Ended
	}
	moment := func(want *time.Duration, got time.Time) bool { return want == nil || got.Equal(p.begin.Add(*want)) }
	return d.Scenario == id && d.Change == change && d.Subject == x.Subject && (x.Episode == 0 || d.Episode == x.Episode) &&
		(x.Area == "" || d.Area == x.Area) && moment(x.At, d.At) && moment(x.Since, d.Since)
}

// compareValue compares an indicator's latest value in an area, or its sum over the city, and the band where it stands.
func (p *player) compareValue(step int, x *pack.Expectation) {
	def, known := p.set.Indicator(x.Indicator)
	if !known {
		p.fail(step, "there is no indicator %s", x.Indicator)
		return
	}
	bands, where := def.Bands, string(x.Area)
	if x.Area == "" {
		bands, where = def.CityBands(), "the city"
	}
	value, some := def.Value(p.total(x.Indicator, x.Area))
	if !some {
		p.fail(step, "%s of %s has no value; expected is %v", x.Indicator, where, *x.Value)
		return
	}
	if value != *x.Value {
		p.fail(step, "%s of %s is %v; expected is %v", x.Indicator, where, value, *x.Value)
	}
	if got := bands.Of(value); x.Band != "" && got != x.Band {
		p.fail(step, "%s of %s, %v, is in the band %s; expected is %s", x.Indicator, where, value, got, x.Band)
	}
}

// total is what all partitions know of an indicator in an area, or in the city.
func (p *player) total(id indicator.ID, area event.AreaCode) indicator.Partial {
	var sum indicator.Partial
	for _, at := range slices.SortedFunc(maps.Keys(p.values), func(a, b gauge) int { return cmp.Compare(a.area, b.area) }) {
		if at.indicator == id && (area == "" || at.area == area) {
			part, _ := p.values[at].Total(time.Time{})
			sum.Merge(part)
		}
	}
	return sum
}

func (p *player) describe(d *scenario.Detection) string {
	return fmt.Sprintf("%s %s of %s, episode %d, at %s since %s, area %s", d.Scenario, d.Change, d.Subject, d.Episode,
		d.At.Sub(p.begin), d.Since.Sub(p.begin), d.Area)
}

func (p *player) wish(x *pack.Expectation) string {
	text := fmt.Sprintf("%s %s of %s", cmp.Or(x.Started, x.Ended), map[bool]string{true: "started", false: "ended"}[x.Started != ""], x.Subject)
	if x.Episode != 0 {
		text += fmt.Sprintf(", episode %d", x.Episode)
	}
	if x.At != nil {
		text += fmt.Sprintf(", at %s", *x.At)
	}
	if x.Since != nil {
		text += fmt.Sprintf(", since %s", *x.Since)
	}
	return text
}
