package demo

import (
	"math"
	"math/rand/v2"
	"time"
)

// Incident is something that really happens in the simulated city, whether or not any device tells of it.
type Incident struct {
	Scenario string
	Subject  string
	Area     string
	Start    time.Time
	End      time.Time
	Peak     float64 // how bad, as the kind's devices would measure it
}

// process draws the incidents of one kind. Its random numbers are its own, so that what the devices do cannot change what happens.
type process struct {
	scenario string
	perHour  float64 // in the whole city, at the day's mean
	rhythm   rhythm
	least    time.Duration // how long one lasts
	most     time.Duration
	low      float64 // its peak
	high     float64
	places   []place // where it can happen
	first    time.Duration

	rnd  *rand.Rand
	next time.Time
	busy map[string]time.Time // until when a place has one
}

// place is a thing or an area that incidents happen to.
type place struct {
	subject string
	area    string
}

// due draws what begins until now.
func (p *process) due(now time.Time) []Incident {
	if p.next.IsZero() {
		p.next = now.Add(p.first)
	}
	var begun []Incident
	for !now.Before(p.next) {
		at := p.next
		p.next = at.Add(p.gap(at))
		spot := p.places[p.rnd.IntN(len(p.places))]
		if at.Before(p.busy[spot.subject]) || p.rhythm.at(at) == 0 {
			continue
		}
		i := Incident{Scenario: p.scenario, Subject: spot.subject, Area: spot.area, Start: at,
			End: at.Add(between(p.rnd, p.least, p.most)), Peak: p.low + p.rnd.Float64()*(p.high-p.low)}
		p.busy[spot.subject] = i.End.Add(5 * time.Minute) // long enough for devices to see it end
		begun = append(begun, i)
	}
	return begun
}

// gap is the exponential waiting time at the rate of the hour.
func (p *process) gap(at time.Time) time.Duration {
	rate := p.perHour * p.rhythm.at(at)
	if rate <= 0 {
		return 10 * time.Minute
	}
	return time.Duration(p.rnd.ExpFloat64() / rate * float64(time.Hour))
}

// rhythm is how much of something there is over the day, with mean 1; the zero rhythm is even.
type rhythm struct {
	peak  float64 // hour of the day with the most, in the city's time
	swing float64 // 0 … 1
	night bool    // only between 22:00 and 6:00: what is no matter by day does not happen by day
}

var cityTime = time.FixedZone("Asia/Shanghai", 8*60*60)

func (r rhythm) at(t time.Time) float64 {
	local := t.In(cityTime)
	hour := float64(local.Hour()) + float64(local.Minute())/60
	if r.night {
		if hour >= 22 || hour < 6 {
			return 3
		}
		return 0
	}
	return 1 + r.swing*math.Cos((hour-r.peak)/24*2*math.Pi)
}

func between(rnd *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(rnd.Int64N(int64(most-least)+1))
}
