package casework

import (
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/lang"
	"twoweave/internal/base/worktime"
	"twoweave/internal/registry"
)

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
	FactAccepted        FactKind = "accepted"
	FactFlagged         FactKind = "flagged" // for a second look
	FactWarned          FactKind = "warned"
	FactTaken           FactKind = "taken"
	FactReported        FactKind = "reported"
	FactConfirmed       FactKind = "confirmed"
	FactCheckOrdered    FactKind = "check-ordered"
	FactPersisted       FactKind = "persisted"
	FactFiled           FactKind = "filed"
	FactVoided          FactKind = "voided"
	FactMerged          FactKind = "merged"
	FactDispatched      FactKind = "dispatched"
	FactStarted         FactKind = "started"
	FactReturned        FactKind = "returned"
	FactArbitrated      FactKind = "arbitrated"
	FactInvolved        FactKind = "involved"
	FactContributed     FactKind = "contributed"
	FactAdvanced        FactKind = "advanced"
	FactSuspensionAsked FactKind = "suspension-asked"
	FactExtensionAsked  FactKind = "extension-asked"
	FactSuspended       FactKind = "suspended"
	FactExtended        FactKind = "extended"
	FactDeclined        FactKind = "declined"
	FactResumed         FactKind = "resumed"
	FactHandled         FactKind = "handled"
	FactSettled         FactKind = "settled"
	FactReworked        FactKind = "reworked"
	FactVerified        FactKind = "verified"
	FactClosed          FactKind = "closed"
	FactReopened        FactKind = "reopened"
	FactRated           FactKind = "rated"
	FactUrged           FactKind = "urged"
	FactAttached        FactKind = "attached"
	FactJoined          FactKind = "joined"
	FactParted          FactKind = "parted"
	FactUndone          FactKind = "undone"
	FactRecovered       FactKind = "recovered"
	FactReminded        FactKind = "reminded"
	FactEscalated       FactKind = "escalated"
)

// Body is what a fact carries besides who and when; only the fields of its kind are set. Its JSON form is kept for ever: fields are added,
// never renamed.
type Body struct {
	Opening     *Opening          `json:"opening,omitempty"`
	Unit        registry.UnitID   `json:"unit,omitempty"`
	WhyUnit     string            `json:"why_unit,omitempty"`
	Why         lang.Text         `json:"why,omitzero"` // the same in both languages
	Handler     string            `json:"handler,omitempty"`
	HandlerName string            `json:"handler_name,omitempty"`
	DueAt       *time.Time        `json:"due_at,omitempty"`
	RemindAt    *time.Time        `json:"remind_at,omitempty"`
	EndedAt     *time.Time        `json:"ended_at,omitempty"`
	WakeAt      *time.Time        `json:"wake_at,omitempty"`
	Phase       int               `json:"phase,omitempty"`
	Left        time.Duration     `json:"left_ns,omitempty"`
	Units       []registry.UnitID `json:"units,omitempty"`
	Reports     []Attached        `json:"reports,omitempty"`
	Into        ID                `json:"into,omitempty"`
	Amount      worktime.Limit    `json:"amount,omitzero"`
	Rating      int               `json:"rating,omitempty"`
	Undoes      FactKind          `json:"undoes,omitempty"`
	Spot        *Spot             `json:"spot,omitempty"` // where the device of who did it was
	Late        bool              `json:"late,omitempty"` // the limit that this fact ends had passed
}
