// Package casework is the closed loop: how a matter becomes a case and how a case is settled.
//
// A Case is the fold of its facts. Decide takes a case, a command and a context (actor, time, calendar, the answer of access, whatever was looked
// up) and returns the facts that follow and the timers to set, or the reason why not. Apply takes one fact and gives the next case. Both are
// pure: the same input always gives the same answer, and nothing here reads a clock or a database. The table of states and commands is in
// states.go; read it first.
//
// These promises hold for every case, whatever commands it is given: its version counts its facts; no fact is older than the one before it,
// even when the machine's clock jumps back; a closed case was verified by somebody who had no hand in handling it, or is of a light class and was
// settled on the spot; and a report that came to it stays with it, or with the case it was merged into.
package casework

import (
	"slices"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/geo"
	"twoweave/internal/base/ident"
	"twoweave/internal/base/lang"
	"twoweave/internal/base/worktime"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/matter"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/registry"
)

// ID identifies a case; it is derived from what opened it, so opening twice names the same case.
type ID string

// IDOf is the id of the one case that a detection's episode may become.
func IDOf(d scenario.DetectionID) ID { return ID(ident.Derive("case", d.String())) }

// ReportID names one report of a person: a call, a message, a field worker's own.
type ReportID string

// Case is the state of one matter. Treat it as a value: Apply never changes the case it is given.
type Case struct {
	ID         ID
	Number     string // for people: 20261122-000123
	Version    int64  // counts the facts
	State      State
	Class      matter.ClassID
	ClassTitle lang.Text // pinned with the limits when the case was opened
	Limits     Limits
	Severity   scenario.Severity
	Title      lang.Text
	Detection  scenario.DetectionID // of a report: without a scenario, and the report as its subject
	Area       event.AreaCode
	Place      Place
	Unit       registry.UnitID
	WhyUnit    string
	Parts      []Contribution // units involved beside it, in the order in which they were
	Reports    []Attached     // in the order in which they came
	Into       ID             // the case it was merged into

	Handler     string // who is to handle it, then who did last
	HandlerName string
	Hands       []string // everybody who started, contributed to or finished the handling: none of them may verify
	Verifier    string

	Opener     string // who took or reported it; the program for a detection
	Dispatcher string // who gave it to the unit

	OpenedAt     time.Time
	AcceptedAt   time.Time // when it last came to be filed
	VisitAt      time.Time // when a visit before filing was ordered
	FiledAt      time.Time
	DispatchedAt time.Time
	HandledAt    time.Time
	VerifiedAt   time.Time
	ClosedAt     time.Time
	EndedAt      time.Time // the detection's end, in event time
	UpdatedAt    time.Time

	Phase      int           // of the limit, from 0
	DueAt      time.Time     // when it ends; zero before dispatch, while suspended, after handling, and for a class without a limit
	RemindAt   time.Time     // zero when there is nothing to remind of
	Left       time.Duration // counted time that was left of the limit when it was suspended
	WakeAt     time.Time     // when the warning's or the suspension's time is over
	Asked      *Asked        // a suspension or extension that awaits its answer
	Reminded   bool
	Escalated  bool
	Late       bool // it was handled after its limit
	Light      bool // settled on the spot
	Returns    int  // how often units gave it back
	Reworks    int
	Reopened   int
	Urged      int
	Extensions int
	Rating     int // by the reporter, 1 to 5; 0 = none

	before *Case  // the case before the last fact; nil when it was read from records
	last   lastly // what Undo needs to know
}

// lastly is the last fact, as far as it can be undone.
type lastly struct {
	kind  FactKind
	actor string
	at    time.Time
}

// Place is where a matter is, beyond its area; what is not known is empty.
type Place struct {
	Point   *geo.Point `json:"point,omitempty"`
	Address string     `json:"address,omitempty"`
	Grid    string     `json:"grid,omitempty"` // the responsibility grid
}

// Spot is where a device says that it is.
type Spot struct {
	geo.Point
	Accuracy float64 `json:"accuracy_m" minimum:"0" doc:"in metres; 0 = unknown"`
}

// Contribution is a unit's part in a matter that another unit leads.
type Contribution struct {
	Unit registry.UnitID `json:"unit"`
	Done bool            `json:"done"`
}

