package anomaly_test

import (
	"math"
	"math/rand/v2"
	"time"
)

// maker makes one series: the same seed gives the same series.
type maker struct {
	*rand.Rand
	s       series
	anomaly []int // the row at which each begins
}

// class is one kind of made-up series.
type class struct {
	name string
	make func(m *maker)
}

// kinds have each the character of something that is measured; the operator's numbers were chosen on them, with other seeds, and on the public series.
var kinds = []class{
	{"daily, a day without its hump", flatDay},
	{"daily, a hump too high", highDay},
	{"daily, a hump that does not come", missingDay},
	{"load, level shifts", levelShift},
	{"load with routine peaks, one much higher", bigSpike},
	{"sensor stuck", stuck},
	{"rides by weekday, holidays", holidays},
	{"counts with bursts", bursts},
	{"heavy tails", heavyTails},
	{"frequency doubles", frequency},
	{"slow machine, failure", machine},
	{"speeds at irregular times, jams", jams},
	{"peaks become more frequent", density},
	{"noise only", noiseOnly},
	{"daily without noise, nothing wrong", cleanDaily},
	{"memory that grows in steps", memory},
	{"noise grows", variance},
	{"requests by weekday, spike and collapse", requests},
	{"latency, slow rise", latency},
	{"level falls to zero", zero},
	{"flat, a single step", flatStep},
	{"daily level with holes in the data", holes},
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, seed)) }

// made is one series of each of the kinds.
func made(seed uint64) []series { return makeAll(kinds, seed) }

func makeAll(kinds []class, seed uint64) (all []series) {
	for i, k := range kinds {
		m := &maker{Rand: rand.New(rand.NewPCG(seed, uint64(i)))}
		m.s.name = k.name
		k.make(m)
		m.label()
		all = append(all, m.s)
	}
	return all
}

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// rows makes n rows at a step; value is given the row and the time in days since Monday.
func (m *maker) rows(n int, step time.Duration, value func(i int, day float64) float64) {
	for i := range n {
		at := monday.Add(time.Duration(i) * step)
		m.s.times = append(m.s.times, at)
		m.s.values = append(m.s.values, value(i, at.Sub(monday).Hours()/24))
	}
}

// label puts windows around the anomalies: together a tenth of the rows, as the benchmark does.
func (m *maker) label() {
	n := len(m.s.values)
	for _, at := range m.anomaly {
		half := n / 20 / len(m.anomaly)
		w := span{max(at-half, probation(n)), min(at+half, n-1)}
		if k := len(m.s.windows); k > 0 && w.first <= m.s.windows[k-1].last {
			w.first = m.s.windows[k-1].last + 1
		}
		m.s.windows = append(m.s.windows, w)
	}
}

// somewhere is a row between two fractions of n.
func (m *maker) somewhere(n int, from, to float64) int {
	return int((from + (to-from)*m.Float64()) * float64(n))
}

const (
	fiveMinutes = 5 * time.Minute
	aDay        = 288 // rows of five minutes
)

// hump is a working day's plateau between 9 and 18.
func hump(day float64) float64 {
	hour := 24 * (day - math.Floor(day))
	if hour >= 9 && hour < 18 {
		return 1
	}
	return 0
}

func flatDay(m *maker) {
	wrong := 10 + m.IntN(3)
	m.rows(4032, fiveMinutes, func(_ int, day float64) float64 {
		if int(day) == wrong {
			return 20 + 2*m.Float64()
		}
		return 20 + 60*hump(day) + (2+8*hump(day))*m.Float64()
	})
	m.anomaly = []int{wrong*aDay + 9*12}
}

func highDay(m *maker) {
	wrong := 8 + m.IntN(5)
	m.rows(4032, fiveMinutes, func(_ int, day float64) float64 {
		top := 60.0
		if int(day) == wrong {
			top = 90
		}
		return 20 + top*hump(day) + (2+8*hump(day))*m.Float64()
	})
	m.anomaly = []int{wrong*aDay + 9*12}
}

func missingDay(m *maker) {
	wrong := 8 + m.IntN(5)
	m.rows(4032, fiveMinutes, func(_ int, day float64) float64 {
		x := 50 - 40*math.Cos(2*math.Pi*day) + 3*m.NormFloat64()
		if int(day) == wrong {
			x = math.Min(x, 15+3*m.NormFloat64())
		}
		return x
	})
	m.anomaly = []int{wrong*aDay + 6*12}
}

func levelShift(m *maker) {
	n := 4032
	a, b := m.somewhere(n, 0.3, 0.5), m.somewhere(n, 0.65, 0.9)
	up, down := 8+6*m.Float64(), 6+4*m.Float64()
	m.rows(n, fiveMinutes, func(i int, _ float64) float64 {
		x := 40 + 1.5*m.NormFloat64()
		if i >= a {
			x += up
		}
		if i >= b {
			x -= down + up
		}
		return math.Round(x*10) / 10
	})
	m.anomaly = []int{a, b}
}

