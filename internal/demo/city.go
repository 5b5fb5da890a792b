package demo

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// city is everything that is simulated: what happens, and who tells of it.
type city struct {
	areas     []area
	processes []*process
	sensors   []*sensor
	bySubject map[string]*sensor
	systems   []*system
	across    *across
	truth     []Incident
	rnd       *rand.Rand // of the devices, never of the truth
}

// newCity builds a city of areas that begins to live at a moment, fresh when its History has just been told. Two seeds: one for what happens, one for how it is told.
func newCity(areas []area, begun time.Time, fresh bool, truthSeed, deviceSeed uint64) *city {
	c := &city{areas: areas, bySubject: map[string]*sensor{}, rnd: rand.New(rand.NewPCG(deviceSeed, 1))}
	c.addSensors()
	c.addProcesses(truthSeed)
	c.addSystems()
	c.across = newAcross(areas, begun, fresh, rand.New(rand.NewPCG(truthSeed, 77)))
	return c
}

// step moves the city to now and gives what is sent: sensors' messages and systems' messages.
func (c *city) step(now time.Time) (sensors, systems []message) {
	for _, p := range c.processes {
		for _, i := range p.due(now) {
			c.begin(&i)
			c.truth = append(c.truth, i)
		}
	}
	for _, s := range c.sensors {
		sensors = append(sensors, s.read(now)...)
	}
	for _, s := range c.systems {
		systems = append(systems, s.due(now)...)
	}
	told, truth := c.across.due(now)
	c.truth = append(c.truth, truth...)
	return sensors, append(systems, told...)
}

// begin tells whoever will notice the incident.
func (c *city) begin(i *Incident) {
	if s := c.bySubject[i.Subject]; s != nil {
		s.incident = i
	}
	for _, s := range c.systems {
		if s.scenario == i.Scenario {
			s.report(i)
		}
	}
}

func (c *city) places(prefix string, step int) []place {
	var all []place
	for i := 0; i < len(c.areas); i += step {
		a := c.areas[i]
		all = append(all, place{subject: fmt.Sprintf("%s-%s", prefix, a.Code[len(a.Code)-6:]), area: a.Code})
	}
	return all
}

func (c *city) addSensors() {
	add := func(kind, prefix string, step int, every time.Duration, data func(*sensor, time.Time) map[string]any) {
		for _, p := range c.places(prefix, step) {
			s := &sensor{place: p, kind: kind, every: every, data: data, offset: wrongClock(c.rnd), rnd: rand.New(rand.NewPCG(c.rnd.Uint64(), 2))}
			c.sensors = append(c.sensors, s)
			c.bySubject[p.subject] = s
		}
	}
	add("water.level", "ponding", 1, 5*time.Second, func(s *sensor, now time.Time) map[string]any {
		return map[string]any{"level_cm": s.level(now, 1.5, 0.6, 13.2, 17), "site": "road"}
	})
	add("gas.level", "gas", 1, 10*time.Second, func(s *sensor, now time.Time) map[string]any {
		return map[string]any{"lel_pct": min(100, s.level(now, 2, 0.8, 21, 40))}
	})
	add("river.level", "gauge", 3, 20*time.Second, func(s *sensor, now time.Time) map[string]any {
		return map[string]any{"level_m": s.level(now, 2.9, 0.03, 3.42, 3.9), "warning_m": 3.5}
	})
	add("noise.level", "site", 3, 60*time.Second, func(s *sensor, now time.Time) map[string]any {
		return map[string]any{"laeq_db": s.level(now, 48, 1.5, 53.5, 62), "site": "construction"}
	})
	add("er.queue", "hospital", 4, 30*time.Second, func(s *sensor, now time.Time) map[string]any {
		return map[string]any{"waiting": int(s.level(now, 25, 4, 54, 66))}
	})
}

func (c *city) addProcesses(seed uint64) {
	night := rhythm{night: true}
	day := rhythm{peak: 15, swing: 0.6}
	for i, p := range []process{
		{scenario: "road-ponding", perHour: 20, least: 2 * time.Minute, most: 7 * time.Minute, low: 17, high: 34, places: c.places("ponding", 1), first: 6 * time.Second},
		{scenario: "gas-leak", perHour: 5, least: time.Minute, most: 4 * time.Minute, low: 28, high: 60, places: c.places("gas", 1), first: 70 * time.Second},
		{scenario: "river-over-warning", perHour: 3, least: 14 * time.Minute, most: 25 * time.Minute, low: 3.6, high: 4.1, places: c.places("gauge", 3), first: 20 * time.Second},
		{scenario: "night-construction-noise", perHour: 3, rhythm: night, least: 25 * time.Minute, most: 50 * time.Minute, low: 58, high: 75, places: c.places("site", 3), first: 30 * time.Second},
		{scenario: "er-crowded", perHour: 2, rhythm: day, least: 20 * time.Minute, most: 40 * time.Minute, low: 66, high: 95, places: c.places("hospital", 4), first: 40 * time.Second},
		{scenario: "lift-entrapment", perHour: 10, rhythm: day, least: 2 * time.Minute, most: 10 * time.Minute, places: c.places("lift", 1), first: 18 * time.Second},
		{scenario: "serious-call", perHour: 16, rhythm: rhythm{peak: 21, swing: 0.5}, least: 3 * time.Minute, most: 12 * time.Minute, places: c.places("call", 1), first: 11 * time.Second},
		{scenario: "injury-accident", perHour: 9, rhythm: rhythm{peak: 17, swing: 0.6}, least: 4 * time.Minute, most: 15 * time.Minute, places: c.places("accident", 1), first: 27 * time.Second},
	} {
		p.rnd = rand.New(rand.NewPCG(seed, uint64(i)))
		p.busy = map[string]time.Time{}
		c.processes = append(c.processes, &p)
	}
}

func (c *city) addSystems() {
	hotline := &system{scenario: "serious-call", rnd: rand.New(rand.NewPCG(c.rnd.Uint64(), 3)), areas: c.areas,
		chatter: 190, rhythm: rhythm{peak: 20, swing: 0.5}, idle: call, begin: seriousCall, end: callSettled}
	traffic := &system{scenario: "injury-accident", rnd: rand.New(rand.NewPCG(c.rnd.Uint64(), 4)), areas: c.areas,
		chatter: 28, rhythm: rhythm{peak: 17, swing: 0.7}, idle: bump, begin: injured, end: cleared}
	lifts := &system{scenario: "lift-entrapment", rnd: rand.New(rand.NewPCG(c.rnd.Uint64(), 5)), areas: c.areas,
		chatter: 6, idle: liftFault, begin: trapped, end: released}
	hospitals := &system{rnd: rand.New(rand.NewPCG(c.rnd.Uint64(), 6)), areas: c.areas, chatter: 360, rhythm: rhythm{peak: 14, swing: 0.6}, idle: visit}
	c.systems = []*system{hotline, traffic, lifts, hospitals}
}

// incidentNumber is the number under which a system keeps an incident: its place and its start.
func incidentNumber(i *Incident) string {
	return fmt.Sprintf("%s-%d", i.Subject, i.Start.Unix())
}

// anySubject is what a finding's subject need not be compared with.
const anySubject = "*"

// detectedSubject is the subject under which the program should find an incident.
func detectedSubject(i Incident) string {
	switch i.Scenario {
	case "serious-call", "injury-accident":
		return i.Area + "/" + incidentNumber(&i)
	case "call-cluster":
		return anySubject // a place that the program finds itself
	}
	return i.Subject
}
