package orderdesk

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/manage/order"
	"twoweave/internal/platform/sqldb"
)

// Request is who commands, and under which idempotency key.
type Request struct {
	Actor          access.Actor
	IdempotencyKey string // needed; chosen by the client, at most MaxKey bytes
	Route          string // the route it came by; part of what the key is bound to
}

// MaxKey bounds an idempotency key.
const MaxKey = 200

// Give orders a state or a silence. An emergency is only proposed by it.
//
// Faults: Invalid with every problem of the draft, Denied when access refuses, Conflict when the key was used for something else.
func (d *Desk) Give(ctx context.Context, r Request, kind order.Kind, draft order.Draft) (View, error) {
	v, err := d.do(ctx, r, content("give", kind, draft), func(_ *sqldb.Tx, now time.Time) (change, error) {
		c := change{after: order.Order{ID: order.ID(ident.Derive("order", r.key())), Kind: kind}}
		var err error
		if c.audit, err = access.Ask(now, about(r.Actor, actionOf(kind), &c.after)); err != nil {
			return c, err
		}
		c.after, err = order.Give(c.after.ID, kind, draft, person(r.Actor), now, d.city.Load())
		return c, err
	})
	return v, fault.Wrap("orderdesk.Give", err)
}

// Confirm is the second person's word on an emergency. It is Denied to the one who proposed it, NotFound for no such order.
func (d *Desk) Confirm(ctx context.Context, r Request, id order.ID) (View, error) {
	v, err := d.do(ctx, r, content("confirm", id), func(tx *sqldb.Tx, now time.Time) (change, error) {
		return d.change(tx, id, now, func(o order.Order) (access.Request, order.Order, error) {
			after, err := order.Confirm(o, person(r.Actor), now)
			return about(r.Actor, access.ConfirmEmergency, &o), after, err
		})
	})
	return v, fault.Wrap("orderdesk.Confirm", err)
}

// End takes an order back, an automatic one too, or refuses a proposal. One person does it; a reason is needed.
func (d *Desk) End(ctx context.Context, r Request, id order.ID, why string) (View, error) {
	why = strings.TrimSpace(why)
	v, err := d.do(ctx, r, content("end", id, why), func(tx *sqldb.Tx, now time.Time) (change, error) {
		return d.change(tx, id, now, func(o order.Order) (access.Request, order.Order, error) {
			after, err := order.End(o, person(r.Actor), why, now)
			return about(r.Actor, actionOf(o.Kind), &o), after, err
		})
	})
	return v, fault.Wrap("orderdesk.End", err)
}

// change is a command that was decided: the order before and after it, and what access said.
type change struct {
	before, after order.Order
	audit         access.Audit
}

// change loads an order and lets decide say what becomes of it and which question access must answer first.
func (d *Desk) change(tx *sqldb.Tx, id order.ID, now time.Time, decide func(order.Order) (access.Request, order.Order, error)) (change, error) {
	o, err := d.Store.Order(tx, id)
	if err != nil {
		return change{}, err
	}
	question, after, refusal := decide(o)
	audit, err := access.Ask(now, question)
	if err == nil && refusal != nil {
		audit.Decision.Allow, audit.Decision.Reason = false, fault.Message(refusal)
		err = refusal
	}
	return change{before: o, after: after, audit: audit}, err
}

// do carries out a command in one transaction, or gives the answer that was given before. A refusal is kept in a transaction of its own.
func (d *Desk) do(ctx context.Context, r Request, digest string, decide func(*sqldb.Tx, time.Time) (change, error)) (View, error) {
	if r.IdempotencyKey == "" || len(r.IdempotencyKey) > MaxKey {
		return View{}, fault.New(fault.Invalid, "", "a command needs an Idempotency-Key of 1 to %d bytes", MaxKey)
	}
	var view View
	var refused *access.Audit
	err := d.DB.Update(ctx, func(tx *sqldb.Tx) error {
		view, refused = View{}, nil
		now := d.Clock.Now()
		answer, taken, err := d.Store.ReserveOrder(tx, r.key(), now, now.Add(KeepAnswers))
		if err != nil {
			return err
		}
		if taken {
			view, err = repeat(answer, digest)
			return err
		}
		c, err := decide(tx, now)
		if err != nil {
			refused = &c.audit
			return err
		}
		view, err = d.keep(tx, r, digest, c)
		return err
	})
	if err != nil && refused != nil && refused.Actor != "" {
		return d.keepRefusal(ctx, r, digest, *refused, err)
	}
	if err == nil {
		d.forget()
		d.Wake()
	}
	return view, err
}

func (d *Desk) keep(tx *sqldb.Tx, r Request, digest string, c change) (View, error) {
	if err := d.save(tx, c.before, c.after); err != nil {
		return View{}, err
	}
	c.audit.Thing = "order/" + string(c.after.ID)
	if err := d.Store.AppendAudit(tx, c.audit); err != nil {
		return View{}, err
	}
	v := d.view(&c.after, r.Actor)
	body, err := json.Marshal(v)
	if err != nil {
		return View{}, err
	}
	return v, d.Store.KeepOrderAnswer(tx, r.key(), Answer{Content: digest, Body: body})
}

// keepRefusal keeps the audit fact of a refusal, and the refusal as the answer under the key. When the same command was sent twice at once and its other half was
// answered first, the answer is that one.
func (d *Desk) keepRefusal(ctx context.Context, r Request, digest string, audit access.Audit, refusal error) (View, error) {
	audit.Decision.Allow = false
	if audit.Decision.Reason == "" {
		audit.Decision.Reason = fault.Message(refusal)
	}
	var first View
	var answer error
	err := d.DB.Update(ctx, func(tx *sqldb.Tx) error {
		first, answer = View{}, refusal
		if err := d.Store.AppendAudit(tx, audit); err != nil {
			return err
		}
		now := d.Clock.Now()
		kept, taken, err := d.Store.ReserveOrder(tx, r.key(), now, now.Add(KeepAnswers))
		if err != nil {
			return err
		}
		if taken {
			first, answer = repeat(kept, digest)
			return nil
		}
		problems, err := json.Marshal(fault.Problems(refusal))
		if err != nil {
			return err
		}
		return d.Store.KeepOrderAnswer(tx, r.key(), Answer{Content: digest, Refused: fault.KindOf(refusal), Message: fault.Message(refusal), Body: problems})
	})
	if err != nil {
		return View{}, err
	}
	return first, answer
}

// repeat gives a kept answer again.
func repeat(a Answer, digest string) (View, error) {
	const op = "orderdesk.repeat"
	if a.Content != digest {
		return View{}, fault.New(fault.Conflict, op, "this Idempotency-Key was used for another command")
	}
	var v View
	if a.Message == "" {
		return v, json.Unmarshal(a.Body, &v)
	}
	refusal := fault.New(a.Refused, op, "%s", a.Message)
	if err := json.Unmarshal(a.Body, &refusal.Problems); err != nil {
		return v, err
	}
	return v, refusal
}

// key is what an answer is kept under: keys of two actors or routes never meet.
func (r *Request) key() string {
	return ident.Derive("idempotency", "order", r.Actor.ID, r.Route, r.IdempotencyKey)
}

// content is a digest of what was asked.
func content(command string, parts ...any) string {
	body, _ := json.Marshal(parts) // texts, lists and times always have a form
	return ident.Derive("content", command, string(body))
}
