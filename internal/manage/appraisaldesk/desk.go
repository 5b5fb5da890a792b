// Package appraisaldesk answers how well work is done: tables of figures for a period, each with the acts behind it.
//
// It adds nothing to what package appraisal defines. It resolves periods in the city's time, asks access, asks the store for sums, and names the keys. A
// field worker sees the own figures and those of the own unit; the others see all. Nothing here changes anything.
package appraisaldesk

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/appraisal"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/matter"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/registry"
)

// Period is a stretch of time, from From until just before To.
type Period struct{ From, To time.Time }

// Store answers over acts.
type Store interface {
	// Sums are what the conditions and times of a grouping come to, by key; only is a key, or empty for all.
	Sums(tx *sqldb.Tx, by appraisal.By, only string, p Period, now time.Time) (map[string]*appraisal.Sums, error)
	// Acts is one page of the acts that a condition counts, the newest first; of the shape Open the cases that are over their limit.
	Acts(tx *sqldb.Tx, q ActQuery) ([]ActRow, error)
}

// ActQuery is one page of acts.
type ActQuery struct {
	By     appraisal.By
	Key    string
	Open   bool // the open cases over their limit, instead of acts
	Cond   appraisal.Cond
	Took   bool // only acts of which it is known how long they took
	Period Period
	Now    time.Time
	After  int // how many to leave out
	Limit  int
}

// ActRow is an act and its case, as a list shows it.
type ActRow struct {
	Case    string    `json:"case"`
	Number  string    `json:"number"`
	Title   lang.Text `json:"title"`
	State   string    `json:"state"`
	Area    lang.Text `json:"area"`
	Unit    lang.Text `json:"unit"`
	At      time.Time `json:"at" doc:"of the act; of a case over its limit, when that ended"`
	Who     string    `json:"who"`
	TookSec float64   `json:"took_s" doc:"0: there is nothing to measure from"`
	Timing  int       `json:"timing" enum:"0,1,2" doc:"1 in time, 2 late, 0 neither"`

	AreaCode event.AreaCode  `json:"-"`
	UnitID   registry.UnitID `json:"-"`
}

// Options are what a Desk works with. All are needed.
type Options struct {
	DB    *sqldb.DB
	Store Store
	Clock clock.Clock
}

// City is the names of keys.
type City struct {
	Directory *registry.Directory
	Classes   map[matter.ClassID]*matter.Class
	Scenarios map[scenario.ID]lang.Text
}

// Desk is the use case. It is safe for many goroutines.
type Desk struct {
	Options
	city atomic.Pointer[City]
}

// New makes a desk for an empty city; Use tells it the real one.
func New(o Options) *Desk {
	d := &Desk{Options: o}
	nowhere, _ := registry.NewDirectory(nil, nil) // nothing in it, nothing wrong with it
	d.Use(City{Directory: nowhere})
	return d
}

// Use replaces the city's names as a whole.
func (d *Desk) Use(c City) { d.city.Store(&c) }

// Query is a table that is asked for.
type Query struct {
	By   appraisal.By
	From string // a day in the city, 2026-11-23
	To   string // the last day
}

// Table is figures by key.
type Table struct {
	By      appraisal.By `json:"by"`
	From    string       `json:"from" doc:"the first day"`
	To      string       `json:"to" doc:"the last day"`
	Columns []Column     `json:"columns"`
	Rows    []Row        `json:"rows" doc:"by name"`
}

// Column is a figure and its words.
type Column struct {
	ID    string          `json:"id"`
	Shape appraisal.Shape `json:"shape" enum:"count,rate,mean,median,p90,overdue,score" doc:"a rate is 0 to 1, a median and p90 are in seconds, a score is 0 to 100"`
	High  bool            `json:"high" doc:"more is better"`
	Title lang.Text       `json:"title"`
	Help  lang.Text       `json:"help"`
}

// Row is the figures of one key.
type Row struct {
	Key   string    `json:"key"`
	Name  lang.Text `json:"name"`
	Cells []Cell    `json:"cells" doc:"in the order of the columns"`
}

