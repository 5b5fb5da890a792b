package orderdesk

import (
	"context"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/manage/order"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
)

// Give orders a state or a silence. An emergency is only proposed by it.
//
// Faults: Invalid with every problem of the draft, Denied when access refuses, Conflict when the key was used for something else.
func (d *Desk) Give(ctx context.Context, r command.Request, kind order.Kind, draft order.Draft) (View, error) {
	v, err := d.do(ctx, r, command.Content("give", kind, draft), func(_ *sqldb.Tx, now time.Time) (change, error) {
		c := change{after: order.Order{ID: order.ID(ident.Derive("order", r.Key(space))), Kind: kind}}
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
func (d *Desk) Confirm(ctx context.Context, r command.Request, id order.ID) (View, error) {
	v, err := d.do(ctx, r, command.Content("confirm", id), func(tx *sqldb.Tx, now time.Time) (change, error) {
		return d.change(tx, id, now, func(o order.Order) (access.Request, order.Order, error) {
			after, err := order.Confirm(o, person(r.Actor), now)
			return about(r.Actor, access.ConfirmEmergency, &o), after, err
		})
	})
	return v, fault.Wrap("orderdesk.Confirm", err)
}

// End takes an order back, an automatic one too, or refuses a proposal. One person does it; a reason is needed.
func (d *Desk) End(ctx context.Context, r command.Request, id order.ID, why string) (View, error) {
	why = strings.TrimSpace(why)
	v, err := d.do(ctx, r, command.Content("end", id, why), func(tx *sqldb.Tx, now time.Time) (change, error) {
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

// do carries out a command on an order.
func (d *Desk) do(ctx context.Context, r command.Request, content string, decide func(*sqldb.Tx, time.Time) (change, error)) (View, error) {
	x := command.Runner{DB: d.DB, Store: d.Store, Clock: d.Clock, Space: space}
	v, err := command.Do(ctx, x, r, content, func(tx *sqldb.Tx, now time.Time) (command.Decided[View], error) {
		c, err := decide(tx, now)
		return command.Decided[View]{Audit: c.audit, Keep: func() (View, error) { return d.keep(tx, r, c) }}, err
	})
	if err == nil {
		d.forget()
		d.Wake()
	}
	return v, err
}

// space names the order desk in idempotency keys.
const space = "order"

func (d *Desk) keep(tx *sqldb.Tx, r command.Request, c change) (View, error) {
	if err := d.save(tx, c.before, c.after); err != nil {
		return View{}, err
	}
	c.audit.Thing = "order/" + string(c.after.ID)
	return d.view(&c.after, r.Actor), d.Store.AppendAudit(tx, c.audit)
}
