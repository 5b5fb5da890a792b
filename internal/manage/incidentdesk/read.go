package incidentdesk

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/incident"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/registry"
)

// MaxLimit bounds a page, MostFitting a proposal of cases.
const (
	MaxLimit    = 200
	MostFitting = 200
	// MaxBefore is how long before the opening a proposed case may have begun.
	MaxBefore = 72 * time.Hour
)

// Filter says which incidents; empty fields are all.
type Filter struct {
	Live   bool        // only those that are not closed
	Case   casework.ID // only those that hold the case, or held it last
	Cursor string
	Limit  int // 1 to MaxLimit; 0 = 50
}

// Page is one page of incidents, the newest first.
type Page struct {
	Items []View `json:"items"`
	Next  string `json:"next" doc:"the cursor of the next page; empty at the end"`
}

// List answers one page of incidents. It is Denied to who may not read incidents.
func (d *Desk) List(ctx context.Context, reader access.Actor, f Filter) (Page, error) {
	const op = "incidentdesk.List"
	q, err := f.query()
	if err != nil {
		return Page{}, fault.Wrap(op, err)
	}
	if err := d.look(reader); err != nil {
		return Page{}, fault.Wrap(op, err)
	}
	page := Page{Items: []View{}}
	err = d.DB.View(ctx, func(tx *sqldb.Tx) error {
		found, err := d.Store.FindIncidents(tx, q)
		for i := range found {
			page.Items = append(page.Items, d.view(&found[i], reader))
		}
		if len(found) == q.Limit {
			last := &found[len(found)-1]
			page.Next = Key{At: sqldb.Micros(last.OpenedAt), ID: last.ID}.encode()
		}
		return err
	})
	return page, fault.Wrap(op, err)
}

func (d *Desk) look(reader access.Actor) error {
	_, err := access.Ask(d.Clock.Now(), question(reader, access.ReadIncident, access.Thing{Kind: "incident"}))
	return err
}

func (f Filter) query() (Query, error) {
	q := Query{Live: f.Live, Case: f.Case, Limit: f.Limit}
	if q.Limit == 0 {
		q.Limit = 50
	}
	if q.Limit < 1 || q.Limit > MaxLimit {
		return q, fault.New(fault.Invalid, "", "limit must be 1 to %d", MaxLimit)
	}
	if f.Cursor == "" {
		return q, nil
	}
	q.After = &Key{}
	body, err := base64.RawURLEncoding.DecodeString(f.Cursor)
	if err == nil {
		err = json.Unmarshal(body, q.After)
	}
	if err != nil {
		return q, fault.New(fault.Invalid, "", "the cursor is not one of this list; take it from the page before")
	}
	return q, nil
}

func (k Key) encode() string {
	body, _ := json.Marshal(k) // a number and a text always have a form
	return base64.RawURLEncoding.EncodeToString(body)
}

// Incident answers the page of one incident with its whole log.
func (d *Desk) Incident(ctx context.Context, reader access.Actor, id incident.ID) (Detail, error) {
	const op = "incidentdesk.Incident"
	var out Detail
	if err := d.look(reader); err != nil {
		return out, fault.Wrap(op, err)
	}
	err := d.DB.View(ctx, func(tx *sqldb.Tx) error {
		i, err := d.Store.Incident(tx, id)
		if err != nil {
			return err
		}
		facts, err := d.Store.IncidentFacts(tx, id)
		if err != nil {
			return err
		}
		out = d.detail(&i, facts, reader)
		now := d.Clock.Now()
		for _, one := range i.Cases {
			c, err := d.Store.Case(tx, one)
			if err != nil {
				return err
			}
			out.Cases = append(out.Cases, d.caseView(&c, now))
		}
		return nil
	})
	return out, fault.Wrap(op, err)
}

func (d *Desk) detail(i *incident.Incident, facts []incident.Fact, reader access.Actor) Detail {
	out := Detail{View: d.view(i, reader), Tasks: []TaskView{}, Cases: []CaseView{}, Reports: []ReportView{}, Left: append([]int{}, i.Left...), Log: []FactView{}}
	for n := range i.Tasks {
		out.Tasks = append(out.Tasks, d.taskView(i, &i.Tasks[n], reader))
	}
	for _, r := range slices.Backward(i.Reports) {
		out.Reports = append(out.Reports, reportView(&r))
	}
	for n := range facts {
		out.Log = append(out.Log, d.factView(&facts[n]))
	}
	return out
}

