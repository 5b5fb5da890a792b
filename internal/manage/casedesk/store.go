package casedesk

import (
	"time"

	"twoweave/internal/access"
	"twoweave/internal/manage/appraisal"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/registry"
)

// Store is what the desk keeps. Every method works in the caller's transaction. A method that names one thing returns a NotFound fault when it
// does not exist.
type Store interface {
	Cases
	Findings
	Trail
	Reports
	Photos
}

// Cases keeps cases, their facts and their numbers.
type Cases interface {
	// NextNumber is the next case number of a day, from 1. Numbers are unique; a transaction that is not kept leaves no gap, but none is promised.
	NextNumber(tx *sqldb.Tx, day string) (int64, error)
	// Case is a case with its version, for SaveCase.
	Case(tx *sqldb.Tx, id casework.ID) (casework.Case, error)
	// SaveCase keeps a case and the facts that led from version `from` to it (0 = it is new). It is a Conflict when the kept version is another one.
	SaveCase(tx *sqldb.Tx, c casework.Case, from int64, facts []casework.Fact) error
	// KeepActs keeps what facts count as, and drops what the fact of a version of a case counted as: it was undone. 0 drops nothing.
	KeepActs(tx *sqldb.Tx, acts []appraisal.Act, id casework.ID, undone int64) error
	// Facts is a case's history, oldest first.
	Facts(tx *sqldb.Tx, id casework.ID) ([]casework.Fact, error)
	// FindCases is one page of a query, FindCount the number of all its cases, whatever its page.
	FindCases(tx *sqldb.Tx, q CaseQuery) ([]casework.Case, error)
	FindCount(tx *sqldb.Tx, q CaseQuery) (int, error)
	// OpenByArea and OpenByScenario count the cases that are open, and of these the ones that are overdue at a moment.
	OpenByArea(tx *sqldb.Tx, now time.Time) ([]AreaCount, error)
	OpenByScenario(tx *sqldb.Tx, now time.Time) ([]ScenarioCount, error)
	// Tallies are the cases in numbers, as Moment defines them.
	Tallies(tx *sqldb.Tx, m Moment) ([]Tally, error)
}

// Findings keeps what detection found.
type Findings interface {
	Finding(tx *sqldb.Tx, id string) (Finding, error)
	FindFindings(tx *sqldb.Tx, q FindingQuery) ([]Finding, error)
	Rule(tx *sqldb.Tx, hash string) (Rule, error)
	FindExceptions(tx *sqldb.Tx, q ExceptionQuery) ([]RawException, error)
}

// Trail keeps who did what, answers that were given, and who works here.
type Trail interface {
	command.Store
	FindAudit(tx *sqldb.Tx, q AuditQuery) ([]access.Audit, error)
	DropAnswers(tx *sqldb.Tx, expiredBefore time.Time) (int64, error)
	// Person is an officer who may work; disabled ones are not found.
	Person(tx *sqldb.Tx, id string) (casework.Person, error)
}

// Order is how a list of cases is sorted.
type Order string

const (
	ByDue    Order = "due"    // the nearest limit first, cases without one last
	ByOpened Order = "opened" // the newest first
)

// CaseQuery is one page of the cases that fit all the fields that are set.
type CaseQuery struct {
	Open      *bool
	State     casework.State
	Area      event.AreaCode
	Class     string
	Scenarios []scenario.ID    // one of these; nil = any
	Classes   []string         // likewise
	Units     []string         // likewise
	Figure    indicator.Figure // only cases that count for it, at the Moment; empty = all
	Moment    Moment
	Unit      registry.UnitID
	Asked     bool        // only those with a suspension or extension that awaits its answer
	Overdue   bool        // only those that count as overdue at the Moment
	Into      casework.ID // those merged into it
	Handler   string
	Text      string           // within number, subject or title, without regard to case
	Within    *registry.UnitID // only cases of this unit, because the reader may see no others
	Order     Order
	After     *Key
	Limit     int
}

// Key is where a page ends: the value it is sorted by and the id.
type Key struct {
	Value int64
	ID    string
}

// KeyOf is a case's place in an order.
func KeyOf(c *casework.Case, o Order) Key {
	if o == ByDue {
		return Key{Value: DueOrder(c), ID: string(c.ID)}
	}
	return Key{Value: sqldb.Micros(c.OpenedAt), ID: string(c.ID)}
}

// DueOrder sorts cases by their limit; without a limit they come last.
func DueOrder(c *casework.Case) int64 {
	if c.DueAt.IsZero() {
		return 1<<62 - 1
	}
	return sqldb.Micros(c.DueAt)
}

// AreaCount is the open cases of an area.
type AreaCount struct {
	Area    event.AreaCode    `json:"area"`
	Open    int               `json:"open"`
	Overdue int               `json:"overdue"`
	Worst   scenario.Severity `json:"worst"` // of the open ones
}

// ScenarioCount is the open cases that a scenario led to.
type ScenarioCount struct {
	Scenario scenario.ID
	Open     int
	Overdue  int
}

// Finding is a detection as it is kept: its start, its end when there is one, and its evidence.
type Finding struct {
	ID      string
	Started scenario.Detection // Change is Started
	EndedAt time.Time          // zero while the episode lasts
	CaseID  casework.ID
}

// FindingQuery is one page of findings, the latest start first.
type FindingQuery struct {
	Scenario scenario.ID
	Area     event.AreaCode
	Since    time.Time
	After    *Key // Value is the start in microseconds
	Limit    int
}

// RawException is an event that was kept because it could not be evaluated.
type RawException struct {
	Part   int
	Seq    uint64
	N      int
	Kind   string    // conflict, dead
	At     time.Time // log time
	Sender string
	Source string
	Event  string
	Type   string
	Reason string
	Data   []byte // as in the log, sealed values sealed; not always JSON
}

// ExceptionQuery is the latest exceptions of a kind; an empty kind is all.
type ExceptionQuery struct {
	Kind  string
	Limit int
}

// AuditQuery is the latest audit facts about a thing, by an actor, or both; empty fields are all.
type AuditQuery struct {
	Thing string
	Actor string
	Limit int
}
