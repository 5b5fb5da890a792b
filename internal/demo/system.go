package demo

import (
	"math/rand/v2"
	"time"
)

// system is a source that tells of single matters: the 110 centre, the traffic police, the lifts' monitoring, the hospitals. Besides
// incidents it has its everyday chatter, which must not become cases.
type system struct {
	hears   []string // scenarios
	areas   []area
	chatter float64 // everyday messages an hour, in the whole city; 0 is none
	rhythm  rhythm
	idle    func(s *system, a area, at time.Time) message
	begin   func(s *system, i *Incident, at time.Time) []message
	end     func(s *system, i *Incident, at time.Time) []message

	open  []*told
	later []dated
	next  time.Time
	n     int
	rnd   *rand.Rand
}

// dated is a message that is sent at a time.
type dated struct {
	at time.Time
	message
}

// soon has the system send a message later.
func (s *system) soon(at time.Time, m message) { s.later = append(s.later, dated{at, m}) }

// told is an incident that the system knows of; it tells with some delay, and forgets a few.
type told struct {
	incident *Incident
	at       time.Time // when the beginning is told
	begun    bool
}

// missChance is how often a system never hears of an incident.
const missChance = 0.02

func (s *system) report(i *Incident) {
	if s.rnd.Float64() < missChance {
		return
	}
	s.open = append(s.open, &told{incident: i, at: i.Start.Add(between(s.rnd, 0, 8*time.Second))})
}

// due is what the system sends at a moment.
func (s *system) due(now time.Time) []message {
	var out []message
	kept := s.open[:0]
	for _, t := range s.open {
		if !t.begun && !now.Before(t.at) {
			t.begun = true
			out = append(out, s.begin(s, t.incident, now)...)
		}
		if now.After(t.incident.End) {
			if t.begun && s.end != nil {
				out = append(out, s.end(s, t.incident, now)...)
			}
			continue
		}
		kept = append(kept, t)
	}
	s.open = kept
	out = append(out, s.talk(now)...)
	return s.repeat(append(out, s.postponed(now)...))
}

func (s *system) postponed(now time.Time) (out []message) {
	waiting := s.later[:0]
	for _, d := range s.later {
		if now.Before(d.at) {
			waiting = append(waiting, d)
		} else {
			out = append(out, d.message)
		}
	}
	s.later = waiting
	return out
}

func (s *system) talk(now time.Time) []message {
	if s.chatter == 0 {
		return nil
	}
	if s.next.IsZero() {
		s.next = now
	}
	var out []message
	for !now.Before(s.next) {
		out = append(out, s.idle(s, s.areas[s.rnd.IntN(len(s.areas))], now))
		s.next = s.next.Add(time.Duration(s.rnd.ExpFloat64() / max(0.01, s.chatter*s.rhythm.at(now)) * float64(time.Hour)))
	}
	return out
}

// repeat sends a few messages twice, as systems do that did not hear the answer.
func (s *system) repeat(out []message) []message {
	for _, m := range out {
		if s.rnd.Float64() < duplicateChance {
			out = append(out, m)
		}
	}
	return out
}

func (s *system) message(kind, subject, area string, at time.Time, data map[string]any) message {
	s.n++
	return newMessage(kind, "/demo/"+kind, subject, area, s.n, at, data)
}
