package absence

import (
	"encoding/binary"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
	"twoweave/internal/rule"
)

// machine is one subject's state.
type machine struct {
	of     *absence
	state  state
	newest int64 // time of the newest event
	at     int64 // the newest moment that was judged; not before newest
}

// state of a subject; its number is written.
type state byte

const (
	unknown state = iota
	present
	absent
)

// Observe takes in a sign of life.
func (m *machine) Observe(e operator.Event) (int64, bool) {
	switch {
	case m.state == unknown:
		m.at = e.At
	case e.At < m.newest || e.At == m.newest && m.state == absent:
		return 0, false
	}
	m.state, m.newest = present, e.At
	m.at = max(m.at, e.At)
	return m.at, true
}

// Due is when the gap is over.
func (m *machine) Due() int64 {
	if m.state != present {
		return operator.Never
	}
	return m.newest + m.of.gap
}

// Advance tells absence.
func (m *machine) Advance(now int64) (int64, bool) {
	due := m.Due()
	if now < due {
		return 0, false
	}
	m.state, m.at = absent, due // after all that was judged: newest only moves on
	return m.at, true
}

// Measure is missing before the first event.
func (m *machine) Measure(values []rule.Value) {
	values[0] = rule.Value{}
	if m.state != unknown {
		values[0] = rule.BoolValue(m.state == absent)
	}
}

// Spent is true when absence was told and any event that may still come ends it, at its own time: it then does not matter who was there before.
// Whoever shows the absence (an open episode) must remember it by itself.
func (m *machine) Spent(now int64) bool {
	if m.state != absent {
		return m.state == unknown
	}
	return now-m.of.lateness > m.at // an event before that is late
}

// Append writes the state, and of it only what it has.
func (m *machine) Append(dst []byte) []byte {
	dst = append(dst, byte(m.state))
	if m.state == unknown {
		return dst
	}
	dst = binary.AppendVarint(dst, m.newest)
	return binary.AppendUvarint(dst, uint64(m.at-m.newest))
}

func (m *machine) read(r *wire.Reader) {
	m.state = state(r.Byte())
	if m.state > absent {
		r.Bad = true
	}
	if r.Bad || m.state == unknown {
		return
	}
	m.newest = r.Varint()
	m.at = m.newest + int64(r.Uvarint())
	if m.at < m.newest {
		r.Bad = true
	}
}
