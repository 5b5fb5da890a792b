package demo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// city is everything that is simulated: what happens, and who tells of it.
type city struct {
	areas     []area
	processes []*process
	sensors   []*sensor
	hear      map[heard][]*sensor
	systems   []*system
	across    *across
	together  together
	truth     []Incident
	rnd       *rand.Rand // of the devices, never of the truth
}

// heard is what sensors notice: incidents of a scenario at a subject.
type heard struct{ scenario, subject string }

// newCity builds a city of areas that begins to live at a moment, fresh when its History has just been told. Two seeds: one for what happens, one for how it is told.
func newCity(areas []area, begun time.Time, fresh bool, truthSeed, deviceSeed uint64) *city {
	c := &city{areas: areas, hear: map[heard][]*sensor{}, together: newTogether(), rnd: rand.New(rand.NewPCG(deviceSeed, 1))}
	for _, in := range instruments(areas) {
		c.sensors = append(c.sensors, in.sensors(areas, begun, c.rnd)...)
	}
	for _, s := range c.sensors {
		for _, e := range s.heeds() {
			c.hear[e] = append(c.hear[e], s)
		}
	}
	c.processes = processesOf(areas, c.sensors, truthSeed)
	c.systems = systemsOf(areas, c.rnd)
	c.across = newAcross(areas, begun, fresh, rand.New(rand.NewPCG(truthSeed, 77)))
	return c
}

// heeds is what the sensor notices.
func (s *sensor) heeds() (all []heard) {
	for _, e := range s.hears {
		all = append(all, heard{e.scenario, e.at(s.place)})
	}
	if s.dies != "" {
		all = append(all, heard{s.dies, s.subject})
	}
	return all
}

// step moves the city to now and gives what is sent: sensors' messages and systems' messages.
func (c *city) step(now time.Time) (sensors, systems []message) {
	for _, p := range c.processes {
		for _, i := range p.due(now) {
			c.begin(&i)
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

// begin lets an incident happen and tells whoever will notice it.
func (c *city) begin(i *Incident) {
	c.truth = append(c.truth, c.together.with(i)...)
	if !strings.HasPrefix(i.Scenario, ambient) {
		c.truth = append(c.truth, *i)
	}
	for _, s := range c.hear[heard{i.Scenario, i.Subject}] {
		s.notice(i)
	}
	for _, s := range c.systems {
		if slices.Contains(s.hears, i.Scenario) {
			s.report(i)
		}
	}
}

// together is what becomes a matter of its own when it happens together: a fault and then people in the lift, a warning and then water.
type together struct {
	faults   map[string]time.Time // by lift
	warnings map[string]time.Time // by area, until they are followed
	red      map[string]time.Time // by area: until when an emergency is on
}

func newTogether() together {
	return together{faults: map[string]time.Time{}, warnings: map[string]time.Time{}, red: map[string]time.Time{}}
}

// with is what more has happened with an incident.
func (t *together) with(i *Incident) (more []Incident) {
	switch i.Scenario {
	case liftFault:
		t.faults[i.Subject] = i.Start
	case "lift-entrapment":
		if at, is := t.faults[i.Subject]; is && i.Start.Sub(at) < 24*time.Hour {
			more = append(more, Incident{Scenario: "entrapment-after-fault", Subject: i.Subject, Area: i.Area, Start: i.Start, End: i.End})
		}
	case "rain-warning-red", rainWarning:
		t.warnings[i.Area] = i.Start
		if i.Scenario == "rain-warning-red" {
			t.red[i.Area] = i.Start.Add(6 * time.Hour)
		}
	case "road-ponding":
		if i.Start.Before(t.red[i.Area]) {
			i.Peak += 12 // it pours
		}
		if at, is := t.warnings[i.Area]; is && i.Start.Sub(at) < 6*time.Hour {
			delete(t.warnings, i.Area)
			more = append(more, Incident{Scenario: "ponding-after-warning", Subject: i.Area, Area: i.Area, Start: i.Start, End: at.Add(8 * time.Hour)})
		}
	}
	return more
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
	case "rain-warning-red":
		return "warning-" + incidentNumber(&i)
	case "call-cluster":
		return anySubject // a place that the program finds itself
	}
	return i.Subject
}
