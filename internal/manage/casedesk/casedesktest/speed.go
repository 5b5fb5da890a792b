package casedesktest

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/outbox"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/platform/timer"
)

// Speed prints what the store and the desk do in a second, on both engines: whole loops by many hands, and filters over many cases.
func Speed(t *testing.T, s Suite, loops, cases int) {
	t.Helper()
	s.Migrations = slices.Concat(s.Migrations, timer.Migrations, outbox.Migrations)
	sqldbtest.Each(t, s.Migrations, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, s, db)
		measureLoops(t, d, loops)
		d.fill(t, cases)
		measureFilters(t, d, cases)
	})
}

func measureLoops(t *testing.T, d *Desk, loops int) {
	t.Helper()
	var next atomic.Int64
	began := clock.System{}.Now()
	crowd(16, func(int) {
		for n := next.Add(1); n <= int64(loops); n = next.Add(1) {
			d.loop(t, int(n))
		}
	})
	took := clock.System{}.Now().Sub(began)
	t.Logf("%d whole loops of 7 commands by 16 hands in %v: %.0f loops/s, %.0f commands/s", loops, took.Round(time.Millisecond),
		float64(loops)/took.Seconds(), 7*float64(loops)/took.Seconds())
}

// SlowFilter is how long a filter over ten thousand cases may take.
const SlowFilter = 20 * time.Millisecond

func measureFilters(t *testing.T, d *Desk, cases int) {
	t.Helper()
	yes := true
	filters := map[string]casedesk.Filter{
		"all": {}, "open": {Open: &yes}, "open by due": {Open: &yes, Order: casedesk.ByDue}, "area": {Area: "a2"}, "state": {State: casework.Handling},
		"indicator": {Indicator: "water", Open: &yes}, "text": {Text: "p-2"}, "handler": {Handler: plumber.ID, Open: &yes},
	}
	for name, f := range filters {
		took := best(t, func() error {
			_, err := d.List(t.Context(), reader(operator), f)
			return err
		})
		t.Logf("filter %q over %d cases: %v", name, cases, took)
	}
	t.Logf("counts over %d cases: %v", cases, best(t, func() error { _, err := d.Count(t.Context()); return err }))
}

// best of some runs: other work on the machine is not the store's.
func best(t *testing.T, fn func() error) time.Duration {
	t.Helper()
	var least time.Duration
	for range 5 {
		began := clock.System{}.Now()
		if err := fn(); err != nil {
			t.Fatal(err)
		}
		took := clock.System{}.Now().Sub(began)
		if least == 0 || took < least {
			least = took
		}
	}
	if least > SlowFilter {
		t.Errorf("took %v, more than %v", least, SlowFilter)
	}
	return least.Round(10 * time.Microsecond)
}
