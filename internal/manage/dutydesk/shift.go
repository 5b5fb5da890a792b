package dutydesk

import (
	"context"
	"slices"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/base/lang"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/timer"
	"twoweave/internal/registry"
)

// HandOver writes down what the next shift must know. It is for who is on duty at the post, or was until Grace ago, once for a shift: Denied to others,
// Conflict a second time, Invalid with every problem of the draft.
func (d *Desk) HandOver(ctx context.Context, r command.Request, draft HandOverDraft) (HandOverView, error) {
	v, err := do(ctx, d, r, command.Content("hand-over", draft), func(tx *sqldb.Tx, now time.Time) (command.Decided[HandOverView], error) {
		w, err := d.watch(tx, now)
		if err != nil {
			return command.Decided[HandOverView]{}, err
		}
		h, refusal := d.leave(w, who(r.Actor), draft, now)
		audit, err := permit(now, about(r.Actor, access.HandOver, h.access()), refusal)
		return command.Decided[HandOverView]{Audit: audit, Keep: func() (HandOverView, error) {
			kept, err := d.Store.SaveHandOver(tx, h, 0)
			if err == nil && !kept {
				err = fault.Say(fault.Conflict, "", "duty.handed-over", "this shift was handed over already")
			}
			if err == nil {
				err = d.left(tx, w, &h, audit)
			}
			return d.handOverView(&h, r.Actor), err
		}}, err
	})
	return v, fault.Wrap("dutydesk.HandOver", err)
}

// leave is the hand-over of a draft, or what is against it.
func (d *Desk) leave(w registry.Watch, from Who, draft HandOverDraft, now time.Time) (HandOver, error) {
	post, known := d.city.Load().Directory.Post(draft.Post)
	h := HandOver{ID: "new", Version: 1, Post: draft.Post, Unit: post.Unit, From: from, At: now}
	problems := draft.check()
	if !known {
		problems = append(problems, fault.Wrong("post", "duty.no-post", "there is no such post"))
	}
	if len(problems) > 0 {
		return h, fault.Invalidly("", problems...)
	}
	on := slices.Concat(w.OnDuty(draft.Post, now), w.OnDuty(draft.Post, now.Add(-Grace)))
	i := slices.IndexFunc(on, func(o registry.OnDuty) bool { return o.Person == from.ID })
	if i < 0 {
		return h, fault.Say(fault.Denied, "", "duty.not-on", "only who is on duty at a post hands it over")
	}
	h.Shift, h.Until, h.Points, h.Cases = on[i].Shift, on[i].Until, draft.Points, slices.Clone(draft.Cases)
	h.ID = HandOverID(ident.Derive("handover", string(h.Post), string(h.Shift), h.Until.UTC().Format(time.RFC3339), string(from.ID)))
	h.Due = now.Add(d.AcceptWithin)
	if h.Until.After(now) {
		h.Due = h.Until.Add(d.AcceptWithin)
	}
	return h, nil
}

