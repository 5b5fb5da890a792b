package demo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// The systems of the city: who tells of what, and in which words.

const (
	erVisitsAnHour = 250.0 // in all hospitals
	hospitals      = 9.0   // of the whole city, one in every fourth area
)

// visiting is when people come to an emergency room.
var visiting = rhythm{peak: 15, swing: 0.6}

// systemsOf makes them.
func systemsOf(areas []area, rnd *rand.Rand) (all []*system) {
	for i, s := range []*system{
		{hears: []string{"serious-call"}, chatter: 190, rhythm: rhythm{peak: 20, swing: 0.5}, idle: call, begin: seriousCall, end: callSettled},
		{hears: []string{"injury-accident"}, chatter: 22, rhythm: rhythm{peak: 17, swing: 0.6}, idle: bump, begin: injured, end: cleared},
		{hears: []string{"lift-entrapment", "lift-out-of-service", "ebike-in-lift", liftFault}, begin: liftTells, end: liftEnds},
		{chatter: erVisitsAnHour, rhythm: visiting, idle: visit},
		{chatter: 190, rhythm: rhythm{peak: 14, swing: 0.7}, idle: request},
		{hears: []string{"gas-and-fire-call", "smoke-confirmed"}, chatter: 1.7, rhythm: rhythm{peak: 19, swing: 0.4}, idle: fireCall, begin: fireInHouse, end: fireSettled},
		{hears: []string{"power-outage"}, chatter: 1.2, idle: fuse, begin: outage, end: powered},
		{hears: []string{"rain-warning-red", rainWarning}, begin: warned, end: warningLifted},
		{hears: []string{"group-rental"}, chatter: 60, rhythm: rhythm{peak: 20, swing: 0.9}, idle: comesHome, begin: crowdedFlat},
		{chatter: 10, rhythm: rhythm{peak: 9, swing: 0.8}, idle: cleanLoad},
	} {
		s.areas, s.rnd = areas, rand.New(rand.NewPCG(rnd.Uint64(), uint64(3+i)))
		all = append(all, s)
	}
	return all
}

// Ambient things: they happen, and matter only together with something else.
const (
	liftFault   = ambient + "lift-fault"
	rainWarning = ambient + "rain-warning"
)

var callers = []string{"王芳", "李伟", "张敏", "刘洋", "陈静", "杨帆", "赵磊", "黄丽"}

func (s *system) caller(data map[string]any) map[string]any {
	data["caller_name"] = callers[s.rnd.IntN(len(callers))]
	data["caller_phone"] = fmt.Sprintf("1990000%04d", s.rnd.IntN(10000)) // no real number begins like this
	return data
}

func (s *system) number(letter string, at time.Time) string {
	return fmt.Sprintf("%s-%d-%d", letter, at.Unix(), s.n)
}

func call(s *system, a area, at time.Time) message {
	category := []string{"dispute", "noise", "help", "traffic", "other"}[s.rnd.IntN(5)]
	m := s.message("call.110", s.number("c", at), a.Code, at,
		s.caller(reading{"status": "received", "level": 3 + s.rnd.IntN(2), "category": category, "summary": "日常警情 / everyday call"}))
	m.Place = geoURI(121.5+s.rnd.Float64()*0.45, 30.9+s.rnd.Float64()*0.45) // anywhere in the district
	return m
}

func seriousCall(s *system, i *Incident, at time.Time) []message {
	return []message{s.message("call.110", incidentNumber(i), i.Area, at,
		s.caller(reading{"status": "received", "level": 1 + s.rnd.IntN(2), "category": "crime", "summary": "紧急警情 / serious call"}))}
}

func callSettled(s *system, i *Incident, at time.Time) []message {
	return []message{s.message("call.110", incidentNumber(i), i.Area, at, reading{"status": "settled", "level": 2})}
}

func bump(s *system, a area, at time.Time) message {
	return s.message("traffic.accident", s.number("a", at), a.Code, at, reading{"status": "open", "injured": 0, "vehicles": 2})
}

func injured(s *system, i *Incident, at time.Time) []message {
	return []message{s.message("traffic.accident", incidentNumber(i), i.Area, at, reading{"status": "open", "injured": 1 + s.rnd.IntN(3), "vehicles": 2})}
}

func cleared(s *system, i *Incident, at time.Time) []message {
	return []message{s.message("traffic.accident", incidentNumber(i), i.Area, at, reading{"status": "cleared", "injured": 1})}
}

func liftTells(s *system, i *Incident, at time.Time) []message {
	data := reading{"kind": "fault"}
	switch i.Scenario {
	case "lift-entrapment":
		data = reading{"kind": "entrapment", "persons": 1 + s.rnd.IntN(4)}
	case "ebike-in-lift":
		data = reading{"kind": "ebike"}
	}
	return []message{s.message("lift.alarm", i.Subject, i.Area, at, data)}
}

// liftEnds tells that it is over, which nobody does of an e-bike.
func liftEnds(s *system, i *Incident, at time.Time) []message {
	kind := "restored"
	switch i.Scenario {
	case "lift-entrapment":
		kind = "released"
	case "ebike-in-lift":
		return nil
	}
	return []message{s.message("lift.alarm", i.Subject, i.Area, at, reading{"kind": kind})}
}

