// Package orderdesktest is the conformance suite of orderdesk and of whatever store it works on.
//
// A store's own test calls Run with the store and its tables; every case then runs on both database engines. The suite drives the desk from outside, with a clock
// that it moves itself and a log that it can make forget ids, fail, and answer late. What is in force is always read from that log, as detection would.
// Every bug found in a store ends as a case in here.
package orderdesktest

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/orderdesk"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/outbox"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/platform/timer"
	"twoweave/internal/registry"
)

// Suite is a store under test.
type Suite struct {
	Store      orderdesk.Store
	Migrations []sqldb.Migration // of the store
	// Audit lists what the store keeps of an actor's decisions, the last first.
	Audit func(tx *sqldb.Tx, actor string) ([]access.Audit, error)
}

// Run runs every case on both engines.
func Run(t *testing.T, s Suite) {
	t.Helper()
	s.Migrations = slices.Concat(s.Migrations, timer.Migrations, outbox.Migrations)
	for name, test := range map[string]func(*testing.T, *Desk){
		"an emergency takes two persons":                 twoPersons,
		"one person orders special, and ends it":         special,
		"a silence":                                      silence,
		"the first answer is given again":                firstAnswer,
		"refusals change nothing, audited":               refusals,
		"one of many confirmations wins":                 oneConfirms,
		"orders run out":                                 expiry,
		"a finding raises, and only raises":              raises,
		"a finding quiets while it lasts":                quiets,
		"a finding without an area orders nothing":       nowhere,
		"a crash between commit and placement":           crashes,
		"an order placed after its end is ended again":   late,
		"settled means placed":                           settled,
		"lists come in pages":                            pages,
		"the board is what the log would lead to":        boards,
		"an order's text is kept whatever it is made of": texts,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sqldbtest.Each(t, s.Migrations, func(t *testing.T, db *sqldb.DB) { test(t, newDesk(t, s, db)) })
		})
	}
}

// Start is when every case's clock begins.
var Start = time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC)

var (
	operator   = access.Actor{ID: "op", Name: "Op", Roles: []access.Role{access.Operator}}
	dispatcher = access.Actor{ID: "di", Name: "Di", Roles: []access.Role{access.Dispatcher, access.Operator}}
	admin      = access.Actor{ID: "ad", Name: "Ad", Roles: []access.Role{access.Admin}}
	worker     = access.Actor{ID: "wo", Name: "Wo", Roles: []access.Role{access.FieldWorker}, Unit: "street-1"}
)

// Desk is a desk on a fresh database, with a clock, a relay and a log of its own.
type Desk struct {
	*orderdesk.Desk
	suite  Suite
	db     *sqldb.DB
	clock  *clock.Manual
	log    *log
	relay  *outbox.Relay
	timers *timer.Runner
	keys   atomic.Int64
}

var quiet = slog.New(slog.DiscardHandler)

func newDesk(t *testing.T, s Suite, db *sqldb.DB) *Desk {
	t.Helper()
	d := &Desk{suite: s, db: db, clock: clock.NewManual(Start), log: &log{}}
	d.Desk = orderdesk.New(orderdesk.Options{DB: db, Store: s.Store, Clock: d.clock, Log: quiet})
	dir, wrong := registry.NewDirectory([]registry.Area{{Code: "a1", Name: lang.Text{ZH: "一街", EN: "First"}}, {Code: "a2", Name: lang.Text{ZH: "二街", EN: "Second"}}}, nil)
	if len(wrong) > 0 {
		t.Fatal(wrong)
	}
	d.Use(orderdesk.City{Directory: dir, Scenarios: map[scenario.ID]lang.Text{"ponding": {ZH: "积水", EN: "Ponding"}, "noise": {ZH: "噪声", EN: "Noise"}}})
	d.relay = d.newRelay()
	d.timers = timer.NewRunner(db, d.clock, quiet, d.Timers())
	return d
}

func (d *Desk) newRelay() *outbox.Relay {
	return outbox.NewRelay(d.db, d.Publisher(d.log, facts{}), d.clock, quiet)
}

// facts takes no message: the desk leaves none but orders.
type facts struct{}

func (facts) Publish(context.Context, string, string, []byte) (uint64, error) {
	return 0, fault.New(fault.Internal, "orderdesktest", "a fact came out of the order desk")
}
func (facts) LastID(context.Context, string) (string, error) { return "", nil }

// log is the log's control messages. ids are forgotten when told so, as the bus does after a while.
type log struct {
	mu     sync.Mutex
	ids    map[string]bus.Seq
	bodies [][]byte
	after  func(id string) error // fails once the message stands in the log
}

func (l *log) AppendControl(_ context.Context, id string, body []byte) (bus.Seq, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ids == nil {
		l.ids = map[string]bus.Seq{}
	}
	if seq, known := l.ids[id]; known {
		return seq, nil
	}
	l.bodies = append(l.bodies, slices.Clone(body))
	l.ids[id] = bus.Seq(len(l.bodies))
	if l.after != nil {
		return l.ids[id], l.after(id)
	}
	return l.ids[id], nil
}

func (l *log) forget() { l.ids = nil }

// table is what a partition that read the log holds.
func (l *log) table(t *testing.T) order.Table {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var table order.Table
	for _, body := range l.bodies {
		c, err := order.Decode(body)
		if err != nil {
			t.Fatal(err)
		}
		table.Apply(c)
	}
	return table
}

func (d *Desk) drain(t *testing.T) {
	t.Helper()
	if _, err := d.relay.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (d *Desk) by(who access.Actor) command.Request {
	return command.Request{Actor: who, IdempotencyKey: fmt.Sprint("key-", d.keys.Add(1)), Route: "orders"}
}

func state(l order.Level) order.Draft {
	return order.Draft{Level: l, Area: "a1", Until: Start.Add(6 * time.Hour), Why: "typhoon"}
}

func (d *Desk) give(t *testing.T, who access.Actor, kind order.Kind, draft order.Draft) orderdesk.View {
	t.Helper()
	v, err := d.Give(t.Context(), d.by(who), kind, draft)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (d *Desk) load(t *testing.T, id order.ID) (o order.Order) {
	t.Helper()
	err := d.db.View(t.Context(), func(tx *sqldb.Tx) (err error) {
		o, err = d.suite.Store.Order(tx, id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (d *Desk) update(t *testing.T, fn func(tx *sqldb.Tx) error) {
	t.Helper()
	if err := d.db.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func (d *Desk) level(t *testing.T) order.Level {
	t.Helper()
	table := d.log.table(t)
	return table.Level("a1", d.clock.Now())
}

func (d *Desk) audit(t *testing.T, who string) (all []access.Audit) {
	t.Helper()
	err := d.db.View(t.Context(), func(tx *sqldb.Tx) (err error) {
		all, err = d.suite.Audit(tx, who)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
