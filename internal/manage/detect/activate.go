package detect

import (
	"container/heap"
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
	p.change(set)
	return p.take()
}

// change puts a set in force around the states there are, scenario by scenario in the order of ids.
func (p *Partition) change(set *pack.Set) {
	p.set = set
	for _, id := range slices.Sorted(maps.Keys(p.watches)) {
		if _, stays := set.Scenario(id); !stays {
			p.retire(p.watches[id])
		}
	}
	for _, def := range set.Scenarios {
		p.adopt(def)
	}
	p.useIndicators(set)
	p.plan()
	p.listen()
}

// retire ends what a scenario that is gone has open. Numbers are kept, so that no identity is used twice.
func (p *Partition) retire(w *watch) {
	if w.def == nil {
		return
	}
	p.dropNext(w)
	for _, s := range w.sortedStates() {
		if s.phase == open {
			p.end(s, later(p.clock, s.began), nil)
		}
		p.settle(s)
		s.machine, s.kept = nil, nil
		p.schedule(s)
		if s.ended == never {
			p.forget(s)
		}
	}
	p.dropFields(w)
	w.def = nil
	if len(w.states) == 0 && w.used == 0 {
		delete(p.watches, w.id)
	}
}

// settle forgets what was pending, and what a silence kept back.
func (p *Partition) settle(s *state) {
	p.touch(s)
	s.hushed = far
	if s.phase == pending {
		p.rest(s)
	}
}

// adopt puts one scenario of a set in force: at once when what decides its states is unchanged, or when it needs no time to say what it would have
// said; otherwise it fills its windows first, silently, while the old one stays in force.
func (p *Partition) adopt(def *scenario.Compiled) {
	w := p.watches[def.ID]
	switch {
	case w == nil:
		p.watches[def.ID] = newWatch(def.ID, def, p.set, p.activation)
	case w.def == nil:
		w.define(def, p.set, p.activation)
	case w.def.Window == def.Window:
		p.dropNext(w)
		w.define(def, p.set, p.activation)
	case w.next != nil && w.next.def.Window == def.Window:
		w.next.define(def, p.set, p.activation)
	case def.Span() == 0:
		p.dropNext(w)
		p.replace(w, def)
	default:
		p.dropNext(w)
		w.next = newWatch(def.ID, def, p.set, p.activation)
		w.next.silent, w.ready = true, p.clock+spanOf(def.Span())
	}
}

// replace changes a definition that needs no window: what is open stays open, what was pending is forgotten.
func (p *Partition) replace(w *watch, def *scenario.Compiled) {
	p.dropFields(w)
	w.define(def, p.set, p.activation)
	for _, s := range w.sortedStates() {
		p.settle(s)
		s.machine, s.kept = nil, nil
		if def.Measure != nil {
			s.machine = def.Measure.New()
		}
		s.held = later(s.held, s.began)
		p.schedule(s)
		if s.phase == idle && s.ended == never {
			p.forget(s)
		}
	}
}

// dropNext forgets a scenario that was still filling its windows.
func (p *Partition) dropNext(w *watch) {
	if w.next == nil {
		return
	}
	for _, s := range w.next.sortedStates() {
		p.forget(s)
	}
	p.dropFields(w.next)
	w.next = nil
}

func (p *Partition) dropFields(w *watch) {
	for _, f := range w.fields {
		p.forgetField(f)
	}
}

// plan finds the next moment at which a scenario takes over.
func (p *Partition) plan() {
	p.promoting = far
	for _, w := range p.watches {
		if w.next != nil {
			p.promoting = min(p.promoting, w.ready)
		}
	}
}

// promote lets the scenarios whose windows are full take over from the old ones.
func (p *Partition) promote() {
	for _, id := range slices.Sorted(maps.Keys(p.watches)) {
		if w := p.watches[id]; w.next != nil && w.ready <= p.clock {
			p.takeOver(w)
		}
	}
	p.plan()
	p.listen()
}

// takeOver replaces a watch by the one that has filled its windows. Episodes go on under their numbers; where the two differ, one ends or starts now.
func (p *Partition) takeOver(w *watch) {
	n := w.next
	old := w.sortedStates()
	for _, s := range n.sortedStates() { // their records change names
		p.removed[stateKey(s)] = struct{}{}
	}
	p.dropFields(w)
	for _, f := range n.fields {
		p.removed[fieldKey(f)] = struct{}{}
		f.dirty = true
	}
	for _, o := range old {
		p.due.remove(o)
	}
	n.silent, n.used, n.grown = false, w.used, w.grown
	heap.Init(&p.due) // who comes first at one moment depends on it
	p.watches[w.id] = n
	for _, o := range old {
		p.inherit(n, o)
	}
	for _, s := range n.sortedStates() {
		p.touch(s)
		delete(p.removed, stateKey(s))
		if _, before := w.states[s.subject]; !before {
			p.emerge(s)
		}
		p.schedule(s)
	}
	clear(w.states)
}

// inherit hands a subject's past over to the new watch.
func (p *Partition) inherit(n *watch, o *state) {
	p.states--
	s := n.states[o.subject]
	if s == nil {
		p.carry(n, o)
		return
	}
	if o.phase == open && s.phase == idle {
		p.end(o, later(p.clock, o.began), nil)
	}
	s.number, s.ended = o.number, o.ended
	switch {
	case o.phase == open && s.phase != idle: // pending: the condition holds for the new one too, only it has not watched for long enough
		s.phase, s.began, s.since, s.proof = open, o.began, o.since, o.proof
	case s.phase == open:
		p.appear(s)
	}
}

// emerge is a subject that only the new watch knows. What it has found silently was never found.
func (p *Partition) emerge(s *state) {
	s.number, s.ended = s.watch.used, never
	if s.phase == open {
		p.appear(s)
	}
}

// carry takes over a subject of which the new watch has seen nothing: its episode stays open, or its condition pending, until the new rule has something
// to judge.
func (p *Partition) carry(n *watch, o *state) {
	if o.ended == never && o.phase == idle {
		p.removed[stateKey(o)] = struct{}{}
		return
	}
	s := &state{
		watch: n, subject: o.subject, phase: o.phase, number: o.number, since: o.since, began: o.began, held: o.held, ended: o.ended,
		last: o.last, hushed: far, area: o.area, proof: o.proof, wake: far, dueAt: -1,
	}
	if n.def.Measure != nil {
		s.machine = n.def.Measure.New()
	}
	p.keep(s)
	if p.touch(s); s.phase == pending && n.forSp == 0 {
		p.rest(s)
	}
}

// appear starts an episode that the new scenario finds open when it takes over, unless a silence covers it.
func (p *Partition) appear(s *state) { p.open(s, later(p.clock, s.since), nil) }

func (p *Partition) watchOf(id scenario.ID) *watch {
	w := p.watches[id]
	if w == nil {
		w = newWatch(id, nil, nil, Activation{})
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
