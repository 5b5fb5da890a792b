package citydesk

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/reform/pack"
	"twoweave/internal/registry"
)

// Local is the name of the pack that the revisions make up.
const Local = "local"

// Revision is one change of one entry.
type Revision struct {
	Number int64 // counts all revisions, from 1
	Kind   pack.EntryKind
	ID     string
	What   What
	Body   json.RawMessage // the entry since then; nil unless it was put
	Before json.RawMessage // the entry until then; nil when there was none
	Why    string
	By     string
	ByName string
	At     time.Time
}

// What says what a revision does.
type What string

const (
	Put    What = "put"    // the entry is there, as it is in the revision
	Remove What = "remove" // it is taken out
	Back   What = "back"   // it is as the packs have it, if they do
)

// Content is the content in force.
type Content interface {
	// InForce is the set that the program works by now.
	InForce() *pack.Set
	// Renew ties the packs in force together with the revisions that are kept (Amended), and puts that in force.
	Renew(ctx context.Context) error
}

// Store keeps revisions.
type Store interface {
	command.Store
	// AppendRevision keeps a revision; kept is false when its number is taken.
	AppendRevision(tx *sqldb.Tx, r Revision) (kept bool, err error)
	// Revisions are the last revision of each entry that has any, by number.
	Revisions(tx *sqldb.Tx) ([]Revision, error)
	// FindRevisions is one page, the newest first.
	FindRevisions(tx *sqldb.Tx, q Query) ([]Revision, error)
	// OpenCases counts the open cases that are a unit's.
	OpenCases(tx *sqldb.Tx, unit registry.UnitID) (int64, error)
	// Arbitrations are those decided from a moment on, by time.
	Arbitrations(tx *sqldb.Tx, from time.Time) ([]registry.Arbitration, error)
}

// Query is one page of the revisions that fit the fields that are set.
type Query struct {
	Kind   pack.EntryKind
	ID     string
	Before int64 // only those with a lesser number; 0 = all
	Limit  int
}

// Options are what a Desk works with. All are needed.
type Options struct {
	DB      *sqldb.DB
	Store   Store
	Content Content
	Clock   clock.Clock
	Log     *slog.Logger
}

// Desk is the use case. It is safe for many goroutines.
type Desk struct{ Options }

// New makes a desk.
func New(o Options) *Desk { return &Desk{o} }

// Amended ties packs together with what was changed on screens. Without any change the packs are as they are.
func (d *Desk) Amended(ctx context.Context, packs ...*pack.Pack) (*pack.Set, error) {
	const op = "citydesk.Amended"
	all, err := d.kept(ctx)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	set, a, err := tie(own(packs), all)
	if fault.Is(err, fault.Invalid) && a != nil {
		return nil, fault.Invalidly(op, named(a, all, fault.Problems(err))...)
	}
	return set, err
}

// named puts the revision in the place of the file in the problems of what was changed on a screen.
func named(a *pack.Amendment, all []Revision, problems []fault.Problem) []fault.Problem {
	for i, p := range problems {
		if e, field, found := a.Whose(p); found {
			r, _ := last(all, e.Kind, e.ID)
			problems[i] = fault.Problem{File: "revision " + r.String(), Field: field, Message: p.Message}
		}
	}
	return problems
}

func (d *Desk) kept(ctx context.Context) (all []Revision, err error) {
	err = d.DB.View(ctx, func(tx *sqldb.Tx) error {
		all, err = d.Store.Revisions(tx)
		return err
	})
	return all, err
}

// Settle puts in force what is kept but not in force: after a crash between the two, or after a change by another program on the same records.
func (d *Desk) Settle(ctx context.Context) error {
	all, err := d.kept(ctx)
	if err != nil {
		return fault.Wrap("citydesk.Settle", err)
	}
	for _, p := range d.Content.InForce().Packs {
		if p.Name == Local && p.Version == newest(all) {
			return nil
		}
	}
	if newest(all) == 0 {
		return nil
	}
	return fault.Wrap("citydesk.Settle", d.Content.Renew(ctx))
}

// newest is the number of the last revision of all.
func newest(all []Revision) (n int) {
	for _, r := range all {
		n = max(n, int(r.Number))
	}
	return n
}

// own are the packs themselves, without what amends them here.
func own(packs []*pack.Pack) (all []*pack.Pack) {
	for _, p := range packs {
		if p.Name != Local {
			all = append(all, p)
		}
	}
	return all
}

// tie ties packs together with revisions, the last of each entry. The amendment is nil when there are none.
func tie(packs []*pack.Pack, revisions []Revision) (*pack.Set, *pack.Amendment, error) {
	var entries []pack.Entry
	for _, r := range revisions {
		if r.What != Back {
			entries = append(entries, pack.Entry{Kind: r.Kind, ID: r.ID, Body: r.Body})
		}
	}
	if len(revisions) == 0 {
		set, err := pack.Combine(packs...)
		return set, nil, err
	}
	a, err := pack.Amend(Local, newest(revisions), lang.Text{ZH: "本地修订", EN: "Changed on screen"}, frame(packs), entries)
	if err != nil {
		return nil, a, err
	}
	set, err := pack.Combine(append(packs, a.Pack)...)
	return set, a, err
}

func frame(packs []*pack.Pack) (f pack.Frame) {
	for _, p := range packs {
		if p.Frame != (pack.Frame{}) {
			f = p.Frame
		}
	}
	return f
}

// thing is an entry as access sees it: a post's duties and a person are their unit's.
func thing(set *pack.Set, kind pack.EntryKind, id string) access.Thing {
	t := access.Thing{Kind: "city", ID: string(kind) + "/" + id}
	switch kind {
	case pack.PostEntry, pack.DutyEntry:
		p, _ := set.Directory.Post(registry.PostID(id))
		t.Unit = string(p.Unit)
	case pack.PersonEntry:
		p, _ := set.Directory.Person(registry.PersonID(id))
		t.Unit = string(p.Unit)
	}
	return t
}

// asks is the right that changing an entry takes: who is on duty is the duty room's.
func asks(kind pack.EntryKind) (access.Action, access.Purpose) {
	switch kind {
	case pack.PersonEntry, pack.ShiftEntry, pack.PostEntry, pack.DutyEntry:
		return access.KeepRoster, access.OnDuty
	}
	return access.KeepCity, access.Operation
}
