// Package casedesktest is the conformance suite of casedesk and of whatever store it works on.
//
// A store's own test calls Run with the store and its tables; every case then runs on both database engines. The suite drives the desk from outside, with a clock
// that it moves itself, and compares lists and totals with plain loops over all cases: access and the filters are written here a second time, in Go.
// Every bug found in a store ends as a case in here.
package casedesktest

import (
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/lang"
	"twoweave/internal/base/worktime"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/outbox"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/platform/timer"
	"twoweave/internal/registry"
)

// Records is the store with what detection writes into it.
type Records interface {
	casedesk.Store
	StartFinding(tx *sqldb.Tx, f casedesk.Finding) (bool, error)
	EndFinding(tx *sqldb.Tx, id string, at time.Time) (bool, error)
	KeepRule(tx *sqldb.Tx, r casedesk.Rule) error
	KeepException(tx *sqldb.Tx, e casedesk.RawException) error
}

// Suite is a store under test.
type Suite struct {
	Store      Records
	Migrations []sqldb.Migration                          // of the store
	Hire       func(tx *sqldb.Tx, who access.Actor) error // makes an account
}

// Run runs every case on both engines.
func Run(t *testing.T, s Suite) {
	t.Helper()
	s.Migrations = withPlatform(s.Migrations)
	for name, test := range map[string]func(*testing.T, *Desk){
		"a whole loop":                         wholeLoop,
		"an episode opens one case":            opensOnce,
		"numbers follow the local day":         numbers,
		"recovery is noted and closes nothing": recovers,
		"the first answer is given again":      firstAnswer,
		"one of many stale commands wins":      oneWins,
		"refusals change nothing, audited":     refusals,
		"clocks remind and escalate once":      clocks,
		"dispatch to another unit and person":  dispatchElsewhere,
		"readers see what access allows":       scopes,
		"filters, totals and pages agree":      filters,
		"wrong filters are refused":            wrongFilters,
		"counts are those of the lists":        counts,
		"figures are those of the cases":       figures,
		"the page of a case":                   casePage,
		"personal values":                      personal,
		"detections":                           detections,
		"exceptions and audit":                 machineRoom,
		"a report becomes a case":              takes,
		"wrong reports are refused":            refusesIntakes,
		"repeats join the open case":           joinsRepeats,
		"a crowd reports one matter":           crowdReports,
		"everybody who reported is answered":   answersEverybody,
		"a voided case answers with a reason":  answersVoided,
		"own reports and questions":            takesDirectly,
		"a bulk comes as it was previewed":     previewsBulk,
		"a bulk repeated":                      repeatsBulk,
		"a bulk undone":                        undoesBulk,
		"what a bulk is refused":               limitsBulk,
		"an owner is warned first":             warnsOwner,
		"a warning that is lifted":             liftsWarning,
		"a warning ended by a person":          endsWarning,
		"nobody to warn":                       warnsNobody,
		"photos of a case":                     photos,
		"a photo comes once":                   photoOnce,
		"a photo on a full disk":               photoOnAFullDisk,
		"photos that are refused":              refusesPhotos,
		"a bulk's filter and the queues":       choosesBulk,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sqldbtest.Each(t, s.Migrations, func(t *testing.T, db *sqldb.DB) { test(t, newDesk(t, s, db)) })
		})
	}
}

// withPlatform adds the tables of what the desk uses.
func withPlatform(of []sqldb.Migration) []sqldb.Migration {
	return slices.Concat(of, timer.Migrations, outbox.Migrations, notify.Migrations)
}

// Start is when every case's clock begins: just before midnight in Shanghai.
var Start = time.Date(2026, 7, 1, 15, 59, 50, 0, time.UTC)

// Desk is a desk on a fresh database, with a clock of its own.
type Desk struct {
	*casedesk.Desk
	suite    Suite
	db       *sqldb.DB
	clock    *clock.Manual
	keys     atomic.Int64
	woken    atomic.Int64
	files    sync.Map // key → []byte
	diskFull atomic.Bool
	calls    sync.Map // id → title, of the calls that are not withdrawn; what a transaction that was taken back placed stays
}

// Call remembers whom the desk would have called.
func (d *Desk) Call(_ *sqldb.Tx, id string, _ *casework.Case, title lang.Text) error {
	d.calls.Store(id, title)
	return nil
}

// Withdraw forgets a call.
func (d *Desk) Withdraw(_ *sqldb.Tx, id string, _ lang.Text) error {
	d.calls.Delete(id)
	return nil
}

// called is how many calls wait for an answer.
func (d *Desk) called() (n int) {
	d.calls.Range(func(any, any) bool { n++; return true })
	return n
}

func newDesk(t testing.TB, s Suite, db *sqldb.DB) *Desk {
	t.Helper()
	d := &Desk{suite: s, db: db, clock: clock.NewManual(Start)}
	d.Desk = casedesk.New(casedesk.Options{
		DB: db, Store: s.Store, Clock: d.clock, Log: slog.New(slog.DiscardHandler), Wake: func() { d.woken.Add(1) }, Reveal: reveal,
		Persons: persons{}, Roster: d, Files: d, Owners: owners,
	})
	d.Use(city(t))
	d.update(t, func(tx *sqldb.Tx) error {
		for _, who := range Staff {
			if err := s.Hire(tx, who); err != nil {
				return err
			}
		}
		return nil
	})
	return d
}

// Staff are the officers of the tests.
var Staff = []access.Actor{operator, dispatcher, worker, colleague, plumber, verifier, admin, viewer}

