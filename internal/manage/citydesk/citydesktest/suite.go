// Package citydesktest is the conformance suite of citydesk and of whatever store it works on.
//
// A store's own test calls Run with the store and its tables; every case then runs on both database engines, on the demo city's pack. What is in force is
// tied together anew from what the store keeps, as a program that starts would. Every bug found in a store ends as a case in here.
package citydesktest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/citydesk"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/reform/pack"
	"twoweave/internal/registry"
	"twoweave/packs"
)

// Suite is a store under test.
type Suite struct {
	Store      citydesk.Store
	Migrations []sqldb.Migration
	// Open keeps an open case of a unit.
	Open func(tx *sqldb.Tx, id string, unit registry.UnitID) error
	// Arbitrate keeps a case of a class in an area that one unit gave back and that was given to another.
	Arbitrate func(tx *sqldb.Tx, a registry.Arbitration) error
	// Audit lists what the store keeps of an actor's decisions.
	Audit func(tx *sqldb.Tx, actor string) ([]access.Audit, error)
}

// Run runs every case on both engines.
func Run(t *testing.T, s Suite) {
	t.Helper()
	base := city(t)
	for name, test := range map[string]func(*testing.T, *desk){
		"a change is in force, on record, and can be taken back": change,
		"two who change one entry at once":                       stale,
		"many changes at once are all kept":                      many,
		"what does not fit is told and changes nothing":          refused,
		"a unit with open cases stays":                           busy,
		"who may change what":                                    rights,
		"a crash between keeping and putting in force":           crash,
		"arbitration proposes a rule that can be taken over":     learned,
		"history comes in pages":                                 pages,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sqldbtest.Each(t, s.Migrations, func(t *testing.T, db *sqldb.DB) { test(t, newDesk(t, s, db, base)) })
		})
	}
}

func city(t *testing.T) *pack.Pack {
	t.Helper()
	folder, err := packs.FS(packs.Demo)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pack.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var (
	operator   = access.Actor{ID: "op", Name: "Op", Roles: []access.Role{access.Operator}}
	dispatcher = access.Actor{ID: "di", Name: "Di", Roles: []access.Role{access.Dispatcher}}
	admin      = access.Actor{ID: "ad", Name: "Ad", Roles: []access.Role{access.Admin}}
	worker     = access.Actor{ID: "wo", Name: "Wo", Roles: []access.Role{access.FieldWorker}, Unit: here}
)

const here, there = "street-310115004000", "street-310115005000"

// desk is a desk on a fresh database.
type desk struct {
	*citydesk.Desk
	suite Suite
	db    *sqldb.DB
	clock *clock.Manual
	keys  atomic.Int64

	mu      sync.Mutex
	set     *pack.Set
	broken  bool // nothing can be put in force
	renewed int
}

func newDesk(t *testing.T, s Suite, db *sqldb.DB, base *pack.Pack) *desk {
	t.Helper()
	set, err := pack.Combine(base)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{suite: s, db: db, clock: clock.NewManual(time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC)), set: set}
	d.Desk = citydesk.New(citydesk.Options{DB: db, Store: s.Store, Content: d, Clock: d.clock, Log: slog.New(slog.DiscardHandler)})
	return d
}

func (d *desk) InForce() *pack.Set {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.set
}

func (d *desk) Renew(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.broken {
		return fault.New(fault.Unavailable, "citydesktest", "the log does not answer")
	}
	set, err := d.Amended(ctx, d.set.Packs...)
	if err == nil {
		d.set = set
		d.renewed++
	}
	return err
}

func (d *desk) by(who access.Actor) command.Request {
	return command.Request{Actor: who, IdempotencyKey: fmt.Sprint("key-", d.keys.Add(1)), Route: "city"}
}

