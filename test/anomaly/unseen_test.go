package anomaly_test

import (
	"math"
	"testing"
	"time"
)

// unseen are kinds of series that were made after the operator's numbers were chosen, and on which nothing was chosen.
var unseen = []class{
	{"water meter, a pipe that runs all night", waterMeter},
	{"river level, a flood among rains", riverLevel},
	{"noise of a building site, work at night", siteNoise},
	{"passengers by the minute, an evening's crowd", passengers},
	{"travel times, a road closed", travelTimes},
	{"outdoor temperature, a sensor in the sun", sunSensor},
	{"battery that runs down, and fails", battery},
	{"calls a day, a year with an outbreak", callsADay},
	{"disk writes, rare and huge, none at all", diskWrites},
	{"air quality with gaps, a dust storm", dustStorm},
}

// The baseline has the threshold that is best for just these, the operator the one it has everywhere.
func TestUnseenKinds(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		all := makeAll(unseen, seed)
		theirs := judged(all, baseline(all))
		a, b := at(all, judged(all, detect(all)), fixed), at(all, theirs, best(all, theirs))
		show(t, "kinds on which nothing was chosen", all, a, b)
		ahead(t, all, a, b, 0)
	}
}

func waterMeter(m *maker) {
	n := 4000
	a := m.somewhere(n, 0.5, 0.9)
	m.rows(n, 15*time.Minute, func(i int, day float64) float64 {
		use := 0.0
		if hour := 24 * (day - math.Floor(day)); hour > 6 && hour < 23 && m.IntN(4) == 0 {
			use = 5 + 25*m.ExpFloat64()
		}
		if i >= a && i < a+60 {
			use += 30
		}
		return math.Round(use)
	})
	m.anomaly = []int{a}
}

func riverLevel(m *maker) {
	n := 5000
	a, level, rain := m.somewhere(n, 0.5, 0.9), 2.0, 0.0
	m.rows(n, time.Hour, func(i int, _ float64) float64 {
		if m.IntN(200) == 0 {
			rain += 0.08 * m.ExpFloat64()
		}
		if i >= a && i < a+20 {
			rain = 0.25
		}
		level += rain - 0.02*(level-2)
		rain *= 0.8
		return math.Round(100*level+m.NormFloat64()) / 100
	})
	m.anomaly = []int{a}
}

func siteNoise(m *maker) {
	n := 4032
	wrong := 9 + m.IntN(4)
	m.rows(n, fiveMinutes, func(_ int, day float64) float64 {
		hour := 24 * (day - math.Floor(day))
		x := 48 + 2*m.NormFloat64()
		if hour >= 7 && hour < 19 && !weekend(day) || int(day) == wrong && hour < 4 {
			x = 68 + 4*m.NormFloat64()
		}
		return math.Round(10*x) / 10
	})
	m.anomaly = []int{wrong * aDay}
}

func passengers(m *maker) {
	n := 8 * 1440
	a := 6*1440 + 21*60 + m.IntN(60)
	m.rows(n, time.Minute, func(i int, day float64) float64 {
		mean := 40 * byWeekday(day, weekend(day))
		if i >= a && i < a+90 {
			mean += 60
		}
		return m.poisson(mean)
	})
	m.anomaly = []int{a}
}

func travelTimes(m *maker) {
	n := 2400
	a := m.somewhere(n, 0.5, 0.9)
	m.rows(n, 10*time.Minute, func(i int, day float64) float64 {
		x := 300 * (1 + 0.6*byWeekday(day, weekend(day))) * math.Exp(0.12*m.NormFloat64())
		if m.IntN(60) == 0 {
			x *= 1.5
		}
		if i >= a && i < a+40 {
			x *= 2.5
		}
		return math.Round(x)
	})
	m.anomaly = []int{a}
}

func sunSensor(m *maker) {
	n := 6000
	a := m.somewhere(n, 0.5, 0.9)
	weather := 0.0
	m.rows(n, 30*time.Minute, func(i int, day float64) float64 {
		weather += 0.15*m.NormFloat64() - 0.01*weather
		x := 15 + 10*math.Sin(2*math.Pi*day/365) - 4*math.Cos(2*math.Pi*(day-0.1)) + weather + 0.2*m.NormFloat64()
		if hour := 24 * (day - math.Floor(day)); i >= a && i < a+200 && hour > 10 && hour < 16 {
			x += 12
		}
		return x
	})
	m.anomaly = []int{a}
}

func battery(m *maker) {
	n := 3000
	a := m.somewhere(n, 0.5, 0.9)
	m.rows(n, time.Hour, func(i int, _ float64) float64 {
		volts := 3.6 - 0.0001*float64(i) + 0.002*m.NormFloat64()
		if i >= a {
			volts -= 0.004 * float64(i-a)
		}
		return math.Max(0, math.Round(1000*volts)/1000)
	})
	m.anomaly = []int{a}
}

func callsADay(m *maker) {
	n := 700
	a := m.somewhere(n, 0.5, 0.85)
	m.rows(n, 24*time.Hour, func(i int, day float64) float64 {
		mean := 900 + 150*math.Cos(2*math.Pi*day/365)
		if weekend(day) {
			mean *= 0.6
		}
		if i >= a && i < a+25 {
			mean *= 1.7
		}
		return m.poisson(mean * math.Exp(0.05*m.NormFloat64()))
	})
	m.anomaly = []int{a}
}

func diskWrites(m *maker) {
	n := 4032
	a, b := m.somewhere(n, 0.3, 0.5), m.somewhere(n, 0.65, 0.9)
	m.rows(n, fiveMinutes, func(i int, _ float64) float64 {
		x := 0.0
		if m.IntN(10) == 0 {
			x = math.Round(1e6 * math.Exp(m.NormFloat64()))
		}
		if i >= a && i < a+20 {
			x = 4e7
		}
		if i >= b && i < b+150 {
			x = 0
		}
		return x
	})
	m.anomaly = []int{a, b}
}

func dustStorm(m *maker) {
	n, level := 6000, 3.5
	a := m.somewhere(n, 0.5, 0.9)
	for i := range n {
		level += 0.12*m.NormFloat64() + 0.02*(3.5-level)
		x := math.Exp(level)
		if i >= a && i < a+20 {
			x += 900
		}
		if m.IntN(40) == 0 && (i < a || i > a+20) {
			continue
		}
		if i == a {
			m.anomaly = []int{len(m.s.values)}
		}
		m.s.times, m.s.values = append(m.s.times, monday.Add(time.Duration(i)*time.Hour)), append(m.s.values, math.Round(x))
	}
}
