package demo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// instrument is a kind of sensor: where the city has it, how often it tells, and what of.
type instrument struct {
	kind   string // event type
	prefix string // of its names
	step   int    // every step-th area has it …
	each   int    // … and so many of it; 0 is one
	every  time.Duration
	prompt bool   // tells at once when something happens, beside its rounds
	dies   string // the scenario under which it falls silent for long
	hears  []ear
	data   func(s *sensor, now time.Time) map[string]any
	where  func(s *sensor, now time.Time) spot // of what moves; nil: it stands in its area
}

// ear is a scenario whose incidents a sensor measures, at whatever the incidents' subject is.
type ear struct {
	scenario string
	at       func(p place) string
}

func itself(p place) string     { return p.subject }
func itsArea(p place) string    { return p.area }
func building(p place) string   { return "building-" + short(p.area) }
func own(scenario string) []ear { return []ear{{scenario, itself}} }

// short is the part of an area's code that tells the district's areas apart.
func short(code string) string { return code[max(0, len(code)-6):] }

// places are the places that the instrument stands at.
func (in *instrument) places(areas []area) (all []place) {
	for i := 0; i < len(areas); i += in.step {
		code := areas[i].Code
		for n := range max(1, in.each) {
			name := fmt.Sprintf("%s-%s", in.prefix, short(code))
			if in.each > 1 {
				name = fmt.Sprintf("%s-%d", name, n+1)
			}
			all = append(all, place{subject: name, area: code})
		}
	}
	return all
}

// sensors are the instrument's devices in the city. The first readings come within firstWithin, so that whoever looks at a new city sees it whole.
func (in *instrument) sensors(areas []area, begun time.Time, rnd *rand.Rand) (all []*sensor) {
	for _, p := range in.places(areas) {
		s := &sensor{place: p, instrument: in, share: rnd.Float64(), offset: wrongClock(rnd), rnd: rand.New(rand.NewPCG(rnd.Uint64(), 2))}
		s.next = begun.Add(time.Duration(s.share * float64(min(in.every, firstWithin))))
		if in.every >= time.Hour {
			s.next = s.after(begun)
		}
		all = append(all, s)
	}
	return all
}

const firstWithin = 30 * time.Second

// hump is how near an hour of the day is to a peak: 1 at the peak, about 0 beyond two widths, in hours.
func hump(now time.Time, peak, width float64) float64 {
	d := math.Abs(hourOf(now) - peak)
	d = min(d, 24-d)
	return math.Exp(-d * d / (2 * width * width))
}

// busy is how many people are on the roads: 0 … 1, with the peaks of morning and evening.
func busy(now time.Time) float64 {
	return min(1, 0.35*hump(now, 13, 5)+0.9*hump(now, 8, 1.2)+0.95*hump(now, 18, 1.5))
}

// drift is what changes slowly and without a reason to be told: -1 … 1, the same for everyone who has the same phase.
func drift(now time.Time, phase float64) float64 {
	h := float64(now.Unix()) / 3600
	return 0.6*math.Sin(h*2*math.Pi/3.7+phase*2*math.Pi) + 0.4*math.Sin(h*2*math.Pi/11.3+phase*19)
}

func tenths(v float64) float64 { return math.Round(v*10) / 10 }

func thousandths(v float64) float64 { return math.Round(v*1000) / 1000 }

// noisy is a value with the sensor's own difference from others and some noise, never below zero.
func (s *sensor) noisy(mean, own, noise float64) float64 {
	return max(0, mean+(2*s.share-1)*own+s.rnd.NormFloat64()*noise)
}
