package casedesktest

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/timer"
)

func wholeLoop(t *testing.T, d *Desk) {
	id := d.open(t, opening("p-1", 1))
	for i, s := range steps {
		d.clock.Advance(time.Minute)
		v := d.do(t, id, s.kind, s.who)
		if v.Version != int64(i)+2 {
			t.Fatalf("after %s version %d", s.kind, v.Version)
		}
		running := 0
		if v.State == casework.Dispatched || v.State == casework.Handling {
			running = 2 // the reminder and the escalation
		}
		if n := d.number(t, `SELECT COUNT(*) FROM timer`); n != running {
			t.Errorf("%d clocks run for a case that is %s", n, v.State)
		}
	}
	c, facts := d.load(t, id)
	if folded, err := casework.Fold(facts); err != nil || !reflect.DeepEqual(folded.Stored(), c) {
		t.Errorf("the facts add up to\n%+v (%v), kept is\n%+v", folded, err, c)
	}
	if c.State != casework.Closed || c.Open() || c.Handler != worker.ID || c.Verifier != verifier.ID || c.HandlerName != worker.Name {
		t.Errorf("case = %+v", c)
	}
	if n := len(d.audit(t, casedesk.AuditQuery{Thing: "case/" + string(id)})); n != len(facts) {
		t.Errorf("%d facts, %d audit facts", len(facts), n)
	}
	if n := d.number(t, `SELECT COUNT(*) FROM outbox`); n != len(facts) {
		t.Errorf("%d facts, %d messages", len(facts), n)
	}
	if d.woken.Load() != int64(len(steps)) {
		t.Errorf("runners were woken %d times", d.woken.Load())
	}
	for _, f := range facts {
		if f.Actor == "" || f.Rule == "" || f.Purpose != access.Casework {
			t.Errorf("fact without who, why or by which rule: %+v", f)
		}
	}
}

// crowd runs n at once.
func crowd(n int, fn func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { fn(i) })
	}
	all.Wait()
}

func opensOnce(t *testing.T, d *Desk) {
	var mu sync.Mutex
	opened := 0
	crowd(16, func(int) {
		var fresh bool
		err := d.db.Update(t.Context(), func(tx *sqldb.Tx) error {
			var err error
			_, fresh, err = d.Open(tx, casework.Open, opening("p-1", 1))
			return err
		})
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			t.Error(err)
		}
		if fresh {
			opened++
		}
	})
	if n := d.number(t, `SELECT COUNT(*) FROM cases`); n != 1 || opened != 1 {
		t.Errorf("16 openings of one episode made %d cases and %d said so", n, opened)
	}
	if d.open(t, opening("p-1", 2)) == d.open(t, opening("p-1", 1)) {
		t.Error("the second episode is not the first")
	}
}

func numbers(t *testing.T, d *Desk) {
	var got []string
	for i := range 3 {
		c, _ := d.load(t, d.open(t, opening("p-1", int64(i)+1)))
		got = append(got, c.Number)
		d.clock.Advance(9 * time.Second) // the third is after midnight in Shanghai, still the afternoon in UTC
	}
	if want := []string{"20260701-000001", "20260701-000002", "20260702-000001"}; !reflect.DeepEqual(got, want) {
		t.Errorf("numbers = %v, want %v", got, want)
	}
}

func recovers(t *testing.T, d *Desk) {
	o := opening("p-1", 1)
	id := d.open(t, o)
	d.walk(t, id, casework.Handling)
	ended := Start.Add(-time.Minute)
	for i := range 2 {
		d.update(t, func(tx *sqldb.Tx) error {
			noted, err := d.Recover(tx, o.DetectionID(), ended.Add(time.Duration(i)*time.Hour))
			if noted != (i == 0) {
				t.Errorf("recovery %d noted: %v", i, noted)
			}
			return err
		})
	}
	if c, _ := d.load(t, id); c.State != casework.Handling || !c.EndedAt.Equal(ended) {
		t.Errorf("%s, ended %v", c.State, c.EndedAt)
	}
	o.Episode = 9
	d.update(t, func(tx *sqldb.Tx) error {
		noted, err := d.Recover(tx, o.DetectionID(), ended)
		if noted {
			t.Error("a recovery without a case was noted")
		}
		return err
	})
}

