package casedesk

import (
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/sqldb"
)

// Open makes the case of a detection's episode, in the caller's transaction, as the program. how is Open, Screen when a person is to look first, or Warn when
// its owner is told first, if one is known. The opening's Number is given here. When the case exists already nothing happens and new is false.
func (d *Desk) Open(tx *sqldb.Tx, how casework.CommandKind, o casework.Opening) (id casework.ID, new bool, err error) {
	const op = "casedesk.Open"
	id = casework.IDOf(o.DetectionID())
	if _, err := d.Store.Case(tx, id); !fault.Is(err, fault.NotFound) {
		return id, false, fault.Wrap(op, err)
	}
	now := d.Clock.Now()
	if o.Number, err = d.number(tx, now); err != nil {
		return id, false, fault.Wrap(op, err)
	}
	note := ""
	if how == casework.Warn {
		how, note = d.toWarn(&o)
	}
	cmd := casework.Command{Kind: how, Purpose: access.Casework, Opening: &o, Note: note}
	done, err := decide(casework.Case{}, cmd, d.program("detect", now))
	if err != nil {
		return id, false, fault.Wrap(op, err)
	}
	return id, true, fault.Wrap(op, d.keep(tx, done))
}

// Recover notes on a detection's case that its episode has ended, in the caller's transaction, as the program. It closes nothing. When there is no such
// case, or it knows already, nothing happens and noted is false.
func (d *Desk) Recover(tx *sqldb.Tx, id scenario.DetectionID, at time.Time) (noted bool, err error) {
	const op = "casedesk.Recover"
	c, err := d.Store.Case(tx, casework.IDOf(id))
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil || !c.EndedAt.IsZero() {
		return false, fault.Wrap(op, err)
	}
	cmd := casework.Command{Kind: casework.Recover, Purpose: access.Casework, At: at}
	done, err := decide(c, cmd, d.program("detect", d.Clock.Now()))
	if err != nil {
		return false, fault.Wrap(op, err)
	}
	return true, fault.Wrap(op, d.keep(tx, done))
}

// program is the program itself as the one who gives a command.
func (d *Desk) program(part string, now time.Time) deciders {
	return deciders{now: now, actor: access.Program(part), calendar: d.city.Load().Calendar}
}