func bigSpike(m *maker) {
	n := 4032
	a, b := m.somewhere(n, 0.3, 0.55), m.somewhere(n, 0.65, 0.9)
	m.rows(n, fiveMinutes, func(i int, _ float64) float64 {
		x := 2 + 0.2*math.Abs(m.NormFloat64())
		if m.IntN(60) == 0 {
			x += 6 + 4*m.Float64()
		}
		if i >= a && i < a+3 || i >= b && i < b+2 {
			x = 60 + 10*m.Float64()
		}
		return x
	})
	m.anomaly = []int{a, b}
}

func stuck(m *maker) {
	n := 3000
	a := m.somewhere(n, 0.4, 0.85)
	level, held := 60.0, 0.0
	m.rows(n, 10*time.Minute, func(i int, _ float64) float64 {
		level += 0.4*m.NormFloat64() + 0.02*(60-level)
		x := level + 0.8*m.NormFloat64()
		if i == a {
			held = x
		}
		if i >= a && i < a+150 {
			return held
		}
		return x
	})
	m.anomaly = []int{a}
}

// byWeekday is a city's demand in its week: two peaks on working days, one broad on days off.
func byWeekday(day float64, off bool) float64 {
	hour := 24 * (day - math.Floor(day))
	peak := func(at, width float64) float64 { return math.Exp(-(hour - at) * (hour - at) / (2 * width * width)) }
	if off {
		return 0.15 + 0.6*peak(15, 4) + 0.5*peak(22, 2)
	}
	return 0.15 + 0.8*peak(8.5, 1.5) + 0.5*peak(13, 3) + peak(18.5, 2.2)
}

func weekend(day float64) bool { return int(day)%7 >= 5 }

func holidays(m *maker) {
	n := 7000
	odd := []int{50 + m.IntN(3), 87 + m.IntN(4), 122 + m.IntN(4)}
	m.rows(n, 30*time.Minute, func(_ int, day float64) float64 {
		off, less := weekend(day), 1.0
		for _, d := range odd {
			if int(day) == d {
				off, less = true, 0.45
			}
		}
		return math.Round(20000 * byWeekday(day, off) * less * math.Exp(0.05*m.NormFloat64()))
	})
	for _, d := range odd {
		m.anomaly = append(m.anomaly, d*48+16)
	}
}

// poisson is a count with a mean.
func (m *maker) poisson(mean float64) float64 {
	if mean > 50 {
		return math.Max(0, math.Round(mean+math.Sqrt(mean)*m.NormFloat64()))
	}
	k, p, limit := 0, m.Float64(), math.Exp(-mean)
	for p > limit {
		k++
		p *= m.Float64()
	}
	return float64(k)
}

func bursts(m *maker) {
	n := 8000
	at := []int{m.somewhere(n, 0.25, 0.4), m.somewhere(n, 0.5, 0.65), m.somewhere(n, 0.75, 0.9)}
	m.rows(n, fiveMinutes, func(i int, day float64) float64 {
		mean := 12 - 8*math.Cos(2*math.Pi*(day-0.1))
		mean *= math.Exp(0.5 * m.NormFloat64())
		if m.IntN(150) == 0 {
			mean *= 3
		}
		for _, a := range at {
			if i >= a && i < a+30 {
				mean += 400 * math.Exp(-float64(i-a)/8)
			}
		}
		return m.poisson(mean)
	})
	m.anomaly = at
}

func heavyTails(m *maker) {
	n := 1640
	at := []int{m.somewhere(n, 0.3, 0.5), m.somewhere(n, 0.65, 0.9)}
	m.rows(n, time.Hour, func(i int, day float64) float64 {
		x := 0.1 * math.Exp(0.45*m.NormFloat64()) * (1 - 0.2*math.Cos(2*math.Pi*day))
		if m.IntN(80) == 0 {
			x *= 2
		}
		for _, a := range at {
			if i >= a && i < a+2 {
				x = 1.2 + m.Float64()
			}
		}
		return x
	})
	m.anomaly = at
}

func frequency(m *maker) {
	n := 4000
	a, phase := m.somewhere(n, 0.4, 0.85), 0.0
	m.rows(n, fiveMinutes, func(i int, _ float64) float64 {
		step := 1.0 / 48
		if i >= a && i < a+200 {
			step = 1.0 / 12
		}
		phase += step
		return 10*math.Sin(2*math.Pi*phase) + 0.8*m.NormFloat64()
	})
	m.anomaly = []int{a}
}

func machine(m *maker) {
	n := 12000
	a, b := m.somewhere(n, 0.3, 0.55), m.somewhere(n, 0.7, 0.9)
	level, goal := 90.0, 90.0
	m.rows(n, fiveMinutes, func(i int, _ float64) float64 {
		if i%600 == 0 {
			goal = 85 + 10*m.Float64()
		}
		level += 0.01*(goal-level) + 0.35*m.NormFloat64()
		x := level + 0.6*m.NormFloat64()
		if i >= a && i < a+120 {
			x -= 45 * math.Min(1, float64(i-a)/40)
		}
		if i >= b && i < b+200 {
			x -= 70 * math.Min(1, float64(i-b)/60)
		}
		return x
	})
	m.anomaly = []int{a, b}
}