// left sets the timer, tells those who come, and writes log and audit.
func (d *Desk) left(tx *sqldb.Tx, w registry.Watch, h *HandOver, audit access.Audit) error {
	if err := timer.Set(tx, timer.Timer{Kind: overdue, Key: string(h.ID), Due: h.Due}); err != nil {
		return err
	}
	name := d.postName(h.Post)
	title := lang.Text{ZH: name.ZH + "交接班：请确认接班", EN: name.EN + ": the shift is handed over, please accept it"}
	for _, o := range w.OnDuty(h.Post, later(h.Until, h.At)) {
		if o.Person == h.From.ID {
			continue
		}
		if err := d.Teller.Tell(tx, o.Person, h.thing(), title); err != nil {
			return err
		}
	}
	b := newBook(h.At)
	b.note(ShiftHandedOver, h.thing(), "", h.Unit, h.From, lang.Text{ZH: name.ZH + "交班：" + h.Points, EN: name.EN + ", handed over: " + h.Points})
	if err := d.Store.AppendDutyLog(tx, b.entries...); err != nil {
		return err
	}
	audit.Thing = h.thing()
	return d.Store.AppendAudit(tx, audit)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Accept is who comes taking a shift over. It is Denied to who leaves and to who does not come on duty at the post, Conflict when somebody has accepted.
func (d *Desk) Accept(ctx context.Context, r command.Request, id HandOverID, note string) (HandOverView, error) {
	note = strings.TrimSpace(note)
	v, err := do(ctx, d, r, command.Content("accept", id, note), func(tx *sqldb.Tx, now time.Time) (command.Decided[HandOverView], error) {
		before, err := d.Store.HandOver(tx, id)
		if err != nil {
			return command.Decided[HandOverView]{}, err
		}
		w, err := d.watch(tx, now)
		if err != nil {
			return command.Decided[HandOverView]{}, err
		}
		after, refusal := before.accept(who(r.Actor), coming(w, &before, now), note, now)
		if refusal == nil {
			refusal = checkNote(note)
		}
		audit, err := permit(now, about(r.Actor, access.AcceptShift, before.access()), refusal)
		return command.Decided[HandOverView]{Audit: audit, Keep: func() (HandOverView, error) {
			err := d.accepted(tx, &before, &after, audit)
			return d.handOverView(&after, r.Actor), err
		}}, err
	})
	return v, fault.Wrap("dutydesk.Accept", err)
}

// coming are those who may accept: who is on duty at the post once the shift is over, from Grace before that.
func coming(w registry.Watch, h *HandOver, now time.Time) []registry.OnDuty {
	if h.Until.Sub(now) > Grace {
		return nil
	}
	return w.OnDuty(h.Post, later(h.Until, now))
}

func (d *Desk) accepted(tx *sqldb.Tx, before, after *HandOver, audit access.Audit) error {
	kept, err := d.Store.SaveHandOver(tx, *after, before.Version)
	if err := conflict(kept, err); err != nil {
		return err
	}
	if err := timer.Cancel(tx, overdue, string(after.ID)); err != nil {
		return err
	}
	name := d.postName(after.Post)
	b := newBook(after.AcceptedAt)
	b.note(ShiftAccepted, after.thing(), "", after.Unit, after.By, remark(lang.Text{ZH: name.ZH + "接班", EN: name.EN + ", taken over"}, after.Note))
	if err := d.Store.AppendDutyLog(tx, b.entries...); err != nil {
		return err
	}
	if err := d.Store.AppendAudit(tx, audit); err != nil {
		return err
	}
	return d.Withdraw(tx, after.call(), lang.Text{ZH: "已接班", EN: "the shift was taken over"})
}

// notAccepted calls the post above, when a hand-over was not accepted in time.
func (d *Desk) notAccepted(_ context.Context, tx *sqldb.Tx, t timer.Timer) error {
	const op = "dutydesk.notAccepted"
	before, err := d.Store.HandOver(tx, HandOverID(t.Key))
	if err != nil || before.Accepted() || !before.Escalated.IsZero() {
		return fault.Wrap(op, err)
	}
	after := before
	after.Version, after.Escalated = before.Version+1, d.dueNow(t)
	kept, err := d.Store.SaveHandOver(tx, after, before.Version)
	if err := conflict(kept, err); err != nil {
		return fault.Wrap(op, err)
	}
	name := d.postName(after.Post)
	title := lang.Text{ZH: name.ZH + "交接班未按时确认", EN: name.EN + ": the hand-over was not accepted in time"}
	b := newBook(after.Escalated)
	b.note(ShiftNotAccepted, after.thing(), "", after.Unit, Who{}, title)
	if err := d.Store.AppendDutyLog(tx, b.entries...); err != nil {
		return fault.Wrap(op, err)
	}
	p := Draft{ID: after.call(), About: after.thing(), Title: title, Unit: after.Unit, Post: after.Post}
	if post, known := d.city.Load().Directory.Post(after.Post); known && post.Next != "" {
		p.Post = post.Next
	}
	return fault.Wrap(op, d.Place(tx, p))
}

func (h *HandOver) thing() string { return "handover/" + string(h.ID) }

// call is the id of the call that a late hand-over makes.
func (h *HandOver) call() CallID { return CallID("handover." + h.ID) }

// access is the hand-over as access sees it.
func (h *HandOver) access() access.Thing {
	return access.Thing{Kind: "handover", ID: string(h.ID), Unit: string(h.Unit), By: string(h.From.ID)}
}
