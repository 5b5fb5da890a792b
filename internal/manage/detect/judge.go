package detect

import (
	"math"

	"twoweave/internal/manage/event"
	"twoweave/internal/manage/operator"
	"twoweave/internal/manage/operator/join"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/rule"
)

// judgement is what a scenario's rules say of a subject at a moment.
type judgement struct {
	at          micros
	when, until bool
	v           *sight    // the event that gave rise to it; nil when time passed
	row         *rule.Row // what the rules saw; until the next judgement
	level       order.Level
	members     [][]byte // of a cluster: its reports, encoded readings
}

// plain is an event in a scenario that looks at single events.
func (p *Partition) plain(w *watch, x *view, subject string, v *sight) error {
	level := p.levelFor(w, v.event.Area)
	row := x.row
	if !w.bare {
		row = w.judged(x.row.Slots, level)
	}
	j, err := p.ask(w, row, level, v.t, v)
	if err != nil {
		return err
	}
	p.told(w, subject, &j)
	s := w.states[subject]
	if s == nil && w.forSp == 0 && (!j.when || j.until) {
		return nil // a subject without an episode has no state
	}
	if s == nil {
		if s = p.track(w, subject, v.t); s == nil {
			return nil
		}
	}
	p.catchUp(s, v.t)
	p.step(s, j)
	p.schedule(s)
	return nil
}

// measured is an event in a scenario whose operator measures its subject.
func (p *Partition) measured(w *watch, x *view, subject string, mask uint64, v *sight) error {
	s := w.states[subject]
	if s == nil {
		if s = p.track(w, subject, never); s == nil { // nothing was judged yet
			return nil
		}
	}
	if s.machine == nil { // new, or of before the scenario was gone for a while
		s.machine = w.def.Measure.New()
	}
	p.catchUp(s, v.t)
	p.touch(s)
	e := operator.Event{At: int64(v.t), Seq: uint64(v.seq), N: v.n, Inputs: mask, Of: v.event, Number: math.NaN()}
	if err := w.take(&e, x.row); err != nil {
		return err
	}
	s.area = p.areaOf(v.event.Area)
	s.remember(w, v)
	at, ok := s.machine.Observe(e)
	defer p.schedule(s)
	if !ok {
		p.told(w, subject, &judgement{v: v})
		return nil
	}
	var slots []rule.Value
	if mask&1 != 0 || w.def.On == v.event.Type {
		slots = x.row.Slots
	}
	level := p.levelFor(w, s.area)
	j, err := p.ask(w, w.measure(s, slots, level, micros(at)), level, micros(at), v)
	if err != nil {
		return err
	}
	p.told(w, subject, &j)
	p.step(s, j)
	return nil
}

// take reads what the operator measures from an event of the main input.
func (w *watch) take(e *operator.Event, row *rule.Row) error {
	of := w.def.Programs.Of
	if of == nil || e.Inputs&1 == 0 {
		return nil
	}
	v, err := of.EvalValue(row)
	if err != nil || v.Missing() {
		return err
	}
	switch of.Type() {
	case rule.Int:
		e.Number = float64(v.Int())
	case rule.Double:
		e.Number = v.Double()
	case rule.String:
		e.Text = v.Text()
	}
	return nil
}

// gather is a report in a cluster scenario. What it belongs to is the field's to say; that is the subject.
func (p *Partition) gather(w *watch, x *view, key string, v *sight) error {
	if v.event.Place == nil {
		return nil // without a place it is near nothing
	}
	f := p.fieldOf(w, key)
	if f == nil {
		return nil
	}
	f.dirty = true
	e := operator.Event{At: int64(v.t), Seq: uint64(v.seq), N: v.n, Inputs: 1, Of: v.event, Number: math.NaN()}
	dropped := f.Dropped()
	found := f.Observe(e, *v.event.Place, AppendReading(nil, reading(v)))
	p.account.Dropped += (f.Dropped() - dropped) * w.counts()
	if found.Count == 0 {
		return nil
	}
	level := p.levelFor(w, v.event.Area)
	row := w.judged(x.row.Slots, level)
	row.Slots[w.def.Slots.Measures] = rule.IntValue(int64(found.Count))
	row.Slots[w.def.Slots.Measures+1] = rule.IntValue(int64(found.Sources))
	j, err := p.ask(w, row, level, micros(found.At), v)
	if err != nil {
		return err
	}
	subject := found.Subject
	if w.def.Programs.Subject != nil { // another key may have a cluster at the same place
		subject = key + "@" + subject
	}
	p.told(w, subject, &j)
	s := w.states[subject]
	if s == nil {
		if !j.when || j.until {
			return nil
		}
		if s = p.track(w, subject, j.at); s == nil {
			return nil
		}
	}
	if j.when {
		f.Label(found)
	}
	p.catchUp(s, j.at)
	if j.when && s.phase == idle { // an episode may start, whose evidence they are
		j.members = f.Payloads(found)
	}
	p.step(s, j)
	p.schedule(s)
	return nil
}

