package detect

import (
	"bytes"
	"slices"

	"twoweave/internal/manage/event"
	"twoweave/internal/manage/scenario"
)

// watch is one scenario at work, with its subjects.
type watch struct {
	id     scenario.ID
	def    *scenario.Compiled // nil when the scenario is gone; only numbers are kept then
	forSp  micros
	late   micros // lateness of its event type
	states map[string]*state
}

type phase uint8

const (
	idle    phase = iota
	pending       // sustain: the condition holds, For is not full
	open          // an episode has started
)

// state is one subject in one scenario.
type state struct {
	watch   *watch
	subject string
	phase   phase
	number  int64  // of the last episode; 0 = there was none
	since   micros // pending, open: when the condition began to hold
	began   micros // open: the moment the episode started
	ended   micros // of the last episode that ended; never
	last    micros // the newest event this state has seen
	proof   proof

	dueAt int // index in the heap; -1 = not in it
	dirty bool
}

// proof is the evidence of what is pending or open.
type proof struct {
	first []scenario.Reading // at most MaxEvidence-1, oldest first
	last  *scenario.Reading  // while pending: the newest, when it is not among the first
	count int64              // all readings for which the condition held
	bytes int                // of data in first
	area  event.AreaCode     // of the newest
}

const (
	maxFirst     = scenario.MaxEvidence - 1
	maxProofData = 64 << 10
)

func (s *state) due() micros { return s.since + s.watch.forSp }

// before orders pending states: by moment, then scenario, then subject.
func (s *state) before(o *state) bool {
	switch {
	case s.due() != o.due():
		return s.due() < o.due()
	case s.watch.id != o.watch.id:
		return s.watch.id < o.watch.id
	}
	return s.subject < o.subject
}

func (p *Partition) match(w *watch, subject string, v sight) {
	s := w.states[subject]
	if s == nil {
		if v.when && !v.until {
			if s = p.track(w, subject, v.t); s != nil {
				p.begin(s, v)
				p.start(s, v.t)
			}
		}
		return
	}
	p.touch(s)
	older := v.t < s.last
	s.last = later(s.last, v.t)
	switch {
	case s.phase == open:
		p.ongoing(s, v, older)
	case v.when && !v.until && v.t <= s.ended:
		p.account.AfterEnd++
	case v.when && !v.until:
		p.begin(s, v)
		p.start(s, v.t)
	}
}

func (p *Partition) sustain(w *watch, subject string, v sight) {
	s := w.states[subject]
	if s == nil {
		if s = p.track(w, subject, v.t); s == nil {
			return
		}
	}
	p.touch(s)
	if v.t < s.last {
		if s.phase != idle && v.when {
			s.proof.count++
		}
		return
	}
	s.last = v.t
	if s.phase == pending && v.t >= s.due() {
		p.start(s, s.due())
	}
	switch s.phase {
	case open:
		p.ongoing(s, v, false)
	case pending:
		p.waiting(s, v)
	case idle:
		p.resting(s, v)
	}
}

// ongoing is an open episode that sees an event.
func (p *Partition) ongoing(s *state, v sight, older bool) {
	switch {
	case v.until && !older:
		p.end(s, later(v.t, s.began), v.event.Area, reading(v))
	case v.when:
		s.proof.count++
	}
}

// waiting is a pending condition that sees an event before For is full.
func (p *Partition) waiting(s *state, v sight) {
	switch {
	case v.until:
		p.rest(s)
	case v.when:
		s.proof.add(v)
	}
}

// resting is a subject without episode that sees an event of a sustained condition.
func (p *Partition) resting(s *state, v sight) {
	switch {
	case !v.when || v.until:
	case v.t <= s.ended:
		p.account.AfterEnd++
	default:
		p.begin(s, v)
		s.phase = pending
		p.due.put(s)
	}
}

// track makes a state for a subject, or counts that there is no room for one.
func (p *Partition) track(w *watch, subject string, t micros) *state {
	if p.states >= p.bounds.subjects {
		p.account.Overflow++
		return nil
	}
	s := &state{watch: w, subject: subject, ended: never, last: t, dueAt: -1}
	p.keep(s)
	p.touch(s)
	return s
}

func (p *Partition) keep(s *state) {
	s.watch.states[s.subject] = s
	p.states++
}

// forget removes a state. Only one without episodes may go: the number must not be used twice.
func (p *Partition) forget(s *state) {
	p.due.remove(s)
	delete(s.watch.states, s.subject)
	p.states--
	p.removed[stateKey(s)] = struct{}{}
}

func (p *Partition) touch(s *state) {
	if !s.dirty {
		s.dirty = true
		p.dirty = append(p.dirty, s)
	}
}

// sweep forgets subjects that never had an episode, have nothing pending, and whose older events would be late by now.
func (p *Partition) sweep() {
	for _, w := range p.watches {
		for _, s := range w.states {
			if s.phase == idle && s.number == 0 && s.last < p.clock-w.late {
				p.forget(s)
			}
		}
	}
}

// begin notes that the condition holds from this event on.
func (p *Partition) begin(s *state, v sight) {
	s.since = v.t
	s.proof = proof{}
	s.proof.add(v)
}

// rest drops what was pending or open.
func (p *Partition) rest(s *state) {
	p.due.remove(s)
	s.phase, s.proof = idle, proof{}
}

// start opens the next episode.
func (p *Partition) start(s *state, at micros) {
	p.touch(s)
	p.due.remove(s)
	s.phase, s.began = open, at
	s.number++
	p.account.Detections++
	p.found(s, scenario.Started, at, s.proof.area, s.proof.last)
	s.proof.last = nil
}

// end closes the open episode. deciding is nil when no event ended it.
func (p *Partition) end(s *state, at micros, area event.AreaCode, deciding *scenario.Reading) {
	p.touch(s)
	p.found(s, scenario.Ended, at, area, deciding)
	s.ended = at
	p.rest(s)
}

func (p *Partition) found(s *state, c scenario.Change, at micros, area event.AreaCode, deciding *scenario.Reading) {
	def := s.watch.def
	d := scenario.Detection{
		DetectionID: scenario.DetectionID{Scenario: def.ID, Subject: s.subject, Episode: s.number},
		Change:      c, At: at.time(), Since: s.since.time(), Version: def.Version, Rule: def.Rule, Area: area,
		Severity: def.Severity, Class: def.Class,
		Evidence: slices.Clone(s.proof.first), More: s.proof.count - int64(len(s.proof.first)),
	}
	if deciding != nil {
		d.Evidence = append(d.Evidence, *deciding)
	}
	if c == scenario.Started && deciding != nil {
		d.More-- // the newest reading is one of those counted
	}
	p.out.Detections = append(p.out.Detections, d)
}

// add counts an event for which the condition held and keeps it while there is room; the newest is always kept.
func (f *proof) add(v sight) {
	f.count++
	f.area = v.event.Area
	r := reading(v)
	if len(f.first) >= maxFirst {
		f.last = r
		return
	}
	if f.bytes += len(r.Data); f.bytes > maxProofData && len(f.first) > 0 {
		f.bytes -= len(r.Data)
		r.Data = nil // still to be found in the log
	}
	f.first = append(f.first, *r)
}

// reading is the event as evidence, without sharing the batch's memory.
func reading(v sight) *scenario.Reading {
	return &scenario.Reading{
		Seq: uint64(v.seq), N: v.n, ID: v.event.ID, Source: v.event.Source, Type: string(v.event.Type), Time: v.t.time(),
		Data: bytes.Clone(v.event.Data),
	}
}
