package casedesk

import (
	"time"

	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/matter"
	"twoweave/internal/platform/sqldb"
)

// Channel is how a report came.
type Channel string

const (
	Phone    Channel = "phone"    // a call that somebody takes
	App      Channel = "app"      // a resident's own words
	Counter  Channel = "counter"  // at a service hall or a neighbourhood committee
	Patrol   Channel = "patrol"   // a field worker's own
	Exchange Channel = "exchange" // a work order of another system
)

// Channels are all channels.
var Channels = []Channel{Phone, App, Counter, Patrol, Exchange}

// Report is what one person told of a matter. Name and phone are sealed under the person's key.
type Report struct {
	ID         casework.ReportID
	Content    string      // digest of what was told, so that a repetition is recognised
	Case       casework.ID // the case it is part of now; empty for a question that was answered at once
	Channel    Channel
	At         time.Time
	Taker      string
	TakerName  string
	Person     string // whose report it is; empty = anonymous
	Name       string
	Phone      string
	Text       string
	Class      matter.ClassID
	Area       event.AreaCode
	Place      casework.Place
	AnsweredAt time.Time
	Answer     string
}

// Reports keeps what people told. Every method works in the caller's transaction.
type Reports interface {
	// KeepReport keeps a report; when one with its id is kept already, that one is the answer.
	KeepReport(tx *sqldb.Tx, r Report) (kept Report, new bool, err error)
	FindReports(tx *sqldb.Tx, q ReportQuery) ([]Report, error)
	// MoveReports makes reports part of another case.
	MoveReports(tx *sqldb.Tx, to casework.ID, ids ...casework.ReportID) error
	// AnswerReports notes the answer on all reports of a case that have none, and gives them; with a zero time it takes the answers back and gives those.
	AnswerReports(tx *sqldb.Tx, id casework.ID, at time.Time, answer string) ([]Report, error)
	// FindNear is the open cases of a class around a place, in no order: within the bounds, or with the same address.
	FindNear(tx *sqldb.Tx, q NearQuery) ([]casework.Case, error)
	// FindAddresses is known addresses with a text in them, the most used first.
	FindAddresses(tx *sqldb.Tx, text string, limit int) ([]Known, error)
}

// ReportQuery is reports, the latest first: of a case, of a person, or both.
type ReportQuery struct {
	Case   casework.ID
	Person string
	Limit  int
}

// NearQuery is open cases around a place. Without bounds only the address counts.
type NearQuery struct {
	Class                    matter.ClassID // empty = any
	Area                     event.AreaCode // empty = any
	Bounded                  bool
	West, South, East, North float64
	Address                  string // normalised
	Limit                    int
}

// Known is an address that came up before.
type Known struct {
	Address string         `json:"address"`
	Area    event.AreaCode `json:"area"`
	Place   casework.Place `json:"place"`
	Times   int            `json:"times"`
}
