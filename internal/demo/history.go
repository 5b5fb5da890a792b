package demo

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Past is one event of before the city begins to live.
type Past struct {
	At         time.Time
	CloudEvent []byte // JSON
}

const (
	week      = 7 * 24 * time.Hour
	seasons   = 3 * 24 * time.Hour // of what is judged by its own past
	leadNow   = 150 * time.Minute  // the windows of an hour are full when the wall's curves begin
	leadThen  = 90 * time.Minute
	talkEvery = 5 * time.Minute
	fewAnHour = 12 // a system that says no more than this is heard for a whole day
	aDayEvery = 3 * time.Hour
	pastSeed  = 71
)

// History is what the city's devices have sent before a moment, two weeks long, in order of time: what findings over days need, and what the vital signs
// need to have a value at once, a trend, and what is usual at this hour of the week. Nothing happens in it. Events of one moment may be told together.
// It is told to the program's log once, before the city lives, with the clock of those days.
func History(areas []string, begun time.Time) []Past {
	city := make([]area, len(areas))
	for i, code := range areas {
		city[i] = area{Code: code}
	}
	var messages []message
	for _, t := range trucksOf(city, begun) {
		messages = append(messages, t.past(begun)...)
	}
	for _, h := range homesOf(city, begun) {
		messages = append(messages, h.past(begun)...)
	}
	p := newPast(city, begun)
	p.hours()
	p.around(begun.Add(-week).Truncate(time.Minute))
	p.around(begun.Truncate(time.Minute))
	return inOrder(append(messages, p.all...))
}

func inOrder(messages []message) []Past {
	all := make([]Past, len(messages))
	for i, m := range messages {
		at, err := time.Parse(time.RFC3339Nano, m.Time)
		if err != nil {
			panic("demo: a message has no time: " + err.Error()) // newMessage wrote it
		}
		all[i] = Past{At: at, CloudEvent: m.encode()}
	}
	slices.SortStableFunc(all, func(a, b Past) int { return a.At.Compare(b.At) })
	return all
}

// past is the calm days of a city: the devices of newCity, with nothing to notice.
type past struct {
	begun   time.Time
	areas   []area
	sensors []*sensor
	systems []*system
	all     []message
}

func newPast(areas []area, begun time.Time) *past {
	p := &past{begun: begun, areas: areas}
	rnd := rand.New(rand.NewPCG(pastSeed, 1))
	for _, in := range instruments(areas) {
		p.sensors = append(p.sensors, in.sensors(areas, begun, rnd)...)
	}
	p.systems = systemsOf(areas, rnd)
	return p
}

// hours tells what is told every hour or seldom.
func (p *past) hours() {
	last := p.begun.Add(-time.Second).Truncate(time.Hour)
	for at := last.Add(-seasons); !at.After(last); at = at.Add(time.Hour) {
		p.sense(at, func(s *sensor) bool {
			return s.kind == "er.hour" || s.every == time.Hour && last.Sub(at) < 24*time.Hour
		})
	}
	p.sense(last.Add(-4*time.Hour), func(s *sensor) bool { return s.kind == "river.quality" })
	for _, f := range things(p.areas, "feeder", 1) {
		at := last.Add(-20 * time.Hour)
		p.all = append(p.all, newMessage("power.supply", "/demo/power.supply", f.subject, f.area, 0, at, reading{"status": "restored", "households": 400})) // after works
	}
}

// day tells what few things are told of in a day that ends at a moment: signs over 24 hours need it.
func (p *past) day(until time.Time) {
	for ago := 21 * time.Hour; ago >= 0; ago -= aDayEvery {
		p.talk(until.Add(-ago), aDayEvery, until, func(s *system) bool { return s.chatter <= fewAnHour })
	}
}

// around tells of the hour around a moment and of what led to it, as far as it is past. Sensors are read seldom: their values hold for the signs' windows.
func (p *past) around(moment time.Time) {
	end := moment.Add(30 * time.Minute)
	if end.After(p.begun) {
		end = p.begun.Add(-time.Second).Truncate(time.Minute)
	}
	recent := moment.After(p.begun.Add(-time.Hour))
	lead := map[bool]time.Duration{true: leadNow, false: leadThen}[recent]
	p.day(moment.Add(-lead - talkEvery))
	for at := moment.Add(-lead); !at.After(end); at = at.Add(talkEvery) {
		p.talk(at, talkEvery, end, func(*system) bool { return true })
	}
	for _, ago := range map[bool][]time.Duration{true: {40 * time.Minute, 18 * time.Minute}, false: {0}}[recent] {
		p.sense(moment.Add(-ago), func(s *sensor) bool { return s.every < time.Hour && (recent || s.dies == "") }) // a silence of a week would be noticed
	}
}

func (p *past) sense(at time.Time, which func(*sensor) bool) {
	for _, s := range p.sensors {
		if !which(s) {
			continue
		}
		s.sent++
		m := newMessage(s.kind, "/demo/"+s.kind+"/"+s.subject, s.subject, s.area, s.sent, at, s.data(s, at))
		if s.where != nil {
			m.Area, m.Place = s.where(s, at).tell(s.area)
		}
		p.all = append(p.all, m)
	}
}

// talk is the systems' everyday messages of a while that ends now. What is over later is told with the next messages, at the end at the latest.
func (p *past) talk(now time.Time, over time.Duration, end time.Time, which func(*system) bool) {
	for _, s := range p.systems {
		if !which(s) {
			continue
		}
		s.next = now.Add(time.Duration(s.rnd.ExpFloat64()/max(0.01, s.chatter*s.rhythm.at(now))*float64(time.Hour)) - over)
		p.all = append(p.all, s.talk(now)...)
		for _, d := range s.later {
			told := now.Add((d.at.Sub(now) + over).Truncate(over)) // with what else is told then: moments cost time
			if told.After(end) {
				told = end
			}
			d.Time = told.UTC().Format(time.RFC3339Nano)
			p.all = append(p.all, d.message)
		}
		s.later = nil
	}
}
