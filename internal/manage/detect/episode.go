package detect

import (
	"bytes"
	"slices"
	"time"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/operator"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
)

type phase uint8

const (
	idle    phase = iota
	pending       // the condition holds, For is not full
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
	held    micros // pending, open: the newest moment at which the condition was judged to hold
	ended   micros // of the last episode that ended; never
	last    micros // the newest moment that was judged
	hushed  micros // a silence kept an episode from starting: judge again at this moment; far
	area    event.AreaCode
	machine operator.Machine   // nil: the operator measures nothing
	kept    []scenario.Reading // from before the condition holds, oldest first; at most the scenario's Evidence
	proof   *proof             // of what is pending or open

	wake  micros // when it must be looked at without an event; far
	dueAt int    // index in the heap; -1 = not in it
	dirty bool
}

// proof is the evidence of what is pending or open.
type proof struct {
	first    []scenario.Reading // oldest first
	last     *scenario.Reading  // while pending: the newest, when it is not among the first
	count    int64              // all readings for which the condition held
	bytes    int                // of data in first
	area     event.AreaCode     // of the newest
	level    order.Level        // and how things stood when it came
	measures []scenario.Measured
}

const (
	maxFirst     = scenario.MaxEvidence - 1
	maxProofData = 64 << 10
)

// before orders states that must be looked at: by moment, then scenario, then subject; what is in force before what fills its windows.
func (s *state) before(o *state) bool {
	switch {
	case s.wake != o.wake:
		return s.wake < o.wake
	case s.watch.id != o.watch.id:
		return s.watch.id < o.watch.id
	case s.watch.silent != o.watch.silent:
		return o.watch.silent
	}
	return s.subject < o.subject
}

// schedule puts a state where time will find it.
func (p *Partition) schedule(s *state) {
	wake := s.hushed
	if s.phase == pending {
		wake = min(wake, s.since+s.watch.forSp)
	}
	if s.phase == open && s.watch.hold > 0 {
		wake = min(wake, s.held+s.watch.hold)
	}
	if s.machine != nil {
		wake = min(wake, micros(s.machine.Due()))
	}
	s.wake = wake
	p.due.set(s)
}

// catchUp does all that was due for a subject by a moment, before an event of that moment is looked at.
func (p *Partition) catchUp(s *state, t micros) {
	for s.wake <= t {
		p.look(s)
	}
}

// look does the one thing for which a state is due: an episode starts or ends because time is full, or the operator measures anew.
func (p *Partition) look(s *state) {
	p.touch(s)
	w := s.watch
	switch at := s.wake; {
	case s.phase == pending && s.since+w.forSp == at:
		p.open(s, at, nil)
	case s.phase == open && w.hold > 0 && s.held+w.hold == at:
		p.end(s, later(at, s.began), nil)
	case s.hushed == at:
		s.hushed = far
		p.rejudge(s, at)
	case s.machine != nil:
		if moment, ok := s.machine.Advance(int64(at)); ok {
			p.rejudge(s, micros(moment))
		}
	}
	p.schedule(s)
}

// step takes in what the rules say of a subject.
func (p *Partition) step(s *state, j judgement) {
	p.touch(s)
	older := j.at < s.last
	s.last = later(s.last, j.at)
	if j.when && s.phase != idle {
		s.held = later(s.held, j.at)
	}
	switch {
	case s.phase == open:
		p.ongoing(s, j, older)
	case older && s.watch.forSp > 0:
		if s.phase == pending && j.when {
			s.proof.count++
		}
	case s.phase == pending:
		p.waiting(s, j)
	case !j.when || j.until:
	case j.at <= s.ended:
		p.account.AfterEnd += s.watch.counts()
	default:
		p.begin(s, j)
	}
}

// counts is 1 for a watch in force: what one that fills its windows would have counted does not count.
func (w *watch) counts() int64 {
	if w.silent {
		return 0
	}
	return 1
}

// ongoing is an open episode that is judged.
func (p *Partition) ongoing(s *state, j judgement, older bool) {
	switch {
	case j.until && !older:
		p.end(s, later(j.at, s.began), &j)
	case j.when && j.v != nil:
		s.proof.count++
	}
}

// waiting is a pending condition that is judged before For is full.
func (p *Partition) waiting(s *state, j judgement) {
	switch {
	case j.until:
		p.rest(s)
	case j.when:
		s.prove(j)
	}
}

