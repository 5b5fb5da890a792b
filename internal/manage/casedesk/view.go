package casedesk

import (
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/geo"
	"twoweave/internal/base/lang"
	"twoweave/internal/base/worktime"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/scenario"
)

// View is a case as it is shown: with the names of what it refers to. Its JSON form is a contract with clients and readers of the facts on the bus:
// fields are added, never renamed. Times are UTC in milliseconds; what has not happened is null.
type View struct {
	ID           casework.ID       `json:"id"`
	Number       string            `json:"number"`
	Version      int64             `json:"version"`
	State        casework.State    `json:"state"`
	Title        lang.Text         `json:"title"`
	Class        string            `json:"class"`
	ClassTitle   lang.Text         `json:"class_title"`
	Severity     scenario.Severity `json:"severity"`
	Scenario     scenario.ID       `json:"scenario"`
	Subject      string            `json:"subject"`
	Episode      int64             `json:"episode"`
	Area         event.AreaCode    `json:"area"`
	AreaName     lang.Text         `json:"area_name"`
	Unit         string            `json:"unit"`
	UnitName     lang.Text         `json:"unit_name"`
	WhyUnit      string            `json:"why_unit"`
	Handler      string            `json:"handler"`
	HandlerName  string            `json:"handler_name"`
	Verifier     string            `json:"verifier"`
	OpenedAt     time.Time         `json:"opened_at"`
	DispatchedAt *time.Time        `json:"dispatched_at"`
	DueAt        *time.Time        `json:"due_at"`
	Paused       bool              `json:"paused"` // whether the limit's clock stands
	Escalated    bool              `json:"escalated"`
	Overdue      bool              `json:"overdue"`
	Late         bool              `json:"late"` // it was handled after its limit
	EndedAt      *time.Time        `json:"ended_at"`
	ClosedAt     *time.Time        `json:"closed_at"`
	UpdatedAt    time.Time         `json:"updated_at"`

	Address    string                  `json:"address"`
	Point      *geo.Point              `json:"point"`
	FiledAt    *time.Time              `json:"filed_at"`
	HandledAt  *time.Time              `json:"handled_at"`
	WakeAt     *time.Time              `json:"wake_at"` // when a warning's or a suspension's time is over
	Phase      int                     `json:"phase"`   // of the limit, from 0
	Phases     []PhaseView             `json:"phases"`
	Asked      *casework.Asked         `json:"asked"` // a suspension or extension that awaits its answer
	Parts      []casework.Contribution `json:"parts"` // units involved beside the one that leads
	Reports    int                     `json:"reports"`
	Into       casework.ID             `json:"into"`  // the case it was merged into
	Light      bool                    `json:"light"` // settled on the spot
	Returns    int                     `json:"returns"`
	Reworks    int                     `json:"reworks"`
	Reopened   int                     `json:"reopened"`
	Urged      int                     `json:"urged"`
	Extensions int                     `json:"extensions"`
	Rating     int                     `json:"rating"` // 1 to 5; 0 = none
}

// PhaseView is one stretch of a case's limit.
type PhaseView struct {
	Title  lang.Text      `json:"title"`
	Clock  worktime.Clock `json:"clock"`
	Length int64          `json:"length_s"` // counted time
}

// FactView is a fact as it is shown.
type FactView struct {
	Version   int64             `json:"version"`
	Kind      casework.FactKind `json:"kind"`
	At        time.Time         `json:"at"`
	Actor     string            `json:"actor"`
	ActorName string            `json:"actor_name"`
	Purpose   access.Purpose    `json:"purpose"`
	Rule      string            `json:"rule"`
	Note      string            `json:"note"`
	Body      casework.Body     `json:"body"`
}

// view shows a case with the names of the city in force; overdue is judged at now.
func (d *Desk) view(c *casework.Case, now time.Time) View {
	return View{
		ID: c.ID, Number: c.Number, Version: c.Version, State: c.State, Title: c.Title, Class: string(c.Class), ClassTitle: c.ClassTitle,
		Severity: c.Severity, Scenario: c.Detection.Scenario, Subject: c.Detection.Subject, Episode: c.Detection.Episode,
		Area: c.Area, AreaName: d.areaName(c.Area), Unit: string(c.Unit), UnitName: d.unitName(c), WhyUnit: c.WhyUnit,
		Handler: c.Handler, HandlerName: c.HandlerName, Verifier: c.Verifier,
		OpenedAt: millis(c.OpenedAt), DispatchedAt: optional(c.DispatchedAt), DueAt: optional(c.DueAt), Escalated: c.Escalated, Overdue: c.Overdue(now),
		EndedAt: optional(c.EndedAt), ClosedAt: optional(c.ClosedAt), UpdatedAt: millis(c.UpdatedAt),
		Paused: c.State == casework.Suspended, Late: c.Late, Address: c.Place.Address, Point: c.Place.Point, FiledAt: optional(c.FiledAt), HandledAt: optional(c.HandledAt),
		WakeAt: optional(c.WakeAt), Phase: c.Phase, Phases: phaseViews(&c.Limits), Asked: c.Asked, Parts: append([]casework.Contribution{}, c.Parts...),
		Reports: len(c.Reports), Into: c.Into, Light: c.Light, Returns: c.Returns, Reworks: c.Reworks, Reopened: c.Reopened, Urged: c.Urged,
		Extensions: c.Extensions, Rating: c.Rating,
	}
}

func phaseViews(l *casework.Limits) []PhaseView {
	all := []PhaseView{}
	for _, p := range l.All() {
		all = append(all, PhaseView{Title: p.Title, Clock: p.Clock, Length: int64(p.Limit / time.Second)})
	}
	return all
}

func factView(f *casework.Fact) FactView {
	return FactView{
		Version: f.Version, Kind: f.Kind, At: millis(f.At), Actor: f.Actor, ActorName: f.Name, Purpose: f.Purpose, Rule: f.Rule, Note: f.Note, Body: f.Body,
	}
}

// areaName is the area's name; the code itself for an area that the city no longer has.
func (d *Desk) areaName(code event.AreaCode) lang.Text {
	if a, ok := d.city.Load().Directory.Area(code); ok {
		return a.Name
	}
	if code == event.Unplaced {
		return lang.Text{ZH: "位置未定", EN: "Unplaced"}
	}
	return lang.Text{ZH: string(code), EN: string(code)}
}

func (d *Desk) unitName(c *casework.Case) lang.Text {
	if u, ok := d.city.Load().Directory.Unit(c.Unit); ok {
		return u.Name
	}
	return lang.Text{ZH: string(c.Unit), EN: string(c.Unit)}
}

func millis(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = millis(t)
	return &t
}
