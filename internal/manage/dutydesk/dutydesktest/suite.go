// Package dutydesktest is the conformance suite of dutydesk and of whatever store it works on.
//
// A store's own test calls Run with the store and its tables; every case then runs on both database engines. The suite drives the desk from outside, with a clock
// that it moves itself and a roster in which it is a Wednesday noon in Pudong. Who was told what is read from a Teller that writes into the desk's
// transactions. Every bug found in a store ends as a case in here.
package dutydesktest

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/dutydesk"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/platform/timer"
	"twoweave/internal/registry"
)

// Suite is a store under test.
type Suite struct {
	Store      dutydesk.Store
	Migrations []sqldb.Migration // of the store
	// Audit lists what the store keeps of an actor's decisions, the last first.
	Audit func(tx *sqldb.Tx, actor string) ([]access.Audit, error)
}

// Run runs every case on both engines.
func Run(t *testing.T, s Suite) {
	t.Helper()
	s.Migrations = slices.Concat(s.Migrations, timer.Migrations, toldTable)
	for name, test := range map[string]func(*testing.T, *Desk){
		"a call climbs the ladder":                      climbs,
		"who was called acknowledges":                   acknowledges,
		"a call is passed on":                           passes,
		"what is placed twice calls once":               once,
		"a call is withdrawn":                           withdraws,
		"a call goes to the deputy":                     deputies,
		"deputies are checked":                          wrongDeputies,
		"a shift is handed over and accepted":           handsOver,
		"a hand-over that nobody accepts calls":         late,
		"who may hand over and accept":                  mayHandOver,
		"the first answer is given again":               firstAnswer,
		"refusals change nothing, audited":              refusals,
		"one of many who acknowledge wins":              oneWins,
		"a change over another version is not kept":     versions,
		"what cannot be told does not happen":           untold,
		"lists come in pages":                           pages,
		"the board shows who is there":                  board,
		"what people write is kept, or refused":         texts,
		"a timer that rings when all is done is silent": stale,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sqldbtest.Each(t, s.Migrations, func(t *testing.T, db *sqldb.DB) { test(t, newDesk(t, s, db)) })
		})
	}
}

// Start is when every case's clock begins: a Wednesday, 12:00 in Pudong. It has more digits than a database keeps.
var Start = time.Date(2026, 7, 1, 4, 0, 0, 123_456_789, time.UTC)

var (
	operator    = access.Actor{ID: "op", Name: "Op", Roles: []access.Role{access.Operator}}
	operator2   = access.Actor{ID: "op2", Name: "Op 2", Roles: []access.Role{access.Operator}}
	dispatcher  = access.Actor{ID: "di", Name: "Di", Roles: []access.Role{access.Dispatcher}}
	dispatcher2 = access.Actor{ID: "di2", Name: "Di 2", Roles: []access.Role{access.Dispatcher}}
	worker      = access.Actor{ID: "wo", Name: "Wo", Roles: []access.Role{access.FieldWorker}, Unit: "street-1"}
	leader      = access.Actor{ID: "le", Name: "Le", Roles: []access.Role{access.FieldWorker}, Unit: "street-1"}
	leader2     = access.Actor{ID: "le2", Name: "Le 2", Roles: []access.Role{access.FieldWorker}, Unit: "street-1"}
	stranger    = access.Actor{ID: "other", Name: "Other", Roles: []access.Role{access.FieldWorker}, Unit: "street-2"}
	viewer      = access.Actor{ID: "vi", Name: "Vi", Roles: []access.Role{access.Viewer}}
)

// roster has a sub-centre with a person on call and a shift leader, and the centre: an operator, a dispatcher, and a director who is there on days off alone.
func roster() registry.Roster {
	both := func(s string) lang.Text { return lang.Text{ZH: s + "岗", EN: s} }
	r := registry.Roster{
		Shifts: []registry.Shift{
			{ID: "day", Name: both("day"), From: 8 * 60, To: 16 * 60}, {ID: "evening", Name: both("evening"), From: 16 * 60, To: 24 * 60},
			{ID: "night", Name: both("night"), From: 0, To: 8 * 60}, {ID: "off", Name: both("off"), From: 9 * 60, To: 9 * 60, Days: registry.Off},
		},
		Posts: []registry.Post{
			{ID: "dispatcher", Name: both("dispatcher"), Shifts: []registry.ShiftID{"day", "evening", "night"}, Next: "director", Within: 3 * time.Minute},
			{ID: "operator", Name: both("operator"), Shifts: []registry.ShiftID{"day", "evening"}, Next: "dispatcher"},
			{ID: "director", Name: both("director"), Shifts: []registry.ShiftID{"off"}},
			{ID: "on-call", Name: both("on-call"), Unit: "street-1", Shifts: []registry.ShiftID{"day"}, Next: "leader"},
			{ID: "leader", Name: both("leader"), Unit: "street-1", Shifts: []registry.ShiftID{"day", "evening"}, Next: "director", Within: 10 * time.Minute},
		},
		Otherwise: "dispatcher",
	}
	r.Posts[4].Next = "middle" // somebody who is never there
	r.Posts = append(r.Posts, registry.Post{ID: "middle", Name: both("middle"), Unit: "street-1", Shifts: []registry.ShiftID{"off"}, Next: "dispatcher"})
	for _, a := range []access.Actor{operator, operator2, dispatcher, dispatcher2, worker, leader, leader2, stranger} {
		r.Persons = append(r.Persons, registry.Person{ID: registry.PersonID(a.ID), Name: lang.Text{ZH: a.Name, EN: a.Name}, Unit: registry.UnitID(a.Unit)})
	}
	for _, d := range [...]struct {
		post   registry.PostID
		shift  registry.ShiftID
		person string
	}{{"dispatcher", "day", "di"}, {"dispatcher", "evening", "di2"}, {"dispatcher", "night", "di"}, {"operator", "day", "op"}, {"operator", "evening", "op2"},
		{"on-call", "day", "wo"}, {"leader", "day", "le"}, {"leader", "evening", "le2"}} {
		r.Duties = append(r.Duties, registry.Duty{Post: d.post, Shift: d.shift, Persons: []registry.PersonID{registry.PersonID(d.person)}})
	}
	return r
}