// visit is one at one of the hospitals; by night fewer come, and more of them in need.
func visit(s *system, _ area, at time.Time) message {
	a := s.areas[s.rnd.IntN((len(s.areas)+3)/4)*4]
	triage := 3 + s.rnd.IntN(2)
	if s.rnd.Float64() < 0.56+0.04*math.Cos((hourOf(at)-3)/24*2*math.Pi) {
		triage = 1 + min(1, s.rnd.IntN(5))
	}
	return s.message("er.visit", "hospital-"+short(a.Code), a.Code, at, reading{"triage": triage})
}

var requestKinds = []string{"consultation", "consultation", "help", "help", "complaint", "complaint", "report", "advice"}

func request(s *system, a area, at time.Time) message {
	return s.message("hotline.request", s.number("h", at), a.Code, at, reading{"kind": requestKinds[s.rnd.IntN(len(requestKinds))],
		"domain": []string{"housing", "noise", "transport", "water", "market", "social"}[s.rnd.IntN(6)], "repeat": s.rnd.Float64() < 0.09})
}

func fireCall(s *system, a area, at time.Time) message {
	kind, number := []string{"rescue", "rescue", "fire", "gas", "other"}[s.rnd.IntN(5)], s.number("f", at)
	over := at.Add(between(s.rnd, 15*time.Minute, 50*time.Minute))
	s.soon(over, s.message("call.119", number, a.Code, over, reading{"status": "settled", "kind": kind}))
	return s.message("call.119", number, a.Code, at, reading{"status": "received", "kind": kind, "summary": "日常火警 / everyday fire call"})
}

func fireInHouse(s *system, i *Incident, at time.Time) []message {
	kind, summary := "fire", "烟感报警 / smoke"
	if i.Scenario == "gas-and-fire-call" {
		kind, summary = "gas", "有燃气味 / smell of gas"
	}
	return []message{s.message("call.119", incidentNumber(i), i.Area, at, reading{"status": "received", "kind": kind, "building": i.Subject, "summary": summary})}
}

func fireSettled(s *system, i *Incident, at time.Time) []message {
	kind := "fire"
	if i.Scenario == "gas-and-fire-call" {
		kind = "gas"
	}
	return []message{s.message("call.119", incidentNumber(i), i.Area, at, reading{"status": "settled", "kind": kind, "building": i.Subject})}
}

// fuse is a house's own failure: the grid's emergency service settles it by itself.
func fuse(s *system, a area, at time.Time) message {
	feeder, households := "feeder-"+short(a.Code)+"-9", 6+s.rnd.IntN(60)
	over := at.Add(between(s.rnd, 10*time.Minute, 50*time.Minute))
	s.soon(over, s.message("power.supply", feeder, a.Code, over, reading{"status": "restored", "households": households}))
	return s.message("power.supply", feeder, a.Code, at, reading{"status": "lost", "households": households})
}

func outage(s *system, i *Incident, at time.Time) []message {
	return []message{s.message("power.supply", i.Subject, i.Area, at, reading{"status": "lost", "households": int(i.Peak)})}
}

func powered(s *system, i *Incident, at time.Time) []message {
	return []message{s.message("power.supply", i.Subject, i.Area, at, reading{"status": "restored", "households": int(i.Peak)})}
}

func warned(s *system, i *Incident, at time.Time) []message { return s.warning(i, "issued", at) }

func warningLifted(s *system, i *Incident, at time.Time) []message { return s.warning(i, "lifted", at) }

func (s *system) warning(i *Incident, status string, at time.Time) []message {
	colour := "red"
	if i.Scenario == rainWarning {
		colour = []string{"blue", "yellow", "orange"}[min(2, int(i.Peak))]
	}
	return []message{s.message("weather.warning", "warning-"+incidentNumber(i), i.Area, at, reading{"hazard": "rainstorm", "colour": colour, "status": status})}
}

const rooms = 2 // of every flat that is let

func comesHome(s *system, a area, at time.Time) message {
	return s.card(a, s.rnd.IntN(rooms+1), []string{"in", "in", "out"}[s.rnd.IntN(3)], at)
}

func (s *system) card(a area, n int, direction string, at time.Time) message {
	flat := flatOf(a.Code)
	return s.message("door.card", "lock-"+flat, a.Code, at, reading{"flat": flat, "card": fmt.Sprintf("%s-card-%d", flat, n), "rooms": rooms, "direction": direction})
}

func flatOf(code string) string { return "flat-" + short(code) }

// crowdedFlat is the evening on which more people come home than may live there.
func crowdedFlat(s *system, i *Incident, at time.Time) []message {
	for n := range 4*rooms - 1 {
		comes := at.Add(time.Duration(n) * 2 * time.Minute)
		s.soon(comes, s.card(area{Code: i.Area}, n, "in", comes))
	}
	return nil
}

func cleanLoad(s *system, a area, at time.Time) message {
	bridge := "weighbridge-" + short(a.Code)
	return s.message("waste.load", bridge, a.Code, at, reading{"plate": fmt.Sprintf("沪A·DM%03d", 100+s.rnd.IntN(24)), "company": "demo-sanitation",
		"weight_kg": float64(1500 + 100*s.rnd.IntN(20)), "mixed": s.rnd.Float64() < 0.01})
}