// Cell is one figure. Before is the same of the stretch of equal length before.
type Cell struct {
	Value  *float64 `json:"value" doc:"null: there is nothing to make it from"`
	Num    int64    `json:"num" doc:"how many acts count"`
	Of     int64    `json:"of" doc:"of a rate: out of how many"`
	Before *float64 `json:"before" doc:"in the stretch of equal length before; null likewise"`
}

// MaxDays bounds a period.
const MaxDays = 400

// Table answers a query.
//
// Faults: Invalid for days that are none, or a period that is empty or too long; Denied when access refuses.
func (d *Desk) Table(ctx context.Context, reader access.Actor, q Query) (Table, error) {
	const op = "appraisaldesk.Table"
	t := Table{By: q.By, From: q.From, To: q.To, Rows: []Row{}, Columns: []Column{}}
	p, only, err := d.resolve(reader, q)
	if err != nil {
		return t, fault.Wrap(op, err)
	}
	figures := appraisal.Figures(q.By)
	for _, f := range figures {
		t.Columns = append(t.Columns, Column{ID: f.ID, Shape: f.Shape, High: f.High, Title: f.Title, Help: f.Help})
	}
	var sums, before map[string]*appraisal.Sums
	now := d.Clock.Now()
	err = d.DB.View(ctx, func(tx *sqldb.Tx) (err error) {
		if sums, err = d.Store.Sums(tx, q.By, only, p, now); err != nil {
			return err
		}
		before, err = d.Store.Sums(tx, q.By, only, Period{p.From.Add(p.From.Sub(p.To)), p.From}, now)
		return err
	})
	for key, s := range sums {
		t.Rows = append(t.Rows, Row{Key: key, Name: d.name(q.By, key, s.Name), Cells: cells(figures, s, before[key])})
	}
	slices.SortFunc(t.Rows, func(a, b Row) int { return cmp.Or(cmp.Compare(a.Name.EN, b.Name.EN), cmp.Compare(a.Key, b.Key)) })
	return t, fault.Wrap(op, err)
}

func cells(figures []appraisal.Figure, s, before *appraisal.Sums) []Cell {
	all := make([]Cell, len(figures))
	for i := range figures {
		v := s.Of(&figures[i])
		all[i] = Cell{Value: number(v), Num: v.Num, Of: v.Of}
		if before != nil && figures[i].Shape != appraisal.Open {
			all[i].Before = number(before.Of(&figures[i]))
		}
	}
	return all
}

func number(v appraisal.Value) *float64 {
	if !v.Known {
		return nil
	}
	return &v.Value
}

// resolve checks a query and says which rows the reader may see: one, or all.
func (d *Desk) resolve(reader access.Actor, q Query) (p Period, only string, err error) {
	if appraisal.Figures(q.By) == nil {
		return p, "", fault.Invalidly("", fault.Problem{Field: "by", Message: "figures are by unit, area, worker, operator, class or scenario"})
	}
	if only, err = d.may(reader, q.By); err != nil {
		return p, "", err
	}
	if p.From, err = day("from", q.From); err != nil {
		return p, "", err
	}
	if p.To, err = day("to", q.To); err != nil {
		return p, "", err
	}
	p.To = p.To.AddDate(0, 0, 1)
	if days := p.To.Sub(p.From) / (24 * time.Hour); days < 1 || days > MaxDays {
		return p, "", fault.Invalidly("", fault.Problem{Field: "to", Message: "a period is 1 to 400 days, the last not before the first"})
	}
	return p, only, nil
}

func day(field, text string) (time.Time, error) {
	t, err := time.ParseInLocation(time.DateOnly, text, registry.China())
	if err != nil || t.Year() < 1970 || t.Year() > 2200 {
		return t, fault.Invalidly("", fault.Problem{Field: field, Message: "write a day as 2026-10-01"})
	}
	return t, nil
}

