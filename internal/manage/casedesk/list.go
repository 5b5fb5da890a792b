package casedesk

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/registry"
)

// Reader is who looks, and why.
type Reader struct {
	Actor   access.Actor
	Purpose access.Purpose
}

// Filter says which cases; empty fields are all. One filter has one total, wherever it is shown.
type Filter struct {
	Open      *bool
	State     casework.State
	Area      event.AreaCode
	Class     string
	Scenario  scenario.ID
	Indicator indicator.ID // the cases behind it
	Unit      registry.UnitID
	Handler   string // an id, or Me
	Asked     bool   // only those with a suspension or extension that awaits its answer
	Overdue   bool   // only those whose limit has passed
	Into      casework.ID
	Text      string // within number, address, subject or title
	Order     Order  // empty = ByOpened
	Cursor    string // Page.Next of the page before
	Limit     int    // 1 … MaxLimit; 0 = 50
}

// Me as a filter's Handler is the reader.
const Me = "me"

// MaxLimit bounds a page.
const (
	MaxLimit     = 200
	defaultLimit = 50
)

// Page is one page of cases; total counts all cases of the filter, in the same snapshot as the items.
type Page struct {
	Items []View `json:"items"`
	Total int    `json:"total"`
	Next  string `json:"next"` // empty at the end
}

// List answers one page of the cases that the reader may see. A reader who may see none is Denied; a wrong filter is Invalid.
func (d *Desk) List(ctx context.Context, r Reader, f Filter) (Page, error) {
	const op = "casedesk.List"
	q, err := d.query(r, f)
	if err != nil {
		return Page{}, fault.Wrap(op, err)
	}
	page, now := Page{Items: []View{}}, d.Clock.Now()
	err = d.DB.View(ctx, func(tx *sqldb.Tx) error {
		cases, err := d.Store.FindCases(tx, q)
		if err != nil {
			return err
		}
		for i := range cases {
			page.Items = append(page.Items, d.view(&cases[i], now))
		}
		if len(cases) == q.Limit {
			page.Next = encodeCursor(string(q.Order), KeyOf(&cases[len(cases)-1], q.Order))
		}
		page.Total, err = d.Store.FindCount(tx, q)
		return err
	})
	return page, fault.Wrap(op, err)
}

// query turns a filter into what the store is asked, narrowed to what the reader may see.
func (d *Desk) query(r Reader, f Filter) (CaseQuery, error) {
	within, err := scope(r)
	if err != nil {
		return CaseQuery{}, err
	}
	q := CaseQuery{
		Open: f.Open, State: f.State, Asked: f.Asked, Overdue: f.Overdue, Into: f.Into, Area: f.Area, Class: f.Class, Unit: f.Unit, Handler: f.Handler, Text: f.Text, Within: within, Order: f.Order,
	}
	if q.Handler == Me {
		q.Handler = r.Actor.ID
	}
	if q.State != "" && !slices.Contains(casework.States, q.State) {
		return CaseQuery{}, fault.New(fault.Invalid, "casedesk.query", "%q is no state; the states are %v", q.State, casework.States)
	}
	if !printable(string(f.Area), f.Class, string(f.Scenario), string(f.Unit), f.Handler, f.Text, string(f.Into)) {
		return CaseQuery{}, errUnprintable("casedesk.query")
	}
	if q.Order == "" {
		q.Order = ByOpened
	}
	if q.Order != ByDue && q.Order != ByOpened {
		return CaseQuery{}, fault.New(fault.Invalid, "casedesk.query", "order must be %s or %s", ByDue, ByOpened)
	}
	d.narrow(&q, f)
	if q.Limit, err = limit(f.Limit); err == nil {
		q.After, err = decodeCursor(string(q.Order), f.Cursor)
	}
	return q, err
}

