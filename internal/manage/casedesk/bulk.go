package casedesk

import (
	"context"
	"errors"
	"slices"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/sqldb"
)

// MaxBulk bounds how many cases one command may be given to.
const MaxBulk = 500

// bulkable are the commands that make sense for many cases at once, because they say the same of each.
var bulkable = []casework.CommandKind{casework.Confirm, casework.File, casework.Void, casework.Merge, casework.Dispatch, casework.Close, casework.Urge, casework.Undo}

// Chosen is a case of a bulk, in the version that the actor saw.
type Chosen struct {
	ID      casework.ID
	Version int64 // for a preview, 0 = whatever it is
}

// Bulk is one command of a person for many cases. Each case gets it by itself: what one refuses does not hinder the others.
type Bulk struct {
	Command        casework.Command // its version is that of each case
	Cases          []Chosen         // at most MaxBulk, each once
	Actor          access.Actor
	IdempotencyKey string // needed to do it, not to preview it; each case's own key is derived from it
	Route          string
}

// BulkItem is what the command comes to for one case.
type BulkItem struct {
	ID      casework.ID    `json:"id"`
	Number  string         `json:"number"` // empty when the case may not be seen
	Title   lang.Text      `json:"title"`
	Version int64          `json:"version"` // previewed: to do it on; done: after it
	State   casework.State `json:"state"`   // likewise
	To      casework.State `json:"to"`      // previewed: the state it would lead to; empty when it would be refused
	OK      bool           `json:"ok"`
	Refused string         `json:"refused"` // the kind of the refusal: invalid, denied, conflict or not-found
	Reason  string         `json:"reason"`  // of the refusal
}

// BulkResult answers case by case, in the order in which they were named.
type BulkResult struct {
	Items   []BulkItem `json:"items"`
	Done    int        `json:"done"` // previewed: would be done
	Refused int        `json:"refused"`
	Total   int        `json:"total"` // all cases of the filter, of which the first MaxBulk are here; of named cases their number
}

// Choose names the cases of a filter as a bulk does, at most MaxBulk in the filter's order, and says how many there are.
func (d *Desk) Choose(ctx context.Context, r Reader, f Filter) (chosen []Chosen, total int, err error) {
	const op = "casedesk.Choose"
	f.Limit, f.Cursor = 0, ""
	q, err := d.query(r, f)
	if err != nil {
		return nil, 0, fault.Wrap(op, err)
	}
	q.Limit = MaxBulk
	err = d.DB.View(ctx, func(tx *sqldb.Tx) error {
		cases, err := d.Store.FindCases(tx, q)
		if err != nil {
			return err
		}
		chosen = make([]Chosen, len(cases))
		for i := range cases {
			chosen[i] = Chosen{ID: cases[i].ID, Version: cases[i].Version}
		}
		total, err = d.Store.FindCount(tx, q)
		return err
	})
	return chosen, total, fault.Wrap(op, err)
}

// Preview says what a bulk would come to, all in one snapshot, and changes nothing: no fact, no audit fact, no key is taken. A wrong bulk is Invalid.
func (d *Desk) Preview(ctx context.Context, b Bulk) (BulkResult, error) {
	const op = "casedesk.Preview"
	if err := b.check(); err != nil {
		return BulkResult{}, fault.Wrap(op, err)
	}
	out := newBulkResult(b)
	err := d.DB.View(ctx, func(tx *sqldb.Tx) error {
		out = newBulkResult(b)
		for _, c := range b.Cases {
			item, err := d.foresee(tx, b, c)
			if err != nil {
				return err
			}
			out.add(item)
		}
		return nil
	})
	return out, fault.Wrap(op, err)
}

