package incident

import (
	"time"

	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/order"
)

// FactKind names what happened. Kinds are added, never changed.
type FactKind string

const (
	FactOpened    FactKind = "opened"
	FactOffered   FactKind = "command-offered"
	FactPassed    FactKind = "command-passed" // the person to whom it was offered has taken it
	FactKept      FactKind = "command-kept"   // the offer was declined, or taken back
	FactGathered  FactKind = "gathered"
	FactReleased  FactKind = "released"
	FactReported  FactKind = "reported"
	FactLate      FactKind = "report-late"
	FactStoodDown FactKind = "stood-down"
	FactClosed    FactKind = "closed"
	FactReopened  FactKind = "reopened"

	FactGiven        FactKind = "task-given"
	FactAcknowledged FactKind = "task-acknowledged"
	FactSupplied     FactKind = "task-supplied" // a resource was noted
	FactDone         FactKind = "task-done"
	FactImpossible   FactKind = "task-impossible"
	FactChecked      FactKind = "task-checked"
	FactWithdrawn    FactKind = "task-withdrawn"
	FactReminded     FactKind = "task-reminded"
	FactEscalated    FactKind = "task-escalated" // the duty room was called
)

// Fact is one thing that happened to an incident. Facts are never changed or removed: they are the log.
type Fact struct {
	Incident ID        `json:"incident"`
	Version  int64     `json:"version"` // the incident's version after it
	Kind     FactKind  `json:"kind"`
	At       time.Time `json:"at"`
	By       Who       `json:"by"`
	Rule     string    `json:"rule"` // the row of the access table that allowed it
	Note     string    `json:"note"`
	Body     Body      `json:"body"`
}

// Body is what a fact carries besides who and when; only the fields of its kind are set. Its JSON form is kept for ever: fields are added, never renamed.
type Body struct {
	Opening *Opening      `json:"opening,omitempty"`
	To      *Who          `json:"to,omitempty"`
	Cases   []casework.ID `json:"cases,omitempty"` // of reopened: those that another incident has gathered since
	Task    int           `json:"task,omitempty"`
	Order   *Assignment   `json:"order,omitempty"`
	Report  *Report       `json:"report,omitempty"`
	Open    []int         `json:"open,omitempty"` // the tasks that were left open, by number
}

// Opening is what is known when an incident is opened.
type Opening struct {
	Number string           `json:"number"`
	Title  string           `json:"title"`
	Kind   Kind             `json:"kind"`
	Level  order.Level      `json:"level"`
	Areas  []event.AreaCode `json:"areas,omitempty"`
	Place  string           `json:"place,omitempty"`
}
