package flow_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/flow"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/detect"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/platform/timer"
	"twoweave/internal/records/manage"
)

func TestADetectionBecomesOneRoutedCase(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, migrations, func(t *testing.T, db *sqldb.DB) {
		l := newLine(t, db)
		d := started("p-1", 1)
		before := l.Signs.Revision()
		l.must(t, l.commit(10, d))
		c := l.page(t, casework.IDOf(d.DetectionID))
		if c.Unit != "street-1" || c.WhyUnit == "" || c.Title.EN != "Ponding" || c.ClassTitle.EN != "Road ponding" || c.AreaName.EN != "First" || c.State != casework.Accepted {
			t.Errorf("case = %+v", c.View)
		}
		if c.Chain.Rule.When != "data.level_cm >= 30" || c.Chain.Detection.ID != d.DetectionID.String() || string(c.Chain.Readings[0].Data) != `{"level_cm":31}` {
			t.Errorf("chain = %+v", c.Chain)
		}
		if l.woken != 1 || l.Signs.Revision() == before {
			t.Error("nobody was told")
		}
		l.must(t, l.commit(11, d)) // detection would not, but the second lock holds too
		l.must(t, l.commit(12, ended(d, noon.Add(time.Minute))))
		l.must(t, l.commit(13, ended(d, noon.Add(time.Hour)))) // nothing is open any more
		l.must(t, l.commit(14, started("p-1", 2)))
		if c := l.page(t, c.ID); c.EndedAt == nil || !c.EndedAt.Equal(noon.Add(time.Minute)) || c.Version != 2 || c.State != casework.Accepted {
			t.Errorf("after the end: %+v", c.View)
		}
		if n := l.cases(t, casedesk.Filter{}).Total; n != 2 {
			t.Errorf("two episodes made %d cases", n)
		}
	})
}

func TestAClosedFenceKeepsNothing(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, migrations, func(t *testing.T, db *sqldb.DB) {
		l := newLine(t, db)
		l.must(t, l.commit(10))
		again := l.commit(10, started("p-1", 1))
		old := l.commit(11, started("p-2", 1))
		old.Epoch--
		for _, c := range []detect.Commit{again, old} {
			c.Exceptions = []detect.Exception{{Part: part, Seq: c.Seq, Kind: detect.Dead}}
			if err := l.Commit(t.Context(), c); !errors.Is(err, detect.ErrNotOwner) {
				t.Errorf("epoch %d, seq %d: %v", c.Epoch, c.Seq, err)
			}
		}
		if n := l.cases(t, casedesk.Filter{}).Total; n != 0 {
			t.Errorf("%d cases behind a closed fence", n)
		}
		machine := casedesk.Reader{Actor: operator.Actor, Purpose: access.Operation}
		if all, err := l.Desk.Exceptions(t.Context(), machine, "", 0); err != nil || len(all) != 0 {
			t.Errorf("exceptions behind a closed fence: %v (%v)", all, err)
		}
	})
}

// Sixteen who all believe to be the owner commit the same message: one does.
func TestOneOfManyOwnersCommits(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, migrations, func(t *testing.T, db *sqldb.DB) {
		l := newLine(t, db)
		var mu sync.Mutex
		kept := 0
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				c := l.commit(10, started("p-1", 1))
				c.Epoch += int64(i % 2) // half of them from an epoch that is not
				err := l.Commit(t.Context(), c)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					kept++
				case !errors.Is(err, detect.ErrNotOwner):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := l.cases(t, casedesk.Filter{}).Total; kept != 1 || n != 1 {
			t.Errorf("%d commits were kept and made %d cases", kept, n)
		}
	})
}

// broken fails where it is told to, after what comes before has been written.
type broken struct {
	manage.Store
	at string
}

func (b *broken) KeepRule(tx *sqldb.Tx, r casedesk.Rule) error {
	if b.at == "rule" {
		return fault.New(fault.Unavailable, "broken", "no")
	}
	return b.Store.KeepRule(tx, r)
}

func (b *broken) EndFinding(tx *sqldb.Tx, id string, at time.Time) (bool, error) {
	if b.at == "end" {
		return false, fault.New(fault.Unavailable, "broken", "no")
	}
	return b.Store.EndFinding(tx, id, at)
}

func TestACommitIsAllOrNothing(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, migrations, func(t *testing.T, db *sqldb.DB) {
		l := newLine(t, db)
		b := &broken{}
		l.Records = b
		one, two := started("p-1", 1), started("p-2", 1)
		c := l.commit(10, one, two, ended(one, noon.Add(time.Minute)))
		c.Exceptions = []detect.Exception{{Part: part, Seq: 10, N: 3, Kind: detect.Conflict, At: noon}}
		for _, b.at = range []string{"rule", "end"} {
			if err := l.Commit(t.Context(), c); !fault.Is(err, fault.Unavailable) {
				t.Errorf("broken at %s: %v", b.at, err)
			}
			for _, table := range []string{"cases", "case_fact", "case_number", "detection", "event_exception", "audit", "outbox", "rule_text"} {
				if n := l.count(t, table); n != 0 {
					t.Errorf("broken at %s, %d rows are left in %s", b.at, n, table)
				}
			}
		}
		b.at = ""
		l.must(t, c) // the fence did not move either
		for table, want := range map[string]int{"cases": 2, "case_fact": 3, "detection": 2, "event_exception": 1, "audit": 3, "outbox": 3, "rule_text": 1} {
			if n := l.count(t, table); n != want {
				t.Errorf("%d rows in %s, want %d", n, table, want)
			}
		}
	})
}

