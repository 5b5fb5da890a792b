// Package casework is the closed loop: how a matter becomes a case and how a case is settled.
//
// A Case is the fold of its facts. Decide takes a case, a command and a context (actor, time, identifiers, limits, routing answer) and returns
// the facts that follow, the timers to set and the messages to send, or the reason why not. Apply takes one fact and gives the next case.
// Both are pure: the same input always gives the same answer, and nothing here reads a clock or a database. The table of states and
// commands is in states.go.
package casework

import (
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/matter"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/registry"
)

// ID identifies a case; it is derived from the detection that opened it, so opening twice names the same case.
type ID string

// State is where a case stands in the loop. States are added or deprecated, never changed.
type State string

const (
	Accepted   State = "accepted"   // 受理
	Filed      State = "filed"      // 立案
	Dispatched State = "dispatched" // 派遣
	Handling   State = "handling"   // 处置
	Handled    State = "handled"    // 已处置
	Verified   State = "verified"   // 核查
	Closed     State = "closed"     // 结案
)

// CommandKind is what can be done to a case.
type CommandKind string

const (
	File     CommandKind = "file"
	Dispatch CommandKind = "dispatch"
	Start    CommandKind = "start"
	Finish   CommandKind = "finish"
	Verify   CommandKind = "verify"
	Close    CommandKind = "close"

	// What the program does by itself.
	Open     CommandKind = "open"     // a detection started an episode
	Recover  CommandKind = "recover"  // the episode ended
	Remind   CommandKind = "remind"   // the limit is near
	Escalate CommandKind = "escalate" // the limit has passed
)

// Case is the state of one matter.
type Case struct {
	ID        ID
	Number    string // for people: 20261122-000123
	Version   int64  // counts the facts
	State     State
	Class     matter.ClassID
	Limits    Limits // pinned from the class when the case was opened
	Severity  scenario.Severity
	Title     lang.Text
	Detection scenario.DetectionID
	Area      event.AreaCode
	Unit      registry.UnitID
	WhyUnit   string
	Handler   string // who handled it
	Verifier  string

	OpenedAt     time.Time
	DispatchedAt time.Time
	DueAt        time.Time // zero before dispatch and after handling
	HandledAt    time.Time
	ClosedAt     time.Time
	EndedAt      time.Time // the detection's end
	UpdatedAt    time.Time
	Escalated    bool
}

// Limits are how long a case may take.
type Limits struct {
	Handle   time.Duration // from dispatch to handled, urgent time
	Reminder time.Duration // before that ends
}

// Open says whether the matter still needs somebody.
func (c *Case) Open() bool { return c.State != Closed }

// Command is a wish to change a case.
type Command struct {
	Kind    CommandKind
	Purpose access.Purpose
	Version int64 // the version the actor saw; 0 = whatever it is (the program's own commands)
	Note    string
	Unit    registry.UnitID // dispatch: another unit than the proposed one
	Handler string          // dispatch: a person in the unit, optional
	Opening *Opening        // open only
	At      time.Time       // recover only: when the episode ended
}

// Opening is what a case begins with.
type Opening struct {
	Number    string
	Title     lang.Text
	Class     matter.Class
	Detection scenario.Detection
	Unit      registry.UnitID
	WhyUnit   string
}

// Context is what a decision may depend on besides the case and the command.
type Context struct {
	Now   time.Time
	Actor access.Actor
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

// Body is what a fact carries besides who and when; only the fields of its kind are set.
type Body struct {
	Opening *Opening        `json:"opening,omitempty"`
	Unit    registry.UnitID `json:"unit,omitempty"`
	WhyUnit string          `json:"why_unit,omitempty"`
	Handler string          `json:"handler,omitempty"`
	DueAt   *time.Time      `json:"due_at,omitempty"`
	EndedAt *time.Time      `json:"ended_at,omitempty"`
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

// Result is everything a command leads to; all of it is kept together or none.
type Result struct {
	Facts  []Fact
	Timers []Timer
}
