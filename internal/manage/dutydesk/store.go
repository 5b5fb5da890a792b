package dutydesk

import (
	"time"

	"twoweave/internal/base/lang"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/registry"
)

// Store is what the desk keeps. Every method works in the caller's transaction. Save methods keep a thing over the version `from` that was
// read (0 = it is new); kept is false when the kept version is another one, or when a new thing is there already. One thing that is not there is NotFound.
type Store interface {
	DutyCall(tx *sqldb.Tx, id CallID) (Call, error)
	SaveDutyCall(tx *sqldb.Tx, c Call, from int64) (kept bool, err error)
	// FindDutyCalls is one page of calls, the newest first.
	FindDutyCalls(tx *sqldb.Tx, q CallQuery) ([]Call, error)

	HandOver(tx *sqldb.Tx, id HandOverID) (HandOver, error)
	SaveHandOver(tx *sqldb.Tx, h HandOver, from int64) (kept bool, err error)
	// FindHandOvers is one page of hand-overs, the newest first.
	FindHandOvers(tx *sqldb.Tx, q HandOverQuery) ([]HandOver, error)

	Deputy(tx *sqldb.Tx, id DeputyID) (Deputy, error)
	SaveDeputy(tx *sqldb.Tx, d Deputy, from int64) (kept bool, err error)
	// LiveDeputies are those that were not ended and whose time is not over at a moment, in the order in which they were set.
	LiveDeputies(tx *sqldb.Tx, at time.Time) ([]Deputy, error)

	AppendDutyLog(tx *sqldb.Tx, all ...Entry) error
	// FindDutyLog is one page of the log, the newest first.
	FindDutyLog(tx *sqldb.Tx, q LogQuery) ([]Entry, error)

	command.Store // audit facts, and answers under idempotency keys
}

// Happening is a kind of entry in the log.
type Happening string

const (
	CallPlaced       Happening = "call-placed"
	CallMade         Happening = "call-made" // a post or a person was called
	CallPassed       Happening = "call-passed"
	CallSilent       Happening = "call-silent" // nobody answered in time
	CallNobody       Happening = "call-nobody" // nobody is on duty there
	CallAcknowledged Happening = "call-acknowledged"
	CallUnanswered   Happening = "call-unanswered" // the end of the ladder
	CallWithdrawn    Happening = "call-withdrawn"
	ShiftHandedOver  Happening = "shift-handed-over"
	ShiftAccepted    Happening = "shift-accepted"
	ShiftNotAccepted Happening = "shift-not-accepted" // in time
	DeputySet        Happening = "deputy-set"
	DeputyEnded      Happening = "deputy-ended"
)

// Entry is one line of the duty log. It is never changed.
type Entry struct {
	ID    string          `json:"id"` // entries of one moment and command follow each other by id
	At    time.Time       `json:"at"`
	What  Happening       `json:"what"`
	Thing string          `json:"thing"` // "call/…", "handover/…", "deputy/…"
	About string          `json:"about"` // of a call: what it is for
	Unit  registry.UnitID `json:"unit"`
	By    Who             `json:"by"` // empty: the program
	Text  lang.Text       `json:"text"`
}

// CallQuery is one page of the calls that fit the fields that are set.
type CallQuery struct {
	Live  bool // only those that somebody still has to take
	About string
	Unit  registry.UnitID
	After *Key
	Limit int
}

// HandOverQuery is one page of the hand-overs that fit the fields that are set.
type HandOverQuery struct {
	Open  bool // only those not accepted yet
	Post  registry.PostID
	After *Key
	Limit int
}

// LogQuery is one page of the entries that fit the fields that are set.
type LogQuery struct {
	Thing string
	About string
	Unit  registry.UnitID
	After *Key
	Limit int
}

// Key is where a page ends.
type Key struct {
	At int64 // of the last one, in microseconds
	ID string
}