// begin notes that the condition holds from this moment on; without For an episode starts with it.
func (p *Partition) begin(s *state, j judgement) {
	s.since, s.held = j.at, j.at
	s.proof = &proof{}
	s.collect(j)
	if s.watch.forSp > 0 {
		s.phase = pending
		return
	}
	p.open(s, j.at, &j)
}

// track makes a state for a subject, or counts that there is no room for one.
func (p *Partition) track(w *watch, subject string, t micros) *state {
	if p.states >= p.bounds.subjects {
		p.account.Overflow++
		return nil
	}
	if w.crowded(p.clock.minute()) {
		p.account.NewCapped++
		return nil
	}
	s := &state{watch: w, subject: subject, number: w.used, ended: never, last: t, hushed: far, wake: far, dueAt: -1}
	p.keep(s)
	p.touch(s)
	return s
}

func (p *Partition) keep(s *state) {
	s.watch.states[s.subject] = s
	p.states++
}

// forget removes a state. What is left of it is its number, which must not be used twice.
func (p *Partition) forget(s *state) {
	p.due.remove(s)
	w := s.watch
	if !w.silent && s.number > w.used {
		w.used, w.grown = s.number, true
	}
	delete(w.states, s.subject)
	p.states--
	p.removed[stateKey(s)] = struct{}{}
}

// memory is how long a subject is remembered after its last episode. Places where reports came together, or the plates of a year, must not fill a partition.
const memory = micros(90 * 24 * time.Hour / time.Microsecond)

func (p *Partition) touch(s *state) {
	if !s.dirty {
		s.dirty = true
		p.dirty = append(p.dirty, s)
	}
}

// sweep forgets subjects that had no episode for long, have nothing pending, and whose older events would be late by now; and reports that no other can be near.
func (p *Partition) sweep() {
	for _, w := range p.watches {
		p.sweepStates(w) // what a scenario that fills its windows has judged is needed when it takes over
		for _, x := range w.both() {
			for _, f := range x.fields {
				p.sweepField(f)
			}
		}
	}
}

func (p *Partition) sweepStates(w *watch) {
	late := w.late
	if w.def == nil { // gone: a restored partition does not know what its types allowed
		late = memory
	}
	for _, s := range w.states {
		if s.phase == idle && s.ended < p.clock-memory && s.last < p.clock-late && s.hushed == far && (s.machine == nil || s.machine.Spent(int64(p.clock))) {
			p.forget(s)
		}
	}
}

func (p *Partition) sweepField(f *field) {
	if f.Due() <= int64(p.clock) {
		f.Advance(int64(p.clock))
		f.dirty = true
	}
	if f.Spent(int64(p.clock)) {
		p.forgetField(f)
	}
}

// rest drops what was pending or open.
func (p *Partition) rest(s *state) {
	s.phase, s.proof = idle, nil
}

// open starts the next episode, unless a silence covers it. deciding is nil when time decided.
func (p *Partition) open(s *state, at micros, deciding *judgement) {
	if q := p.orders.Silent(string(s.watch.id), s.subject, s.proof.area, at.time()); q != nil && !s.watch.silent {
		p.hush(s, q)
		return
	}
	s.phase, s.began = open, at
	s.number++
	p.account.Detections += s.watch.counts()
	p.found(s, scenario.Started, at, nil)
	s.proof.last = nil
}

// hush keeps an episode from starting. What is measured is judged again when the silence ends; otherwise the next event decides.
func (p *Partition) hush(s *state, q *order.Silence) {
	p.account.Silenced++
	p.rest(s)
	if s.machine == nil {
		return
	}
	s.hushed = far - 1 // until it is taken back
	if !q.Until.IsZero() {
		s.hushed = microsOf(q.Until.Add(time.Microsecond - 1)) // the first that is not silent; Until may be finer than the log
	}
}

// wakeHushed judges again, with the next tick, all that silences have kept from starting: one was taken back.
func (p *Partition) wakeHushed() {
	for _, w := range p.watches {
		for _, s := range w.states {
			if s.hushed != far {
				s.hushed = p.clock
				p.touch(s)
				p.schedule(s)
			}
		}
	}
}

// end closes the open episode. j is nil when no judgement ended it.
func (p *Partition) end(s *state, at micros, j *judgement) {
	p.touch(s)
	p.found(s, scenario.Ended, at, j)
	s.ended = at
	p.rest(s)
}