func firstAnswer(t *testing.T, d *Desk) {
	id := d.open(t, opening("p-1", 1))
	file := d.request(id, casework.File, 1, operator)
	first, err := d.Do(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	d.do(t, id, casework.Dispatch, dispatcher)
	again, err := d.Do(t.Context(), file)
	if err != nil || !reflect.DeepEqual(first, again) {
		t.Errorf("the second answer is %+v (%v), the first was %+v", again, err, first)
	}
	other := file
	other.Command.Note = "another wish"
	if _, err := d.Do(t.Context(), other); !fault.Is(err, fault.Conflict) {
		t.Errorf("the key with another content: %v", err)
	}
	refused := d.request(id, casework.Finish, 3, worker)
	_, firstErr := d.Do(t.Context(), refused)
	d.do(t, id, casework.Start, worker)
	_, againErr := d.Do(t.Context(), refused)
	if !fault.Is(firstErr, fault.Invalid) || !fault.Is(againErr, fault.Invalid) || fault.Message(firstErr) != fault.Message(againErr) {
		t.Errorf("refused as %v, then as %v", firstErr, againErr)
	}
	mine := d.request(id, casework.Finish, 4, plumber)
	mine.IdempotencyKey = file.IdempotencyKey
	if _, err := d.Do(t.Context(), mine); !fault.Is(err, fault.Denied) {
		t.Errorf("another actor's key is taken for this one's: %v", err)
	}
	d.clock.Advance(command.KeepAnswers)
	if _, err := d.Do(t.Context(), file); !fault.Is(err, fault.Conflict) {
		t.Errorf("after its time the key must be free and the command stale: %v", err)
	}
	if _, err := d.Do(t.Context(), casedesk.Request{CaseID: id, Actor: operator}); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a key: %v", err)
	}
	sweeps(t, d)
}

func sweeps(t *testing.T, d *Desk) {
	d.clock.Advance(2 * command.KeepAnswers)
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.update(t, func(tx *sqldb.Tx) error {
		return d.Timers()["casedesk.sweep"](t.Context(), tx, timer.Timer{Kind: "casedesk.sweep"})
	})
	if n := d.number(t, `SELECT COUNT(*) FROM idempotency`); n != 0 {
		t.Errorf("%d expired answers are left", n)
	}
}

func oneWins(t *testing.T, d *Desk) {
	id := d.open(t, opening("p-1", 1))
	var mu sync.Mutex
	won := 0
	crowd(16, func(i int) {
		r := d.request(id, casework.File, 1, operator)
		if i%2 == 0 {
			r.IdempotencyKey = "shared" // eight send one command eight times
		}
		_, err := d.Do(t.Context(), r)
		stale, is := errors.AsType[*casedesk.Stale](err)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil:
			won++
		case !fault.Is(err, fault.Conflict) || !is || stale.Current.Version != 2:
			t.Errorf("lost with %v, current %+v", err, stale)
		}
	})
	c, facts := d.load(t, id)
	if c.Version != 2 || len(facts) != 2 {
		t.Errorf("version %d, %d facts", c.Version, len(facts))
	}
	if won != 1 && won != 8 {
		t.Errorf("%d got the answer that the case was filed; either one did, or the eight that sent one command", won)
	}
}

func refusals(t *testing.T, d *Desk) {
	id := d.open(t, opening("p-1", 1))
	d.walk(t, id, casework.Dispatched)
	before, _ := d.load(t, id)
	for _, c := range []struct {
		kind casework.CommandKind
		who  access.Actor
		want fault.Kind
	}{
		{casework.Start, plumber, fault.Denied}, {casework.Start, viewer, fault.Denied}, {casework.Verify, verifier, fault.Invalid},
		{casework.Open, operator, fault.Denied}, {casework.Escalate, operator, fault.Denied}, {"burn", operator, fault.Invalid},
	} {
		d.clock.Advance(time.Second) // so that the latest audit fact is this one's
		n := len(d.audit(t, casedesk.AuditQuery{}))
		_, err := d.Do(t.Context(), d.request(id, c.kind, before.Version, c.who))
		if !fault.Is(err, c.want) || fault.Message(err) == "" {
			t.Errorf("%s by %s: %v", c.kind, c.who.Name, err)
		}
		after := d.audit(t, casedesk.AuditQuery{})
		if c.kind != "burn" && (len(after) != n+1 || after[0].Decision.Allow || after[0].Decision.Reason == "") {
			t.Errorf("%s by %s left no audit fact of its refusal: %+v", c.kind, c.who.Name, after[0])
		}
	}
	if after, _ := d.load(t, id); !reflect.DeepEqual(before, after) {
		t.Error("a refusal changed the case")
	}
	d.do(t, id, casework.Start, colleague)
	d.do(t, id, casework.Finish, colleague)
	c, _ := d.load(t, id)
	if _, err := d.Do(t.Context(), d.request(id, casework.Verify, c.Version, colleague)); !fault.Is(err, fault.Denied) {
		t.Errorf("the handler verified: %v", err)
	}
	if _, err := d.Do(t.Context(), d.request("nowhere", casework.File, 1, operator)); !fault.Is(err, fault.NotFound) {
		t.Errorf("a case that is not there: %v", err)
	}
}