// OwnTask is a task with the heading of its incident.
type OwnTask struct {
	Incident incident.ID `json:"incident"`
	Version  int64       `json:"version"`
	Number   string      `json:"number"`
	Title    string      `json:"title"`
	Place    string      `json:"place"`
	TaskView
}

// Tasks are the open tasks given to the reader's unit or to the reader, those due first at the top.
func (d *Desk) Tasks(ctx context.Context, reader access.Actor) ([]OwnTask, error) {
	all := []OwnTask{}
	err := d.DB.View(ctx, func(tx *sqldb.Tx) error {
		all = all[:0]
		q := Query{Live: true, Limit: MaxLimit}
		for {
			live, err := d.Store.FindIncidents(tx, q)
			for n := range live {
				all = append(all, d.tasksOf(&live[n], reader)...)
			}
			if err != nil || len(live) < q.Limit {
				return err
			}
			last := &live[len(live)-1]
			q.After = &Key{At: sqldb.Micros(last.OpenedAt), ID: last.ID}
		}
	})
	slices.SortStableFunc(all, func(a, b OwnTask) int { return a.Due.Compare(b.Due) })
	return all, fault.Wrap("incidentdesk.Tasks", err)
}

func (d *Desk) tasksOf(i *incident.Incident, reader access.Actor) (own []OwnTask) {
	for n := range i.Tasks {
		t := &i.Tasks[n]
		if t.State.Open() && may(reader, access.DoTask, i.ThingOf(t)) {
			own = append(own, OwnTask{i.ID, i.Version, i.Number, i.Title, i.Place, d.taskView(i, t, reader)})
		}
	}
	return own
}

// Fit says which cases might belong to an incident; empty lists are all.
type Fit struct {
	Classes   []string
	Scenarios []scenario.ID
	Before    time.Duration // how long before the opening they may have begun; at most MaxBefore
}

// Proposal is the open cases of an incident's areas that began since its opening and that no incident holds.
type Proposal struct {
	Items []CaseView `json:"items" doc:"at most 200, the newest first"`
	Total int        `json:"total"`
}

// Propose says which cases might be gathered. It changes nothing.
func (d *Desk) Propose(ctx context.Context, reader access.Actor, id incident.ID, f Fit) (Proposal, error) {
	const op = "incidentdesk.Propose"
	out := Proposal{Items: []CaseView{}}
	if err := d.look(reader); err != nil {
		return out, fault.Wrap(op, err)
	}
	if f.Before < 0 || f.Before > MaxBefore {
		return out, fault.Wrap(op, fault.Invalidly("", fault.Wrong("before", "incident.before", "must be 0 to 72 hours")))
	}
	err := d.DB.View(ctx, func(tx *sqldb.Tx) error {
		i, err := d.Store.Incident(tx, id)
		if err != nil {
			return err
		}
		found, total, err := d.Store.FitCases(tx, FitQuery{Areas: i.Areas, Classes: f.Classes, Scenarios: f.Scenarios, Since: i.OpenedAt.Add(-f.Before), Limit: MostFitting})
		now := d.Clock.Now()
		for n := range found {
			out.Items = append(out.Items, d.caseView(&found[n], now))
		}
		out.Total = total
		return err
	})
	return out, fault.Wrap(op, err)
}

// PersonView is a person who can be named in a command.
type PersonView struct {
	ID       registry.PersonID `json:"id"`
	Name     string            `json:"name"`
	Unit     registry.UnitID   `json:"unit,omitempty"`
	Commands bool              `json:"commands" doc:"may take command; everybody here can be given tasks"`
}

// People are those who can be given tasks or offered command.
func (d *Desk) People(ctx context.Context, reader access.Actor) ([]PersonView, error) {
	const op = "incidentdesk.People"
	all := []PersonView{}
	if err := d.look(reader); err != nil {
		return all, fault.Wrap(op, err)
	}
	err := d.DB.View(ctx, func(tx *sqldb.Tx) error {
		staff, err := d.Staff(tx)
		for n := range staff {
			m := &staff[n]
			if may(m.actor(), access.DoTask, access.Thing{Kind: "incident", Handler: string(m.ID)}) {
				all = append(all, PersonView{m.ID, m.Name, m.Unit, may(m.actor(), access.CommandIncident, access.Thing{Kind: "incident"})})
			}
		}
		return err
	})
	return all, fault.Wrap(op, err)
}
