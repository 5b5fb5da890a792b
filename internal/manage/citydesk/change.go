package citydesk

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/reform/pack"
	"twoweave/internal/registry"
)

// Change is one entry as somebody wants it.
type Change struct {
	Kind pack.EntryKind
	ID   string
	What What
	Body json.RawMessage // of Put
	Base int64           // the number of the entry's revision it was made from; 0 = it had none
	Why  string
}

const (
	maxWhy  = 1000
	maxBody = 256 << 10
)

// Change makes a change and puts it in force.
//
// Faults: Denied when access refuses; Conflict as *Stale when the entry was changed since; Invalid with every problem: of the entry with its field, of
// what it would break with the name of that.
func (d *Desk) Change(ctx context.Context, r command.Request, c Change) (RevisionView, error) {
	x := command.Runner{DB: d.DB, Store: d.Store, Clock: d.Clock, Space: "city"}
	v, err := command.Do(ctx, x, r, command.Content("change", c), func(tx *sqldb.Tx, now time.Time) (command.Decided[RevisionView], error) {
		t, err := d.try(tx, now, r.Actor, c)
		return command.Decided[RevisionView]{Audit: t.audit, Keep: func() (RevisionView, error) { return d.keep(tx, t) }}, err
	})
	if err != nil {
		return v, fault.Wrap("citydesk.Change", err)
	}
	if err := d.Settle(ctx); err != nil { // it is kept: Settle will be tried again
		d.Log.Error("a change is kept but not in force yet", "revision", v.Number, "error", err)
	}
	return v, nil
}

// Stale is the Conflict of a change made from an entry that has been changed since.
type Stale = command.Stale[RevisionView]

// Try says what a change would come to, and changes nothing: the faults are those of Change.
func (d *Desk) Try(ctx context.Context, actor access.Actor, c Change) (v RevisionView, err error) {
	err = d.DB.View(ctx, func(tx *sqldb.Tx) error {
		t, err := d.try(tx, d.Clock.Now(), actor, c)
		v = view(&t.revision)
		return err
	})
	return v, fault.Wrap("citydesk.Try", err)
}

// tried is a change that can be made.
type tried struct {
	revision Revision
	audit    access.Audit
}

func (d *Desk) try(tx *sqldb.Tx, now time.Time, actor access.Actor, c Change) (tried, error) {
	var t tried
	inForce := d.Content.InForce()
	c.Why = strings.TrimSpace(c.Why)
	action, purpose := asks(c.Kind)
	var err error
	t.audit, err = access.Ask(now, access.Request{Actor: actor, Action: action, Purpose: purpose, Thing: thing(inForce, c.Kind, c.ID)})
	if err != nil {
		return t, err
	}
	if err := check(c); err != nil {
		return t, err
	}
	all, err := d.Store.Revisions(tx)
	if err != nil {
		return t, err
	}
	t.revision = Revision{Number: int64(newest(all)) + 1, Kind: c.Kind, ID: c.ID, What: c.What, Body: c.Body, Before: body(inForce, c.Kind, c.ID), Why: c.Why,
		By: actor.ID, ByName: actor.Name, At: now}
	before, changed := last(all, c.Kind, c.ID)
	if before.Number != c.Base {
		return t, &Stale{Current: view(&before), Err: fault.New(fault.Conflict, "", "it has been changed since you opened it")}
	}
	if changed {
		all = slices.DeleteFunc(all, func(r Revision) bool { return r.Number == before.Number })
	}
	return t, d.fit(tx, own(inForce.Packs), append(all, t.revision), &t.revision)
}