func clocks(t *testing.T, d *Desk) {
	id := d.open(t, opening("p-1", 1))
	d.walk(t, id, casework.Dispatched)
	c, _ := d.load(t, id)
	ring := func(kind casework.TimerKind, due time.Time) {
		t.Helper()
		d.update(t, func(tx *sqldb.Tx) error {
			return d.Timers()[string(kind)](t.Context(), tx, timer.Timer{Kind: string(kind), Key: string(id), Due: due})
		})
	}
	d.clock.Set(c.DueAt.Add(-30 * time.Minute))
	ring(casework.TimerRemind, d.clock.Now())
	d.clock.Set(c.DueAt.Add(-time.Second)) // the machine's clock jumped back a second after the runner looked
	ring(casework.TimerEscalate, c.DueAt)
	ring(casework.TimerEscalate, c.DueAt)
	c, facts := d.load(t, id)
	if !c.Reminded || !c.Escalated || len(facts) != 5 || facts[4].Kind != casework.FactEscalated || facts[4].Actor != "system:clock" {
		t.Errorf("case = %+v with %d facts", c, len(facts))
	}
	if n := d.called(); n != 1 {
		t.Errorf("%d calls for one limit that has passed", n)
	}
	d.walk(t, id, casework.Handled)
	if n := d.called(); n != 0 {
		t.Errorf("%d calls wait for a case that is handled", n)
	}
	ring(casework.TimerRemind, d.clock.Now())
	if after, _ := d.load(t, id); after.Version != c.Version+2 {
		t.Error("a clock rang for a case that was handled")
	}
}

func dispatchElsewhere(t *testing.T, d *Desk) {
	o := opening("p-1", 1)
	o.Unit, o.WhyUnit = "", "no unit of kind water"
	id := d.open(t, o)
	d.walk(t, id, casework.Filed)
	for i, c := range []struct {
		unit    string
		handler string
		ok      bool
	}{{"", "", false}, {"nowhere", "", false}, {"water", "nobody", false}, {"water", verifier.ID, false}, {"water", worker.ID, false}, {"water", plumber.ID, true}} {
		r := d.request(id, casework.Dispatch, 2, dispatcher)
		r.Command.Unit, r.Command.Handler = registryUnit(c.unit), c.handler
		v, err := d.Do(t.Context(), r)
		if c.ok != (err == nil) || (err != nil && !fault.Is(err, fault.Invalid)) {
			t.Errorf("dispatch %d: %v", i, err)
		}
		if c.ok && (v.Unit != "water" || v.UnitName.EN != "Water" || v.HandlerName != plumber.Name || v.DueAt == nil) {
			t.Errorf("case = %+v", v)
		}
	}
	if _, err := d.Do(t.Context(), d.request(id, casework.Start, 3, worker)); !fault.Is(err, fault.Denied) {
		t.Errorf("another unit's worker started it: %v", err)
	}
	d.do(t, id, casework.Start, plumber)
}

// Loop opens a case and takes it along the whole line: for measuring.
func (d *Desk) loop(t testing.TB, n int) {
	id := d.open(t, opening(fmt.Sprint("loop-", n), 1))
	for i, s := range steps {
		if _, err := d.Do(t.Context(), d.request(id, s.kind, int64(i)+1, s.who)); err != nil {
			t.Error(err)
		}
	}
}