func (l *line) count(t *testing.T, table string) (n int) {
	t.Helper()
	err := l.db.View(t.Context(), func(tx *sqldb.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM ` + table).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWhatHasNobodyResponsibleOpensAndSaysSo(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, migrations, func(t *testing.T, db *sqldb.DB) {
		l := newLine(t, db)
		orphan, elsewhere, unknown := started("p-1", 1), started("p-2", 1), started("p-3", 1)
		orphan.Scenario, orphan.Class, orphan.Rule = "zz-orphan", "gone", "rule-x"
		elsewhere.Area = "a2"
		unknown.Scenario, unknown.Rule = "never-heard-of", "rule-y"
		l.must(t, l.commit(10, orphan, elsewhere, unknown))
		for _, d := range []scenario.Detection{orphan, elsewhere} {
			if c := l.page(t, casework.IDOf(d.DetectionID)); c.Unit != "" || c.WhyUnit == "" || c.State != casework.Accepted {
				t.Errorf("case = %+v", c.View)
			}
		}
		if c := l.page(t, casework.IDOf(unknown.DetectionID)); c.Title.EN != "never-heard-of" || c.Chain.Rule.Hash != "rule-y" || c.Unit != "street-1" {
			t.Errorf("case = %+v, rule = %+v", c.View, c.Chain.Rule)
		}
	})
}

// One event's odd texts must not stop the log on an engine that cannot keep them.
func TestOddTextsAreKeptPrintable(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, migrations, func(t *testing.T, db *sqldb.DB) {
		l := newLine(t, db)
		d := started("p\x00\xff", 1)
		d.Area = "a\x00"
		d.Evidence = []scenario.Reading{{ID: "\x00", Source: "\xff", Data: []byte{}}, {Data: []byte("\x00")}, {}}
		c := l.commit(10, d, ended(d, noon.Add(time.Second)))
		c.Exceptions = []detect.Exception{{Part: part, Seq: 10, Kind: detect.Dead, ID: "\x00", Source: "\xff", Sender: "\x00", Type: "\x00", Reason: "\x00", Data: []byte{0, 0xff}}}
		l.must(t, c)
		if page := l.cases(t, casedesk.Filter{}); page.Total != 1 || page.Items[0].Subject != "p\uFFFD\uFFFD" || page.Items[0].EndedAt == nil {
			t.Errorf("cases = %+v", page)
		}
		if chain := l.page(t, l.cases(t, casedesk.Filter{}).Items[0].ID).Chain; len(chain.Readings) != 3 || string(chain.Readings[1].Data) != "null" {
			t.Errorf("chain = %+v", chain)
		}
	})
}

// From a reading to an escalation: the desk's timers under the real runner.
func TestTheClockOfADispatchedCase(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, migrations, func(t *testing.T, db *sqldb.DB) {
		l := newLine(t, db)
		d := started("p-1", 1)
		l.must(t, l.commit(10, d))
		id := casework.IDOf(d.DetectionID)
		dispatcher := access.Actor{ID: "di", Name: "Di", Roles: []access.Role{access.Dispatcher}}
		for version, kind := range []casework.CommandKind{casework.File, casework.Dispatch} {
			who := operator.Actor
			if kind == casework.Dispatch {
				who = dispatcher
			}
			_, err := l.Desk.Do(t.Context(), casedesk.Request{
				CaseID: id, Command: casework.Command{Kind: kind, Purpose: access.Casework, Version: int64(version) + 1}, Actor: who, IdempotencyKey: string(kind), Route: "test",
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		runner := timer.NewRunner(db, l.clock, l.Log, l.Desk.Timers())
		for _, step := range []struct {
			after               time.Duration
			reminded, escalated bool
		}{{49 * time.Minute, false, false}, {time.Minute, true, false}, {9 * time.Minute, true, false}, {time.Minute, true, true}, {time.Hour, true, true}} {
			l.clock.Advance(step.after)
			if _, err := runner.RunDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			page := l.page(t, id)
			reminded := len(page.Facts) > 3 && page.Facts[3].Kind == casework.FactReminded
			if reminded != step.reminded || page.Escalated != step.escalated || len(page.Facts) > 5 {
				t.Errorf("after %v: reminded %v, escalated %v, %d facts", l.clock.Now().Sub(noon), reminded, page.Escalated, len(page.Facts))
			}
		}
		if n := l.count(t, "timer"); n != 0 {
			t.Errorf("%d timers are left", n)
		}
	})
}

func TestSignsAndListsCountTheSame(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, migrations, func(t *testing.T, db *sqldb.DB) {
		l := newLine(t, db)
		other := started("p-9", 1)
		other.Scenario = "zz-orphan"
		var found []scenario.Detection
		for i := range 5 {
			d := started("p-1", int64(i)+1)
			if i > 2 {
				d.Area = "a2"
			}
			found = append(found, d)
		}
		l.must(t, l.commit(bus.Seq(10), append(found, other)...))
		board, err := l.Signs.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		yes := true
		listed := l.cases(t, casedesk.Filter{Open: &yes, Indicator: "calls"}).Total
		if board.Signs[0].Cases != listed || listed != 5 || board.OpenCases.Open != 6 || board.StaleSec != int(flow.StaleAfter/time.Second) {
			t.Errorf("the wall says %d behind the sign and %d in all, the list %d", board.Signs[0].Cases, board.OpenCases.Open, listed)
		}
		for _, a := range board.OpenCases.Areas {
			if n := l.cases(t, casedesk.Filter{Open: &yes, Area: a.Area}).Total; n != a.Open || a.Worst != scenario.Major {
				t.Errorf("%+v, listed %d", a, n)
			}
		}
	})
}
