package incidentdesk

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/incident"
	"twoweave/internal/manage/order"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/timer"
	"twoweave/internal/registry"
)

// Options are what a Desk works with. All are needed but Wake.
type Options struct {
	DB    *sqldb.DB
	Store Store
	Room  Room
	Staff Staff
	// Level is the highest city state of some areas now; of no areas, of the whole city.
	Level func(ctx context.Context, areas []event.AreaCode) (order.Level, error)
	Clock clock.Clock
	Log   *slog.Logger
	// Wake is called after a commit that may have set timers and left messages, so that their runners look at once.
	Wake func()
}

// Desk is the use case. It is safe for many goroutines.
type Desk struct {
	Options
	city atomic.Pointer[registry.Directory]

	mu       sync.Mutex
	revision int64
	lookedAt time.Time
}

// New makes a desk for an empty city; Use tells it the real one.
func New(o Options) *Desk {
	if o.Wake == nil {
		o.Wake = func() {}
	}
	d := &Desk{Options: o}
	nowhere, _ := registry.NewDirectory(nil, nil) // nothing in it, nothing wrong with it
	d.Use(nowhere)
	return d
}

// Use replaces the city's areas and units as a whole.
func (d *Desk) Use(city *registry.Directory) { d.city.Store(city) }

const (
	due   = "incident.due" // key: the incident's id
	space = "incident"     // names the desk in idempotency keys
)

// Timers are the desk's handlers, for the program's timer runner.
func (d *Desk) Timers() map[string]timer.Handler { return map[string]timer.Handler{due: d.ring} }

// ring does what is due for an incident by itself: reminds of late tasks and reports, has the duty room called.
func (d *Desk) ring(_ context.Context, tx *sqldb.Tx, t timer.Timer) error {
	const op = "incidentdesk.ring"
	i, err := d.Store.Incident(tx, incident.ID(t.Key))
	if err != nil {
		return fault.Wrap(op, err)
	}
	now := d.now()
	if now.Before(t.Due) {
		now = t.Due // the machine's clock jumped back since the runner looked; a timer rings once
	}
	program := access.Program("incident")
	for cmd, more := i.Due(now); more; cmd, more = i.Due(now) {
		c, err := d.decide(now, i, cmd, program)
		if err != nil {
			return fault.Wrap(op, err)
		}
		if err := d.keep(tx, &c); err != nil {
			return fault.Wrap(op, err)
		}
		i = c.after
	}
	return fault.Wrap(op, d.arm(tx, &i))
}

// arm sets the timer for the next moment at which something is due.
func (d *Desk) arm(tx *sqldb.Tx, i *incident.Incident) error {
	next := i.Next()
	if next.IsZero() {
		return timer.Cancel(tx, due, string(i.ID))
	}
	return timer.Set(tx, timer.Timer{Kind: due, Key: string(i.ID), Due: next})
}

// looking is how old the answer of Revision may be.
const looking = 400 * time.Millisecond

// Revision grows with every change of any incident, whichever process made it. The caller has asked access.
func (d *Desk) Revision(ctx context.Context) (int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.Clock.Now()
	if age := now.Sub(d.lookedAt); age >= 0 && age < looking {
		return d.revision, nil
	}
	err := d.DB.View(ctx, func(tx *sqldb.Tx) error {
		var err error
		d.revision, err = d.Store.IncidentsRevision(tx)
		return err
	})
	if err == nil {
		d.lookedAt = now
	}
	return d.revision, fault.Wrap("incidentdesk.Revision", err)
}

// now is the clock's time as records keep it: what is due at a moment must be due when it is read back.
func (d *Desk) now() time.Time { return d.Clock.Now().UTC().Truncate(time.Microsecond) }

// number is the next of a day, as people there count days.
func (d *Desk) number(tx *sqldb.Tx, now time.Time) (string, error) {
	prefix := now.In(registry.China()).Format("YJ20060102-")
	n, err := d.Store.IncidentsNumbered(tx, prefix)
	return fmt.Sprintf("%s%02d", prefix, n+1), err
}

// question is whether an actor may do something to an incident, or to one of its tasks.
func question(actor access.Actor, action access.Action, thing access.Thing) access.Request {
	return access.Request{Actor: actor, Action: action, Purpose: access.Commanding, Thing: thing}
}

// may is the answer to a look, which leaves no trace.
func may(actor access.Actor, action access.Action, thing access.Thing) bool {
	return access.Decide(question(actor, action, thing)).Allow
}
