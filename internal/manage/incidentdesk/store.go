package incidentdesk

import (
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/incident"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/registry"
)

// Store is what the desk keeps. Every method works in the caller's transaction; one thing that is not there is NotFound.
type Store interface {
	// Incident is an incident with its version, for SaveIncident.
	Incident(tx *sqldb.Tx, id incident.ID) (incident.Incident, error)
	// IncidentFacts is the log of one, the oldest first.
	IncidentFacts(tx *sqldb.Tx, id incident.ID) ([]incident.Fact, error)
	// SaveIncident keeps an incident over the version `from` that was read (0 = it is new), and the facts since. kept is false when the kept
	// version is another one, or when a new incident is there already; then nothing is written.
	SaveIncident(tx *sqldb.Tx, i incident.Incident, from int64, facts ...incident.Fact) (kept bool, err error)
	// FindIncidents is one page of a query, the newest first.
	FindIncidents(tx *sqldb.Tx, q Query) ([]incident.Incident, error)
	// IncidentsNumbered counts those whose number begins so.
	IncidentsNumbered(tx *sqldb.Tx, prefix string) (int, error)
	// IncidentsRevision grows with every change of any incident.
	IncidentsRevision(tx *sqldb.Tx) (int64, error)

	// Case is a case, as casework keeps it.
	Case(tx *sqldb.Tx, id casework.ID) (casework.Case, error)
	// FitCases are open cases that no incident holds, and how many there are.
	FitCases(tx *sqldb.Tx, q FitQuery) (found []casework.Case, total int, err error)
	// HoldersOf says for each of the cases that has one which incident held it last.
	HoldersOf(tx *sqldb.Tx, cases []casework.ID) (map[casework.ID]incident.ID, error)
	// HoldCases gives cases to an incident, whoever held them before; FreeCases takes from it those that are its own.
	HoldCases(tx *sqldb.Tx, id incident.ID, cases []casework.ID) error
	FreeCases(tx *sqldb.Tx, id incident.ID, cases []casework.ID) error

	command.Store // audit facts, and answers under idempotency keys
}

// Query is one page of the incidents that fit the fields that are set.
type Query struct {
	Live  bool // only those that are not closed
	Case  casework.ID
	After *Key
	Limit int
}

// Key is where a page ends.
type Key struct {
	At int64 // when the last one was opened, in microseconds
	ID incident.ID
}

// FitQuery says which cases might belong to an incident; empty lists are all.
type FitQuery struct {
	Areas     []event.AreaCode
	Classes   []string
	Scenarios []scenario.ID
	Since     time.Time // opened at or after
	Limit     int
}

// Room brings texts to persons, and calls whoever is on duty. It works in the caller's transaction: what does not commit is not told.
type Room interface {
	Tell(tx *sqldb.Tx, person registry.PersonID, about string, text lang.Text) error
	// Call calls a unit's ladder, the centre's when unit is empty. A second call with the id does nothing. Withdraw ends a call, if there is one.
	Call(tx *sqldb.Tx, id, about string, unit registry.UnitID, title lang.Text) error
	Withdraw(tx *sqldb.Tx, id string, why lang.Text) error
}

// Member is a person with an account.
type Member struct {
	ID    registry.PersonID
	Name  string
	Roles []access.Role
	Unit  registry.UnitID
}

// Staff are all persons with an account that is not disabled.
type Staff func(tx *sqldb.Tx) ([]Member, error)
