package demo

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// system is a source that tells of single matters: the 110 centre, the traffic police, the lifts' monitoring, the hospitals. Besides
// incidents it has its everyday chatter, which must not become cases.
type system struct {
	scenario string
	areas    []area
	chatter  float64 // everyday messages an hour, in the whole city
	rhythm   rhythm
	idle     func(s *system, a area, at time.Time) message
	begin    func(s *system, i *Incident, at time.Time) message
	end      func(s *system, i *Incident, at time.Time) message

	open []*told
	next time.Time
	n    int
	rnd  *rand.Rand
}

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
			out = append(out, s.begin(s, t.incident, now))
		}
		if now.After(t.incident.End) {
			out = append(out, s.end(s, t.incident, now))
			continue
		}
		kept = append(kept, t)
	}
	s.open = kept
	out = append(out, s.talk(now)...)
	return s.repeat(out)
}

func (s *system) talk(now time.Time) []message {
	if s.next.IsZero() {
		s.next = now
	}
	var out []message
	for !now.Before(s.next) {
		out = append(out, s.idle(s, s.areas[s.rnd.IntN(len(s.areas))], now))
		s.next = s.next.Add(time.Duration(s.rnd.ExpFloat64() / (s.chatter * s.rhythm.at(now)) * float64(time.Hour)))
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

var callers = []string{"王芳", "李伟", "张敏", "刘洋", "陈静", "杨帆", "赵磊", "黄丽"}

func (s *system) caller(data map[string]any) map[string]any {
	data["caller_name"] = callers[s.rnd.IntN(len(callers))]
	data["caller_phone"] = fmt.Sprintf("1990000%04d", s.rnd.IntN(10000)) // no real number begins like this
	return data
}

func call(s *system, a area, at time.Time) message {
	category := []string{"dispute", "noise", "help", "traffic", "other"}[s.rnd.IntN(5)]
	m := s.message("call.110", fmt.Sprintf("c-%d-%d", at.Unix(), s.n), a.Code, at,
		s.caller(map[string]any{"status": "received", "level": 3 + s.rnd.IntN(2), "category": category, "summary": "日常警情 / everyday call"}))
	m.Place = geoURI(121.5+s.rnd.Float64()*0.45, 30.9+s.rnd.Float64()*0.45) // anywhere in the district
	return m
}

func seriousCall(s *system, i *Incident, at time.Time) message {
	return s.message("call.110", incidentNumber(i), i.Area, at,
		s.caller(map[string]any{"status": "received", "level": 1 + s.rnd.IntN(2), "category": "crime", "summary": "紧急警情 / serious call"}))
}

func callSettled(s *system, i *Incident, at time.Time) message {
	return s.message("call.110", incidentNumber(i), i.Area, at, map[string]any{"status": "settled", "level": 2})
}

func bump(s *system, a area, at time.Time) message {
	return s.message("traffic.accident", fmt.Sprintf("a-%d-%d", at.Unix(), s.n), a.Code, at, map[string]any{"status": "open", "injured": 0, "vehicles": 2})
}

func injured(s *system, i *Incident, at time.Time) message {
	return s.message("traffic.accident", incidentNumber(i), i.Area, at, map[string]any{"status": "open", "injured": 1 + s.rnd.IntN(3), "vehicles": 2})
}

func cleared(s *system, i *Incident, at time.Time) message {
	return s.message("traffic.accident", incidentNumber(i), i.Area, at, map[string]any{"status": "cleared", "injured": 1})
}

func liftFault(s *system, a area, at time.Time) message {
	return s.message("lift.alarm", "lift-"+a.Code[len(a.Code)-6:], a.Code, at, map[string]any{"kind": "fault"})
}

func trapped(s *system, i *Incident, at time.Time) message {
	return s.message("lift.alarm", i.Subject, i.Area, at, map[string]any{"kind": "entrapment", "persons": 1 + s.rnd.IntN(4)})
}

func released(s *system, i *Incident, at time.Time) message {
	return s.message("lift.alarm", i.Subject, i.Area, at, map[string]any{"kind": "released"})
}

func visit(s *system, a area, at time.Time) message {
	return s.message("er.visit", "hospital-"+a.Code[len(a.Code)-6:], a.Code, at, map[string]any{"triage": 1 + s.rnd.IntN(4)})
}
