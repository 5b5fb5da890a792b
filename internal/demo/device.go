package demo

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"
)

// message is one CloudEvent as a device or a system sends it.
type message struct {
	SpecVersion string         `json:"specversion"`
	ID          string         `json:"id"`
	Source      string         `json:"source"`
	Type        string         `json:"type"`
	Subject     string         `json:"subject,omitempty"`
	Time        string         `json:"time"`
	Area        string         `json:"area,omitempty"`
	Place       string         `json:"place,omitempty"` // a geo URI
	Data        map[string]any `json:"data"`
}

func newMessage(kind, source, subject, area string, n int, at time.Time, data map[string]any) message {
	return message{SpecVersion: "1.0", ID: fmt.Sprintf("%s-%d-%d", subject, at.UnixMilli(), n), Source: source, Type: kind, Subject: subject,
		Time: at.UTC().Format(time.RFC3339Nano), Area: area, Data: data}
}

func (m message) encode() []byte {
	body, err := json.Marshal(m)
	if err != nil {
		panic("demo: a message has no JSON form: " + err.Error()) // it is made of strings and numbers only
	}
	return body
}

// sensor is one device and its failings.
type sensor struct {
	place
	*instrument
	share float64 // 0 … 1: how this one differs from others of its kind, all its life

	incident *Incident     // what really happens there now
	emptied  time.Time     // a bin: since when it fills
	offset   time.Duration // its clock is wrong by this much
	silent   time.Time     // it sends nothing until then
	near     time.Time     // until then it measures a near miss
	next     time.Time
	sent     int
	rnd      *rand.Rand
}

// Failings of devices: how often, per reading, at least, and how long one lasts without them.
const (
	dropoutChance   = 0.0005 // falls silent for some minutes
	dropoutEvery    = 8 * time.Hour
	spikeChance     = 0.00002
	spikeEvery      = 500 * time.Hour
	nearMissChance  = 0.0008
	nearMissEvery   = 5 * time.Hour
	duplicateChance = 0.02
	wrongClockShare = 0.03 // of all sensors
)

// fails draws whether something fails at this reading: devices that tell seldom fail in time as often as others.
func (s *sensor) fails(chance float64, every time.Duration) bool {
	return s.rnd.Float64() < max(chance, float64(min(s.every, 10*time.Minute))/float64(every))
}

// read is what the sensor sends at a moment: nothing, a message, or the same message twice.
func (s *sensor) read(now time.Time) []message {
	over := s.incident != nil && now.After(s.incident.End)
	if over {
		s.emptied, s.incident = s.incident.End, nil
	}
	if now.Before(s.next) && !(over && s.prompt) {
		return nil
	}
	s.next = s.after(now)
	if s.fails(dropoutChance, dropoutEvery) {
		s.silent = later(s.silent, now.Add(between(s.rnd, time.Minute, 4*time.Minute)))
	}
	if s.fails(nearMissChance, nearMissEvery) {
		s.near = now.Add(between(s.rnd, time.Minute, 5*time.Minute))
	}
	if now.Before(s.silent) {
		return nil
	}
	s.sent++
	m := newMessage(s.kind, "/demo/"+s.kind+"/"+s.subject, s.subject, s.area, s.sent, now.Add(s.offset), s.data(s, now))
	if s.where != nil {
		m.Area, m.Place = s.where(s, now).tell(s.area)
	}
	if s.rnd.Float64() < duplicateChance {
		return []message{m, m}
	}
	return []message{m}
}

// after is when the next reading is due. What is told of whole hours is told when they end.
func (s *sensor) after(now time.Time) time.Time {
	if s.every < time.Hour {
		return now.Add(s.every)
	}
	return now.Truncate(s.every).Add(s.every + time.Duration(s.share*float64(time.Minute)))
}

// notice makes the sensor measure what happens at its place.
func (s *sensor) notice(i *Incident) {
	if i.Scenario == s.dies {
		s.silent = i.End
		return
	}
	s.incident = i
	if s.prompt {
		s.next = i.Start
	}
}

// struck is the incident at the sensor's place now, if there is one.
func (s *sensor) struck(now time.Time) *Incident {
	if s.incident != nil && !now.Before(s.incident.Start) && now.Before(s.incident.End) {
		return s.incident
	}
	return nil
}

// almost says that it looks like an incident just now and is none.
func (s *sensor) almost(now time.Time) bool { return now.Before(s.near) }

// level mixes the calm value with what happens: the incident's peak while it lasts, almost the threshold in a near miss, rarely a spike.
func (s *sensor) level(now time.Time, calm, jitter, near, spike float64) float64 {
	v := calm + s.rnd.NormFloat64()*jitter
	switch i := s.struck(now); {
	case i != nil:
		v = i.Peak + s.rnd.NormFloat64()*jitter
	case s.fails(spikeChance, spikeEvery):
		v = spike
	case s.almost(now):
		v = near + s.rnd.NormFloat64()*jitter/2
	}
	return max(0, float64(int(v*100))/100)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// wrongClock gives a few sensors a clock that runs ahead or behind.
func wrongClock(rnd *rand.Rand) time.Duration {
	if rnd.Float64() >= wrongClockShare {
		return 0
	}
	if rnd.IntN(2) == 0 {
		return between(rnd, 10*time.Minute, 40*time.Minute)
	}
	return -between(rnd, 2*time.Minute, 40*time.Minute)
}