// narrow lets through only what the filter names, by a scenario or as behind an indicator.
func (d *Desk) narrow(q *CaseQuery, f Filter) {
	var behind indicator.Filter
	if f.Indicator != "" {
		known := false
		if behind, known = d.city.Load().Indicators[f.Indicator]; !known {
			behind.Scenarios = []scenario.ID{} // an unknown indicator has no cases behind it
		}
	}
	q.Classes, q.Units, q.Figure, q.Moment = behind.Classes, behind.Units, behind.Figure, MomentOf(d.Clock.Now())
	switch {
	case f.Scenario == "":
		q.Scenarios = behind.Scenarios
	case among(behind.Scenarios, f.Scenario):
		q.Scenarios = []scenario.ID{f.Scenario}
	default:
		q.Scenarios = []scenario.ID{}
	}
}

// may says why the reader may not do an action; nil when access lets it.
func (r Reader) may(action access.Action, thing access.Thing) error {
	if d := access.Decide(access.Request{Actor: r.Actor, Action: action, Thing: thing, Purpose: r.Purpose}); !d.Allow {
		return d.Refusal("casedesk.may")
	}
	return nil
}

// scope is which cases a reader may see, as access decides: nil for all, or those of one unit. It asks about a case that is nobody's, which only who sees
// all may read, then about one of the reader's own unit.
func scope(r Reader) (*registry.UnitID, error) {
	for _, unit := range []string{"", r.Actor.Unit} {
		ask := access.Request{Actor: r.Actor, Action: access.ReadCase, Thing: access.Thing{Kind: "case", Unit: unit}, Purpose: r.Purpose}
		decision := access.Decide(ask)
		switch {
		case decision.Allow && unit == "":
			return nil, nil
		case decision.Allow:
			own := registry.UnitID(unit)
			return &own, nil
		case unit != "" || r.Actor.Unit == "":
			return nil, decision.Refusal("casedesk.scope")
		}
	}
	return nil, fault.New(fault.Denied, "casedesk.scope", "no cases may be seen")
}

func limit(n int) (int, error) {
	if n == 0 {
		return defaultLimit, nil
	}
	if n < 1 || n > MaxLimit {
		return 0, fault.New(fault.Invalid, "casedesk.limit", "limit must be 1 to %d", MaxLimit)
	}
	return n, nil
}

// cursor is where a page ends; Order keeps the cursor of one order out of another.
type cursor struct {
	Order string `json:"o"`
	Value int64  `json:"v"`
	ID    string `json:"i"`
}

func encodeCursor(order string, k Key) string {
	body, _ := json.Marshal(cursor{Order: order, Value: k.Value, ID: k.ID}) // strings and a number always have a form
	return base64.RawURLEncoding.EncodeToString(body)
}

func decodeCursor(order, text string) (*Key, error) {
	if text == "" {
		return nil, nil
	}
	var c cursor
	body, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(body, &c)
	}
	if err != nil || c.Order != order {
		return nil, fault.New(fault.Invalid, "casedesk.decodeCursor", "the cursor is not one of this list; take it from the page before")
	}
	return &Key{Value: c.Value, ID: c.ID}, nil
}

// Counts are the open cases, by area and by scenario, from one snapshot.
type Counts struct {
	Open       int             `json:"total"`
	Overdue    int             `json:"overdue"`
	Areas      []AreaCount     `json:"areas"`
	ByScenario []ScenarioCount `json:"-"`
}

// Count counts the open cases of the whole city. They are figures, not cases: whoever may see the city's signs may see them, and the caller has asked access
// for that.
func (d *Desk) Count(ctx context.Context) (Counts, error) {
	var n Counts
	err := d.DB.View(ctx, func(tx *sqldb.Tx) error {
		var err error
		n, err = d.count(tx, d.Clock.Now())
		return err
	})
	return n, fault.Wrap("casedesk.Count", err)
}

func (d *Desk) count(tx *sqldb.Tx, now time.Time) (Counts, error) {
	var n Counts
	var err error
	if n.Areas, err = d.Store.OpenByArea(tx, now); err != nil {
		return Counts{}, err
	}
	if n.ByScenario, err = d.Store.OpenByScenario(tx, now); err != nil {
		return Counts{}, err
	}
	for _, a := range n.Areas {
		n.Open += a.Open
		n.Overdue += a.Overdue
	}
	return n, nil
}
