package incidentdesk

import (
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/incident"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/registry"
)

// View is the heading of an incident. The JSON forms of the views are contracts: fields are added, never renamed. Times are UTC in milliseconds; what has not
// happened is null.
type View struct {
	ID          incident.ID    `json:"id"`
	Number      string         `json:"number"`
	Version     int64          `json:"version" doc:"name it in the next command"`
	State       incident.State `json:"state" enum:"running,stood-down,closed"`
	Title       string         `json:"title"`
	Kind        incident.Kind  `json:"kind" enum:"disaster,accident,health,security,occasion"`
	Level       order.Level    `json:"level" doc:"the city state of its areas when it was opened"`
	Areas       []AreaView     `json:"areas" doc:"none: the whole city"`
	Place       string         `json:"place"`
	Commander   incident.Who   `json:"commander"`
	Offered     *incident.Who  `json:"offered" doc:"to whom command is offered and who has not answered yet"`
	OpenedAt    time.Time      `json:"opened_at"`
	OpenedBy    incident.Who   `json:"opened_by"`
	EndedAt     *time.Time     `json:"ended_at" doc:"when it was stood down"`
	ClosedAt    *time.Time     `json:"closed_at"`
	ReportDue   *time.Time     `json:"report_due" doc:"when the next situation report is due"`
	CaseCount   int            `json:"case_count"`
	OpenTasks   int            `json:"open_tasks" doc:"tasks that nobody has checked or withdrawn"`
	LateTasks   int            `json:"overdue_tasks"`
	ReportCount int            `json:"report_count"`
	Commands    []CommandView  `json:"commands" doc:"what the reader may do with it"`
}

// AreaView is an area with its name.
type AreaView struct {
	Area event.AreaCode `json:"area"`
	Name lang.Text      `json:"name"`
}

// CommandView is a command that might be given, for whoever looks.
type CommandView struct {
	Command incident.CommandKind `json:"command"`
	Allowed bool                 `json:"allowed"`
	Reason  string               `json:"reason,omitempty"`
}

// Detail is all about one incident.
type Detail struct {
	View
	Tasks   []TaskView   `json:"tasks"`
	Cases   []CaseView   `json:"cases"`
	Reports []ReportView `json:"reports" doc:"the newest first"`
	Left    []int        `json:"left" doc:"the tasks that were named as open when it was stood down or closed"`
	Log     []FactView   `json:"log" doc:"everything that happened, the oldest first"`
}

// TaskView is a task as it is shown.
type TaskView struct {
	N         int                `json:"n"`
	What      string             `json:"what"`
	Unit      registry.UnitID    `json:"unit,omitempty"`
	UnitName  lang.Text          `json:"unit_name"`
	Person    incident.Who       `json:"person"`
	Clock     incident.Clock     `json:"clock" enum:"urgent-hour,by-time"`
	Due       time.Time          `json:"due"`
	State     incident.TaskState `json:"state" enum:"given,acknowledged,done,impossible,checked,withdrawn"`
	Overdue   bool               `json:"overdue"`
	GivenBy   string             `json:"given_by"`
	GivenAt   time.Time          `json:"given_at"`
	TakenBy   string             `json:"taken_by,omitempty"`
	TakenAt   *time.Time         `json:"taken_at"`
	EndedBy   string             `json:"ended_by,omitempty" doc:"who said that it is done, or not possible"`
	EndedAt   *time.Time         `json:"ended_at"`
	Outcome   string             `json:"outcome,omitempty"`
	CheckedBy string             `json:"checked_by,omitempty" doc:"or who withdrew it"`
	CheckedAt *time.Time         `json:"checked_at"`
	Resources []string           `json:"resources"`
	Reminded  *time.Time         `json:"reminded"`
	Escalated *time.Time         `json:"escalated" doc:"when the duty room was called"`
	Commands  []CommandView      `json:"commands"`
}

// CaseView is a gathered case, or one that might be.
type CaseView struct {
	ID         casework.ID       `json:"id"`
	Number     string            `json:"number"`
	Title      lang.Text         `json:"title"`
	ClassTitle lang.Text         `json:"class_title"`
	State      casework.State    `json:"state"`
	Open       bool              `json:"open"`
	Severity   scenario.Severity `json:"severity"`
	AreaName   lang.Text         `json:"area_name"`
	UnitName   lang.Text         `json:"unit_name"`
	OpenedAt   time.Time         `json:"opened_at"`
	Overdue    bool              `json:"overdue"`
}

// ReportView is a situation report.
type ReportView struct {
	N        int        `json:"n"`
	Known    string     `json:"known"`
	Done     string     `json:"done"`
	Expected string     `json:"expected"`
	NextDue  *time.Time `json:"next_due"`
	Corrects int        `json:"corrects,omitempty" doc:"the number of the earlier report that it corrects"`
	By       string     `json:"by"`
	At       time.Time  `json:"at"`
}

// FactView is one line of the log.
type FactView struct {
	Version int64             `json:"version"`
	Kind    incident.FactKind `json:"kind"`
	At      time.Time         `json:"at"`
	By      incident.Who      `json:"by"`
	Rule    string            `json:"rule"`
	Note    string            `json:"note"`
	Task    int               `json:"task,omitempty"`
	What    string            `json:"what,omitempty" doc:"of a task that was given"`
	Unit    *lang.Text        `json:"unit_name,omitempty"`
	To      string            `json:"to,omitempty" doc:"to whom command was offered, or the task given"`
	Due     *time.Time        `json:"due,omitempty"`
	Cases   int               `json:"cases,omitempty" doc:"how many were gathered or released"`
	Report  int               `json:"report,omitempty"`
	Open    []int             `json:"open,omitempty" doc:"the tasks that were left open"`
}