var (
	operator   = access.Actor{ID: "op", Name: "Op", Roles: []access.Role{access.Operator}}
	dispatcher = access.Actor{ID: "di", Name: "Di", Roles: []access.Role{access.Dispatcher}}
	worker     = access.Actor{ID: "wo", Name: "Wo", Roles: []access.Role{access.FieldWorker}, Unit: "street-1"}
	colleague  = access.Actor{ID: "co", Name: "Co", Roles: []access.Role{access.FieldWorker, access.Verifier}, Unit: "street-1"}
	plumber    = access.Actor{ID: "pl", Name: "Pl", Roles: []access.Role{access.FieldWorker}, Unit: "water"}
	verifier   = access.Actor{ID: "ve", Name: "Ve", Roles: []access.Role{access.Verifier}}
	admin      = access.Actor{ID: "ad", Name: "Ad", Roles: []access.Role{access.Admin}}
	viewer     = access.Actor{ID: "vi", Name: "Vi", Roles: []access.Role{access.Viewer}}
)

func city(t testing.TB) casedesk.City {
	t.Helper()
	dir, wrong := registry.NewDirectory(
		[]registry.Area{{Code: "a1", Name: lang.Text{ZH: "一街", EN: "First"}}, {Code: "a2", Name: lang.Text{ZH: "二街", EN: "Second"}}},
		[]registry.Unit{{ID: "street-1", Name: lang.Text{ZH: "一街道", EN: "Street 1"}, Area: "a1"}, {ID: "water", Name: lang.Text{ZH: "水务", EN: "Water"}, Kind: "water"}})
	if len(wrong) > 0 {
		t.Fatal(wrong)
	}
	return casedesk.City{Directory: dir, Classes: classes, Indicators: behind}
}

// opening is a case of scenario "ponding" in area a1.
func opening(subject string, episode int64) casework.Opening {
	return casework.Opening{
		Title: lang.Text{ZH: "积水", EN: "Ponding"}, Class: "ponding", ClassTitle: lang.Text{ZH: "道路积水", EN: "Road ponding"},
		Limits: limited(2 * time.Hour), Severity: scenario.Major,
		Scenario: "ponding", Subject: subject, Episode: episode, Area: "a1", Unit: "street-1", WhyUnit: "its street",
	}
}

// limited is a limit round the clock, with a reminder a quarter before its end; nothing for 0.
func limited(d time.Duration) casework.Limits {
	if d == 0 {
		return casework.Limits{}
	}
	return casework.Limits{Phases: []casework.Phase{{Clock: worktime.UrgentHour, Limit: d, Reminder: d / 4}}}
}

func (d *Desk) update(t testing.TB, fn func(tx *sqldb.Tx) error) {
	t.Helper()
	if err := d.db.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// open opens a case and returns its id.
func (d *Desk) open(t testing.TB, o casework.Opening) casework.ID {
	t.Helper()
	var id casework.ID
	d.update(t, func(tx *sqldb.Tx) error {
		var err error
		id, _, err = d.Open(tx, casework.Open, o)
		return err
	})
	return id
}

func (d *Desk) load(t testing.TB, id casework.ID) (c casework.Case, facts []casework.Fact) {
	t.Helper()
	err := d.db.View(t.Context(), func(tx *sqldb.Tx) error {
		var err error
		if c, err = d.suite.Store.Case(tx, id); err == nil {
			facts, err = d.suite.Store.Facts(tx, id)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, facts
}

func (d *Desk) request(id casework.ID, kind casework.CommandKind, version int64, who access.Actor) casedesk.Request {
	return casedesk.Request{
		CaseID: id, Command: casework.Command{Kind: kind, Purpose: access.Casework, Version: version}, Actor: who,
		IdempotencyKey: fmt.Sprint("key-", d.keys.Add(1)), Route: "cases/commands",
	}
}

// do gives a command that must succeed, on the version it finds.
func (d *Desk) do(t testing.TB, id casework.ID, kind casework.CommandKind, who access.Actor) casedesk.View {
	t.Helper()
	c, _ := d.load(t, id)
	v, err := d.Do(t.Context(), d.request(id, kind, c.Version, who))
	if err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	return v
}

// steps are the line with who does what.
var steps = []struct {
	kind casework.CommandKind
	who  access.Actor
}{
	{casework.File, operator}, {casework.Dispatch, dispatcher}, {casework.Start, worker}, {casework.Finish, worker}, {casework.Verify, verifier}, {casework.Close, operator},
}

// walk takes a case along the line until it is in the state.
func (d *Desk) walk(t testing.TB, id casework.ID, to casework.State) {
	t.Helper()
	for _, s := range steps {
		c, _ := d.load(t, id)
		if c.State == to {
			return
		}
		if _, next := casework.Next(c.State, s.kind); next {
			d.do(t, id, s.kind, s.who)
		}
	}
}

func (d *Desk) audit(t testing.TB, q casedesk.AuditQuery) []access.Audit {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = casedesk.MaxLimit
	}
	all, err := d.Audit(t.Context(), casedesk.Reader{Actor: admin, Purpose: access.Operation}, q)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// number reads one number with a query.
func (d *Desk) text(t testing.TB, query string, args ...any) (text string) {
	t.Helper()
	err := d.db.View(t.Context(), func(tx *sqldb.Tx) error { return tx.QueryRow(query, args...).Scan(&text) })
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (d *Desk) number(t testing.TB, query string, args ...any) (n int) {
	t.Helper()
	err := d.db.View(t.Context(), func(tx *sqldb.Tx) error { return tx.QueryRow(query, args...).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}
