package anomaly

import "math"

// kind is one way in which a value can be unusual. Each has its own history of what was usual.
type kind int

const (
	jump   kind = iota // from what the best predictor said
	season             // from the level of its time of day or week, or from that of the last days
	swing              // how much values have been changing lately, against how much they do
	still              // how little
	extent             // from the level of a long time
	kinds
)

// worth weighs the kinds against each other.
var worth = [kinds]float64{jump: 1, season: 1, swing: 1.1, still: 0.7, extent: 1}

const (
	alarm     = 9.0            // the surprise, −ln of a probability, at which the score is one half
	first     = 60             // values that are learned before any is judged
	quiet     = 36             // after an alarm, values that raise no other
	quietTime = hour           // and the time
	fading    = 0.9985         // of the last alarm's surprise, with each value
	rearm     = 0.65           // part of that surprise that the next alarm must have
	worse     = 1.5            // times that surprise, and it is an alarm at once
	keeps     = 40.0           // no greater surprise is remembered, lest one absurd value hide the next weeks
	brief     = 0.08           // rate of lately, in swing and still: a dozen values
	usual     = 0.001          // and of what they are compared with: a thousand
	leastPart = 1.0 / 50       // still grows no further when values change less than this part of their usual
	largest   = 1e100          // what is greater is no measurement, and would overflow
	forget    = 35 * 24 * hour // without a value for so long, nothing that was learned holds
)

// model is what is known of a subject's values.
type model struct {
	n        uint64 // values learned
	newest   int64  // µs, the newest one's time
	gap      int64  // µs, the usual time between two
	waiting  int64  // values still to come before the next alarm
	waitTime int64  // µs, the moment before which there is none

	levels
	profiles
	swinging, swings float64 // mean of the change between neighbours, lately and usually
	usuals           [kinds]usuals

	held     float64 // surprise of the last alarm, fading
	surprise float64 // of the newest value
	expected float64 // in its place
}

// score is between 0 and 1, and one half at the surprise alarm.
func (m *model) score() float64 { return m.surprise / (m.surprise + alarm) }

// step scores a value against what is known, then learns it.
func (m *model) step(of compiled, at int64, x float64) {
	if m.n == 0 {
		m.start(x)
		m.gap, m.waitTime = of.every, at
	} else {
		p := m.predict(of, at)
		m.judge(at, x, &p)
		m.learnErrors(x, &p)
		m.learnGap(of, at)
	}
	m.learnSlots(at, m.gap, x)
	m.learnLevels(m.n, x)
	m.n++
	m.newest = at
}

// learnGap moves the usual time between two values towards their median.
func (m *model) learnGap(of compiled, at int64) {
	d, part := at-m.newest, m.gap/max(2, min(int64(m.n), 16))+1
	switch {
	case of.every > 0:
	case m.n == 1:
		m.gap = d
	case d > m.gap:
		m.gap += part
	case d < m.gap:
		m.gap = max(m.gap-part, 1)
	}
}

func (m *model) judge(at int64, x float64, p *predictions) {
	y := m.deviations(at, x, p)
	most := 0.0
	for k := range y {
		most = math.Max(most, float64(worth[k]*m.usuals[k].surprise(y[k])))
		m.usuals[k].learn(y[k], m.n)
	}
	if m.n < first {
		most = 0
	}
	m.hold(at, most)
}

// deviations are how far the value is off, in each way.
func (m *model) deviations(at int64, x float64, p *predictions) (y [kinds]float64) {
	m.expected = p.best(near[:])
	y[jump] = x - m.expected
	y[season] = x - p.best(far[:])
	y[extent] = x - m.longest
	change := math.Abs(x - m.last)
	m.swinging = toward(m.swinging, change, rate(m.n, brief))
	m.swings = toward(m.swings, change, rate(m.n, usual))
	if m.swings > 0 {
		y[swing] = math.Min(m.swinging/m.swings, 1e30)
		y[still] = m.swings / (m.swinging + float64(leastPart*m.swings))
	}
	return y
}

// hold lets one alarm stand for what belongs to it: for a while there is no other, and then for a longer while none that is much smaller. What is far more
// surprising is an alarm at any time, so that a rule with a higher threshold hears of it too.
func (m *model) hold(at int64, most float64) {
	kept := math.Min(most, keeps)
	m.waiting = max(m.waiting-1, 0)
	holds := m.waiting > 0 || at < m.waitTime || most < float64(m.held*rearm)
	m.surprise = most
	switch far := kept >= alarm && kept >= float64(m.held*worse); {
	case holds && !far:
		m.surprise = math.Min(most, alarm) / 2
	case most >= alarm:
		m.waiting, m.waitTime = quiet, at+quietTime
	}
	m.held *= fading
	if most >= alarm {
		m.held = math.Max(m.held, kept)
	}
}