// fit ties the content together with a revision and says what of it does not fit.
func (d *Desk) fit(tx *sqldb.Tx, packs []*pack.Pack, all []Revision, r *Revision) error {
	set, a, err := tie(packs, all)
	if fault.Is(err, fault.Invalid) && a != nil {
		return told(a, r, err)
	}
	if err != nil {
		return err
	}
	if now := body(set, r.Kind, r.ID); r.What == Remove && now != nil {
		return fault.New(fault.Internal, "citydesk.fit", "%s/%s was taken out and is still there", r.Kind, r.ID)
	}
	if _, there := set.Directory.Unit(registry.UnitID(r.ID)); r.Kind == pack.UnitEntry && !there {
		n, err := d.Store.OpenCases(tx, registry.UnitID(r.ID))
		if err != nil || n > 0 {
			return orElse(err, fault.New(fault.Invalid, "", "%d open cases are with this unit; give them to others first", n))
		}
	}
	return nil
}

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// told are the problems with the changed entry's own fields, or with the names of the entries that the change leaves behind.
func told(a *pack.Amendment, r *Revision, err error) error {
	problems := slices.Clone(fault.Problems(err))
	for i, p := range problems {
		e, field, found := a.Whose(p)
		switch {
		case found && e.Kind == r.Kind && e.ID == r.ID:
			problems[i] = fault.Problem{Field: field, Message: p.Message}
		case found:
			problems[i] = fault.Problem{Message: string(e.Kind) + " " + e.ID + ": " + p.Message}
		default:
			problems[i] = fault.Problem{Message: p.Message}
		}
	}
	return fault.Invalidly("", problems...)
}

var idForm = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._-]{0,99}$`)

func check(c Change) error {
	var problems []fault.Problem
	bad := func(field, message string) {
		problems = append(problems, fault.Problem{Field: field, Message: message})
	}
	if !slices.Contains(pack.EntryKinds(), c.Kind) {
		bad("kind", "there is no such kind of entry")
	}
	if !idForm.MatchString(c.ID) {
		bad("id", "an id of at most 100 letters, digits, dots, - and _ is needed, beginning with a letter or digit")
	}
	if c.Why == "" || utf8.RuneCountInString(c.Why) > maxWhy || !utf8.ValidString(c.Why) || strings.ContainsRune(c.Why, 0) {
		bad("why", "a reason of at most 1000 characters is needed; it stays on record")
	}
	switch {
	case c.What == Put:
		checkBody(c, bad)
	case c.What != Remove && c.What != Back:
		bad("what", "what is done is put, remove or back")
	case c.What == Remove && c.Kind == pack.ClassEntry:
		bad("what", "a class cannot be taken out: cases are of it")
	}
	if len(problems) > 0 {
		return fault.Invalidly("", problems...)
	}
	return nil
}

// checkBody makes sure that the entry is what it says it is: its name in it is its id.
func checkBody(c Change, bad func(field, message string)) {
	if len(c.Body) > maxBody || !json.Valid(c.Body) || !utf8.Valid(c.Body) {
		bad("body", "the entry is JSON of at most 256 KiB")
		return
	}
	var all []map[string]any
	if c.Kind != pack.DutyEntry {
		all = []map[string]any{nil}
		if json.Unmarshal(c.Body, &all[0]) != nil || all[0] == nil {
			bad("body", "the entry is an object")
			return
		}
	} else if json.Unmarshal(c.Body, &all) != nil {
		bad("body", "the duties of a post are a list of objects")
		return
	}
	name := nameField[c.Kind]
	for _, one := range all {
		if one[name] != c.ID {
			bad(name, "the entry's own name must be its id")
			return
		}
	}
}

// nameField is the field in which an entry of a kind has its name.
var nameField = map[pack.EntryKind]string{
	pack.AreaEntry: "code", pack.UnitEntry: "unit", pack.GridEntry: "grid", pack.RuleEntry: "rule", pack.PersonEntry: "person", pack.ShiftEntry: "shift",
	pack.PostEntry: "post", pack.DutyEntry: "post", pack.ClassEntry: "class", pack.HolidayEntry: "date",
}

func (d *Desk) keep(tx *sqldb.Tx, t tried) (RevisionView, error) {
	kept, err := d.Store.AppendRevision(tx, t.revision)
	if err == nil && !kept {
		err = fault.New(fault.Conflict, "", "the content was changed by somebody else at the same time; try again")
	}
	if err != nil {
		return RevisionView{}, err
	}
	return view(&t.revision), d.Store.AppendAudit(tx, t.audit)
}

// last is an entry's last revision.
func last(all []Revision, kind pack.EntryKind, id string) (Revision, bool) {
	i := slices.IndexFunc(all, func(r Revision) bool { return r.Kind == kind && r.ID == id })
	if i < 0 {
		return Revision{Kind: kind, ID: id}, false
	}
	return all[i], true
}

// body is an entry as a set has it; nil when it has none.
func body(set *pack.Set, kind pack.EntryKind, id string) json.RawMessage {
	for _, e := range set.Entries(kind) {
		if e.ID == id {
			return e.Body
		}
	}
	return nil
}