// found puts out a start, or an end with what decided it.
func (p *Partition) found(s *state, c scenario.Change, at micros, j *judgement) {
	w, f := s.watch, s.proof
	if w.silent {
		return
	}
	def := w.def
	d := scenario.Detection{
		DetectionID: scenario.DetectionID{Scenario: def.ID, Subject: s.subject, Episode: s.number},
		Change:      c, At: at.time(), Since: s.since.time(), Version: def.Version, Rule: def.Rule, Area: f.area, Class: def.Class,
		State: f.level, Measures: f.measures, Evidence: slices.Clone(f.first), More: f.count - int64(len(f.first)),
	}
	if c == scenario.Started && f.last != nil {
		d.Evidence = append(d.Evidence, *f.last)
		d.More-- // the newest reading is one of those counted
	}
	if j != nil {
		d.State, d.Measures = j.level, w.seen(j.row, j.level)
		if j.v != nil {
			d.Area = j.v.event.Area
			d.Evidence = append(d.Evidence, *reading(j.v))
		}
	}
	d.Severity = def.SeverityAt(d.State)
	p.out.Detections = append(p.out.Detections, d)
	if now, has := p.set.Scenario(def.ID); !has || now.Rule != def.Rule {
		p.out.Rules = append(p.out.Rules, def)
	}
}

// areaOf is an area's code without a copy of its own for each subject.
func (p *Partition) areaOf(code event.AreaCode) event.AreaCode {
	if known, is := p.areas[code]; is {
		return known
	}
	if len(p.areas) < maxAreas {
		p.areas[code] = code
	}
	return code
}

// maxAreas bounds the codes that are kept once; ingest lets pass those of the registry only.
const maxAreas = 1 << 14

// remember keeps a reading from before the condition holds.
func (s *state) remember(w *watch, v *sight) {
	if w.def.Evidence == 0 || s.phase != idle {
		return
	}
	if len(s.kept) >= w.def.Evidence {
		s.kept = slices.Delete(s.kept, 0, len(s.kept)-w.def.Evidence+1)
	}
	s.kept = append(s.kept, *reading(v))
	lighten(s.kept)
}

// lighten lets go of the data of the oldest readings, as far as there is more than a proof may hold; it is still to be found in the log.
func lighten(kept []scenario.Reading) {
	held, newest := 0, len(kept)-1
	for i := newest; i >= 0; i-- {
		if held += len(kept[i].Data); held > maxProofData && i < newest {
			kept[i].Data = nil
		}
	}
}

// collect makes the first evidence of a condition: the reports of a cluster, the readings kept, or the one that decided.
func (s *state) collect(j judgement) {
	switch {
	case j.members != nil:
		for _, b := range j.members {
			r := reader{wire.Reader{Rest: b}}
			if g := r.reading(); r.Done() {
				s.proof.count++
				s.proof.add(g, s.most())
			}
		}
		s.proof.note(s.watch, j)
	case len(s.kept) > 0:
		for _, g := range s.kept {
			s.proof.count++
			s.proof.add(g, s.most())
		}
		s.kept = nil
		s.proof.note(s.watch, j)
	default:
		s.prove(j)
	}
	if s.proof.area == "" {
		s.proof.area = s.area
	}
}

// most is how many readings a proof keeps beside the newest.
func (s *state) most() int { return max(maxFirst, s.watch.def.Evidence) }

// prove counts a judgement for which the condition held and keeps its event.
func (s *state) prove(j judgement) {
	if j.v != nil {
		s.proof.count++
		s.proof.add(*reading(j.v), s.most())
	}
	s.proof.note(s.watch, j)
}

// note remembers how things stood at a judgement.
func (f *proof) note(w *watch, j judgement) {
	if j.v != nil {
		f.area = j.v.event.Area
	}
	f.level, f.measures = j.level, w.seen(j.row, j.level)
}

// add keeps a reading while there is room; the newest is always kept.
func (f *proof) add(r scenario.Reading, most int) {
	if len(f.first) >= most {
		f.last = &r
		return
	}
	if f.bytes += len(r.Data); f.bytes > maxProofData && len(f.first) > 0 {
		f.bytes -= len(r.Data)
		r.Data = nil // still to be found in the log
	}
	f.first = append(f.first, r)
}

// reading is the event as evidence, without sharing the batch's memory.
func reading(v *sight) *scenario.Reading {
	return &scenario.Reading{
		Seq: uint64(v.seq), N: v.n, ID: v.event.ID, Source: v.event.Source, Type: string(v.event.Type), Time: v.t.time(),
		Subject: v.event.Subject, Area: v.event.Area, Data: bytes.Clone(v.event.Data),
	}
}
