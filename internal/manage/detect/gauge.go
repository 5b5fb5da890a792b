package detect

import (
	"cmp"
	"slices"

	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
)

// gauge is one indicator at work, with its areas.
type gauge struct {
	id    indicator.ID
	def   *indicator.Compiled
	areas map[event.AreaCode]*meter
}

// meter counts one area's events by minute of their own time. Minutes are at most Window behind log time and MaxAhead before it.
type meter struct {
	gauge  *gauge
	area   event.AreaCode
	panes  []pane // by minute, none empty
	said   int64  // minute of log time in which a value last came out
	value  int64  // that value
	spoken bool
	dirty  bool // changed since the last delta
}

type pane struct{ minute, count int64 }

// measure counts the event for one indicator.
func (p *Partition) measure(g *gauge, l *listener, v sight) error {
	ok, err := holds(g.def.Filter, l.row)
	if err != nil || !ok {
		return err
	}
	m := g.areas[v.event.Area]
	if m == nil {
		m = &meter{gauge: g, area: v.event.Area}
		g.areas[m.area] = m
	}
	m.dirty = true
	m.add(v.t.minute())
	return nil
}

func (m *meter) add(at int64) {
	i, found := slices.BinarySearchFunc(m.panes, at, func(x pane, at int64) int { return cmp.Compare(x.minute, at) })
	if !found {
		m.panes = slices.Insert(m.panes, i, pane{minute: at})
	}
	m.panes[i].count++
}

// sum drops the minutes that have left the window and adds up those that log time has reached.
func (m *meter) sum(now int64) int64 {
	first := now - m.gauge.window() + 1
	gone := 0
	for gone < len(m.panes) && m.panes[gone].minute < first {
		gone++
	}
	m.panes = slices.Delete(m.panes, 0, gone)
	var total int64
	for _, x := range m.panes {
		if x.minute <= now {
			total += x.count
		}
	}
	return total
}

func (g *gauge) window() int64 { return int64(spanOf(g.def.Window) / minute) }

// speak gives out the values that changed, and each value once a minute, by indicator and area.
func (p *Partition) speak() {
	now, from := p.clock.minute(), len(p.out.Samples)
	for _, g := range p.gauges {
		for _, m := range g.areas {
			if value := m.sum(now); !m.spoken || value != m.value || now != m.said {
				m.value, m.said, m.spoken, m.dirty = value, now, true, true
				p.out.Samples = append(p.out.Samples,
					indicator.Sample{Indicator: g.id, Area: m.area, At: p.clock.time(), Value: float64(value)})
			}
		}
	}
	slices.SortFunc(p.out.Samples[from:], func(a, b indicator.Sample) int {
		return cmp.Or(cmp.Compare(a.Indicator, b.Indicator), cmp.Compare(a.Area, b.Area))
	})
}

// said is every value as it last came out: what a sink that has just begun does not know, and would not hear before the value changes or the minute
// turns. It changes nothing in the partition.
func (p *Partition) said() []indicator.Sample {
	var all []indicator.Sample
	for _, g := range p.gauges {
		for _, m := range g.areas {
			if m.spoken {
				all = append(all, indicator.Sample{Indicator: g.id, Area: m.area, At: p.clock.time(), Value: float64(m.value)})
			}
		}
	}
	slices.SortFunc(all, func(a, b indicator.Sample) int {
		return cmp.Or(cmp.Compare(a.Indicator, b.Indicator), cmp.Compare(a.Area, b.Area))
	})
	return all
}
