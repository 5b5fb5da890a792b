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
	Peak     float64       // how bad, as the kind's devices would measure it
	Within   time.Duration // after its start it must have been found; 0: settle
}

// ambient begins the names of what happens without being a matter of its own: nothing need be found of it.
const ambient = "ambient-"

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
	rest     time.Duration // between two at one place, at least; 0: long enough for devices to see the first one end
	within   time.Duration // of its incidents

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
			End: at.Add(between(p.rnd, p.least, p.most)), Peak: p.low + p.rnd.Float64()*(p.high-p.low), Within: p.within}
		p.busy[spot.subject] = i.End.Add(max(p.rest, 5*time.Minute))
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
	from  float64 // only from this hour of the day …
	to    float64 // … to this one, over midnight when it is earlier: what is no matter by day does not happen by day
}

var (
	night   = rhythm{from: 22, to: 6}
	dark    = rhythm{from: 19, to: 4.5}
	evening = rhythm{from: 18, to: 23}
	day     = rhythm{peak: 15, swing: 0.6}
	rush    = rhythm{peak: 18, swing: 0.7}
)

var cityTime = time.FixedZone("Asia/Shanghai", 8*60*60)

func (r rhythm) at(t time.Time) float64 {
	h := hourOf(t)
	if r.from == r.to {
		return 1 + r.swing*math.Cos((h-r.peak)/24*2*math.Pi)
	}
	length := math.Mod(r.to-r.from+24, 24)
	if math.Mod(h-r.from+24, 24) < length {
		return 24 / length
	}
	return 0
}

// hourOf is the hour of the city's day, with its minutes as a fraction.
func hourOf(t time.Time) float64 {
	local := t.In(cityTime)
	return float64(local.Hour()) + float64(local.Minute())/60
}

func between(rnd *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(rnd.Int64N(int64(most-least)+1))
}