func jams(m *maker) {
	n := 2400
	at := []int{m.somewhere(n, 0.3, 0.45), m.somewhere(n, 0.55, 0.7), m.somewhere(n, 0.8, 0.92)}
	clock := monday
	for i := range n {
		clock = clock.Add([]time.Duration{5, 5, 5, 5, 10, 10, 15, 20, 1}[m.IntN(9)] * time.Minute)
		x := 70 + 4*m.NormFloat64()
		if m.IntN(40) == 0 {
			x -= 12 * m.Float64()
		}
		for _, a := range at {
			if i >= a && i < a+10 {
				x = 25 + 8*m.NormFloat64()
			}
		}
		m.s.times, m.s.values = append(m.s.times, clock), append(m.s.values, math.Round(math.Max(1, x)))
	}
	m.anomaly = at
}

func density(m *maker) {
	n := 4032
	a := m.somewhere(n, 0.5, 0.85)
	m.rows(n, fiveMinutes, func(i int, _ float64) float64 {
		often := 70
		if i >= a && i < a+200 {
			often = 8
		}
		if m.IntN(often) == 0 {
			return 18 + 4*m.Float64()
		}
		return 1 + 0.1*m.Float64()
	})
	m.anomaly = []int{a}
}

func noiseOnly(m *maker) {
	m.rows(4032, fiveMinutes, func(int, float64) float64 { return 18 + 4*m.Float64() })
}

func cleanDaily(m *maker) {
	m.rows(4032, fiveMinutes, func(_ int, day float64) float64 { return 20 + 60*hump(day) })
}

func memory(m *maker) {
	n := 3600
	a := m.somewhere(n, 0.5, 0.85)
	level := 30.0
	m.rows(n, fiveMinutes, func(i int, _ float64) float64 {
		if m.IntN(12) == 0 {
			level += 0.05 * m.Float64()
		}
		if i == a {
			level += 14
		}
		return math.Round((level+0.02*m.NormFloat64())*100) / 100
	})
	m.anomaly = []int{a}
}

func variance(m *maker) {
	n := 4000
	a := m.somewhere(n, 0.4, 0.85)
	m.rows(n, fiveMinutes, func(i int, day float64) float64 {
		sd := 1.0
		if i >= a && i < a+180 {
			sd = 3.5
		}
		return 50 + 4*math.Sin(2*math.Pi*day) + sd*m.NormFloat64()
	})
	m.anomaly = []int{a}
}

func requests(m *maker) {
	n := 6000
	a, b := m.somewhere(n, 0.4, 0.6), m.somewhere(n, 0.7, 0.9)
	m.rows(n, 10*time.Minute, func(i int, day float64) float64 {
		mean := 150 * byWeekday(day, weekend(day))
		if i >= a && i < a+6 {
			mean = 700
		}
		if i >= b && i < b+60 {
			mean *= 0.05
		}
		return m.poisson(mean * math.Exp(0.1*m.NormFloat64()))
	})
	m.anomaly = []int{a, b}
}

func latency(m *maker) {
	n := 4032
	a := m.somewhere(n, 0.5, 0.85)
	m.rows(n, fiveMinutes, func(i int, _ float64) float64 {
		x := 45 + 1.2*m.NormFloat64()
		if m.IntN(200) == 0 {
			x += 5 * m.Float64()
		}
		if i >= a && i < a+200 {
			x += 15 * math.Min(1, float64(i-a)/80)
		}
		return x
	})
	m.anomaly = []int{a}
}

func zero(m *maker) {
	n := 3000
	a := m.somewhere(n, 0.4, 0.85)
	m.rows(n, 15*time.Minute, func(i int, day float64) float64 {
		if i >= a && i < a+40 {
			return 0
		}
		return m.poisson(30 - 15*math.Cos(2*math.Pi*day))
	})
	m.anomaly = []int{a}
}

func flatStep(m *maker) {
	n := 2000
	a := m.somewhere(n, 0.4, 0.85)
	m.rows(n, fiveMinutes, func(i int, _ float64) float64 {
		if i >= a && i < a+50 {
			return 7
		}
		return 5
	})
	m.anomaly = []int{a}
}

func holes(m *maker) {
	a := 0
	want := m.somewhere(5000, 0.5, 0.85)
	for i := 0; i < 5000; i++ {
		if m.IntN(120) == 0 {
			i += m.IntN(100) // a hole in the data
		}
		at := monday.Add(time.Duration(i) * 10 * time.Minute)
		day := at.Sub(monday).Hours() / 24
		x := 3 + math.Sin(2*math.Pi*day) + 0.4*math.Sin(4*math.Pi*day) + 0.12*m.NormFloat64()
		if i >= want && i < want+40 {
			x += 1.6
			if a == 0 {
				a = len(m.s.values)
			}
		}
		m.s.times, m.s.values = append(m.s.times, at), append(m.s.values, x)
	}
	m.anomaly = []int{a}
}
