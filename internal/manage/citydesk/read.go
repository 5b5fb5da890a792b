package citydesk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/matter"
	"twoweave/internal/manage/order"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/reform/pack"
	"twoweave/internal/registry"
)

// RevisionView is a revision as it is shown. The JSON forms of the views are contracts: fields are added, never renamed.
type RevisionView struct {
	Number int64           `json:"number" doc:"counts all revisions; 0: the entry was never changed"`
	Kind   pack.EntryKind  `json:"kind"`
	ID     string          `json:"id"`
	What   What            `json:"what" enum:"put,remove,back"`
	Body   json.RawMessage `json:"body" doc:"the entry since then; null unless it was put"`
	Before json.RawMessage `json:"before" doc:"the entry until then; null when there was none"`
	Why    string          `json:"why"`
	By     string          `json:"by"`
	ByName string          `json:"by_name"`
	At     time.Time       `json:"at"`
}

func view(r *Revision) RevisionView {
	return RevisionView{Number: r.Number, Kind: r.Kind, ID: r.ID, What: r.What, Body: orNull(r.Body), Before: orNull(r.Before), Why: r.Why, By: r.By, ByName: r.ByName, At: r.At}
}

func orNull(body json.RawMessage) json.RawMessage {
	if len(body) == 0 {
		return json.RawMessage("null")
	}
	return body
}

// EntryView is an entry that is in force, or was taken out on a screen.
type EntryView struct {
	ID       string          `json:"id"`
	Body     json.RawMessage `json:"body" doc:"null: it was taken out"`
	Revision int64           `json:"revision" doc:"of its last change on a screen; 0: none"`
	What     What            `json:"what,omitempty" doc:"what that change did"`
}

// List is the entries of a kind.
type List struct {
	Kind  pack.EntryKind `json:"kind"`
	Items []EntryView    `json:"items"`
	May   bool           `json:"may" doc:"whether the reader may change some"`
}

// Entries are those of a kind.
func (d *Desk) Entries(ctx context.Context, reader access.Actor, kind pack.EntryKind) (List, error) {
	const op = "citydesk.Entries"
	list := List{Kind: kind, Items: []EntryView{}}
	if !slices.Contains(pack.EntryKinds(), kind) {
		return list, fault.New(fault.NotFound, op, "there is no kind of entry %q; there are %v", kind, pack.EntryKinds())
	}
	all, err := d.revisions(ctx, reader)
	if err != nil {
		return list, fault.Wrap(op, err)
	}
	set := d.Content.InForce()
	for _, e := range set.Entries(kind) {
		r, _ := last(all, kind, e.ID)
		list.Items = append(list.Items, EntryView{ID: e.ID, Body: e.Body, Revision: r.Number, What: r.What})
	}
	for _, r := range all {
		if r.Kind == kind && r.What != Put && !slices.ContainsFunc(list.Items, func(v EntryView) bool { return v.ID == r.ID }) {
			list.Items = append(list.Items, EntryView{ID: r.ID, Body: orNull(nil), Revision: r.Number, What: r.What})
		}
	}
	action, purpose := asks(kind)
	list.May = access.Decide(access.Request{Actor: reader, Action: action, Purpose: purpose, Thing: access.Thing{Kind: "city", Unit: reader.Unit}}).Allow
	return list, nil
}

func (d *Desk) revisions(ctx context.Context, reader access.Actor) (all []Revision, err error) {
	if err := d.look(reader); err != nil {
		return nil, err
	}
	return d.kept(ctx)
}

func (d *Desk) look(reader access.Actor) error {
	_, err := access.Ask(d.Clock.Now(), access.Request{Actor: reader, Action: access.ReadCity, Purpose: access.Operation, Thing: access.Thing{Kind: "city"}})
	return err
}

// History is one page of revisions.
type History struct {
	Items []RevisionView `json:"items"`
	Next  int64          `json:"next" doc:"before, for the next page; 0 at the end"`
}

// MaxLimit bounds a page.
const MaxLimit = 200

// History is the revisions that fit, the newest first.
func (d *Desk) History(ctx context.Context, reader access.Actor, q Query) (History, error) {
	const op = "citydesk.History"
	h := History{Items: []RevisionView{}}
	if err := d.look(reader); err != nil {
		return h, fault.Wrap(op, err)
	}
	if q.Limit == 0 {
		q.Limit = 50
	}
	if q.Limit < 1 || q.Limit > MaxLimit || q.Before < 0 {
		return h, fault.New(fault.Invalid, op, "limit must be 1 to %d, before a revision's number", MaxLimit)
	}
	limit := q.Limit
	q.Limit++
	err := d.DB.View(ctx, func(tx *sqldb.Tx) error {
		all, err := d.Store.FindRevisions(tx, q)
		h = History{Items: []RevisionView{}}
		for i := range all {
			if i == limit {
				h.Next = all[i-1].Number
				break
			}
			h.Items = append(h.Items, view(&all[i]))
		}
		return err
	})
	return h, fault.Wrap(op, err)
}

// learnFor is how far back arbitrations are learned from.
const learnFor = 90 * 24 * time.Hour

// Proposals are the routing rules that arbitration keeps deciding by. Who takes one over puts it as a rule, with its reason.
func (d *Desk) Proposals(ctx context.Context, reader access.Actor) ([]registry.Proposal, error) {
	const op = "citydesk.Proposals"
	if err := d.look(reader); err != nil {
		return nil, fault.Wrap(op, err)
	}
	now := d.Clock.Now()
	var all []registry.Arbitration
	err := d.DB.View(ctx, func(tx *sqldb.Tx) (err error) {
		all, err = d.Store.Arbitrations(tx, now.Add(-learnFor))
		return err
	})
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	set := d.Content.InForce()
	return set.Directory.Propose(all, now, registry.Learning{Within: learnFor}, func(id registry.ClassID) string {
		if c := set.Classes[matter.ClassID(id)]; c != nil {
			return c.At(order.Daily).Unit
		}
		return ""
	}), nil
}

// String names a revision in logs.
func (r *Revision) String() string { return fmt.Sprintf("%d %s %s/%s", r.Number, r.What, r.Kind, r.ID) }

// YearView is a year's days that are not like others of their weekday.
type YearView struct {
	Year        int       `json:"year"`
	Provisional bool      `json:"provisional" doc:"no notice is known for it: only holidays of fixed date are assumed"`
	Days        []DayView `json:"days"`
}

// DayView is such a day.
type DayView struct {
	Date   string `json:"date"`
	Name   string `json:"name"`
	Off    bool   `json:"off" doc:"a day off; else a day of the weekend on which offices work"`
	Notice string `json:"notice" doc:"where it was announced; empty: assumed, or changed on a screen"`
}

// Year is the calendar of one.
func (d *Desk) Year(reader access.Actor, year int) (YearView, error) {
	v := YearView{Year: year, Days: []DayView{}}
	if err := d.look(reader); err != nil {
		return v, fault.Wrap("citydesk.Year", err)
	}
	calendar := d.Content.InForce().Calendar
	begin := time.Date(year, 1, 1, 0, 0, 0, 0, registry.China())
	v.Provisional = calendar.Provisional(begin, begin.AddDate(0, 6, 0))
	for _, day := range calendar.Days(year) {
		v.Days = append(v.Days, DayView{Date: day.Date.String(), Name: day.Name, Off: day.Off, Notice: day.Notice})
	}
	return v, nil
}
