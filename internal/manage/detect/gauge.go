package detect

import (
	"cmp"
	"math"
	"slices"
	"time"

	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/rule"
)

// gauge is one indicator at work, with the areas of which this partition has seen events.
type gauge struct {
	id    indicator.ID
	def   *indicator.Compiled
	areas map[event.AreaCode]*meter
}

// measure takes in the event for one indicator.
func (p *Partition) measure(g *gauge, l *listener, v *sight) error {
	ok, err := holds(g.def.Filter, l.row)
	if err != nil || !ok {
		return err
	}
	number, ok, err := numberOf(g.def.Number, l.row)
	if err != nil || !ok {
		return err
	}
	m := g.areas[v.event.Area]
	if m == nil {
		m = &meter{gauge: g, area: v.event.Area}
		g.areas[m.area] = m
	}
	if !g.def.Measure.Last() {
		m.add(m.pane(v.t), number)
	} else if !m.read(v.event.Subject, v.t, number) {
		p.account.Overflow++
	}
	m.dirty, m.stale = true, true
	return nil
}

// greatest is the greatest size of a number that is a measurement. Whatever is summed of such numbers is finite: what is not, no screen can be told.
const greatest = 1e100

// numberOf is what is measured of an event; false when a value for it is missing or it is no measurement. Without a program it is 1: the event
// only counts.
func numberOf(program *rule.Program, row *rule.Row) (float64, bool, error) {
	if program == nil {
		return 1, true, nil
	}
	v, err := program.EvalValue(row)
	switch v.Type() {
	case rule.Int:
		return float64(v.Int()), true, err
	case rule.Double:
		f := v.Double()
		return f, math.Abs(f) <= greatest, err
	}
	return 0, false, err
}

// speak gives out the values that changed, and each value once a minute, by indicator and area.
func (p *Partition) speak() {
	now, from := p.clock.minute(), len(p.out.Samples)
	for _, g := range p.gauges {
		for _, m := range g.areas {
			if m.tell(p.clock, now) {
				p.out.Samples = append(p.out.Samples, p.sample(m))
			}
		}
	}
	slices.SortFunc(p.out.Samples[from:], bySign)
}

// said is every value as it last came out: what a sink that has just begun does not know, and would not hear before the value changes or the minute
// turns. It changes nothing in the partition.
func (p *Partition) said() []indicator.Sample {
	var all []indicator.Sample
	for _, g := range p.gauges {
		for _, m := range g.areas {
			if m.spoken {
				all = append(all, p.sample(m))
			}
		}
	}
	slices.SortFunc(all, bySign)
	return all
}

func (p *Partition) sample(m *meter) indicator.Sample {
	return indicator.Sample{Indicator: m.gauge.id, Area: m.area, Part: p.part, At: p.clock.time(), Partial: m.value}
}

func bySign(a, b indicator.Sample) int {
	return cmp.Or(cmp.Compare(a.Indicator, b.Indicator), cmp.Compare(a.Area, b.Area))
}

// width is how long a pane is.
func (g *gauge) width() micros { return spanOf(indicator.Pane(g.def.Window)) }

// panes is how many panes the window has, the running one included.
func (g *gauge) panes() int64 {
	pane := indicator.Pane(g.def.Window)
	return int64((g.def.Window + pane - time.Nanosecond) / pane)
}
