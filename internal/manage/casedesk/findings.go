package casedesk

import (
	"context"
	"encoding/json"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/sqldb"
)

// FindingView is a detection as it is shown.
type FindingView struct {
	ID       string            `json:"id"`
	Scenario scenario.ID       `json:"scenario"`
	Subject  string            `json:"subject"`
	Episode  int64             `json:"episode"`
	Version  int               `json:"version"`
	Rule     string            `json:"rule"`
	Area     event.AreaCode    `json:"area"`
	Severity scenario.Severity `json:"severity"`
	Since    time.Time         `json:"since"`
	Started  time.Time         `json:"started"`
	Ended    *time.Time        `json:"ended"`
	CaseID   casework.ID       `json:"case_id"`

	State    order.Level         `json:"state"`    // the city state there and then
	Measures []scenario.Measured `json:"measures"` // what the rule was judged by, apart from the events
}

func findingView(f *Finding) FindingView {
	d := &f.Started
	return FindingView{
		ID: f.ID, Scenario: d.Scenario, Subject: d.Subject, Episode: d.Episode, Version: d.Version, Rule: d.Rule, Area: d.Area, Severity: d.Severity,
		Since: millis(d.Since), Started: millis(d.At), Ended: optional(f.EndedAt), CaseID: f.CaseID, State: d.State,
		Measures: append([]scenario.Measured{}, d.Measures...),
	}
}

// FindingFilter says which detections; empty fields are all.
type FindingFilter struct {
	Scenario scenario.ID
	Area     event.AreaCode
	Since    time.Time
	Cursor   string
	Limit    int
}

// FindingPage is one page of detections, the latest first.
type FindingPage struct {
	Items []FindingView `json:"items"`
	Next  string        `json:"next"`
}

const findingOrder = "started"

// Detections answers one page of detections.
func (d *Desk) Detections(ctx context.Context, r Reader, f FindingFilter) (FindingPage, error) {
	const op = "casedesk.Detections"
	if err := d.mayLook(ctx, r, access.ReadFindings, "detection"); err != nil {
		return FindingPage{}, fault.Wrap(op, err)
	}
	n, err := limit(f.Limit)
	if err != nil {
		return FindingPage{}, fault.Wrap(op, err)
	}
	after, err := decodeCursor(findingOrder, f.Cursor)
	if err != nil {
		return FindingPage{}, fault.Wrap(op, err)
	}
	page := FindingPage{Items: []FindingView{}}
	err = d.DB.View(ctx, func(tx *sqldb.Tx) error {
		found, err := d.Store.FindFindings(tx, FindingQuery{Scenario: f.Scenario, Area: f.Area, Since: f.Since, After: after, Limit: n})
		for i := range found {
			page.Items = append(page.Items, findingView(&found[i]))
		}
		if len(found) == n {
			last := &found[n-1]
			page.Next = encodeCursor(findingOrder, Key{Value: sqldb.Micros(last.Started.At), ID: last.ID})
		}
		return err
	})
	return page, fault.Wrap(op, err)
}

// Exceptions answers the latest events that could not be evaluated, of one kind or of all.
func (d *Desk) Exceptions(ctx context.Context, r Reader, kind string, most int) ([]Exception, error) {
	return look(ctx, d, r, most, "exception", func(tx *sqldb.Tx, n int) ([]Exception, error) {
		found, err := d.Store.FindExceptions(tx, ExceptionQuery{Kind: kind, Limit: n})
		views := make([]Exception, len(found))
		for i := range found {
			views[i] = exceptionView(&found[i])
		}
		return views, err
	})
}

// Exception is an exception as it is shown.
type Exception struct {
	Part   int             `json:"part"`
	Seq    uint64          `json:"seq"`
	N      int             `json:"n"`
	Kind   string          `json:"kind"`
	At     time.Time       `json:"at"`
	Sender string          `json:"sender"`
	Source string          `json:"source"`
	ID     string          `json:"id"`
	Type   string          `json:"type"`
	Reason string          `json:"reason"`
	Data   json.RawMessage `json:"data,omitempty"` // an object, or a text in base 64 when it is no JSON
}

func exceptionView(e *RawException) Exception {
	data := json.RawMessage(e.Data)
	if !json.Valid(data) {
		data, _ = json.Marshal(e.Data) // bytes always have a form
	}
	return Exception{
		Part: e.Part, Seq: e.Seq, N: e.N, Kind: e.Kind, At: millis(e.At), Sender: e.Sender, Source: e.Source, ID: e.Event, Type: e.Type,
		Reason: e.Reason, Data: data,
	}
}

// Audit answers the latest decisions about a thing ("case/ID"), of an actor, or all.
func (d *Desk) Audit(ctx context.Context, r Reader, q AuditQuery) ([]access.Audit, error) {
	return look(ctx, d, r, q.Limit, "audit", func(tx *sqldb.Tx, n int) ([]access.Audit, error) {
		q.Limit = n
		return d.Store.FindAudit(tx, q)
	})
}

// look reads what only those in the machine room see.
func look[T any](ctx context.Context, d *Desk, r Reader, most int, kind string, find func(*sqldb.Tx, int) ([]T, error)) ([]T, error) {
	op := "casedesk.look " + kind
	if err := d.mayLook(ctx, r, access.ReadMachine, kind); err != nil {
		return nil, fault.Wrap(op, err)
	}
	n, err := limit(most)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	var all []T
	err = d.DB.View(ctx, func(tx *sqldb.Tx) error {
		all, err = find(tx, n)
		return err
	})
	return all, fault.Wrap(op, err)
}

// mayLook asks access about a kind of thing, and keeps a refusal.
func (d *Desk) mayLook(ctx context.Context, r Reader, action access.Action, kind string) error {
	audit, err := access.Ask(d.Clock.Now(), access.Request{Actor: r.Actor, Action: action, Thing: access.Thing{Kind: kind}, Purpose: r.Purpose})
	if err == nil {
		return nil
	}
	if kept := d.DB.Update(ctx, func(tx *sqldb.Tx) error { return d.Store.AppendAudit(tx, audit) }); kept != nil {
		return kept
	}
	return err
}
