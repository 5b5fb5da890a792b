package anomaly

import (
	"math"

	"twoweave/internal/manage/operator"
	"twoweave/internal/rule"
)

// machine is one subject's state.
type machine struct {
	of compiled
	model
}

// Observe scores the value and then learns from it. There is nothing to judge when the number is missing or the event is older than the newest.
func (m *machine) Observe(e operator.Event) (at int64, ok bool) {
	if math.IsNaN(e.Number) || math.Abs(e.Number) > largest || m.n > 0 && e.At < m.newest {
		return 0, false
	}
	if m.n > 0 && e.At-m.newest > forget {
		m.model = model{}
	}
	m.step(m.of, e.At, e.Number)
	return e.At, true
}

// Due is never: time alone changes no score.
func (m *machine) Due() int64 { return operator.Never }

func (m *machine) Advance(int64) (at int64, ok bool) { return 0, false }

// Measure fills score, value and expected.
func (m *machine) Measure(values []rule.Value) {
	values[0], values[1], values[2] = rule.Value{}, rule.Value{}, rule.Value{}
	if m.n == 0 {
		return
	}
	values[0], values[1] = rule.DoubleValue(m.score()), rule.DoubleValue(m.last)
	if m.n > 1 {
		values[2] = rule.DoubleValue(m.expected)
	}
}

// Spent says that every event that may still come starts anew.
func (m *machine) Spent(now int64) bool { return m.n == 0 || now-m.of.late-m.newest > forget }
