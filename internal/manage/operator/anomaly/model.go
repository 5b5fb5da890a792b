package anomaly

import "math"

// model is what is known of a subject's values.
type model struct {
	n         uint64 // values learned
	newest    int64  // µs, the time of the newest
	gap       int64  // µs, the usual time between two
	lock      int64  // values still to come until the next alarm may be raised
	lockUntil int64  // µs, and the moment before which none may

	last, fast, slow, long, far, short float64 // running levels
	variation, meanVar, errSum         float64
	day                                [daySlots]slot
	week                               [weekSlots]slot
	offDay, offWeek                    float64
	err, cnt                           [nPred]float64
	ch                                 [NC]channel

	mem      float64 // surprise of the last alarm, fading
	expected float64
	surprise float64
	parts    [NC]float64
}

func rate(n uint64, r float64) float64 { return math.Max(1/float64(n+1), r) }

func (m *model) step(of compiled, at int64, x float64) {
	if m.n == 0 {
		m.last, m.fast, m.slow, m.long, m.short, m.far = x, x, x, x, x, x
		m.gap = of.every
	} else {
		p := m.predict(of, at)
		m.judge(at, x, p)
		m.learnErrors(x, p)
	}
	m.learnSlots(at, x)
	m.learnLevels(x)
	m.learnGap(of, at)
	m.n++
	m.newest = at
}

func (m *model) learnGap(of compiled, at int64) {
	if of.every > 0 || m.n == 0 {
		return
	}
	d := at - m.newest
	part := m.gap/max(2, min(int64(m.n), 16)) + 1
	switch {
	case m.n == 1:
		m.gap = d
	case d > m.gap:
		m.gap += part
	case d < m.gap:
		m.gap = max(m.gap-part, 1)
	}
}

func (m *model) learnLevels(x float64) {
	m.last = x
	m.fast = toward(m.fast, x, rate(m.n, 0.3))
	m.slow = toward(m.slow, x, rate(m.n, 0.03))
	m.long = toward(m.long, x, rate(m.n, T.LongRate))
	m.far = toward(m.far, x, rate(m.n, T.FarRate))
}

func (m *model) score() float64 { return m.surprise / (m.surprise + T.Alarm) }

// judge sets surprise and expected.
func (m *model) judge(at int64, x float64, p predictions) {
	b := p.best(m, 1, 0, 2, 6, 7, 4, 5)
	m.expected = p.value[b]
	base := p.best(m, 3, 4, 5)
	m.short = toward(m.short, x, T.ShortRate)
	diff := math.Abs(x - m.last)
	m.variation = toward(m.variation, diff, rate(m.n, 0.08))
	m.meanVar = toward(m.meanVar, diff, rate(m.n, 0.001))
	ratio, flat := 0.0, 0.0
	if m.meanVar > 0 {
		ratio = m.variation / m.meanVar
		flat = m.meanVar / (m.variation + float64(0.02*m.meanVar))
	}
	r := x - p.value[b]
	m.errSum = toward(m.errSum, math.Min(m.ch[0].surprise(r), 10), 0.1)
	y := [NC]float64{r, x - p.value[base], m.short - p.value[base], ratio, flat, m.errSum, x - m.far}
	total := 0.0
	for i := range y {
		m.parts[i] = m.ch[i].surprise(y[i])
		total = math.Max(total, float64(T.W[i]*m.parts[i]))
	}
	if m.n < uint64(T.Warm) {
		total = 0
	}
	m.hold(at, total)
	for i := range y {
		if m.lock == 0 || !T.Decluster {
			m.ch[i].learn(y[i])
		}
	}
}

// hold lets one alarm stand for what follows it.
func (m *model) hold(at int64, total float64) {
	m.surprise = total
	m.lock = max(m.lock-1, 0)
	switch {
	case m.lock > 0 || at < m.lockUntil || total < float64(m.mem*T.Keep):
		m.surprise = math.Min(total, T.Alarm) / 2
	case total >= T.Alarm:
		m.lock, m.lockUntil = T.Lock, at+hour
	}
	m.mem *= T.Fade
	if total >= T.Alarm {
		m.mem = math.Max(m.mem, total)
	}
}
