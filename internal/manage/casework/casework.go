// Package casework is the closed loop: how a matter becomes a case and how a case is settled.
//
// A Case is the fold of its facts. Decide takes a case, a command and a context (actor, time, the answer of access, who and where were looked
// up) and returns the facts that follow and the timers to set, or the reason why not. Apply takes one fact and gives the next case. Both are
// pure: the same input always gives the same answer, and nothing here reads a clock or a database. The table of states and commands is in
// states.go; read it first.
//
// Three promises hold for every case, whatever commands it is given: its version counts its facts; no fact is older than the one before it,
// even when the machine's clock jumps back; and a closed case was verified by somebody who had no hand in handling it.
package casework

import (
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/ident"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/matter"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/registry"
)

// ID identifies a case; it is derived from the detection that opened it, so opening twice names the same case.
type ID string

// IDOf is the id of the one case that a detection's episode may become.
func IDOf(d scenario.DetectionID) ID { return ID(ident.Derive("case", d.String())) }

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
	Detection  scenario.DetectionID
	Area       event.AreaCode
	Unit       registry.UnitID
	WhyUnit    string

	Handler     string // who is to handle it, then who did last
	HandlerName string
	Hands       []string // everybody who started or finished the handling: none of them may verify
	Verifier    string

	OpenedAt     time.Time
	DispatchedAt time.Time
	DueAt        time.Time // zero before dispatch, after handling, and for a class without a limit
	HandledAt    time.Time
	VerifiedAt   time.Time
	ClosedAt     time.Time
	EndedAt      time.Time // the detection's end, in event time
	UpdatedAt    time.Time
	Reminded     bool
	Escalated    bool
}

// Open says whether the matter still needs somebody.
func (c *Case) Open() bool { return c.State != Closed }

// Overdue says whether the limit has passed at a moment and the matter is still not handled.
func (c *Case) Overdue(now time.Time) bool { return !c.DueAt.IsZero() && now.After(c.DueAt) }

// Thing is the case as access sees it.
func (c *Case) Thing() access.Thing {
	return access.Thing{Kind: "case", ID: string(c.ID), Unit: string(c.Unit), Handler: c.Handler}
}

// Limits are how long a case may take. Zero means that there is no such limit.
type Limits struct {
	Handle   time.Duration `json:"handle_ns"`   // from dispatch to handled, urgent (round-the-clock) time
	Reminder time.Duration `json:"reminder_ns"` // before that ends
}

// Command is a wish to change a case.
type Command struct {
	Kind    CommandKind
	Purpose access.Purpose
	Version int64 // the version the actor saw; 0 = whatever it is (the program's own commands only)
	Note    string
	Unit    registry.UnitID // dispatch: another unit than the proposed one
	Handler string          // dispatch: a person in the unit, optional
	Opening *Opening        // open only
	At      time.Time       // recover only: when the episode ended
}

// Opening is what a case begins with.
type Opening struct {
	Number     string            `json:"number"`
	Title      lang.Text         `json:"title"`
	Class      matter.ClassID    `json:"class"`
	ClassTitle lang.Text         `json:"class_title"`
	Limits     Limits            `json:"limits"`
	Severity   scenario.Severity `json:"severity"`
	Scenario   scenario.ID       `json:"scenario"`
	Subject    string            `json:"subject"`
	Episode    int64             `json:"episode"`
	Area       event.AreaCode    `json:"area"`
	Unit       registry.UnitID   `json:"unit,omitempty"`
	WhyUnit    string            `json:"why_unit"`
}

// DetectionID is the identity of the detection the opening comes from.
func (o *Opening) DetectionID() scenario.DetectionID {
	return scenario.DetectionID{Scenario: o.Scenario, Subject: o.Subject, Episode: o.Episode}
}

// Context is what a decision may depend on besides the case and the command.
type Context struct {
	Now     time.Time
	Actor   access.Actor
	Allowed access.Decision // what access said about this actor and this command; without an Allow nothing is decided
	Handler *Person         // the person that Command.Handler names, looked up; nil when there is none
}

// Person is an officer as far as a case needs to know them.
type Person struct {
	ID   string
	Name string
	Unit registry.UnitID
}

// Fact is one thing that happened to a case. Facts are never changed or removed.
type Fact struct {
	Case    ID
	Version int64 // the case's version after it
	Kind    FactKind
	At      time.Time
	Actor   string
	Name    string // of the actor, as shown
	Purpose access.Purpose
	Rule    string // the row of the access table that allowed it
	Note    string
	Body    Body
}

// FactKind names what happened.
type FactKind string

const (
	FactAccepted   FactKind = "accepted"
	FactRecovered  FactKind = "recovered"
	FactFiled      FactKind = "filed"
	FactDispatched FactKind = "dispatched"
	FactStarted    FactKind = "started"
	FactHandled    FactKind = "handled"
	FactVerified   FactKind = "verified"
	FactClosed     FactKind = "closed"
	FactReminded   FactKind = "reminded"
	FactEscalated  FactKind = "escalated"
)

// Body is what a fact carries besides who and when; only the fields of its kind are set. Its JSON form is kept for ever: fields are added,
// never renamed.
type Body struct {
	Opening     *Opening        `json:"opening,omitempty"`
	Unit        registry.UnitID `json:"unit,omitempty"`
	WhyUnit     string          `json:"why_unit,omitempty"`
	Handler     string          `json:"handler,omitempty"`
	HandlerName string          `json:"handler_name,omitempty"`
	DueAt       *time.Time      `json:"due_at,omitempty"`
	EndedAt     *time.Time      `json:"ended_at,omitempty"`
}

// TimerKind names a case's clocks.
type TimerKind string

const (
	TimerRemind   TimerKind = "case.remind"
	TimerEscalate TimerKind = "case.escalate"
)

// Timer is a wish to be woken: at Due the program gives the command that belongs to Kind. A zero Due cancels.
type Timer struct {
	Kind TimerKind
	Due  time.Time
}

// Command is what the program does when the timer is due.
func (k TimerKind) Command() CommandKind {
	if k == TimerEscalate {
		return Escalate
	}
	return Remind
}

// Result is everything a command leads to; all of it is kept together or none.
type Result struct {
	Facts  []Fact
	Timers []Timer
}