// rejudge judges a subject because time has passed.
func (p *Partition) rejudge(s *state, at micros) {
	w := s.watch
	if s.machine == nil {
		return // without an event there is nothing to judge
	}
	level := p.levelFor(w, s.area)
	j, err := p.ask(w, w.measure(s, nil, level, at), level, at, nil)
	if err != nil {
		p.account.RuleErrors++
		return
	}
	p.told(w, s.subject, &j)
	p.step(s, j)
}

// ask evaluates the rules.
func (p *Partition) ask(w *watch, row *rule.Row, level order.Level, at micros, v *sight) (judgement, error) {
	when, err := w.def.Programs.When.Eval(row)
	if err != nil {
		return judgement{}, err
	}
	until := opposite(when)
	if w.holds {
		until = rule.False
	}
	if w.def.Programs.Until != nil {
		if until, err = w.def.Programs.Until.Eval(row); err != nil {
			return judgement{}, err
		}
	}
	return judgement{at: at, when: when == rule.True, until: until == rule.True, v: v, row: row, level: level}, nil
}

// levelFor is the city state for a scenario's judgement.
func (p *Partition) levelFor(w *watch, area event.AreaCode) order.Level {
	if len(p.orders.States) == 0 {
		return order.Daily
	}
	return p.orders.Level(area, p.clock.time())
}

// judged is the watch's row with an event's own values, the city state and the limits; what the operator measures is missing.
func (w *watch) judged(event []rule.Value, level order.Level) *rule.Row {
	slots := w.row.Slots
	clear(slots)
	at := w.def.Slots
	copy(slots[:at.State], event)
	slots[at.State] = rule.StringValue(string(level))
	slots[at.State+1] = rule.IntValue(int64(level.Rank()))
	for i, name := range w.def.LimitNames() {
		if limit, has := w.def.Limits[name]; has {
			slots[at.Limits+i] = rule.DoubleValue(limit.At(level))
		}
	}
	return w.row
}

// measure is judged with what the operator measures. Without an event's values it has only what is known of the subject.
func (w *watch) measure(s *state, event []rule.Value, level order.Level, at micros) *rule.Row {
	main := w.types[w.def.On]
	if event == nil {
		bare := main.NewRow()
		main.FillBare(bare, s.subject, s.area, at.time())
		event = bare.Slots
	}
	row := w.judged(event, level)
	s.machine.Measure(row.Slots[w.def.Slots.Measures:w.def.Slots.Other])
	if j, is := s.machine.(*join.Machine); is {
		w.sides(j, row)
	}
	return row
}

// sides fills a join's row with the newest events of both inputs. One that cannot be read is missing.
func (w *watch) sides(j *join.Machine, row *rule.Row) {
	main, other := j.Sides()
	at := w.def.Slots
	if t := w.types[w.def.On]; main != nil {
		own := t.NewRow()
		if t.Fill(main, own) == nil {
			copy(row.Slots[:at.State], own.Slots)
		}
	}
	if t := w.types[w.def.Inputs[1].On]; other != nil {
		own := t.NewRow()
		if t.Fill(other, own) == nil {
			copy(row.Slots[at.Other:], own.Slots)
		}
	}
}

// seen is what a rule saw beside the events: measures, limits, and the city state when it is not daily.
func (w *watch) seen(row *rule.Row, level order.Level) []scenario.Measured {
	if w.bare {
		return nil
	}
	var all []scenario.Measured
	add := func(name string, v rule.Value) {
		if !v.Missing() {
			all = append(all, scenario.Measured{Name: name, Value: v.String()})
		}
	}
	at := w.def.Slots
	for i, name := range w.def.MeasureNames() {
		add(name, row.Slots[at.Measures+i])
	}
	for i, name := range w.def.LimitNames() {
		add("limit."+name, row.Slots[at.Limits+i])
	}
	if level != order.Daily {
		add("state", row.Slots[at.State])
	}
	return all
}
