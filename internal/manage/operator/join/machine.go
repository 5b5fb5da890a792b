package join

import (
	"bytes"
	"encoding/binary"
	"time"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/operator"
	"twoweave/internal/rule"
)

// Machine is one subject's state. Besides what every Machine does it shows its Sides.
type Machine struct {
	of    *join
	begun bool
	at    int64 // the newest moment that was judged
	sides [2]side
}

// Sides are the events on the two sides, nil where there is none. They are decoded when first asked for, and shared: read only. Their Time is the
// clamped one.
func (m *Machine) Sides() (main, other *event.Event) {
	return m.sides[0].event(), m.sides[1].event()
}

// Observe puts an event on the sides it belongs to, where it is the newest.
func (m *Machine) Observe(e operator.Event) (int64, bool) {
	taken := false
	for i := range m.sides {
		if e.Inputs&(1<<i) != 0 && m.sides[i].before(e) {
			m.sides[i] = sideOf(e)
			taken = true
		}
	}
	if !taken {
		return 0, false
	}
	return m.judged(e.At), true
}

// judged moves the newest moment up to at.
func (m *Machine) judged(at int64) int64 {
	if !m.begun {
		m.begun, m.at = true, at
	}
	m.at = max(m.at, at)
	return m.at
}

// Due is when the first of the two events leaves: log time must have passed, not only reached, the last moment at which it could find another.
func (m *Machine) Due() int64 {
	due := int64(operator.Never)
	for i := range m.sides {
		if m.sides[i].held() {
			due = min(due, m.leaves(i)+1)
		}
	}
	return due
}

// leaves is the moment as from which a side is judged to be empty.
func (m *Machine) leaves(i int) int64 { return m.sides[i].at + m.of.within + m.of.lateness }

// Advance lets go of events that can find no other any more; what is judged is the moment when the first of them left.
func (m *Machine) Advance(now int64) (int64, bool) {
	at := int64(operator.Never)
	for i := range m.sides {
		if m.sides[i].held() && m.leaves(i) < now {
			at = min(at, m.leaves(i))
			m.sides[i].leave()
		}
	}
	if at == operator.Never {
		return 0, false
	}
	return m.judged(at), true
}

// Measure is whether there is a pair.
func (m *Machine) Measure(values []rule.Value) { values[0] = rule.BoolValue(m.both()) }

func (m *Machine) both() bool {
	a, b := &m.sides[0], &m.sides[1]
	return a.held() && b.held() && max(a.at, b.at)-min(a.at, b.at) <= m.of.within
}

// Spent is true when both sides are empty and every event to come is newer than what was judged.
func (m *Machine) Spent(now int64) bool {
	if m.sides[0].held() || m.sides[1].held() {
		return false
	}
	return !m.begun || now-m.of.lateness > m.at
}

// Append writes which of the sides were ever taken, the newest moment, and those sides.
func (m *Machine) Append(dst []byte) []byte {
	head := byte(0)
	for i := range m.sides {
		if m.sides[i].taken {
			head |= 1 << i
		}
	}
	dst = append(dst, head)
	if head == 0 {
		return dst
	}
	dst = binary.AppendVarint(dst, m.at)
	for i := range m.sides {
		if m.sides[i].taken {
			dst = m.sides[i].append(dst)
		}
	}
	return dst
}

func (m *Machine) read(r *wire.Reader) {
	head := r.Byte()
	if head == 0 || head > 3 {
		r.Bad = r.Bad || head != 0
		return
	}
	m.begun, m.at = true, r.Varint()
	for i := range m.sides {
		if head&(1<<i) != 0 {
			m.sides[i].read(r)
		}
		if m.sides[i].taken && m.sides[i].at > m.at {
			r.Bad = true
		}
	}
}

// side is the newest event of an input. When the event has left, its place in time stays, so that no older one comes instead; the zero side was never
// taken.
type side struct {
	taken bool
	at    int64
	seq   uint64
	n     int
	body  []byte       // as event.AppendEvent writes it, with the clamped time; nil when the event has left
	of    *event.Event // body decoded, once asked for
}

// sideOf keeps a copy of the event.
func sideOf(e operator.Event) side {
	clamped := *e.Of
	clamped.Time = time.UnixMicro(e.At).UTC()
	return side{taken: true, at: e.At, seq: e.Seq, n: e.N, body: event.AppendEvent(nil, &clamped)}
}

// held says that the event is still there.
func (s *side) held() bool { return s.body != nil }

func (s *side) leave() { s.body, s.of = nil, nil }

// before says that e is newer than what stands here.
func (s *side) before(e operator.Event) bool {
	switch {
	case !s.taken || s.at != e.At:
		return !s.taken || s.at < e.At
	case s.seq != e.Seq:
		return s.seq < e.Seq
	}
	return s.n < e.N
}

func (s *side) event() *event.Event {
	if s.of == nil && s.held() {
		s.of, _ = event.DecodeEvent(s.body) // it was written here, or decoded when it was read
	}
	return s.of
}

func (s *side) append(dst []byte) []byte {
	dst = binary.AppendVarint(dst, s.at)
	dst = binary.AppendUvarint(dst, s.seq)
	dst = binary.AppendUvarint(dst, uint64(s.n))
	dst = binary.AppendUvarint(dst, uint64(len(s.body)))
	return append(dst, s.body...)
}

func (s *side) read(r *wire.Reader) {
	s.taken, s.at, s.seq, s.n = true, r.Varint(), r.Uvarint(), int(r.Uvarint())
	s.body = bytes.Clone(r.Bytes())
	if s.n < 0 {
		r.Bad = true
	}
	if len(s.body) == 0 {
		s.body = nil
		return
	}
	if e, err := event.DecodeEvent(s.body); err != nil || e.Time.UnixMicro() != s.at {
		r.Bad = true
	}
}
