package orderdesk

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/outbox"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/timer"
	"twoweave/internal/registry"
)

// Options are what a Desk works with. All are needed but Wake.
type Options struct {
	DB    *sqldb.DB
	Store Store
	Clock clock.Clock
	Log   *slog.Logger
	// Wake is called after a commit that may have set timers and left messages, so that their runners look at once.
	Wake func()
}

// City is the names the desk shows and checks. It is immutable.
type City struct {
	Directory *registry.Directory
	Scenarios map[scenario.ID]lang.Text
}

// KnownArea says whether orders may name the area.
func (c *City) KnownArea(code event.AreaCode) bool {
	_, known := c.Directory.Area(code)
	return known
}

// KnownScenario says whether silences may name the scenario.
func (c *City) KnownScenario(id string) bool {
	_, known := c.Scenarios[scenario.ID(id)]
	return known
}

// Desk is the use case. It is safe for many goroutines.
type Desk struct {
	Options
	city   atomic.Pointer[City]
	placed signal

	mu        sync.Mutex
	board     Board  // the last one made, shared by all who look
	forgotten uint64 // how often it was forgotten
}

// New makes a desk for an empty city; Use tells it the real one.
func New(o Options) *Desk {
	if o.Wake == nil {
		o.Wake = func() {}
	}
	d := &Desk{Options: o}
	nowhere, _ := registry.NewDirectory(nil, nil) // nothing in it, nothing wrong with it
	d.Use(City{Directory: nowhere})
	return d
}

// Use replaces the city's names and places as a whole.
func (d *Desk) Use(c City) {
	d.city.Store(&c)
	d.forget()
}

const expire = "order.expire"

// Timers are the desk's handlers, for the program's timer runner.
func (d *Desk) Timers() map[string]timer.Handler {
	return map[string]timer.Handler{expire: d.expire}
}

// expire notes that an order has run out. One that was ended or confirmed at the same moment has not.
func (d *Desk) expire(_ context.Context, tx *sqldb.Tx, t timer.Timer) error {
	const op = "orderdesk.expire"
	o, err := d.Store.Order(tx, order.ID(t.Key))
	if err != nil {
		return fault.Wrap(op, err)
	}
	now := d.Clock.Now()
	if now.Before(t.Due) {
		now = t.Due // the machine's clock jumped back since the runner looked; the timer rings once
	}
	after, due := order.Expire(o, now)
	if !due {
		return nil
	}
	d.forget()
	return fault.Wrap(op, d.save(tx, o, after))
}

// save keeps an order that changed, with its timer and the message that the change calls for.
func (d *Desk) save(tx *sqldb.Tx, before, after order.Order) error {
	kept, err := d.Store.SaveOrder(tx, after, before.Version)
	if err != nil {
		return err
	}
	if !kept {
		return fault.Say(fault.Conflict, "orderdesk.save", "order.at-once", "the order was changed by somebody else at the same time")
	}
	if err := d.arm(tx, &after); err != nil {
		return err
	}
	return d.tell(tx, &before, &after)
}

func (d *Desk) arm(tx *sqldb.Tx, o *order.Order) error {
	if !o.Status.Live() || o.Due().IsZero() {
		return timer.Cancel(tx, expire, string(o.ID))
	}
	return timer.Set(tx, timer.Timer{Kind: expire, Key: string(o.ID), Due: o.Due()})
}

// tell leaves the message for the log: when the order comes into force, and when it is taken back. What runs out does so in the log by itself.
func (d *Desk) tell(tx *sqldb.Tx, before, after *order.Order) error {
	switch {
	case after.Status == order.Ordered:
		return outbox.Put(tx, message(after.ID, "put", after.Put()))
	case before.Status == order.Ordered && after.Status == order.Ended:
		return outbox.Put(tx, message(after.ID, takeBack, after.TakeBack()))
	}
	return nil
}

// about is the question whether an actor may do something with an order.
func about(actor access.Actor, action access.Action, o *order.Order) access.Request {
	return access.Request{Actor: actor, Action: action, Purpose: access.Ordering, Thing: access.Thing{Kind: "order", ID: string(o.ID), By: o.By.ID}}
}

// actionOf is the right that ordering or ending an order of a kind takes.
func actionOf(k order.Kind) access.Action {
	if k == order.PutSilence {
		return access.OrderSilence
	}
	return access.OrderState
}