func (d *Desk) view(i *incident.Incident, reader access.Actor) View {
	v := View{
		ID: i.ID, Number: i.Number, Version: i.Version, State: i.State, Title: i.Title, Kind: i.Kind, Level: i.Level, Areas: []AreaView{}, Place: i.Place,
		Commander: i.Commander, Offered: i.Offered, OpenedAt: i.OpenedAt.Truncate(time.Millisecond), OpenedBy: i.OpenedBy, EndedAt: optional(i.EndedAt), ClosedAt: optional(i.ClosedAt),
		ReportDue: optional(i.ReportDue), CaseCount: len(i.Cases), OpenTasks: len(i.Open()), ReportCount: len(i.Reports), Commands: d.offers(i, 0, reader, incident.Commands),
	}
	if i.State != incident.Running {
		v.ReportDue = nil
	}
	for _, code := range i.Areas {
		v.Areas = append(v.Areas, AreaView{code, d.areaName(code)})
	}
	now := d.Clock.Now()
	for n := range i.Tasks {
		if i.State == incident.Running && i.Tasks[n].Overdue(now) {
			v.LateTasks++
		}
	}
	return v
}

// offers are the commands that an incident, or one of its tasks, allows now, and whether the reader may give them: screens offer nothing that is refused.
func (d *Desk) offers(i *incident.Incident, task int, reader access.Actor, kinds []incident.CommandKind) []CommandView {
	all := []CommandView{}
	thing := i.Thing()
	t, _ := i.Task(task)
	if task > 0 {
		thing = i.ThingOf(&t)
	}
	for _, k := range kinds {
		why := ""
		if incident.OnTask(k) {
			why = incident.WhyNotTask(i.State, t.State, k)
		} else {
			why = incident.WhyNot(i.State, k)
		}
		if why != "" {
			continue
		}
		action, _ := incident.ActionOf(k)
		ctx := incident.Context{Now: d.Clock.Now(), Actor: reader, Allowed: access.Decide(question(reader, action, thing))}
		c := CommandView{Command: k, Allowed: true}
		if err := incident.Possible(*i, k, task, ctx); err != nil {
			c.Allowed, c.Reason = false, fault.Message(err)
		}
		all = append(all, c)
	}
	return all
}

func (d *Desk) taskView(i *incident.Incident, t *incident.Task, reader access.Actor) TaskView {
	v := TaskView{
		N: t.N, What: t.What, Unit: t.Unit, UnitName: d.unitName(t.Unit), Person: t.Person, Clock: t.Clock, Due: t.Due.Truncate(time.Millisecond), State: t.State,
		Overdue: i.State == incident.Running && t.Overdue(d.Clock.Now()), GivenBy: t.GivenBy.Name, GivenAt: t.GivenAt.Truncate(time.Millisecond), TakenBy: t.TakenBy.Name, TakenAt: optional(t.TakenAt),
		EndedBy: t.EndedBy.Name, EndedAt: optional(t.EndedAt), Outcome: t.Outcome, CheckedBy: t.CheckedBy.Name, CheckedAt: optional(t.CheckedAt), Resources: t.Resources,
		Reminded: optional(t.Reminded), Escalated: optional(t.Escalated), Commands: d.offers(i, t.N, reader, incident.TaskCommands),
	}
	if v.Resources == nil {
		v.Resources = []string{}
	}
	return v
}

func (d *Desk) caseView(c *casework.Case, now time.Time) CaseView {
	return CaseView{ID: c.ID, Number: c.Number, Title: c.Title, ClassTitle: c.ClassTitle, State: c.State, Open: c.Open(), Severity: c.Severity, AreaName: d.areaName(c.Area),
		UnitName: d.unitName(c.Unit), OpenedAt: c.OpenedAt.Truncate(time.Millisecond), Overdue: c.Overdue(now)}
}

func reportView(r *incident.Report) ReportView {
	return ReportView{N: r.N, Known: r.Known, Done: r.Done, Expected: r.Expected, NextDue: optional(r.NextDue), Corrects: r.Corrects, By: r.By.Name, At: r.At.Truncate(time.Millisecond)}
}

func (d *Desk) factView(f *incident.Fact) FactView {
	b := &f.Body
	v := FactView{Version: f.Version, Kind: f.Kind, At: f.At.Truncate(time.Millisecond), By: f.By, Rule: f.Rule, Note: f.Note, Task: b.Task, Cases: len(b.Cases), Open: b.Open}
	if b.To != nil {
		v.To = b.To.Name
	}
	if b.Report != nil {
		v.Report = b.Report.N
	}
	if o := b.Order; o != nil {
		v.What, v.To, v.Due = o.What, o.Person.Name, optional(o.Due)
		if o.Unit != "" {
			name := d.unitName(o.Unit)
			v.Unit = &name
		}
	}
	return v
}

func (d *Desk) areaName(code event.AreaCode) lang.Text {
	if a, known := d.city.Load().Area(code); known {
		return a.Name
	}
	return lang.Text{ZH: string(code), EN: string(code)}
}

func (d *Desk) unitName(id registry.UnitID) lang.Text {
	if u, known := d.city.Load().Unit(id); known {
		return u.Name
	}
	return lang.Text{ZH: string(id), EN: string(id)}
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.Truncate(time.Millisecond)
	return &t
}
