// Package incidentdesktest is the conformance suite of incidentdesk and of whatever store it works on.
//
// A store's own test calls Run with the store and its tables; every case then runs on both database engines. The suite drives the desk from outside, with a clock
// that it moves itself. Who was told and who is called is read from a Room that writes into the desk's transactions. Every bug found in a store ends as a case in
// here.
package incidentdesktest

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/incident"
	"twoweave/internal/manage/incidentdesk"
	"twoweave/internal/manage/matter"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/platform/timer"
	"twoweave/internal/registry"
)

// Records is the store with what others write into it.
type Records interface {
	incidentdesk.Store
	SaveCase(tx *sqldb.Tx, c casework.Case, from int64, facts []casework.Fact) error
}

// Suite is a store under test.
type Suite struct {
	Store      Records
	Migrations []sqldb.Migration // of the store
}

// Run runs every case on both engines.
func Run(t *testing.T, s Suite) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, *Desk){
		"a commander's day":                    wholeDay,
		"command is passed on and accepted":    passesCommand,
		"a late task reminds, then calls":      clocks,
		"the first answer is given again":      firstAnswer,
		"refusals change nothing, audited":     refusals,
		"two commanders at once":               oneWins,
		"a case is in one incident at most":    oneIncident,
		"many gather one case at once":         oneGathers,
		"open cases are proposed":              proposes,
		"readers see what access allows":       readers,
		"lists come in pages":                  pages,
		"numbers follow the local day":         numbers,
		"many open at once":                    openAtOnce,
		"what was late is so when reopened":    reopens,
		"own tasks have no last page":          manyTasks,
		"what no database keeps is refused":    odd,
		"names that are unknown are refused":   unknown,
		"the revision grows with every change": revision,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sqldbtest.Each(t, withPlatform(s.Migrations), func(t *testing.T, db *sqldb.DB) { test(t, newDesk(t, s, db)) })
		})
	}
}

func withPlatform(of []sqldb.Migration) []sqldb.Migration {
	return slices.Concat(of, timer.Migrations, []sqldb.Migration{{Name: "incidentdesktest", SQL: `
CREATE TABLE told (n $identity, person TEXT NOT NULL, about TEXT NOT NULL, words TEXT NOT NULL);
CREATE TABLE called (id TEXT NOT NULL PRIMARY KEY, unit TEXT NOT NULL, live BOOLEAN NOT NULL);`}})
}

// Start is when every case's clock begins: ten seconds before midnight in Shanghai. It has more digits than a database keeps.
var Start = time.Date(2026, 7, 1, 15, 59, 50, 123_456_789, time.UTC)

var (
	chief    = access.Actor{ID: "chief", Name: "指挥长 / Chief", Roles: []access.Role{access.Dispatcher}}
	deputy   = access.Actor{ID: "deputy", Name: "Deputy", Roles: []access.Role{access.Dispatcher}}
	admin    = access.Actor{ID: "admin", Name: "Admin", Roles: []access.Role{access.Admin}}
	operator = access.Actor{ID: "op", Name: "Op", Roles: []access.Role{access.Operator}}
	verifier = access.Actor{ID: "ve", Name: "Ve", Roles: []access.Role{access.Verifier}}
	worker   = access.Actor{ID: "wo", Name: "Wo", Roles: []access.Role{access.FieldWorker}, Unit: "street-1"}
	other    = access.Actor{ID: "other", Name: "Other", Roles: []access.Role{access.FieldWorker}, Unit: "street-2"}
	viewer   = access.Actor{ID: "vi", Name: "Vi", Roles: []access.Role{access.Viewer}}
	everyone = []access.Actor{chief, deputy, admin, operator, verifier, worker, other, viewer}
)

// Desk is a desk on a fresh database, with a clock and a room of its own.
type Desk struct {
	*incidentdesk.Desk
	suite  Suite
	db     *sqldb.DB
	clock  *clock.Manual
	timers *timer.Runner
	keys   atomic.Int64
}

func newDesk(t testing.TB, s Suite, db *sqldb.DB) *Desk {
	t.Helper()
	d := &Desk{suite: s, db: db, clock: clock.NewManual(Start)}
	d.build(t, s.Store)
	return d
}

// build makes the desk on a store, which may be one that fails.
func (d *Desk) build(t testing.TB, store incidentdesk.Store) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	d.Desk = incidentdesk.New(incidentdesk.Options{DB: d.db, Store: store, Room: room{}, Staff: staff, Clock: d.clock, Log: log,
		Level: func(_ context.Context, areas []event.AreaCode) (order.Level, error) {
			if slices.Contains(areas, "a2") {
				return order.Emergency3, nil
			}
			return order.Daily, nil
		}})
	city, wrong := registry.NewDirectory([]registry.Area{{Code: "a1", Name: same("Area 1")}, {Code: "a2", Name: same("Area 2")}},
		[]registry.Unit{{ID: "street-1", Name: same("Street 1"), Kind: "street", Area: "a1"}, {ID: "street-2", Name: same("Street 2"), Kind: "street", Area: "a2"}})
	if len(wrong) > 0 {
		t.Fatal(wrong)
	}
	d.Use(city)
	d.timers = timer.NewRunner(d.db, d.clock, log, d.Timers())
}

func same(s string) lang.Text { return lang.Text{ZH: s, EN: s} }

