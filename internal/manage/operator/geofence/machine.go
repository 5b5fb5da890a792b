package geofence

import (
	"encoding/binary"
	"time"

	"twoweave/internal/base/geo"
	"twoweave/internal/base/wire"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/operator"
	"twoweave/internal/rule"
)

// New compiles the config, which Check must have passed.
func (c *Config) New(s operator.Setting) operator.Operator {
	g := &geofence{lateness: s.Lateness}
	for i := range c.Fences {
		g.fences = append(g.fences, compile(&c.Fences[i]))
	}
	return g
}

type geofence struct {
	fences   []shape
	lateness time.Duration
}

// Vars are inside, left and fence.
func (g *geofence) Vars() []rule.Var {
	return []rule.Var{{Name: "inside", Type: rule.Bool}, {Name: "left", Type: rule.Bool}, {Name: "fence", Type: rule.String}}
}

// Span is until no position of before can be newer than what came since. Where a thing was before that is not known (see left).
func (g *geofence) Span() time.Duration { return g.lateness + event.MaxAhead }

// New makes the state of a thing that was nowhere yet.
func (g *geofence) New() operator.Machine { return &machine{of: g} }

// at is the first fence that holds a place; outside when none does.
func (g *geofence) at(p geo.Point) int {
	for i := range g.fences {
		if g.fences[i].contains(p) {
			return i
		}
	}
	return outside
}

const outside = -1

// machine is where one thing is.
type machine struct {
	of    *geofence
	known bool  // there was a position
	time  int64 // of the newest
	fence int   // it is in; or outside
	been  bool  // a position was in a fence
}

// Observe takes in a position.
func (m *machine) Observe(e operator.Event) (int64, bool) {
	if e.Of.Place == nil {
		return 0, false
	}
	fence := m.of.at(*e.Of.Place)
	if m.known && e.At < m.time {
		return m.earlier(fence)
	}
	if m.known && e.At-m.time > Memory.Microseconds() {
		m.been = false
	}
	m.known, m.time, m.fence = true, e.At, fence
	m.been = m.been || fence != outside
	return e.At, true
}

// earlier takes in a position that is not the newest.
func (m *machine) earlier(fence int) (int64, bool) {
	if m.been || fence == outside {
		return 0, false
	}
	m.been = true // so that the thing, which is outside, has left
	return m.time, true
}

// Due is never: nothing changes without a position.
func (m *machine) Due() int64 { return operator.Never }

// Advance changes nothing.
func (m *machine) Advance(int64) (int64, bool) { return 0, false }

// Measure fills inside, left and fence; all are missing before the first position.
func (m *machine) Measure(values []rule.Value) {
	clear(values)
	if !m.known {
		return
	}
	values[0] = rule.BoolValue(m.fence != outside)
	values[1] = rule.BoolValue(m.fence == outside && m.been)
	if m.fence != outside {
		values[2] = rule.StringValue(m.of.fences[m.fence].name)
	}
}

// Spent says that the next position is the newest, whatever it is, and that it is not remembered where the thing was.
func (m *machine) Spent(now int64) bool {
	matters := m.of.lateness
	if m.been {
		matters += Memory
	}
	return !m.known || m.time < now-matters.Microseconds()
}

// Append writes what is known and whether it was in a fence as one byte, and the newest position's time and fence.
func (m *machine) Append(dst []byte) []byte {
	switch {
	case !m.known:
		return append(dst, unknown)
	case !m.been:
		return binary.AppendVarint(append(dst, never), m.time)
	}
	dst = binary.AppendVarint(append(dst, been), m.time)
	return binary.AppendUvarint(dst, uint64(m.fence+1))
}

// The first byte of the encoding.
const (
	unknown = iota
	never   // was in a fence
	been
)

// Read reads what Append wrote.
func (g *geofence) Read(r *wire.Reader) operator.Machine {
	m := &machine{of: g, fence: outside}
	form := r.Byte()
	if r.Bad || form > been {
		r.Bad = true
		return g.New()
	}
	if form == unknown {
		return g.New()
	}
	m.known, m.time, m.been = true, r.Varint(), form == been
	if m.been {
		m.fence = g.number(r)
	}
	if r.Bad {
		return g.New()
	}
	return m
}

// number reads a fence's number, 0 for outside.
func (g *geofence) number(r *wire.Reader) int {
	n := r.Uvarint()
	if n > uint64(len(g.fences)) {
		r.Bad = true
		return outside
	}
	return int(n) - 1
}
