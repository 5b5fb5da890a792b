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

// Load is what Speed measures with.
type Load struct {
	Loops int
	Cases int
	Most  time.Duration // a filter may take
}

// Speed prints what the store and the desk do in a second, on both engines: whole loops by many hands, and filters over many cases.
func Speed(t *testing.T, s Suite, load Load) {
	t.Helper()
	s.Migrations = slices.Concat(s.Migrations, timer.Migrations, outbox.Migrations)
	sqldbtest.Each(t, s.Migrations, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, s, db)
		measureLoops(t, d, load.Loops)
		d.fill(t, load.Cases)
		measureFilters(t, d, load)
		measureBulk(t, d, load)
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

func measureFilters(t *testing.T, d *Desk, load Load) {
	t.Helper()
	yes := true
	filters := map[string]casedesk.Filter{
		"all": {}, "open": {Open: &yes}, "open by due": {Open: &yes, Order: casedesk.ByDue}, "area": {Area: "a2"}, "state": {State: casework.Handling},
		"indicator": {Indicator: "water", Open: &yes}, "text": {Text: "p-2"}, "handler": {Handler: plumber.ID, Open: &yes},
	}
	for name, f := range filters {
		took := best(t, load.Most, func() error {
			_, err := d.List(t.Context(), reader(operator), f)
			return err
		})
		t.Logf("filter %q over %d cases: %v", name, load.Cases, took)
	}
	t.Logf("counts over %d cases: %v", load.Cases, best(t, load.Most, func() error { _, err := d.Count(t.Context()); return err }))
	// All of them were accepted today, so that every one is looked at: the most there can be of that many.
	t.Logf("figures over %d cases: %v", load.Cases, best(t, 2*load.Most, func() error { _, err := d.Figures(t.Context()); return err }))
}

// best of some runs: other work on the machine is not the store's.
func best(t *testing.T, most time.Duration, fn func() error) time.Duration {
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
	if least > most {
		t.Errorf("took %v, more than %v", least, most)
	}
	return least.Round(10 * time.Microsecond)
}
