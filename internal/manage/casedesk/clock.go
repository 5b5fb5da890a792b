package casedesk

import (
	"context"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/timer"
)

// sweep is the timer that removes expired answers; there is one for the whole program.
const (
	sweep      = "casedesk.sweep"
	sweepEvery = time.Hour
)

// Timers are the desk's handlers, for the program's timer runner.
func (d *Desk) Timers() map[string]timer.Handler {
	handlers := map[string]timer.Handler{sweep: d.sweep}
	for _, k := range casework.TimerKinds {
		handlers[string(k)] = d.tick
	}
	return handlers
}

// Start sets the desk's own timer. It may be called at every start of the program.
func (d *Desk) Start(ctx context.Context) error {
	return d.DB.Update(ctx, d.armSweep)
}

func (d *Desk) armSweep(tx *sqldb.Tx) error {
	return timer.Set(tx, timer.Timer{Kind: sweep, Key: "answers", Due: d.Clock.Now().Add(sweepEvery)})
}

// tick gives the command that a case's timer stands for, as the program. A case that has moved on needs none; that is no error, since the timer and the person
// may have come at the same moment.
func (d *Desk) tick(_ context.Context, tx *sqldb.Tx, t timer.Timer) error {
	const op = "casedesk.tick"
	c, err := d.Store.Case(tx, casework.ID(t.Key))
	if err != nil {
		return fault.Wrap(op, err)
	}
	cmd := casework.Command{Kind: casework.TimerKind(t.Kind).Command(), Purpose: access.Casework}
	now := d.Clock.Now()
	if now.Before(t.Due) {
		now = t.Due // the machine's clock jumped back since the runner looked; the timer rings once and must not ring for nothing
	}
	done, err := decide(c, cmd, d.program("clock", now))
	if fault.Is(err, fault.Invalid) {
		d.Log.Info("a case's clock rang for nothing", "case", c.Number, "timer", t.Kind, "reason", fault.Message(err))
		return nil
	}
	if err != nil {
		return fault.Wrap(op, err)
	}
	return fault.Wrap(op, d.keep(tx, done))
}

func (d *Desk) sweep(_ context.Context, tx *sqldb.Tx, _ timer.Timer) error {
	n, err := d.Store.DropAnswers(tx, d.Clock.Now())
	if err != nil {
		return fault.Wrap("casedesk.sweep", err)
	}
	d.Log.Debug("expired answers removed", "count", n)
	return d.armSweep(tx)
}
