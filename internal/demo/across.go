package demo

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// What one sensor, one street or one town alone cannot see: a truck that tips mixed waste in three towns, calls on both sides of a border, a person over
// two sensors. Part of it has a past, which history tells before the city begins to live.

// across is the city's things of this kind.
type across struct {
	trucks     []*truck
	homes      []*home
	gatherings *gatherings
}

const mixedLoads = 19 // from which on a truck is called in, within two weeks

// newAcross makes them. fresh says that History has just been told; when the city goes on living with a past of its own, nothing new comes of that.
func newAcross(areas []area, begun time.Time, fresh bool, rnd *rand.Rand) *across {
	x := &across{trucks: trucksOf(areas, begun), homes: homesOf(areas, begun), gatherings: &gatherings{areas: areas, rnd: rnd, next: begun.Add(10 * time.Second)}}
	if !fresh {
		x.trucks[0].next = begun.Add(6 * time.Hour)
		for _, h := range x.homes {
			h.trouble = none
		}
	}
	return x
}

// due is what is told at a moment, and what has truly happened by then.
func (x *across) due(now time.Time) (out []message, truth []Incident) {
	for _, t := range x.trucks {
		m, i := t.due(now)
		out, truth = append(out, m...), append(truth, i...)
	}
	for _, h := range x.homes {
		m, i := h.due(now)
		out, truth = append(out, m...), append(truth, i...)
	}
	m, i := x.gatherings.due(now)
	return append(out, m...), append(truth, i...)
}

// truck is one collecting truck on its rounds through three towns.
type truck struct {
	plate  string
	towns  []area
	dirty  bool // it carries other waste among the wet waste
	loads  int  // mixed ones so far, the past included
	next   time.Time
	every  time.Duration
	before int // mixed loads of the past
}

func trucksOf(areas []area, begun time.Time) []*truck {
	towns := func(at int) []area {
		return []area{areas[at%len(areas)], areas[(at+len(areas)/3)%len(areas)], areas[(at+2*len(areas)/3)%len(areas)]}
	}
	return []*truck{
		{plate: "沪A·DM019", towns: towns(1), dirty: true, before: mixedLoads - 3, next: begun.Add(8 * time.Second), every: 7 * time.Second},
		{plate: "沪A·DM007", towns: towns(2), before: 0, next: begun.Add(25 * time.Second), every: 40 * time.Second},
	}
}

func (t *truck) load(at time.Time, n int) message {
	town := t.towns[n%len(t.towns)]
	bridge := "weighbridge-" + town.Code[len(town.Code)-6:]
	return newMessage("waste.load", "/demo/waste.load/"+bridge, bridge, town.Code, n, at,
		map[string]any{"plate": t.plate, "company": "demo-sanitation", "weight_kg": float64(1800 + 40*(n%9)), "mixed": t.dirty})
}

// past is the loads of the last thirteen days.
func (t *truck) past(begun time.Time) (all []message) {
	for n := range t.before {
		all = append(all, t.load(begun.Add(-13*24*time.Hour+time.Duration(n)*19*time.Hour), n))
	}
	return all
}

func (t *truck) due(now time.Time) (out []message, truth []Incident) {
	for !now.Before(t.next) {
		m := t.load(t.next, t.before+t.loads)
		out = append(out, m)
		if t.loads++; t.dirty && t.before+t.loads == mixedLoads {
			truth = append(truth, Incident{Scenario: "mixed-waste-truck", Subject: t.plate, Area: m.Area, Start: t.next, End: t.next.Add(24 * time.Hour)})
			t.every = 6 * time.Hour // it is called in
		}
		t.next = t.next.Add(t.every)
	}
	return out, truth
}

// gatherings are emergency calls about one thing, on both sides of a border.
type gatherings struct {
	areas []area
	rnd   *rand.Rand
	next  time.Time
	open  []message
	n     int
}

const callsOfOne = 7

func (g *gatherings) due(now time.Time) (out []message, truth []Incident) {
	if !now.Before(g.next) {
		truth = append(truth, g.begin(g.next))
		g.next = g.next.Add(between(g.rnd, 25*time.Minute, 45*time.Minute))
	}
	later := g.open[:0]
	for _, m := range g.open {
		if at, err := time.Parse(time.RFC3339Nano, m.Time); err == nil && now.Before(at) {
			later = append(later, m)
		} else {
			out = append(out, m)
		}
	}
	g.open = later
	return out, truth
}

// begin lets something happen on the border of two neighbours: calls come from both.
func (g *gatherings) begin(at time.Time) Incident {
	g.n++
	first := g.rnd.IntN(len(g.areas) - 1)
	lon, lat := 121.52+g.rnd.Float64()*0.2, 31.0+g.rnd.Float64()*0.3
	for i := range callsOfOne {
		a := g.areas[first+i%2]
		m := newMessage("call.110", "/demo/call.110", fmt.Sprintf("g-%d-%d-%d", at.Unix(), g.n, i), a.Code, i, at.Add(time.Duration(i)*2*time.Second),
			map[string]any{"status": "received", "level": 3, "category": "help", "summary": "浓烟 / smoke", "caller_name": callers[i], "caller_phone": fmt.Sprintf("1990001%04d", g.rnd.IntN(10000))})
		m.Place = geoURI(lon+(g.rnd.Float64()-0.5)*0.002, lat+(g.rnd.Float64()-0.5)*0.002) // about 200 m
		g.open = append(g.open, m)
	}
	return Incident{Scenario: "call-cluster", Area: g.areas[first].Code, Start: at, End: at.Add(30 * time.Minute)}
}

// geoURI is a place as RFC 5870 writes it, latitude first.
func geoURI(lon, lat float64) string { return fmt.Sprintf("geo:%.6f,%.6f", lat, lon) }
