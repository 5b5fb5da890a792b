package dutydesk

import (
	"context"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/registry"
)

// Acknowledge is one of those who were called saying that he or she sees to it. It is Denied to others, Conflict for a call that is over.
func (d *Desk) Acknowledge(ctx context.Context, r command.Request, id CallID, note string) (CallView, error) {
	note = strings.TrimSpace(note)
	v, err := do(ctx, d, r, command.Content("acknowledge", id, note), func(tx *sqldb.Tx, now time.Time) (command.Decided[CallView], error) {
		return d.change(tx, r.Actor, id, now, func(c *Call, b *book) (Call, error) {
			if err := checkNote(note); err != nil {
				return *c, err
			}
			after, err := c.acknowledge(who(r.Actor), note, now)
			b.call(CallAcknowledged, c, after.Taken, remark(lang.Text{ZH: "已接办", EN: "sees to it"}, note))
			return after, err
		})
	})
	return v, fault.Wrap("dutydesk.Acknowledge", err)
}

// Pass passes a call on: to a person of the roster or, when to is empty, to the next post. Only those whom it rings at now can do that.
func (d *Desk) Pass(ctx context.Context, r command.Request, id CallID, to registry.PersonID, note string) (CallView, error) {
	note = strings.TrimSpace(note)
	v, err := do(ctx, d, r, command.Content("pass", id, to, note), func(tx *sqldb.Tx, now time.Time) (command.Decided[CallView], error) {
		w, err := d.watch(tx, now)
		if err != nil {
			return command.Decided[CallView]{}, err
		}
		return d.change(tx, r.Actor, id, now, func(c *Call, b *book) (Call, error) {
			if err := checkNote(note); err != nil {
				return *c, err
			}
			return d.pass(w, c, b, who(r.Actor), to, note)
		})
	})
	return v, fault.Wrap("dutydesk.Pass", err)
}

func (d *Desk) pass(w registry.Watch, c *Call, b *book, by Who, to registry.PersonID, note string) (Call, error) {
	if err := c.passing(by); err != nil {
		return *c, err
	}
	b.call(CallPassed, c, by, remark(lang.Text{ZH: "转交", EN: "passed on"}, note))
	after := c.end(Passed, by, note)
	after.Version++
	if to == "" {
		after = after.climb(d.above(w, c, b.now), b.now)
		if after.Status != Calling {
			return *c, fault.Say(fault.Conflict, "", "duty.nobody-above", "nobody above is on duty; acknowledge the call, or name a person")
		}
		b.climbed(c, &after)
		return after, nil
	}
	p, known := d.city.Load().Directory.Person(to)
	switch {
	case !known:
		return *c, fault.Invalidly("", fault.Wrong("to", "duty.no-person", "there is no such person in the roster"))
	case to == by.ID:
		return *c, fault.Invalidly("", fault.Wrong("to", "duty.pass-self", "a call is passed on to somebody else"))
	}
	after = after.hand(registry.OnDuty{Person: to, Name: p.Name, From: b.now, Until: b.now,
		Why: lang.Text{ZH: by.Name + "转交", EN: "passed on by " + by.Name}}, b.now)
	b.climbed(c, &after)
	return after, nil
}

// change loads a call, lets decide say what becomes of it, and asks access.
func (d *Desk) change(tx *sqldb.Tx, actor access.Actor, id CallID, now time.Time, decide func(*Call, *book) (Call, error)) (command.Decided[CallView], error) {
	before, err := d.Store.DutyCall(tx, id)
	if err != nil {
		return command.Decided[CallView]{}, err
	}
	b := newBook(now)
	after, refusal := decide(&before, b)
	audit, err := permit(now, about(actor, access.AcknowledgeCall, before.access()), refusal)
	return command.Decided[CallView]{Audit: audit, Keep: func() (CallView, error) {
		err := d.save(tx, &before, &after, b, audit)
		return d.callView(&after, actor), err
	}}, err
}

// remark adds what a person wrote to what happened.
func remark(t lang.Text, note string) lang.Text {
	if note == "" {
		return t
	}
	return lang.Text{ZH: t.ZH + "：" + note, EN: t.EN + ": " + note}
}