func directory(t *testing.T) *registry.Directory {
	t.Helper()
	d, wrong := registry.New(registry.Content{
		Areas: []registry.Area{{Code: "a1"}, {Code: "a2"}},
		Units: []registry.Unit{{ID: "street-1", Kind: "street", Area: "a1", Name: lang.Text{ZH: "一街道", EN: "Street 1"}},
			{ID: "street-2", Kind: "street", Area: "a2", Name: lang.Text{ZH: "二街道", EN: "Street 2"}}},
		Roster: roster(),
	})
	if len(wrong) > 0 {
		t.Fatal(wrong)
	}
	return d
}

// Desk is a desk on a fresh database, with a clock, timers and a teller of its own.
type Desk struct {
	*dutydesk.Desk
	suite  Suite
	db     *sqldb.DB
	clock  *clock.Manual
	timers *timer.Runner
	teller *teller
	keys   atomic.Int64
}

func newDesk(t *testing.T, s Suite, db *sqldb.DB) *Desk {
	t.Helper()
	d := &Desk{suite: s, db: db, clock: clock.NewManual(Start), teller: &teller{}}
	quiet := slog.New(slog.DiscardHandler)
	d.Desk = dutydesk.New(dutydesk.Options{DB: db, Store: s.Store, Teller: d.teller, Clock: d.clock, Log: quiet})
	d.Use(dutydesk.City{Directory: directory(t), Working: func(time.Time) bool { return true }})
	d.timers = timer.NewRunner(db, d.clock, quiet, d.Timers())
	return d
}

var toldTable = []sqldb.Migration{{Name: "told-1", SQL: `CREATE TABLE told (person TEXT NOT NULL, about TEXT NOT NULL, text TEXT NOT NULL)`}}

// teller keeps what is told in the transaction that tells it.
type teller struct{ broken atomic.Bool }

func (b *teller) Tell(tx *sqldb.Tx, person registry.PersonID, about string, text lang.Text) error {
	if b.broken.Load() {
		return fault.New(fault.Unavailable, "teller", "no way to tell")
	}
	_, err := tx.Exec(`INSERT INTO told (person, about, text) VALUES ($1, $2, $3)`, string(person), about, text.EN)
	return err
}

// told are the persons told of a thing so far, by name.
func (d *Desk) told(t *testing.T, about string) string {
	t.Helper()
	var all []string
	d.view(t, func(tx *sqldb.Tx) error {
		all = nil
		rows, err := tx.Query(`SELECT person FROM told WHERE about = $1 ORDER BY person`, about)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var person string
			if err := rows.Scan(&person); err != nil {
				return err
			}
			all = append(all, person)
		}
		return rows.Err()
	})
	return strings.Join(all, " ")
}

// by is a request a moment later than the one before, so that the log has an order.
func (d *Desk) by(who access.Actor) command.Request {
	d.clock.Advance(time.Microsecond)
	return command.Request{Actor: who, IdempotencyKey: fmt.Sprint("key-", d.keys.Add(1)), Route: "duty"}
}

func (d *Desk) view(t *testing.T, fn func(tx *sqldb.Tx) error) {
	t.Helper()
	if err := d.db.View(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func (d *Desk) update(t *testing.T, fn func(tx *sqldb.Tx) error) {
	t.Helper()
	if err := d.db.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// pass lets time go by and timers ring.
func (d *Desk) pass(t *testing.T, by time.Duration) {
	t.Helper()
	d.clock.Advance(by)
	if _, err := d.timers.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// place calls street-1's ladder for a case.
func (d *Desk) place(t *testing.T, id dutydesk.CallID) {
	t.Helper()
	d.update(t, func(tx *sqldb.Tx) error {
		return d.Place(tx, dutydesk.Draft{ID: id, About: "case/C-1", Title: lang.Text{ZH: "案件升级", EN: "escalated"}, Unit: "street-1"})
	})
}

func (d *Desk) call(t *testing.T, id dutydesk.CallID) (c dutydesk.Call) {
	t.Helper()
	d.view(t, func(tx *sqldb.Tx) (err error) {
		c, err = d.suite.Store.DutyCall(tx, id)
		return err
	})
	return c
}

// rungs are who was called and what came of it: "on-call:silent leader:".
func rungs(c dutydesk.Call) string {
	var all []string
	for _, r := range c.Rungs {
		name := string(r.Post)
		if name == "" {
			name = "@" + string(r.People[0].Person)
		}
		all = append(all, name+":"+string(r.Outcome))
	}
	return strings.Join(all, " ")
}

// happened is the log about a thing, the first entry first.
func (d *Desk) happened(t *testing.T, thing string) string {
	t.Helper()
	page, err := d.Log(t.Context(), operator, dutydesk.LogFilter{Thing: thing, Paging: dutydesk.Paging{Limit: 200}})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range slices.Backward(page.Items) {
		if !e.Text.Complete() {
			t.Errorf("an entry without words: %+v", e)
		}
		all = append(all, string(e.What))
	}
	return strings.Join(all, " ")
}

func (d *Desk) audit(t *testing.T, who string) (all []access.Audit) {
	t.Helper()
	d.view(t, func(tx *sqldb.Tx) (err error) {
		all, err = d.suite.Audit(tx, who)
		return err
	})
	return all
}
