package detect

import (
	"slices"
	"time"

	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/rule"
)

// Look is one look at a subject, told to whoever wants to know afterwards how a finding came about.
type Look struct {
	Subject  string
	Rule     string            // hash of the definition that looks: while a changed one fills its windows, both do
	Reading  *scenario.Reading // the event; nil when time passed
	Judged   bool              // the rules were asked; otherwise the event was only taken in, and what follows is empty
	At       time.Time         // the moment that was judged
	When     bool
	Until    bool
	State    order.Level
	Measures []scenario.Measured
	Row      *rule.Row // what the rules saw
}

// Trace has fn told each look at the subjects of one scenario from now on, in order. It changes nothing in what is found, and is no part of a snapshot.
func (p *Partition) Trace(id scenario.ID, fn func(Look)) { p.traced, p.trace = id, fn }

// told tells of a look; a judgement without a row is of an event that was not judged.
func (p *Partition) told(w *watch, subject string, j *judgement) {
	if p.trace == nil || w.id != p.traced {
		return
	}
	l := Look{Subject: subject, Rule: w.def.Rule}
	if j.v != nil {
		l.Reading = reading(j.v)
	}
	if j.row != nil {
		l.Judged, l.At, l.When, l.Until = true, j.at.time(), j.when, j.until
		l.State, l.Measures, l.Row = j.level, w.seen(j.row, j.level), &rule.Row{Slots: slices.Clone(j.row.Slots)}
	}
	p.trace(l)
}