// Attached is a report that came to a case, by itself or with a case that was merged into it.
type Attached struct {
	Report ReportID `json:"report"`
	From   ID       `json:"from,omitempty"` // the merged case it came with
}

// Asked is a unit's wish about its limit.
type Asked struct {
	By     string         `json:"by"`
	At     time.Time      `json:"at"`
	Until  *time.Time     `json:"until,omitempty"`  // a suspension, until then
	Amount worktime.Limit `json:"amount,omitzero"`  // an extension, by so much
	Reason string         `json:"reason,omitempty"` // as noted
}

// Suspension says whether it is one, not an extension.
func (a *Asked) Suspension() bool { return a.Until != nil }

// Stored is the case as records keep it: without what only its history tells, which is needed to undo.
func (c Case) Stored() Case {
	c.before, c.last = nil, lastly{}
	return c
}

// Open says whether the matter still needs somebody.
func (c *Case) Open() bool { return slices.Contains(OpenStates, c.State) }

// Overdue says whether the limit has passed at a moment and the matter is still not handled.
func (c *Case) Overdue(now time.Time) bool { return !c.DueAt.IsZero() && now.After(c.DueAt) }

// Limited says whether it has a limit at all.
func (c *Case) Limited() bool { return len(c.Limits.All()) > 0 }

// Thing is the case as access sees it.
func (c *Case) Thing() access.Thing {
	t := access.Thing{Kind: "case", ID: string(c.ID), Unit: string(c.Unit), Handler: c.Handler}
	for _, p := range c.Parts {
		t.Units = append(t.Units, string(p.Unit))
	}
	if c.Asked != nil {
		t.By = c.Asked.By
	}
	return t
}

// Command is a wish to change a case.
type Command struct {
	Kind    CommandKind
	Purpose access.Purpose
	Version int64 // the version the actor saw; 0 = whatever it is (the program's own commands only)
	Note    string
	Unit    registry.UnitID   // dispatch, arbitrate: another unit than the proposed one
	Handler string            // dispatch, arbitrate: a person in the unit, optional
	Units   []registry.UnitID // involve
	Phase   int               // dispatch, arbitrate: begin at this phase of the limit, since the ones before are reached already
	Into    ID                // merge
	Amount  worktime.Limit    // ask-extension
	Opening *Opening          // what begins a case
	Reports []Attached        // attach, join, part
	At      time.Time         // recover: when the episode ended; ask-suspension: until when
	Rating  int               // rate
	Spot    *Spot             `json:",omitempty"` // start, finish, settle: where the actor's device was, if its owner lets that be kept
}

// Opening is what a case begins with.
type Opening struct {
	Number     string            `json:"number"`
	Title      lang.Text         `json:"title"`
	Class      matter.ClassID    `json:"class"`
	ClassTitle lang.Text         `json:"class_title"`
	Limits     Limits            `json:"limits"`
	Severity   scenario.Severity `json:"severity"`
	Scenario   scenario.ID       `json:"scenario"` // empty: it is a report
	Subject    string            `json:"subject"`  // of a report: its id
	Episode    int64             `json:"episode"`
	Area       event.AreaCode    `json:"area"`
	Since      time.Time         `json:"since,omitzero"` // when the condition began, in event time; zero for a report
	Place      Place             `json:"place,omitzero"`
	Unit       registry.UnitID   `json:"unit,omitempty"`
	WhyUnit    string            `json:"why_unit"`
	Why        lang.Text         `json:"why,omitzero"` // the same in both languages
}

// DetectionID is the identity of the detection the opening comes from.
func (o *Opening) DetectionID() scenario.DetectionID {
	return scenario.DetectionID{Scenario: o.Scenario, Subject: o.Subject, Episode: o.Episode}
}

// Context is what a decision may depend on besides the case and the command.
type Context struct {
	Now      time.Time
	Actor    access.Actor
	Allowed  access.Decision    // what access said about this actor and this command; without an Allow nothing is decided
	Calendar *worktime.Calendar // for the limits
	Handler  *Person            // the person that Command.Handler names, looked up; nil when there is none
	Into     *Case              // the case that Command.Into names, looked up
}

// Person is an officer as far as a case needs to know them.
type Person struct {
	ID   string
	Name string
	Unit registry.UnitID
}
