package sequence

import (
	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
	"twoweave/internal/rule"
)

// machine is one subject's state.
type machine struct {
	of       *sequence
	steps    []step
	complete bool // by the last event
}

// Observe takes in an event of one or several steps.
func (m *machine) Observe(e operator.Event) (int64, bool) {
	x := entryOf(e)
	m.insert(x, e.Inputs)
	m.complete = m.completes(x, e.Inputs)
	newest, _ := m.newest()
	for i := range m.steps {
		m.steps[i].trim(newest-m.of.open, m.of.within)
	}
	return newest, m.complete || x.at == newest
}

// insert puts the event into its steps and raises what comes after it, step by step.
func (m *machine) insert(x entry, inputs uint64) {
	for i := range m.steps {
		if inputs&(1<<i) != 0 {
			own := x
			if i == 0 {
				own.begun = x.at
			}
			m.steps[i].insert(own)
		}
		if i > 0 {
			m.steps[i].raise(m.steps[i-1], x)
		}
	}
}

// completes says whether the event is in a chain: the one that began last and leads to it, and from it by the next event of each step to come.
func (m *machine) completes(x entry, inputs uint64) bool {
	for i := range m.steps {
		if inputs&(1<<i) == 0 {
			continue
		}
		begun := m.steps[i].upTo(x)
		end, whole := m.end(x, i)
		if begun != none && whole && end-begun <= m.of.within {
			return true
		}
	}
	return false
}

// end is the earliest moment at which a chain that is at x in step i can be over.
func (m *machine) end(x entry, i int) (int64, bool) {
	for _, later := range m.steps[i+1:] {
		next, ok := later.after(x)
		if !ok {
			return 0, false
		}
		x = next
	}
	return x.at, true
}

// newest is the newest time seen: the newest event is never forgotten.
func (m *machine) newest() (at int64, ok bool) {
	at = none
	for _, s := range m.steps {
		if len(s) > 0 {
			at, ok = max(at, s[len(s)-1].at), true
		}
	}
	return at, ok
}

// Due never comes: a sequence is not completed by time alone.
func (m *machine) Due() int64 { return operator.Never }

// Advance changes nothing; what time has made useless is forgotten with the next event, or with all of it (see Spent).
func (m *machine) Advance(int64) (int64, bool) { return 0, false }

// Measure is whether the last event completed the sequence.
func (m *machine) Measure(values []rule.Value) { values[0] = rule.BoolValue(m.complete) }

// Spent is true when every event to come is newer than all there are, and too far from the newest beginning to be in a chain with it.
func (m *machine) Spent(now int64) bool {
	oldest := now - m.of.lateness
	if newest, ok := m.newest(); ok && newest >= oldest {
		return false
	}
	for _, s := range m.steps {
		if len(s) > 0 && s[len(s)-1].begun >= oldest-m.of.within {
			return false
		}
	}
	return true
}

// Append writes whether the last event completed the sequence, and the steps.
func (m *machine) Append(dst []byte) []byte {
	complete := byte(0)
	if m.complete {
		complete = 1
	}
	dst = append(dst, complete)
	for _, s := range m.steps {
		dst = s.append(dst)
	}
	return dst
}

func (m *machine) read(r *wire.Reader) {
	complete := r.Byte()
	m.complete = complete == 1
	for i := range m.steps {
		m.steps[i] = readStep(r)
	}
	if complete > 1 {
		r.Bad = true
	}
}
