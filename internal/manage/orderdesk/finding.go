package orderdesk

import (
	"strings"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/sqldb"
)

// finder is who gives automatic orders.
var finder = access.Program("detection")

// Raise orders the city state that a scenario's finding calls for, in the finding's area, from its start. Where the area stands as high already the order is kept
// as ignored. d is a start; a second call for the same finding does nothing. tx is the one that keeps the finding.
func (d *Desk) Raise(tx *sqldb.Tx, f scenario.Detection, r scenario.Raise) error {
	const op = "orderdesk.Raise"
	standing, err := d.standing(tx, &f)
	if err != nil {
		return fault.Wrap(op, err)
	}
	draft := order.Draft{Level: r.Level, Area: f.Area, Why: why(&f)}
	if r.For > 0 {
		draft.Until = f.At.Add(r.For)
	}
	o := order.Automatic(order.RaisedBy(f.DetectionID.String()), order.PutState, draft, f.DetectionID.String(), person(finder), f.At, standing)
	return fault.Wrap(op, d.automatic(tx, o))
}

// Quiet silences what follows from a finding, in the finding's area, from when its condition began to hold, while it lasts and at most for the time that the
// scenario says. The rest is as with Raise.
func (d *Desk) Quiet(tx *sqldb.Tx, f scenario.Detection, q scenario.Quiet) error {
	draft := order.Draft{Area: f.Area, From: f.Since, Ground: order.Parent, Why: why(&f)}
	for _, id := range q.Scenarios {
		draft.Scenarios = append(draft.Scenarios, string(id))
	}
	if q.For > 0 {
		draft.Until = f.At.Add(q.For)
	}
	o := order.Automatic(order.QuietedBy(f.DetectionID.String()), order.PutSilence, draft, f.DetectionID.String(), person(finder), f.At, order.Daily)
	return fault.Wrap("orderdesk.Quiet", d.automatic(tx, o))
}

// Unquiet ends the silence that a finding called for, when the finding ends. f is the end. Where there is none, or it is over, nothing happens.
func (d *Desk) Unquiet(tx *sqldb.Tx, f scenario.Detection) error {
	const op = "orderdesk.Unquiet"
	o, err := d.Store.Order(tx, order.QuietedBy(f.DetectionID.String()))
	if fault.Is(err, fault.NotFound) || err == nil && !o.Status.Live() {
		return nil
	}
	if err != nil {
		return fault.Wrap(op, err)
	}
	audit, err := access.Ask(f.At, about(finder, access.OrderSilence, &o))
	if err != nil {
		return fault.Wrap(op, err)
	}
	after, err := order.End(o, person(finder), "the finding behind it ended", f.At)
	if err != nil {
		return fault.Wrap(op, err)
	}
	if err := d.save(tx, o, after); err != nil {
		return fault.Wrap(op, err)
	}
	d.forget()
	return fault.Wrap(op, d.Store.AppendAudit(tx, audit))
}

// automatic keeps an order of a finding, once. A finding without an area cannot order anything: an empty area would mean the whole city.
func (d *Desk) automatic(tx *sqldb.Tx, o order.Order) error {
	if o.Area == "" {
		o.Status, o.EndedAt, o.EndWhy = order.Ignored, o.At, "the finding has no area"
	}
	audit, err := access.Ask(o.At, about(finder, actionOf(o.Kind), &o))
	if err != nil {
		return err
	}
	kept, err := d.Store.SaveOrder(tx, o, 0)
	if err != nil || !kept {
		return err
	}
	if err := d.arm(tx, &o); err != nil {
		return err
	}
	if err := d.tell(tx, &order.Order{}, &o); err != nil {
		return err
	}
	d.forget()
	return d.Store.AppendAudit(tx, audit)
}

// standing is the level of a finding's area at its start, by the orders that the records hold.
func (d *Desk) standing(tx *sqldb.Tx, f *scenario.Detection) (order.Level, error) {
	live, err := d.Store.LiveOrders(tx)
	if err != nil {
		return order.Daily, err
	}
	table := tableOf(live, f.At)
	return table.Level(f.Area, f.At), nil
}

// why is the reason of an automatic order: which finding, about what. It must always be possible to keep.
func why(f *scenario.Detection) string {
	const most = 200
	text := strings.ToValidUTF8(strings.ReplaceAll(string(f.Scenario)+": "+f.Subject, "\x00", ""), "")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

func person(a access.Actor) order.Person { return order.Person{ID: a.ID, Name: a.Name} }