func (d *desk) must(t *testing.T, c citydesk.Change) citydesk.RevisionView {
	t.Helper()
	v, err := d.Change(t.Context(), d.by(admin), c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (d *desk) update(t *testing.T, fn func(tx *sqldb.Tx) error) {
	t.Helper()
	if err := d.db.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func unit(id, zh, kind, area string) citydesk.Change {
	body := fmt.Sprintf(`{"unit": %q, "name": {"zh": %q, "en": "Unit"}, "kind": %q, "area": %q}`, id, zh, kind, area)
	return citydesk.Change{Kind: pack.UnitEntry, ID: id, What: citydesk.Put, Body: json.RawMessage(body), Why: "a test"}
}

func change(t *testing.T, d *desk) {
	before := d.InForce()
	first := unit(here, "改过的分中心", "street", "310115004000")
	v := d.must(t, first)
	if u, _ := d.InForce().Directory.Unit(here); u.Name.ZH != "改过的分中心" || v.Number != 1 || v.ByName != "Ad" || string(v.Before) == "null" {
		t.Errorf("unit %+v after %+v", u, v)
	}
	again, err := d.Change(t.Context(), command.Request{Actor: admin, IdempotencyKey: "key-1", Route: "city"}, first)
	if err != nil || again.Number != 1 {
		t.Errorf("the same command again: %+v, %v", again, err)
	}
	d.clock.Advance(time.Hour)
	added := d.must(t, unit("new-unit", "新单位", "street", "310115004000"))
	if string(added.Before) != "null" {
		t.Errorf("a new unit was something before: %s", added.Before)
	}
	gone := d.must(t, citydesk.Change{Kind: pack.UnitEntry, ID: "new-unit", What: citydesk.Remove, Base: 2, Why: "a test"})
	back := d.must(t, citydesk.Change{Kind: pack.UnitEntry, ID: here, What: citydesk.Back, Base: 1, Why: "a test"})
	if gone.Number != 3 || back.Number != 4 || !reflect.DeepEqual(before.Directory.Content, d.InForce().Directory.Content) {
		t.Errorf("after going back the city is another one; revisions %d, %d", gone.Number, back.Number)
	}
	var audits []access.Audit
	d.update(t, func(tx *sqldb.Tx) (err error) { audits, err = d.suite.Audit(tx, "ad"); return err })
	if len(audits) != 4 || audits[3].Thing != "city/unit/"+here {
		t.Errorf("%d audit facts: %+v", len(audits), audits)
	}
}

func stale(t *testing.T, d *desk) {
	d.must(t, unit(here, "一", "street", "310115004000"))
	_, err := d.Change(t.Context(), d.by(admin), unit(here, "二", "street", "310115004000"))
	conflict, is := errors.AsType[*citydesk.Stale](err)
	if !is || conflict.Current.Number != 1 || conflict.Current.ByName != "Ad" {
		t.Fatalf("%v", err)
	}
	if u, _ := d.InForce().Directory.Unit(here); u.Name.ZH != "一" {
		t.Errorf("the unit is %+v", u)
	}
}

func many(t *testing.T, d *desk) {
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			c := unit(fmt.Sprint("unit-", i), fmt.Sprint("单位", i), "street", "310115004000")
			for tries := 0; ; tries++ {
				_, err := d.Change(t.Context(), d.by(admin), c)
				if err == nil {
					return
				}
				if !fault.Is(err, fault.Conflict) || tries > 100 {
					t.Errorf("%d: %v", i, err)
					return
				}
			}
		})
	}
	all.Wait()
	if err := d.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	h, err := d.History(t.Context(), admin, citydesk.Query{})
	if err != nil || len(h.Items) != 8 || h.Items[0].Number != 8 || h.Items[7].Number != 1 {
		t.Errorf("%+v, %v", h, err)
	}
	for i := range 8 {
		if _, there := d.InForce().Directory.Unit(registry.UnitID(fmt.Sprint("unit-", i))); !there {
			t.Errorf("unit %d is not in force", i)
		}
	}
}