// foresee decides a command for one case without keeping anything. The error is the program's own failure; a refusal is in the item.
func (d *Desk) foresee(tx *sqldb.Tx, b Bulk, chosen Chosen) (BulkItem, error) {
	r, now := b.request(chosen), d.Clock.Now()
	item := BulkItem{ID: chosen.ID, Version: chosen.Version}
	c, err := d.history(tx, r.CaseID, r.Command.Kind)
	if err != nil {
		return item.refuse(err)
	}
	if _, err := d.lookAt(now, Reader{Actor: b.Actor, Purpose: access.Casework}, &c, access.ReadCase); err != nil {
		return item.refuse(err)
	}
	if r.Command.Version == 0 {
		r.Command.Version = c.Version
	}
	item.Number, item.Title, item.Version, item.State = c.Number, c.Title, c.Version, c.State
	who, err := d.deciders(tx, r, now)
	if err != nil {
		return item.refuse(err)
	}
	done, err := decide(c, r.Command, who)
	if err != nil {
		return item.refuse(err)
	}
	item.OK, item.To = true, done.after.State
	return item, nil
}

// DoAll does a bulk, each case by Do with a key of its own. Repeated with the same key it gives the same answers and has no second effect, also when
// the first time was broken off in between. A wrong bulk is Invalid; when the program fails, what was done so far is done.
func (d *Desk) DoAll(ctx context.Context, b Bulk) (BulkResult, error) {
	const op = "casedesk.DoAll"
	if err := b.check(); err != nil {
		return BulkResult{}, fault.Wrap(op, err)
	}
	if b.IdempotencyKey == "" || slices.ContainsFunc(b.Cases, func(c Chosen) bool { return c.Version == 0 }) {
		return BulkResult{}, fault.New(fault.Invalid, op, "what is done for many cases needs an Idempotency-Key and the version of each that was seen; a preview tells them")
	}
	out := newBulkResult(b)
	for _, c := range b.Cases {
		v, err := d.Do(ctx, b.request(c))
		item := BulkItem{ID: c.ID, Number: v.Number, Title: v.Title, Version: v.Version, State: v.State, OK: err == nil}
		if err != nil {
			if item, err = item.refuse(err); err != nil {
				return out, fault.Wrap(op, err)
			}
		}
		out.add(item)
	}
	return out, nil
}

// request is the bulk's command for one case.
func (b *Bulk) request(c Chosen) Request {
	r := Request{CaseID: c.ID, Command: b.Command, Actor: b.Actor, Route: b.Route, IdempotencyKey: ident.Derive("bulk", b.IdempotencyKey, string(c.ID))}
	r.Command.Version = c.Version
	return r
}

func (b *Bulk) check() error {
	const op = "casedesk.check"
	if !slices.Contains(bulkable, b.Command.Kind) {
		return fault.Say(fault.Invalid, op, "bulk.kind", "%s is not for many cases at once; what is: %v", b.Command.Kind, bulkable)
	}
	if len(b.Cases) > MaxBulk {
		return fault.Say(fault.Invalid, op, "bulk.many", "at most %d cases at once, these are %d", MaxBulk, len(b.Cases))
	}
	seen := map[casework.ID]bool{}
	for _, c := range b.Cases {
		if seen[c.ID] {
			return fault.Say(fault.Invalid, op, "bulk.twice", "the case %s is named twice", c.ID)
		}
		seen[c.ID] = true
		if err := checkRequest(b.request(c)); err != nil {
			return err
		}
	}
	return nil
}

func newBulkResult(b Bulk) BulkResult {
	return BulkResult{Items: make([]BulkItem, 0, len(b.Cases)), Total: len(b.Cases)}
}

func (r *BulkResult) add(item BulkItem) {
	r.Items = append(r.Items, item)
	if item.OK {
		r.Done++
	} else {
		r.Refused++
	}
}

// refusals are the faults that are about one case; any other is the program's.
var refusals = []fault.Kind{fault.Invalid, fault.Denied, fault.Conflict, fault.NotFound}

// refuse puts a refusal into the item, and what the case has become meanwhile; another fault is handed on.
func (i BulkItem) refuse(err error) (BulkItem, error) {
	if !slices.Contains(refusals, fault.KindOf(err)) {
		return i, err
	}
	i.OK, i.Refused, i.Reason = false, fault.KindOf(err).String(), fault.Message(err)
	if stale, is := errors.AsType[*Stale](err); is {
		i.Number, i.Title, i.Version, i.State = stale.Current.Number, stale.Current.Title, stale.Current.Version, stale.Current.State
	}
	return i, nil
}
