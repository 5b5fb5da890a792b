package detect

import (
	"maps"
	"slices"

	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

// Activate puts a set in force at the position of its control message. a is that message, set what a Loader gave for it.
func (p *Partition) Activate(seq bus.Seq, a Activation, set *pack.Set) Output {
	p.advance(seq, p.clock)
	p.activation = a
	p.retire(set)
	p.use(set)
	return p.take()
}

// retire settles the states of scenarios that change or go, in the order of ids and subjects.
func (p *Partition) retire(set *pack.Set) {
	for _, id := range slices.Sorted(maps.Keys(p.watches)) {
		w := p.watches[id]
		next, stays := set.Scenario(id)
		if w.def == nil || stays && next.Window == w.def.Window {
			continue
		}
		for _, subject := range slices.Sorted(maps.Keys(w.states)) {
			p.unsettle(w.states[subject], stays)
		}
	}
}

// unsettle takes from a state what its changed (or gone) scenario no longer says.
func (p *Partition) unsettle(s *state, stays bool) {
	if s.phase == pending {
		p.touch(s)
		p.rest(s)
	}
	if s.phase == open && !stays {
		p.end(s, later(p.clock, s.began), s.proof.area, nil)
	}
	if s.number == 0 {
		p.forget(s)
	}
}

// use builds what listens from the set, around the states there are.
func (p *Partition) use(set *pack.Set) {
	p.set = set
	p.useScenarios(set)
	p.useIndicators(set)
	p.listeners = map[event.TypeName]*listener{}
	for name, t := range set.Types {
		l := &listener{typ: t, row: t.NewRow(), lateness: spanOf(t.Lateness), dedup: spanOf(t.Dedup)}
		for _, s := range t.Scenarios {
			w := p.watches[s.ID]
			w.late = l.lateness
			l.watches = append(l.watches, w)
		}
		for _, i := range t.Indicators {
			l.gauges = append(l.gauges, p.gauges[i.ID])
		}
		p.listeners[name] = l
	}
}

func (p *Partition) useScenarios(set *pack.Set) {
	for id, w := range p.watches {
		w.def = nil
		if _, stays := set.Scenario(id); !stays && len(w.states) == 0 {
			delete(p.watches, id)
		}
	}
	for _, s := range set.Scenarios {
		w := p.watchOf(s.ID)
		w.def, w.forSp = s, spanOf(s.For)
	}
}

func (p *Partition) watchOf(id scenario.ID) *watch {
	w := p.watches[id]
	if w == nil {
		w = &watch{id: id, states: map[string]*state{}}
		p.watches[id] = w
	}
	return w
}

// useIndicators keeps the minutes of an indicator that counts the same events; its title and bands may change.
func (p *Partition) useIndicators(set *pack.Set) {
	before := p.gauges
	p.gauges = map[indicator.ID]*gauge{}
	for _, i := range set.Indicators {
		g := &gauge{id: i.ID, areas: map[event.AreaCode]*meter{}}
		if old := before[i.ID]; old != nil && old.def.Hash == i.Hash {
			g = old
			delete(before, i.ID)
		}
		g.def = i
		p.gauges[i.ID] = g
	}
	for _, g := range before {
		for _, m := range g.areas {
			p.removed[meterKey(m)] = struct{}{}
		}
	}
}
