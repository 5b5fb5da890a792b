package casedesk

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/manage/casework"
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

// MaxKey bounds an idempotency key.
const MaxKey = 200

// Stale is the Conflict of a command that was decided on another version: it carries the case as it is now.
type Stale struct {
	Current View
	Err     error
}

// Error is the text for the log.
func (s *Stale) Error() string { return s.Err.Error() }

// Unwrap gives the fault behind it.
func (s *Stale) Unwrap() error { return s.Err }

// Do carries out a command and returns the case after it.
//
// Faults: NotFound for no such case; Denied when access refuses; Conflict as *Stale when the case has changed, plain when the key was used for something
// else; Invalid for a move that is not possible or a command that lacks something. A refusal changes nothing, and its reason may be shown.
func (d *Desk) Do(ctx context.Context, r Request) (View, error) {
	const op = "casedesk.Do"
	if err := checkRequest(r); err != nil {
		return View{}, fault.Wrap(op, err)
	}
	out, err := d.attempt(ctx, r)
	if out.refused {
		out.view, err = d.keepRefusal(ctx, r, out, err)
	}
	if err != nil {
		return View{}, fault.Wrap(op, err)
	}
	d.Wake()
	return out.view, nil
}

func checkRequest(r Request) error {
	if r.IdempotencyKey == "" || len(r.IdempotencyKey) > MaxKey {
		return fault.New(fault.Invalid, "", "a command needs an Idempotency-Key of 1 to %d bytes", MaxKey)
	}
	if len(r.Command.Note) > maxNote {
		return fault.New(fault.Invalid, "", "a note may have at most %d bytes", maxNote)
	}
	if c := r.Command; slices.Contains(elsewhere, c.Kind) {
		return fault.New(fault.Invalid, "", "%s is not given to a case by itself", c.Kind)
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
	return fault.New(fault.Invalid, op, "texts must be UTF-8 without the zero character")
}

const maxNote = 4000

// elsewhere are commands that come with something else: a report that is taken, another case that is merged.
var elsewhere = []casework.CommandKind{casework.Take, casework.Report, casework.Attach, casework.Join, casework.Part}

// outcome is what one attempt came to.
type outcome struct {
	view    View
	refused bool         // by access or casework: to be kept with its audit fact
	audit   access.Audit // of a refusal
	current *View        // the case that a refusal was about
}

// attempt does the command in one transaction, or finds the answer that was given before.
func (d *Desk) attempt(ctx context.Context, r Request) (outcome, error) {
	var out outcome
	err := d.DB.Update(ctx, func(tx *sqldb.Tx) error {
		out = outcome{}
		answer, taken, err := d.Store.Reserve(tx, r.key(), d.Clock.Now(), d.Clock.Now().Add(KeepAnswers))
		if err != nil {
			return err
		}
		if taken {
			out.view, err = repeat(answer, r)
			return err
		}
		return d.carryOut(tx, r, &out)
	})
	return out, err
}

func (d *Desk) carryOut(tx *sqldb.Tx, r Request, out *outcome) error {
	c, err := d.history(tx, r.CaseID, r.Command.Kind)
	if err != nil {
		return err
	}
	who, err := d.deciders(tx, r)
	if err != nil {
		return err
	}
	done, err := decide(c, r.Command, who)
	if err != nil {
		current := d.view(&c, who.now)
		out.refused, out.audit, out.current = true, done.audit, &current
		return err
	}
	if err := d.keep(tx, done); err != nil {
		return err
	}
	if err := d.along(tx, done, who); err != nil {
		return err
	}
	out.view = d.view(&done.after, who.now)
	return d.answer(tx, r, Answer{}, &out.view)
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
func (d *Desk) deciders(tx *sqldb.Tx, r Request) (deciders, error) {
	const op = "casedesk.deciders"
	cmd, city := r.Command, d.city.Load()
	who := deciders{now: d.Clock.Now(), actor: r.Actor, calendar: city.Calendar}
	for _, unit := range append([]registry.UnitID{cmd.Unit}, cmd.Units...) {
		if _, known := city.Directory.Unit(unit); unit != "" && !known {
			return who, fault.New(fault.Invalid, op, "there is no unit %q", unit)
		}
	}
	if cmd.Handler != "" {
		p, err := d.Store.Person(tx, cmd.Handler)
		if fault.Is(err, fault.NotFound) {
			return who, fault.New(fault.Invalid, op, "there is nobody called %q who handles cases", cmd.Handler)
		}
		if who.handler = &p; err != nil {
			return who, err
		}
	}
	if cmd.Into != "" {
		into, err := d.Store.Case(tx, cmd.Into)
		if fault.Is(err, fault.NotFound) {
			return who, fault.New(fault.Invalid, op, "there is no case %q to merge into", cmd.Into)
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

// keepRefusal keeps the audit fact of a refusal, and the refusal as the answer under the key. What it returns is that answer; when the same command was
// sent twice at once and its other half was answered first, the answer is that one.
func (d *Desk) keepRefusal(ctx context.Context, r Request, out outcome, refusal error) (View, error) {
	var first View
	var answer error
	err := d.DB.Update(ctx, func(tx *sqldb.Tx) error {
		first, answer = View{}, stale(refusal, out.current)
		if out.audit.Actor != "" {
			if err := d.Store.AppendAudit(tx, out.audit); err != nil {
				return err
			}
		}
		kept, taken, err := d.Store.Reserve(tx, r.key(), d.Clock.Now(), d.Clock.Now().Add(KeepAnswers))
		if err != nil {
			return err
		}
		if taken {
			first, answer = repeat(kept, r)
			return nil
		}
		return d.answer(tx, r, Answer{Refused: fault.KindOf(refusal), Message: fault.Message(refusal)}, out.current)
	})
	if err != nil {
		return View{}, err
	}
	return first, answer
}

func (d *Desk) answer(tx *sqldb.Tx, r Request, a Answer, v *View) error {
	var err error
	a.Content = r.content()
	if a.Body, err = json.Marshal(v); err != nil {
		return err
	}
	return d.Store.KeepAnswer(tx, r.key(), a)
}

// repeat gives a kept answer again.
func repeat(a Answer, r Request) (View, error) {
	if a.Content != r.content() {
		return View{}, fault.New(fault.Conflict, "casedesk.repeat", "this Idempotency-Key was used for another command")
	}
	var v View
	if err := json.Unmarshal(a.Body, &v); err != nil {
		return View{}, err
	}
	if a.Message == "" {
		return v, nil
	}
	return View{}, stale(fault.New(a.Refused, "casedesk.repeat", "%s", a.Message), &v)
}

// stale adds the current case to the conflict of a stale version.
func stale(refusal error, current *View) error {
	if _, is := errors.AsType[*Stale](refusal); is || !fault.Is(refusal, fault.Conflict) || current == nil {
		return refusal
	}
	return &Stale{Current: *current, Err: refusal}
}

// key is what an answer is kept under: a digest, so that keys of two actors or routes never meet and their length is bounded.
func (r *Request) key() string {
	return ident.Derive("idempotency", r.Actor.ID, r.Route, r.IdempotencyKey)
}

// content is a digest of what was asked.
func (r *Request) content() string {
	c := &r.Command
	units := make([]string, len(c.Units))
	for i, u := range c.Units {
		units[i] = string(u)
	}
	return ident.Derive("content", string(r.CaseID), string(c.Kind), string(c.Purpose), strconv.FormatInt(c.Version, 10), c.Note, string(c.Unit), c.Handler,
		strings.Join(units, ","), strconv.Itoa(c.Phase), string(c.Into), c.Amount.String(), strconv.FormatInt(sqldb.Micros(c.At), 10), strconv.Itoa(c.Rating))
}
