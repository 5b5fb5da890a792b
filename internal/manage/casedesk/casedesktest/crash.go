package casedesktest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/worktime"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/registry"
)

var errCrash = errors.New("the program died here")

// crashing is a store under which the program dies now and then with the last thing a command keeps, so that everything before it was written in vain.
type crashing struct {
	Records
	rng *rand.Rand
}

// AppendAudit fails now and then.
func (c crashing) AppendAudit(tx *sqldb.Tx, a ...access.Audit) error {
	if c.rng.IntN(5) == 0 {
		return errCrash
	}
	return c.Records.AppendAudit(tx, a...)
}

// everybody has all roles, so that only the rules keep them apart; wo belongs to the unit that leads, pl to the one that is involved.
var everybody = func() []access.Actor {
	roles := []access.Role{access.Operator, access.Dispatcher, access.FieldWorker, access.Verifier}
	return []access.Actor{{ID: "wo", Name: "Wo", Roles: roles, Unit: "street-1"}, {ID: "pl", Name: "Pl", Roles: roles, Unit: "water"}, {ID: "ve", Name: "Ve", Roles: roles}}
}()

// Crashes gives random commands to a few cases while the program dies now and then. After each, what is kept is whole: facts add up to the case, the timers are the
// case's, each fact has its message, every report is part of the case that says so.
func Crashes(t *testing.T, s Suite, commands int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(4, 2))
	s.Migrations = withPlatform(s.Migrations)
	sqldbtest.Each(t, s.Migrations, func(t *testing.T, db *sqldb.DB) {
		calm := newDesk(t, s, db)
		var ids []casework.ID
		for i := range 4 {
			ids = append(ids, calm.take(t, calm.intake(fmt.Sprint("1380000000", i), fmt.Sprint("路", i))).Case.ID, calm.open(t, opening(fmt.Sprint("p-", i), 1)))
		}
		rng := rand.New(rand.NewPCG(rng.Uint64(), 1))
		d := &Desk{suite: s, db: db, clock: calm.clock}
		d.Desk = casedesk.New(casedesk.Options{DB: db, Store: crashing{s.Store, rng}, Clock: d.clock, Log: calm.Log, Persons: persons{}})
		d.Use(city(t))
		done, died := 0, 0
		for range commands {
			d.clock.Advance(time.Duration(rng.IntN(20)) * time.Minute)
			switch err := d.random(t, rng, ids); {
			case err == nil:
				done++
			case errors.Is(err, errCrash):
				died++
			}
			calm.whole(t, ids)
		}
		if t.Logf("%d commands: %d done, %d died with", commands, done, died); done < commands/20 || died < commands/50 {
			t.Error("these are too few to show anything")
		}
	})
}

// random gives one case a random command that its state allows.
func (d *Desk) random(t *testing.T, rng *rand.Rand, ids []casework.ID) error {
	id := ids[rng.IntN(len(ids))]
	c, _ := d.load(t, id)
	kind := casework.Commands[rng.IntN(len(casework.Commands))]
	for range 20 {
		if _, can := casework.Next(c.State, kind); can && (kind != casework.Merge && kind != casework.Void || rng.IntN(4) == 0) {
			break
		}
		kind = casework.Commands[rng.IntN(len(casework.Commands))]
	}
	r := d.request(id, kind, c.Version, everybody[rng.IntN(len(everybody))])
	r.IdempotencyKey = fmt.Sprint("crash-", rng.Uint64())
	r.Command.Note, r.Command.Rating, r.Command.At = "why", 3, d.clock.Now().Add(time.Hour)
	r.Command.Amount = worktime.Limit{Amount: 2, Clock: worktime.WorkingHour}
	r.Command.Units = []registry.UnitID{"water"}
	if kind == casework.Merge {
		r.Command.Into = ids[rng.IntN(len(ids))]
	}
	if kind != casework.Involve {
		r.Command.Units = nil
	}
	_, err := d.Do(t.Context(), r)
	return err
}

// whole checks everything that is kept about cases against everything else.
func (d *Desk) whole(t *testing.T, ids []casework.ID) {
	t.Helper()
	facts := 0
	for _, id := range ids {
		c, all := d.load(t, id)
		facts += len(all)
		folded, err := casework.Fold(all)
		if err != nil || !reflect.DeepEqual(folded.Stored(), c) {
			t.Fatalf("the facts add up to\n%+v (%v), kept is\n%+v", folded.Stored(), err, c)
		}
		d.timersOf(t, &c)
		d.reportsAre(t, &c)
		if c.State == casework.Closed && !c.Light && (c.Verifier == "" || c.Verifier == c.Handler) {
			t.Fatalf("closed, handled by %q and verified by %q", c.Handler, c.Verifier)
		}
	}
	if n := d.number(t, `SELECT COUNT(*) FROM outbox`); n != facts {
		t.Fatalf("%d facts, %d messages", facts, n)
	}
}

// reportsAre: the reports of a case are those that name it; those of a merged one name the case it is part of.
func (d *Desk) reportsAre(t *testing.T, c *casework.Case) {
	t.Helper()
	want := len(c.Reports)
	if c.State == casework.Merged {
		want = 0
	}
	if n := d.number(t, `SELECT COUNT(*) FROM report WHERE case_id = $1`, string(c.ID)); n != want {
		t.Fatalf("case %s, %s, has %d reports and says %v", c.Number, c.State, n, c.Reports)
	}
}

// timersOf compares the timers that are set with what the case says.
func (d *Desk) timersOf(t *testing.T, c *casework.Case) {
	t.Helper()
	want := 0
	for _, running := range []bool{!c.RemindAt.IsZero() && !c.Reminded, !c.DueAt.IsZero() && !c.Escalated, c.State == casework.Warned, c.State == casework.Suspended} {
		if running {
			want++
		}
	}
	if n := d.number(t, `SELECT COUNT(*) FROM timer WHERE key = $1`, string(c.ID)); n != want {
		t.Fatalf("a case that is %s has %d timers, want %d", c.State, n, want)
	}
}
