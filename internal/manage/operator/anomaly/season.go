package anomaly

import (
	"math"
	"time"
)

const (
	hour      = int64(3600e6) // µs
	daySlots  = 96
	weekSlots = 168
	nPred     = 8
)

// slot is the level of one part of a day or a week.
type slot struct{ n, mean float64 }

func slotOf(at, season int64, slots int64) int64 {
	return ((at%season + season) % season) / (season / slots)
}

func (m *model) slots(at int64) (d, w *slot) {
	return &m.day[slotOf(at, 24*hour, daySlots)], &m.week[slotOf(at, 168*hour, weekSlots)]
}

func (m *model) learnSlots(at int64, x float64) {
	d, w := m.slots(at)
	d.learn(x, m.gap, 24*hour/daySlots)
	w.learn(x, m.gap, 168*hour/weekSlots)
}

func (s *slot) learn(x float64, gap, width int64) {
	share := math.Min(1, float64(gap)/float64(width))
	s.mean = toward(s.mean, x, math.Max(1/(s.n+1), float64(T.SlotRate*share)))
	s.n++
}

// predictions are what each predictor says, and whether it can say anything.
type predictions struct {
	value [nPred]float64
	ok    [nPred]bool
}

func (m *model) predict(of compiled, at int64) (p predictions) {
	d, w := m.slots(at)
	p.value = [nPred]float64{m.last, m.fast, m.slow, m.long, d.mean, w.mean, d.mean + m.offDay, w.mean + m.offWeek}
	daily, weekly := d.n >= 2 && of.season != 7*24*time.Hour, w.n >= 2 && of.season != 24*time.Hour
	p.ok = [nPred]bool{true, true, true, true, daily, weekly, daily, weekly}
	return p
}

func (p *predictions) best(m *model, among ...int) int {
	best := -1
	for _, i := range among {
		if p.ok[i] && m.cnt[i] >= 20 && (best < 0 || m.err[i] < m.err[best]) {
			best = i
		}
	}
	return max(best, 0) + boolInt(best < 0)*among[0]
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (m *model) learnErrors(x float64, p predictions) {
	for i := range nPred {
		if p.ok[i] {
			m.cnt[i]++
			m.err[i] = toward(m.err[i], math.Abs(x-p.value[i]), math.Max(1/m.cnt[i], 0.01))
		}
	}
	if p.ok[4] {
		m.offDay = toward(m.offDay, x-p.value[4], 0.15)
	}
	if p.ok[5] {
		m.offWeek = toward(m.offWeek, x-p.value[5], 0.15)
	}
}
