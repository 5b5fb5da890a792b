package anomaly

import "math"

const (
	hour      = int64(3600e6) // µs
	daySlots  = 96            // of a quarter of an hour
	weekSlots = 168           // of an hour
	slotRate  = 0.08          // with each visit
	slotMost  = 1000          // values counted in a slot
)

// slot is the level of one part of the day or the week. Days and weeks are those of UTC, for it does not matter where they begin.
type slot struct {
	n    uint32
	mean float64
}

// learn takes in a value. Values that come often share the weight of one visit, so that a slot remembers days however many values it sees in one.
func (s *slot) learn(x float64, gap, width int64) {
	visit := math.Min(1, float64(gap)/float64(width))
	s.mean = toward(s.mean, x, rate(uint64(s.n), float64(slotRate*visit)))
	s.n = min(s.n+1, slotMost)
}

// profiles are the seasons, how far values have lately been off them, and how well each predictor did.
type profiles struct {
	day             [daySlots]slot
	week            [weekSlots]slot
	offDay, offWeek float64
	errors          [predictors]meanError
}

// meanError is the mean size of a predictor's errors, over some hundred values.
type meanError struct {
	n    uint32
	mean float64
}

// predictor is a guess at the next value.
type predictor int

const (
	byLast predictor = iota
	byFast
	bySlow
	byLong
	byDay
	byWeek
	byDayOff
	byWeekOff
	predictors
)

// near are the predictors of a jump, and far those that do not follow the last hours. Of equals the first is taken.
var (
	near = [...]predictor{byFast, byLast, bySlow, byDayOff, byWeekOff, byDay, byWeek}
	far  = [...]predictor{byLong, byDay, byWeek}
)

const (
	offRate   = 0.15
	errorRate = 0.01
	errorMost = 100 // errors counted of a predictor
	trusted   = 20  // errors after which it is compared
)

// predictions are what the predictors say, and which have something to say.
type predictions struct {
	value  [predictors]float64
	known  [predictors]bool
	errors *[predictors]meanError
}

// slots are a moment's, of the day and of the week.
func (s *profiles) slots(at int64) (d, w *slot) {
	return &s.day[part(at, 24*hour, daySlots)], &s.week[part(at, 168*hour, weekSlots)]
}

// part is which of n equal parts of its season a moment lies in; moments before 1970 too.
func part(at, season, n int64) int64 { return (at%season + season) % season / (season / n) }

func (m *model) predict(of compiled, at int64) (p predictions) {
	d, w := m.slots(at)
	p.errors = &m.errors
	p.value = [predictors]float64{m.last, m.fast, m.slow, m.long, d.mean, w.mean, d.mean + m.offDay, w.mean + m.offWeek}
	daily, weekly := d.n >= 2 && of.season != week, w.n >= 2 && of.season != day
	p.known = [predictors]bool{true, true, true, true, daily, weekly, daily, weekly}
	return p
}

// best is what the predictor with the least error says.
func (p *predictions) best(among []predictor) float64 {
	best, found := among[0], false
	for _, i := range among {
		if p.known[i] && p.errors[i].n >= trusted && (!found || p.errors[i].mean < p.errors[best].mean) {
			best, found = i, true
		}
	}
	return p.value[best]
}

func (s *profiles) learnErrors(x float64, p *predictions) {
	for i, v := range p.value {
		if e := &s.errors[i]; p.known[i] {
			e.mean = toward(e.mean, math.Abs(x-v), rate(uint64(e.n), errorRate))
			e.n = min(e.n+1, errorMost)
		}
	}
	if p.known[byDay] {
		s.offDay = toward(s.offDay, x-p.value[byDay], offRate)
	}
	if p.known[byWeek] {
		s.offWeek = toward(s.offWeek, x-p.value[byWeek], offRate)
	}
}

func (s *profiles) learnSlots(at, gap int64, x float64) {
	d, w := s.slots(at)
	d.learn(x, gap, 24*hour/daySlots)
	w.learn(x, gap, 168*hour/weekSlots)
}
