package detect

import (
	"bytes"
	"fmt"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
	"twoweave/internal/rule"
)

// place is where an event stands in the log.
type place struct {
	seq bus.Seq
	n   int
}

// maxUnreadable bounds what is kept of a batch that cannot be decoded.
const maxUnreadable = 4096

func (p *Partition) unreadable(m bus.Message, err error) Output {
	p.advance(m.Seq, p.clock)
	p.account.count(Dead)
	p.account.Unreadable++
	kept := bytes.Clone(m.Body[:min(len(m.Body), maxUnreadable)])
	p.out.Exceptions = append(p.out.Exceptions, Exception{
		Part: p.part, Seq: m.Seq, Kind: Dead, At: p.Time(), Reason: fault.Message(err), Data: kept,
	})
	return p.take()
}

func (p *Partition) event(at place, e *event.Event, ahead micros) {
	outcome, reason := p.judge(at, e, ahead)
	p.account.count(outcome)
	if outcome != Conflict && outcome != Dead {
		return
	}
	p.out.Exceptions = append(p.out.Exceptions, Exception{
		Part: p.part, Seq: at.seq, N: at.n, Kind: outcome, At: p.Time(), Sender: e.Sender, Source: e.Source, ID: e.ID, Type: e.Type,
		Reason: reason, Data: bytes.Clone(e.Data),
	})
}

// judge finds the event's outcome, and applies it when that is Evaluated.
func (p *Partition) judge(at place, e *event.Event, ahead micros) (Outcome, string) {
	l := p.listeners[e.Type]
	if l == nil {
		return Dead, fmt.Sprintf("no active pack has the event type %q", e.Type)
	}
	if known, same := p.seen.check(e.Key(), e.Body, l.dedup, p.clock, p); known {
		if same {
			return Duplicate, ""
		}
		return Conflict, "the same sender, source and id came before with another body"
	}
	t := microsOf(e.Time)
	if t > ahead {
		t = ahead
		e.Time = t.time()
		p.account.Clamped++
	}
	if t < p.clock-l.lateness {
		return Late, ""
	}
	return p.evaluate(l, sight{place: at, event: e, t: t})
}

// evaluate shows the event to all that listen to its type.
func (p *Partition) evaluate(l *listener, v sight) (Outcome, string) {
	all := len(l.watches) + len(l.gauges)
	if all == 0 {
		return Evaluated, ""
	}
	if err := l.typ.Fill(v.event, l.row); err != nil {
		return Dead, fault.Message(err)
	}
	failed, reason := 0, ""
	note := func(name string, err error) {
		if err != nil {
			failed++
			p.account.RuleErrors++
			reason = name + ": " + err.Error()
		}
	}
	for _, w := range l.watches {
		note(string(w.id), p.watch(w, l, v))
	}
	for _, g := range l.gauges {
		note(string(g.id), p.measure(g, l, v))
	}
	if failed == all {
		return Dead, "every rule failed; the last, " + reason
	}
	return Evaluated, ""
}

// sight is one event as a scenario sees it.
type sight struct {
	place
	event *event.Event
	t     micros // clamped
	when  bool
	until bool
}

// watch shows the event to one scenario. After an error the scenario has not seen it.
func (p *Partition) watch(w *watch, l *listener, v sight) error {
	if ok, err := holds(w.def.Programs.Where, l.row); err != nil || !ok {
		return err
	}
	subject, err := w.subjectOf(l, v.event)
	if err != nil || subject == "" {
		return err
	}
	when, err := w.def.Programs.When.Eval(l.row)
	if err != nil {
		return err
	}
	until := opposite(when)
	if w.def.Programs.Until != nil {
		if until, err = w.def.Programs.Until.Eval(l.row); err != nil {
			return err
		}
	}
	v.when, v.until = when == rule.True, until == rule.True
	if w.def.Operator == scenario.Sustain {
		p.sustain(w, subject, v)
	} else {
		p.match(w, subject, v)
	}
	return nil
}

// subjectOf is what the event is about for the scenario; empty when a value for that is missing.
func (w *watch) subjectOf(l *listener, e *event.Event) (string, error) {
	if w.def.Programs.Subject == nil {
		return l.typ.PartitionKey(e), nil
	}
	s, ok, err := w.def.Programs.Subject.EvalString(l.row)
	if err != nil || !ok {
		return "", err
	}
	return s, nil
}

// holds is a condition's truth; a condition that is not there holds.
func holds(c *rule.Program, row *rule.Row) (bool, error) {
	if c == nil {
		return true, nil
	}
	t, err := c.Eval(row)
	return t == rule.True, err
}

func opposite(t rule.Truth) rule.Truth {
	switch t {
	case rule.True:
		return rule.False
	case rule.False:
		return rule.True
	}
	return t
}
