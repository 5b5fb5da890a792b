package detect

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
)

// maxThings bounds the subjects whose latest reading one meter keeps; what is beyond counts as Overflow.
const maxThings = 1 << 16

// meter is one indicator in one area, as far as this partition sees it: the readings by pane of their own time, or the latest reading of each subject.
// Events are at most their type's lateness behind log time and MaxAhead before it. Sums are formed anew from the panes, in order, each
// time they are needed, so that they do not drift.
type meter struct {
	gauge  *gauge
	area   event.AreaCode
	panes  []pane            // by number, none empty
	things []thing           // by subject
	said   int64             // minute of log time in which a value last came out
	value  indicator.Partial // that value
	spoken bool
	stale  bool // changed since it was last added up
	dirty  bool // changed since the last delta
}

type pane struct {
	number int64
	indicator.Partial
}

type thing struct {
	subject string
	at      micros
	value   float64
}

// pane is the number of the pane that a moment falls into.
func (m *meter) pane(t micros) int64 { return floorDiv(int64(t), int64(m.gauge.width())) }

func (m *meter) add(number int64, value float64) {
	i, found := slices.BinarySearchFunc(m.panes, number, func(x pane, n int64) int { return cmp.Compare(x.number, n) })
	if !found {
		m.panes = slices.Insert(m.panes, i, pane{number: number})
	}
	m.panes[i].Add(value)
}

// read keeps a subject's reading unless a later one is kept; false when there is no room for another subject.
func (m *meter) read(subject string, at micros, value float64) bool {
	i, found := slices.BinarySearchFunc(m.things, subject, func(x thing, s string) int { return strings.Compare(x.subject, s) })
	switch {
	case !found && len(m.things) >= maxThings:
		return false
	case !found:
		m.things = slices.Insert(m.things, i, thing{subject, at, value})
	case at >= m.things[i].at:
		m.things[i].at, m.things[i].value = at, value
	}
	return true
}

// tell adds up when something may have changed, and says whether that must come out: it is another value, or a minute has turned.
func (m *meter) tell(clock micros, minute int64) bool {
	if m.spoken && !m.stale && minute == m.said {
		return false
	}
	value := m.total(m.pane(clock))
	m.stale = false
	if m.spoken && value == m.value && minute == m.said {
		return false
	}
	m.value, m.said, m.spoken, m.dirty = value, minute, true, true
	return true
}

// total drops what has left the window and adds up the rest: panes that log time has reached; of things also what lies ahead of it.
func (m *meter) total(now int64) indicator.Partial {
	first := now - m.gauge.panes() + 1
	m.panes = slices.DeleteFunc(m.panes, func(x pane) bool { return x.number < first })
	m.things = slices.DeleteFunc(m.things, func(x thing) bool { return m.pane(x.at) < first })
	var sum indicator.Partial
	for _, x := range m.panes {
		if x.number <= now {
			sum.Merge(x.Partial)
		}
	}
	for _, x := range m.things {
		sum.Add(x.value)
	}
	return sum
}

func encodeMeter(m *meter) []byte {
	b := appendPartial(appendBool(appendBool(nil, m.spoken), m.stale), m.value)
	b = binary.AppendVarint(b, m.said)
	b = binary.AppendUvarint(b, uint64(len(m.panes)))
	for _, x := range m.panes {
		b = appendPartial(binary.AppendVarint(b, x.number), x.Partial)
	}
	b = binary.AppendUvarint(b, uint64(len(m.things)))
	for _, x := range m.things {
		b = wire.AppendString(b, x.subject)
		b = binary.AppendVarint(b, int64(x.at))
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(x.value))
	}
	return b
}

func appendPartial(b []byte, x indicator.Partial) []byte {
	b = binary.AppendVarint(b, x.Count)
	for _, f := range [...]float64{x.Sum, x.Min, x.Max} {
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(f))
	}
	return b
}

func (p *Partition) putMeter(id indicator.ID, area event.AreaCode, in *reader) {
	m := &meter{area: area, spoken: in.Byte() == 1, stale: in.Byte() == 1, value: in.partial(), said: in.Varint()}
	for range in.many() {
		m.panes = append(m.panes, pane{in.Varint(), in.partial()})
	}
	for range in.many() {
		m.things = append(m.things, thing{strings.Clone(in.String()), in.micros(), in.float()})
	}
	if m.gauge = p.gauges[id]; m.gauge == nil {
		in.Bad = true
		return
	}
	m.gauge.areas[area] = m
}

func (r *reader) float() float64 { return math.Float64frombits(r.Fixed()) }

func (r *reader) partial() indicator.Partial {
	return indicator.Partial{Count: r.Varint(), Sum: r.float(), Min: r.float(), Max: r.float()}
}
