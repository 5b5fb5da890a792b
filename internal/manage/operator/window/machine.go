package window

import (
	"encoding/binary"
	"math"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
	"twoweave/internal/rule"
)

// machine is one subject's state.
type machine struct {
	of     *window
	panes  panes
	head   int64 // the moment judged: sliding, the newest seen; tumbling, the end of the last window that was closed, unclosed before
	newest int64 // time of the newest event
	began  int64 // time of the first event, since which there was none for long
	some   bool  // there was an event
}

// unclosed is the head of a tumbling machine that has closed no window.
const unclosed = math.MinInt64

// Observe takes in an event.
func (m *machine) Observe(e operator.Event) (int64, bool) {
	if !m.of.takes(&e) {
		return 0, false
	}
	if m.of.tumbling {
		m.collect(&e)
		return 0, false
	}
	return m.slide(&e)
}

// takes says that an event has what is measured.
func (w *window) takes(e *operator.Event) bool {
	if w.measure == Distinct {
		return e.Text != ""
	}
	return !w.valued || !math.IsNaN(e.Number) && !math.IsInf(e.Number, 0)
}

// note takes in the time of an event.
func (m *machine) note(at int64) {
	switch {
	case !m.some || at > m.newest+2*m.of.over:
		m.some, m.began, m.newest = true, at, at
	default:
		m.began, m.newest = min(m.began, at), max(m.newest, at)
	}
}

func (m *machine) full() bool { return m.some && m.head >= m.began+m.of.over }

// slide is Observe of a sliding window.
func (m *machine) slide(e *operator.Event) (int64, bool) {
	if !m.some || e.At > m.head {
		m.head = e.At
		m.panes.cut(m.oldest())
	}
	full := m.full()
	m.note(e.At)
	pane := m.of.paneOf(e.At)
	if pane < m.oldest() {
		return m.head, m.full() != full
	}
	m.panes.add(m.of, pane, e)
	return m.head, true
}

// oldest is the number of the oldest pane of what is judged.
func (m *machine) oldest() int64 {
	if m.of.tumbling {
		return m.of.paneOf(m.head) - 1
	}
	return m.of.paneOf(m.head) - m.of.keep
}

// collect is Observe of a tumbling window.
func (m *machine) collect(e *operator.Event) {
	if !m.some {
		m.head = unclosed
	}
	pane := m.of.paneOf(e.At)
	if m.head != unclosed && pane < m.of.paneOf(m.head) || m.some && (pane+1)*m.of.width+m.of.wait <= m.newest {
		return
	}
	m.panes.cut(pane - maxPanes + 1) // nothing: what is so old was due before this event
	m.note(e.At)
	m.panes.add(m.of, pane, e)
}

// closing is the tumbling window that is closed next.
func (m *machine) closing() (pane int64, some bool) {
	lo, next := m.panes.bounds()
	if lo == next {
		return 0, false
	}
	if m.head != unclosed && lo < m.of.paneOf(m.head) {
		return m.of.paneOf(m.head), true // that after one in which there was something
	}
	return lo, true
}

// Due is when the oldest pane leaves, or the subject has been heard of for a whole window; or when a tumbling window is closed.
func (m *machine) Due() int64 {
	if m.of.tumbling {
		if pane, some := m.closing(); some {
			return (pane+1)*m.of.width + m.of.wait
		}
		return operator.Never
	}
	due := int64(operator.Never)
	if lo, next := m.panes.bounds(); lo != next {
		due = (lo + m.of.keep + 1) * m.of.width
	}
	if m.some && !m.full() {
		due = min(due, m.began+m.of.over)
	}
	return due
}

// Advance lets panes leave, or closes one tumbling window.
func (m *machine) Advance(now int64) (int64, bool) {
	if now < m.Due() {
		return 0, false
	}
	if m.of.tumbling {
		pane, _ := m.closing()
		m.head = (pane + 1) * m.of.width
	} else {
		m.head = max(m.head, now)
	}
	m.panes.cut(m.oldest())
	return m.head, true
}

// Measure is of the window at the moment judged.
func (m *machine) Measure(values []rule.Value) {
	from, to := m.oldest(), m.of.paneOf(m.head)
	if m.of.tumbling {
		to = from
	}
	values[0] = rule.Value{}
	if v, some := m.panes.value(m.of, from, to); some {
		values[0] = rule.DoubleValue(v)
	}
	values[1] = rule.IntValue(m.panes.count(from, to))
	values[2] = rule.BoolValue(m.full())
}

// Spent is true when all has left, no event can come that is not after all that was, and the next one begins anew.
func (m *machine) Spent(now int64) bool {
	if !m.some {
		return true
	}
	lo, next := m.panes.bounds()
	return lo == next && now-m.of.lateness > max(m.head, m.newest+2*m.of.over)
}

// Append writes the state: nothing but a 0 before the first event.
func (m *machine) Append(dst []byte) []byte {
	if !m.some {
		return append(dst, 0)
	}
	lo, next := m.panes.bounds()
	dst = append(dst, 1)
	dst = binary.AppendVarint(dst, m.head)
	dst = binary.AppendVarint(dst, m.newest)
	dst = binary.AppendVarint(dst, m.began)
	dst = binary.AppendUvarint(dst, uint64(next-lo))
	if lo == next {
		return dst
	}
	dst = binary.AppendVarint(dst, lo)
	return m.panes.append(dst)
}

// farthest bounds the times that are read: 30,000 years from 1970, so that sums of them are times.
const farthest = 1 << 60

func (m *machine) read(r *wire.Reader) {
	switch r.Byte() {
	case 0:
		return
	case 1:
	default:
		r.Bad = true
	}
	head, newest, began := r.Varint(), r.Varint(), r.Varint()
	for _, at := range []int64{head, newest, began} {
		if (at < -farthest || at > farthest) && !(m.of.tumbling && at == unclosed) {
			r.Bad = true
		}
	}
	if r.Bad || newest == unclosed || began == unclosed || newest < began {
		r.Bad = true
		return
	}
	m.some, m.head, m.newest, m.began = true, head, newest, began
	m.readPanes(r)
}

func (m *machine) readPanes(r *wire.Reader) {
	n := r.Uvarint()
	if r.Bad || n == 0 {
		return
	}
	lo := r.Varint()
	last := lo + int64(min(n, maxPanes)) - 1
	from, to := m.oldest(), m.of.paneOf(m.head)
	if m.of.tumbling {
		to = m.of.paneOf(farthest)
	}
	if r.Bad || n > maxPanes || lo < from || last > to {
		r.Bad = true
		return
	}
	m.panes.read(m.of, r, lo, int(n))
}
