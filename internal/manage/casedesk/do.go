package casedesk

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/registry"
)

// Request is one command of a person.
type Request struct {
	CaseID         casework.ID
	Command        casework.Command
	Actor          access.Actor
	IdempotencyKey string // needed; chosen by the client, at most MaxKey bytes
	Route          string // the route it came by; part of what the key is bound to
}

// Stale is the Conflict of a command that was decided on another version: it carries the case as it is now.
type Stale = command.Stale[View]

// Do carries out a command and returns the case after it.
//
// Faults: NotFound for no such case; Denied when access refuses; Conflict as *Stale when the case has changed, plain when the key was used for something
// else; Invalid for a move that is not possible or a command that lacks something. A refusal changes nothing, and its reason may be shown.
func (d *Desk) Do(ctx context.Context, r Request) (View, error) {
	const op = "casedesk.Do"
	if err := checkRequest(r); err != nil {
		return View{}, fault.Wrap(op, err)
	}
	x := command.Runner{DB: d.DB, Store: d.Store, Clock: d.Clock, Space: "case"}
	v, err := command.Do(ctx, x, command.Request{Actor: r.Actor, IdempotencyKey: r.IdempotencyKey, Route: r.Route}, command.Content("case", r.CaseID, r.Command),
		func(tx *sqldb.Tx, now time.Time) (command.Decided[View], error) { return d.carryOut(tx, r, now) })
	if err == nil {
		d.Wake()
	}
	return v, fault.Wrap(op, err)
}

func checkRequest(r Request) error {
	if len(r.Command.Note) > maxNote {
		return fault.Say(fault.Invalid, "", "case.note-long", "a note may have at most %d bytes", maxNote)
	}
	if c := r.Command; slices.Contains(elsewhere, c.Kind) {
		return fault.Say(fault.Invalid, "", "case.not-alone", "%s is not given to a case by itself", c.Kind)
	} else if !printable(string(r.CaseID), c.Note, string(c.Unit), c.Handler, string(c.Into)) {
		return errUnprintable("casedesk.checkRequest")
	}
	return nil
}

// printable says whether databases can keep the texts: UTF-8 without the zero character.
func printable(texts ...string) bool {
	return !slices.ContainsFunc(texts, func(s string) bool { return !utf8.ValidString(s) || strings.ContainsRune(s, 0) })
}

func errUnprintable(op string) error {
	return fault.Say(fault.Invalid, op, "text", "texts must be UTF-8 without the zero character")
}

const maxNote = 4000

// elsewhere are commands that come with something else: a report that is taken, another case that is merged.
var elsewhere = []casework.CommandKind{casework.Take, casework.Report, casework.Attach, casework.Join, casework.Part}

func (d *Desk) carryOut(tx *sqldb.Tx, r Request, now time.Time) (command.Decided[View], error) {
	c, err := d.history(tx, r.CaseID, r.Command.Kind)
	if err != nil {
		return command.Decided[View]{}, err
	}
	who, err := d.deciders(tx, r, now)
	if err != nil {
		return command.Decided[View]{}, err
	}
	done, err := decide(c, r.Command, who)
	if fault.Is(err, fault.Conflict) {
		err = &Stale{Current: d.view(&c, now), Err: err}
	}
	return command.Decided[View]{Audit: done.audit, Keep: func() (View, error) {
		if err := d.keep(tx, done); err != nil {
			return View{}, err
		}
		return d.view(&done.after, now), d.along(tx, done, who)
	}}, err
}

// history is the case, with what Undo has to know of its past.
func (d *Desk) history(tx *sqldb.Tx, id casework.ID, k casework.CommandKind) (casework.Case, error) {
	c, err := d.Store.Case(tx, id)
	if err != nil || k != casework.Undo {
		return c, err
	}
	facts, err := d.Store.Facts(tx, id)
	if err != nil {
		return c, err
	}
	return casework.Fold(facts)
}

// deciders looks up whom and what a command names.
func (d *Desk) deciders(tx *sqldb.Tx, r Request, now time.Time) (deciders, error) {
	const op = "casedesk.deciders"
	cmd, city := r.Command, d.city.Load()
	who := deciders{now: now, actor: r.Actor, calendar: city.Calendar}
	for _, unit := range append([]registry.UnitID{cmd.Unit}, cmd.Units...) {
		if _, known := city.Directory.Unit(unit); unit != "" && !known {
			return who, fault.Say(fault.Invalid, op, "unit.unknown", "there is no unit %q", unit)
		}
	}
	if cmd.Handler != "" {
		p, err := d.Store.Person(tx, cmd.Handler)
		if fault.Is(err, fault.NotFound) {
			return who, fault.Say(fault.Invalid, op, "case.no-handler", "there is nobody called %q who handles cases", cmd.Handler)
		}
		if who.handler = &p; err != nil {
			return who, err
		}
	}
	if cmd.Into != "" {
		into, err := d.Store.Case(tx, cmd.Into)
		if fault.Is(err, fault.NotFound) {
			return who, fault.Say(fault.Invalid, op, "case.no-into", "there is no case %q to merge into", cmd.Into)
		}
		if who.into = &into; err != nil {
			return who, err
		}
	}
	return who, nil
}

// along does in the same transaction what a command means for another case: a merge brings the reports there, and undoing it takes them back.
func (d *Desk) along(tx *sqldb.Tx, done decided, who deciders) error {
	kind := done.result.Facts[0].Kind
	undone := kind == casework.FactUndone && done.before.Into != ""
	if kind != casework.FactMerged && !undone {
		return nil
	}
	target, cmd := done.after.Into, casework.Command{Kind: casework.Join, Purpose: access.Casework, Into: done.after.ID}
	if undone {
		target, cmd.Kind = done.before.Into, casework.Part
	}
	for _, r := range done.before.Reports {
		cmd.Reports = append(cmd.Reports, casework.Attached{Report: r.Report, From: done.after.ID})
	}
	other, err := d.Store.Case(tx, target)
	if err != nil {
		return err
	}
	if _, err := d.give(tx, other, cmd, who); err != nil {
		return err
	}
	to, ids := target, make([]casework.ReportID, len(cmd.Reports))
	if undone {
		to = done.after.ID
	}
	for i, r := range cmd.Reports {
		ids[i] = r.Report
	}
	return d.Store.MoveReports(tx, to, ids...)
}
