package detect

import (
	"bytes"
	"fmt"
	"slices"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
	"twoweave/internal/rule"
)

// place is where an event stands in the log.
type place struct {
	seq    bus.Seq
	n      int
	copied bool // a keyed copy
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
	if at.copied {
		p.account.copied(outcome) // what is wrong with the event is told where the event itself stands
		return
	}
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
	f := &p.flood
	if at.copied {
		f = &p.copies
	}
	if f.beyond(l.typ, e.Sender, p.clock.minute()) {
		return Capped, ""
	}
	key := e.Key()
	if at.copied {
		key[0] ^= 0xff // a copy may come to the same partition as its event; it is no repeat of that
	}
	if known, same := p.seen.check(key, e.Body, l.dedup, p.clock, p); known {
		if same {
			return Duplicate, ""
		}
		return Conflict, "the same sender, source and id came before with another body"
	}
	t := microsOf(e.Time)
	if t > ahead {
		t = ahead
		e.Time = t.time()
		if !at.copied {
			p.account.Clamped++
		}
	}
	if t < p.clock-l.lateness {
		return Late, ""
	}
	return p.evaluate(l, &sight{place: at, event: e, t: t})
}

// evaluate shows the event to all that listen to its type.
func (p *Partition) evaluate(l *listener, v *sight) (Outcome, string) {
	var t trying
	for _, x := range l.views {
		interests := x.heed(v.copied)
		if len(interests) == 0 && (x.typ != l.typ || v.copied || len(l.gauges) == 0) {
			continue
		}
		if err := x.typ.Fill(v.event, x.row); err != nil {
			if x.typ == l.typ {
				return Dead, fault.Message(err)
			}
			continue // an older schema, of a scenario that is about to be replaced
		}
		for _, n := range interests {
			t.note(string(n.watch.id), p.show(n, x, v))
		}
	}
	if !v.copied {
		for _, g := range l.gauges {
			t.note(string(g.id), p.measure(g, l, v))
		}
	}
	p.account.RuleErrors += int64(t.failed)
	if t.failed > 0 && t.failed == t.tried {
		return Dead, "every rule failed; the last, " + t.reason
	}
	return Evaluated, ""
}

// trying counts how many of those that listen failed on an event.
type trying struct {
	tried, failed int
	reason        string
}

func (t *trying) note(name string, err error) {
	t.tried++
	if err != nil {
		t.failed++
		t.reason = name + ": " + err.Error()
	}
}

// sight is one event as a scenario sees it.
type sight struct {
	place
	event *event.Event
	t     micros // clamped
}

// show shows the event to one scenario: for each subject that it is about, as all the inputs that it is.
func (p *Partition) show(n interest, x *view, v *sight) error {
	w := n.watch
	for i, input := range n.inputs {
		key, err := w.keyOf(input, x, v.event)
		if err != nil {
			return err
		}
		if key == "" || w.def.Keyed && event.PartitionOf(key) != p.part {
			continue
		}
		mask := uint64(1) << input
		for _, other := range n.inputs[i+1:] {
			if same, err := w.keyOf(other, x, v.event); err == nil && same == key {
				mask |= 1 << other
			}
		}
		if i > 0 && w.shown(n.inputs[:i], x, v.event, key) {
			continue // together with an earlier input
		}
		if err := p.about(w, x, key, mask, v); err != nil {
			return err
		}
	}
	return nil
}

// keyOf is what the event is about as one of the inputs; empty when it is not one, or a value for that is missing.
func (w *watch) keyOf(input int, x *view, e *event.Event) (string, error) {
	if ok, err := holds(w.def.Inputs[input].Where, x.row); err != nil || !ok {
		return "", err
	}
	return pack.Key(w.def, input, x.typ, e, x.row)
}

// shown says whether one of the inputs had the same key.
func (w *watch) shown(inputs []int, x *view, e *event.Event, key string) bool {
	return slices.ContainsFunc(inputs, func(i int) bool {
		same, err := w.keyOf(i, x, e)
		return err == nil && same == key
	})
}

// about is an event about a subject.
func (p *Partition) about(w *watch, x *view, subject string, mask uint64, v *sight) error {
	switch {
	case w.def.Operator == scenario.Cluster:
		return p.gather(w, x, subject, v)
	case w.def.Measure != nil:
		return p.measured(w, x, subject, mask, v)
	}
	return p.plain(w, x, subject, v)
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