func refused(t *testing.T, d *desk) {
	before := d.InForce()
	put := func(kind pack.EntryKind, id, body string) citydesk.Change {
		return citydesk.Change{Kind: kind, ID: id, What: citydesk.Put, Body: json.RawMessage(body), Why: "a test"}
	}
	silent := unit(here, "一", "street", "310115004000")
	silent.Why = " "
	for name, c := range map[string]struct {
		change citydesk.Change
		field  string
	}{
		"no such area":      {unit("u", "一", "street", "nowhere"), "area"},
		"no reason":         {silent, "why"},
		"another's name":    {put(pack.UnitEntry, "a", `{"unit": "b"}`), "unit"},
		"no object":         {put(pack.UnitEntry, "a", `[]`), "body"},
		"no JSON":           {put(pack.UnitEntry, "a", `{`), "body"},
		"no list":           {put(pack.DutyEntry, "dispatcher", `{}`), "body"},
		"an unknown field":  {put(pack.UnitEntry, "a", `{"unit": "a", "colour": "red"}`), "colour"},
		"no such kind":      {put("street", "a", `{}`), "kind"},
		"a bad id":          {put(pack.UnitEntry, "a/b", `{"unit": "a/b"}`), "id"},
		"a limit":           {put(pack.ClassEntry, "ponding", `{"class": "ponding", "limit": "5 moons"}`), "limit"},
		"a class taken out": {citydesk.Change{Kind: pack.ClassEntry, ID: "ponding", What: citydesk.Remove, Why: "x"}, "what"},
		"a unit with grids": {citydesk.Change{Kind: pack.UnitEntry, ID: here, What: citydesk.Remove, Why: "x"}, ""},
		"a day of nothing":  {put(pack.HolidayEntry, "2026-13-01", `{"date": "2026-13-01", "name": "x"}`), "date"},
	} {
		_, tried := d.Try(t.Context(), admin, c.change)
		_, err := d.Change(t.Context(), d.by(admin), c.change)
		for _, err := range []error{tried, err} {
			if problems := fault.Problems(err); !fault.Is(err, fault.Invalid) || len(problems) == 0 || problems[0].Field != c.field {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if d.InForce() != before || d.renewed != 0 {
		t.Error("something was put in force")
	}
}

func busy(t *testing.T, d *desk) {
	d.must(t, unit("new-unit", "新单位", "street", "310115004000"))
	d.update(t, func(tx *sqldb.Tx) error { return d.suite.Open(tx, "case-1", "new-unit") })
	remove := citydesk.Change{Kind: pack.UnitEntry, ID: "new-unit", What: citydesk.Remove, Base: 1, Why: "a test"}
	if _, err := d.Change(t.Context(), d.by(admin), remove); !fault.Is(err, fault.Invalid) {
		t.Errorf("a unit with an open case was taken out: %v", err)
	}
	remove.What = citydesk.Back // which would take it out as well
	if _, err := d.Change(t.Context(), d.by(admin), remove); !fault.Is(err, fault.Invalid) {
		t.Errorf("a unit with an open case went: %v", err)
	}
}

func rights(t *testing.T, d *desk) {
	duty := func(post string) citydesk.Change {
		return citydesk.Change{Kind: pack.DutyEntry, ID: post, What: citydesk.Put, Body: json.RawMessage(`[]`), Why: "a test"}
	}
	var own string
	for _, p := range d.InForce().Directory.Roster.Posts {
		if p.Unit == here {
			own = string(p.ID)
		}
	}
	for name, c := range map[string]struct {
		who    access.Actor
		change citydesk.Change
		ok     bool
	}{
		"an operator changes no unit":            {operator, unit(here, "一", "street", "310115004000"), false},
		"a dispatcher changes no unit":           {dispatcher, unit(here, "一", "street", "310115004000"), false},
		"a dispatcher changes the roster":        {dispatcher, duty("dispatcher"), true},
		"an operator does not":                   {operator, duty("dispatcher"), false},
		"a sub-centre changes its own roster":    {worker, duty(own), true},
		"a sub-centre changes no other's":        {worker, duty("dispatcher"), false},
		"an administrator changes what there is": {admin, unit(here, "一", "street", "310115004000"), true},
	} {
		if _, err := d.Try(t.Context(), c.who, c.change); (err == nil) != c.ok || !c.ok && !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := d.Entries(t.Context(), worker, pack.UnitEntry); !fault.Is(err, fault.Denied) {
		t.Errorf("a field worker looks at the city's content: %v", err)
	}
}

func crash(t *testing.T, d *desk) {
	d.broken = true
	d.must(t, unit(here, "一", "street", "310115004000"))
	if u, _ := d.InForce().Directory.Unit(here); u.Name.ZH == "一" {
		t.Error("it is in force already")
	}
	if err := d.Settle(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v", err)
	}
	d.broken = false
	for range 3 {
		if err := d.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if u, _ := d.InForce().Directory.Unit(here); u.Name.ZH != "一" || d.renewed != 1 {
		t.Errorf("unit %+v, renewed %d times", u, d.renewed)
	}
}

func learned(t *testing.T, d *desk) {
	for i := range 3 {
		a := registry.Arbitration{Case: fmt.Sprint("case-", i), Class: "ponding", Area: "310115004000", From: "water-bureau", To: here, At: d.clock.Now().Add(-time.Hour)}
		d.update(t, func(tx *sqldb.Tx) error { return d.suite.Arbitrate(tx, a) })
	}
	all, err := d.Proposals(t.Context(), admin)
	if err != nil || len(all) != 1 || all[0].Rule.To != here || all[0].From[0] != "water-bureau" || len(all[0].Cases) != 3 {
		t.Fatalf("%+v, %v", all, err)
	}
	body, err := json.Marshal(all[0].Rule)
	if err != nil {
		t.Fatal(err)
	}
	d.must(t, citydesk.Change{Kind: pack.RuleEntry, ID: string(all[0].Rule.ID), What: citydesk.Put, Body: body, Why: all[0].Why.EN})
	if a := d.InForce().Directory.Route(registry.Question{Class: "ponding", Kind: "water", Area: "310115004000"}); a.Unit != here {
		t.Errorf("the rule that was taken over has no say: %+v", a)
	}
	if all, err := d.Proposals(t.Context(), admin); err != nil || len(all) != 0 {
		t.Errorf("it is proposed still: %+v, %v", all, err)
	}
}

func pages(t *testing.T, d *desk) {
	for i := range 5 {
		c := unit(here, fmt.Sprint("名", i), "street", "310115004000")
		c.Base = int64(i)
		d.must(t, c)
	}
	var got []int64
	for q := (citydesk.Query{Limit: 2}); ; {
		h, err := d.History(t.Context(), operator, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range h.Items {
			got = append(got, r.Number)
		}
		if q.Before = h.Next; h.Next == 0 {
			break
		}
	}
	if fmt.Sprint(got) != "[5 4 3 2 1]" {
		t.Errorf("%v", got)
	}
	list, err := d.Entries(t.Context(), operator, pack.UnitEntry)
	if err != nil || list.Items[0].ID != here || list.Items[0].Revision != 5 || list.May {
		t.Errorf("%+v, %v", list.Items[0], err)
	}
}