func staff(*sqldb.Tx) (all []incidentdesk.Member, err error) {
	for _, a := range everyone {
		all = append(all, incidentdesk.Member{ID: registry.PersonID(a.ID), Name: a.Name, Roles: a.Roles, Unit: registry.UnitID(a.Unit)})
	}
	return all, nil
}

// room writes down who would be told and called.
type room struct{}

func (room) Tell(tx *sqldb.Tx, person registry.PersonID, about string, text lang.Text) error {
	_, err := tx.Exec(`INSERT INTO told (person, about, words) VALUES ($1, $2, $3)`, string(person), about, text.EN)
	return err
}

func (room) Call(tx *sqldb.Tx, id, _ string, unit registry.UnitID, _ lang.Text) error {
	_, err := tx.Exec(`INSERT INTO called (id, unit, live) VALUES ($1, $2, TRUE) ON CONFLICT (id) DO NOTHING`, id, string(unit))
	return err
}

func (room) Withdraw(tx *sqldb.Tx, id string, _ lang.Text) error {
	_, err := tx.Exec(`UPDATE called SET live = FALSE WHERE id = $1`, id)
	return err
}

func (d *Desk) view(t testing.TB, fn func(*sqldb.Tx) error) {
	t.Helper()
	if err := d.db.View(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// texts reads one column of a query, as one text.
func (d *Desk) texts(t testing.TB, query string, args ...any) string {
	t.Helper()
	var all []string
	d.view(t, func(tx *sqldb.Tx) error {
		all = nil
		rows, err := tx.Query(query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				return err
			}
			all = append(all, s)
		}
		return rows.Err()
	})
	return strings.Join(all, " | ")
}

// told is what somebody was told, in order; ringing is which units are being called.
func (d *Desk) told(t testing.TB, who access.Actor) string {
	t.Helper()
	return d.texts(t, `SELECT words FROM told WHERE person = $1 ORDER BY n`, who.ID)
}

func (d *Desk) ringing(t testing.TB) string {
	t.Helper()
	return d.texts(t, `SELECT CASE unit WHEN '' THEN 'centre' ELSE unit END FROM called WHERE live ORDER BY id`)
}

// by is a new request of somebody.
func (d *Desk) by(who access.Actor) command.Request {
	return command.Request{Actor: who, IdempotencyKey: fmt.Sprint("key-", d.keys.Add(1)), Route: "/test"}
}

func (d *Desk) begin(t testing.TB, areas ...event.AreaCode) incidentdesk.View {
	t.Helper()
	v, err := d.Open(t.Context(), d.by(chief), opening(areas...))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func opening(areas ...event.AreaCode) incident.Opening {
	return incident.Opening{Title: "Burst main", Kind: incident.Accident, Areas: areas, Place: "River Road 5"}
}

// do gives a command that must be done, on the incident as it is now.
func (d *Desk) do(t testing.TB, id incident.ID, who access.Actor, cmd incident.Command) incidentdesk.View {
	t.Helper()
	v, err := d.try(t, id, who, cmd)
	if err != nil {
		t.Fatalf("%s by %s: %v", cmd.Kind, who.ID, err)
	}
	return v
}

func (d *Desk) try(t testing.TB, id incident.ID, who access.Actor, cmd incident.Command) (incidentdesk.View, error) {
	t.Helper()
	if cmd.Version == 0 {
		cmd.Version = d.load(t, id).Version
	}
	return d.Do(t.Context(), d.by(who), id, cmd)
}

func (d *Desk) load(t testing.TB, id incident.ID) (i incident.Incident) {
	t.Helper()
	d.view(t, func(tx *sqldb.Tx) (err error) {
		i, err = d.suite.Store.Incident(tx, id)
		return err
	})
	return i
}

func (d *Desk) page(t testing.TB, id incident.ID) incidentdesk.Detail {
	t.Helper()
	out, err := d.Incident(t.Context(), chief, id)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// pass moves the clock and runs what falls due.
func (d *Desk) pass(t testing.TB, by time.Duration) {
	t.Helper()
	d.clock.Advance(by)
	if _, err := d.timers.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// add keeps a case that was opened some time after Start.
func (d *Desk) add(t testing.TB, id casework.ID, area event.AreaCode, class string, open bool, after time.Duration) {
	t.Helper()
	c := casework.Case{ID: id, Number: "N-" + string(id), Version: 1, State: casework.Accepted, Class: matter.ClassID(class), Severity: scenario.Minor, Title: same("Case " + string(id)),
		Area: area, Unit: "street-1", OpenedAt: Start.Add(after).Truncate(time.Microsecond), UpdatedAt: Start.Truncate(time.Microsecond)}
	c.Detection.Scenario, c.Detection.Subject = "ponding", string(id)
	if !open {
		c.State = casework.Voided
	}
	if err := d.db.Update(t.Context(), func(tx *sqldb.Tx) error { return d.suite.Store.SaveCase(tx, c, 0, nil) }); err != nil {
		t.Fatal(err)
	}
}

func give(what string, unit registry.UnitID, within time.Duration) incident.Command {
	return incident.Command{Kind: incident.Give, Order: &incident.Assignment{What: what, Unit: unit, Clock: incident.UrgentHours}, Within: within}
}

func onTask(kind incident.CommandKind, n int, note string) incident.Command {
	return incident.Command{Kind: kind, Task: n, Note: note}
}