// may says which key a reader is kept to: whoever sees only the own figures, that; empty for who sees all.
func (d *Desk) may(reader access.Actor, by appraisal.By) (only string, err error) {
	ask := func(t access.Thing) error {
		_, err := access.Ask(d.Clock.Now(), access.Request{Actor: reader, Action: access.ReadAppraisal, Purpose: access.Supervision, Thing: t})
		return err
	}
	all := ask(access.Thing{Kind: "appraisal"})
	switch {
	case all == nil:
		return "", nil
	case by == appraisal.ByWorker && ask(access.Thing{Kind: "appraisal", By: reader.ID}) == nil:
		return reader.ID, nil
	case by == appraisal.ByUnit && reader.Unit != "" && ask(access.Thing{Kind: "appraisal", Unit: reader.Unit}) == nil:
		return reader.Unit, nil
	}
	return "", all
}

// name is what a key is called; acted is the name under which a person acted.
func (d *Desk) name(by appraisal.By, key, acted string) lang.Text {
	city := d.city.Load()
	name := lang.Text{ZH: key, EN: key}
	switch by {
	case appraisal.ByUnit:
		if u, known := city.Directory.Unit(registry.UnitID(key)); known {
			name = u.Name
		}
	case appraisal.ByArea:
		if a, known := city.Directory.Area(event.AreaCode(key)); known {
			name = a.Name
		}
	case appraisal.ByClass:
		if c := city.Classes[matter.ClassID(key)]; c != nil {
			name = c.Title
		}
	case appraisal.ByScenario:
		if s, known := city.Scenarios[scenario.ID(key)]; known {
			name = s
		}
	default:
		if acted != "" {
			name = lang.Text{ZH: acted, EN: acted}
		}
	}
	return name
}

// MaxRows bounds a list.
const MaxRows = 20_000

// Page is one page of the acts behind a figure.
type Page struct {
	Items []ActRow `json:"items"`
	Next  int      `json:"next" doc:"after, for the next page; 0 at the end"`
}

// Behind is which acts of which figure.
type Behind struct {
	Query
	Key     string
	Figure  string
	Against bool // those that spoil the figure: the late ones of a rate of being in time
	After   int
	Limit   int
}

// Behind lists the acts that a figure counts.
func (d *Desk) Behind(ctx context.Context, reader access.Actor, b Behind) (Page, error) {
	const op = "appraisaldesk.Behind"
	page := Page{Items: []ActRow{}}
	p, only, err := d.resolve(reader, b.Query)
	if err != nil {
		return page, fault.Wrap(op, err)
	}
	if only != "" && only != b.Key {
		return page, fault.Say(fault.Denied, op, "access.others-figures", "these are the figures of somebody else")
	}
	f, known := appraisal.FigureOf(b.By, b.Figure)
	if !known || f.Shape == appraisal.Score {
		return page, fault.New(fault.NotFound, op, "there is no list behind a figure %q by %s", b.Figure, b.By)
	}
	if b.Limit < 1 || b.Limit > MaxRows || b.After < 0 {
		return page, fault.New(fault.Invalid, op, "limit is 1 to %d, after not below 0", MaxRows)
	}
	q := ActQuery{By: b.By, Key: b.Key, Open: f.Shape == appraisal.Open, Cond: f.Num, Took: f.Timed(), Period: p, Now: d.Clock.Now(), After: b.After, Limit: b.Limit + 1}
	if b.Against {
		q.Cond = f.Against()
	}
	err = d.DB.View(ctx, func(tx *sqldb.Tx) error {
		rows, err := d.Store.Acts(tx, q)
		if page = (Page{Items: []ActRow{}}); len(rows) > b.Limit {
			rows, page.Next = rows[:b.Limit], b.After+b.Limit
		}
		page.Items = append(page.Items, rows...)
		return err
	})
	for i := range page.Items {
		r := &page.Items[i]
		r.Area, r.Unit = d.name(appraisal.ByArea, string(r.AreaCode), ""), d.name(appraisal.ByUnit, string(r.UnitID), "")
	}
	return page, fault.Wrap(op, err)
}
