package casedesktest

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

// Storm takes reports by several hands, as on the day of a typhoon: every second one is a repeat of a place that was told before. No matter becomes two cases, none is
// lost, and when all is voided by bulk everybody has an answer. It prints how long taking and looking at the list took. most bounds the list's 99th percentile.
func Storm(t *testing.T, s Suite, reports int, most time.Duration) {
	t.Helper()
	s.Migrations = withPlatform(s.Migrations)
	sqldbtest.Each(t, s.Migrations, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, s, db)
		taking, looking := d.storm(t, reports)
		t.Logf("%d reports: taking one p50 %v p99 %v; the list p50 %v p99 %v", reports, at(taking, 50), at(taking, 99), at(looking, 50), at(looking, 99))
		if p := at(looking, 99); p > most {
			t.Errorf("the list's p99 is %v, above %v", p, most)
		}
		if n := d.number(t, `SELECT COUNT(*) FROM cases`); n != reports/2 {
			t.Errorf("%d places were told of, and there are %d cases", reports/2, n)
		}
		if n := d.number(t, `SELECT COUNT(*) FROM report WHERE case_id <> ''`); n != reports {
			t.Errorf("%d of %d reports are part of a case", n, reports)
		}
		d.clear(t)
		if n := d.number(t, `SELECT COUNT(*) FROM report WHERE answered_at > 0`); n != reports {
			t.Errorf("%d of %d reporters are answered", n, reports)
		}
		if n := d.number(t, `SELECT COUNT(*) FROM notify WHERE id LIKE 'end/%'`); n != reports {
			t.Errorf("%d of %d reporters are told", n, reports)
		}
	})
}

// hands take reports at the same time. Together they are many times faster than a storm of 10,000 in ten minutes.
const hands = 4

// storm takes the reports; each hand looks at the list after every fourth.
func (d *Desk) storm(t *testing.T, reports int) (taking, looking []time.Duration) {
	t.Helper()
	var next atomic.Int64
	took, looked := make([][]time.Duration, hands), make([][]time.Duration, hands)
	crowd(hands, func(hand int) {
		for n := int(next.Add(1)) - 1; n < reports; n = int(next.Add(1)) - 1 {
			place := n % (reports / 2) // the second half repeats the first
			r := d.intake(fmt.Sprintf("138%08d", n), fmt.Sprintf("浦东大道 %d 号", place))
			r.Join, r.IdempotencyKey = casedesk.Auto, fmt.Sprint("storm-", n)
			took[hand] = append(took[hand], timed(func() {
				if _, err := d.Take(t.Context(), r); err != nil {
					t.Error(err)
				}
			}))
			if n%4 == 0 {
				yes := true
				looked[hand] = append(looked[hand], timed(func() {
					if _, err := d.List(t.Context(), reader(operator), casedesk.Filter{Open: &yes, State: casework.Accepted, Order: casedesk.ByDue}); err != nil {
						t.Error(err)
					}
				}))
			}
		}
	})
	return slices.Concat(took...), slices.Concat(looked...)
}

// clear voids everything, as many at once as a bulk takes.
func (d *Desk) clear(t *testing.T) {
	t.Helper()
	for round := 0; ; round++ {
		chosen, _, err := d.Choose(t.Context(), reader(operator), casedesk.Filter{State: casework.Accepted})
		if err != nil {
			t.Fatal(err)
		}
		if len(chosen) == 0 {
			return
		}
		cmd := casework.Command{Kind: casework.Void, Purpose: reader(operator).Purpose, Note: "台风已过"}
		if out, err := d.DoAll(t.Context(), casedesk.Bulk{Command: cmd, Cases: chosen, Actor: operator, IdempotencyKey: fmt.Sprint("clear-", round), Route: "bulk"}); err != nil || out.Refused > 0 {
			t.Fatalf("%d refused: %v", out.Refused, err)
		}
	}
}

func timed(fn func()) time.Duration {
	began := clock.System{}.Now()
	fn()
	return clock.System{}.Now().Sub(began)
}

// at is a percentile.
func at(all []time.Duration, percent int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(len(all)-1, len(all)*percent/100)].Round(10 * time.Microsecond)
}
