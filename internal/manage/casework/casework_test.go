package casework_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/casework"
)

var start = time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)

var allCommands = append([]casework.CommandKind{casework.Open, casework.Recover, casework.Remind, casework.Escalate}, casework.Commands...)

func opening() *casework.Opening {
	return &casework.Opening{
		Number: "20260701-000001", Title: lang.Text{ZH: "积水", EN: "Ponding"}, Class: "ponding", Scenario: "ponding-deep", Subject: "p-17",
		Episode: 1, Area: "310115004", Unit: "street-1", WhyUnit: "its street", Severity: "major",
		Limits: casework.Limits{Handle: 2 * time.Hour, Reminder: 30 * time.Minute},
	}
}

func commandFor(c casework.Case, kind casework.CommandKind) casework.Command {
	cmd := casework.Command{Kind: kind, Purpose: access.Casework, Version: c.Version}
	switch kind {
	case casework.Open:
		cmd.Opening = opening()
	case casework.Recover:
		cmd.At = start.Add(30 * time.Minute)
	}
	return cmd
}

func decideAs(c casework.Case, cmd casework.Command, actor access.Actor, now time.Time) (casework.Result, error) {
	action, _ := casework.ActionOf(cmd.Kind)
	allowed := access.Decide(access.Request{Actor: actor, Action: action, Thing: c.Thing(), Purpose: cmd.Purpose})
	return casework.Decide(c, cmd, casework.Context{Now: now, Actor: actor, Allowed: allowed})
}

// staff are one person for each step of the line.
var staff = map[casework.CommandKind]access.Actor{
	casework.File:     {ID: "op-1", Name: "Op", Roles: []access.Role{access.Operator}},
	casework.Dispatch: {ID: "di-1", Name: "Di", Roles: []access.Role{access.Dispatcher}},
	casework.Start:    {ID: "wo-1", Name: "Wo", Roles: []access.Role{access.FieldWorker}, Unit: "street-1"},
	casework.Finish:   {ID: "wo-1", Name: "Wo", Roles: []access.Role{access.FieldWorker}, Unit: "street-1"},
	casework.Verify:   {ID: "ve-1", Name: "Ve", Roles: []access.Role{access.Verifier}},
	casework.Close:    {ID: "op-1", Name: "Op", Roles: []access.Role{access.Operator}},
}

func actorFor(kind casework.CommandKind) access.Actor {
	if a, ok := staff[kind]; ok {
		return a
	}
	return access.Program("test")
}

// caseIn walks a fresh case along the line until it is in the state.
func caseIn(t *testing.T, state casework.State) casework.Case {
	t.Helper()
	var c casework.Case
	for _, kind := range append([]casework.CommandKind{casework.Open}, casework.Commands...) {
		if c.State == state {
			break
		}
		res, err := decideAs(c, commandFor(c, kind), actorFor(kind), start)
		if err != nil {
			t.Fatal(err)
		}
		c = casework.Apply(c, res.Facts[0])
	}
	return c
}

func TestTheClockRunsFromDispatchToHandled(t *testing.T) {
	t.Parallel()
	filed := caseIn(t, casework.Filed)
	res, err := decideAs(filed, commandFor(filed, casework.Dispatch), staff[casework.Dispatch], start.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	due := start.Add(time.Minute + 2*time.Hour)
	want := []casework.Timer{{Kind: casework.TimerEscalate, Due: due}, {Kind: casework.TimerRemind, Due: due.Add(-30 * time.Minute)}}
	if !reflect.DeepEqual(res.Timers, want) {
		t.Errorf("timers = %v, want %v", res.Timers, want)
	}
	c := casework.Apply(filed, res.Facts[0])
	if !c.DueAt.Equal(due) || c.Overdue(due) || !c.Overdue(due.Add(time.Microsecond)) {
		t.Errorf("due at %v", c.DueAt)
	}
	handling := caseIn(t, casework.Handling)
	res, _ = decideAs(handling, commandFor(handling, casework.Finish), staff[casework.Finish], start.Add(time.Hour))
	if len(res.Timers) != 2 || !res.Timers[0].Due.IsZero() || !res.Timers[1].Due.IsZero() {
		t.Errorf("finishing must cancel both clocks: %v", res.Timers)
	}
	if c := casework.Apply(handling, res.Facts[0]); !c.DueAt.IsZero() || c.Overdue(start.Add(100*time.Hour)) {
		t.Error("a handled case cannot be overdue")
	}
}

func TestAClassWithoutALimitHasNoClock(t *testing.T) {
	t.Parallel()
	c := caseIn(t, casework.Filed)
	c.Limits = casework.Limits{}
	res, err := decideAs(c, commandFor(c, casework.Dispatch), staff[casework.Dispatch], start)
	if err != nil || len(res.Timers) != 0 || res.Facts[0].Body.DueAt != nil {
		t.Errorf("timers %v, error %v", res.Timers, err)
	}
}

func TestTimersFireOnceAndNotEarly(t *testing.T) {
	t.Parallel()
	c := caseIn(t, casework.Dispatched)
	for _, step := range []struct {
		kind casework.CommandKind
		at   time.Time
	}{{casework.Remind, c.DueAt.Add(-30 * time.Minute)}, {casework.Escalate, c.DueAt}} {
		cmd := commandFor(c, step.kind)
		if _, err := decideAs(c, cmd, access.Program("clock"), step.at.Add(-time.Second)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s early: %v", step.kind, err)
		}
		res, err := decideAs(c, cmd, access.Program("clock"), step.at)
		if err != nil {
			t.Fatal(err)
		}
		c = casework.Apply(c, res.Facts[0])
		if _, err := decideAs(c, commandFor(c, step.kind), access.Program("clock"), step.at); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s twice: %v", step.kind, err)
		}
	}
	if !c.Reminded || !c.Escalated || c.State != casework.Dispatched {
		t.Errorf("case = %+v", c)
	}
}

func TestWhoHadAHandInACaseDoesNotVerifyIt(t *testing.T) {
	t.Parallel()
	c := caseIn(t, casework.Dispatched)
	both := []access.Role{access.FieldWorker, access.Verifier}
	first := access.Actor{ID: "a", Roles: both, Unit: "street-1"}
	second := access.Actor{ID: "b", Roles: both, Unit: "street-1"}
	c = step(t, c, casework.Start, first)
	c = step(t, c, casework.Finish, second)
	if _, err := decideAs(c, commandFor(c, casework.Verify), second, start); !fault.Is(err, fault.Denied) {
		t.Errorf("who finished may verify: %v", err)
	}
	// Access knows only the last handler; the case itself remembers the first.
	if _, err := decideAs(c, commandFor(c, casework.Verify), first, start); !fault.Is(err, fault.Denied) {
		t.Errorf("who started may verify: %v", err)
	}
	forged := casework.Context{Now: start, Actor: second, Allowed: access.Decision{Allow: true}}
	if _, err := casework.Decide(c, commandFor(c, casework.Verify), forged); !fault.Is(err, fault.Denied) {
		t.Errorf("Decide relies on access alone: %v", err)
	}
}

func step(t *testing.T, c casework.Case, kind casework.CommandKind, actor access.Actor) casework.Case {
	t.Helper()
	res, err := decideAs(c, commandFor(c, kind), actor, start)
	if err != nil {
		t.Fatal(err)
	}
	return casework.Apply(c, res.Facts[0])
}

func TestStaleAndVersionlessCommands(t *testing.T) {
	t.Parallel()
	c := caseIn(t, casework.Filed)
	cmd := commandFor(c, casework.Dispatch)
	cmd.Version = 1
	if _, err := decideAs(c, cmd, staff[casework.Dispatch], start); !fault.Is(err, fault.Conflict) {
		t.Errorf("stale: %v", err)
	}
	cmd.Version = 0
	if _, err := decideAs(c, cmd, staff[casework.Dispatch], start); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a version: %v", err)
	}
}

func TestDispatchNamesAUnitAndOnlyItsPeople(t *testing.T) {
	t.Parallel()
	c := caseIn(t, casework.Filed)
	c.Unit = ""
	cmd := commandFor(c, casework.Dispatch)
	if _, err := decideAs(c, cmd, staff[casework.Dispatch], start); !fault.Is(err, fault.Invalid) {
		t.Errorf("dispatched to nobody: %v", err)
	}
	cmd.Unit, cmd.Handler = "water", "wo-9"
	ctx := casework.Context{Now: start, Actor: staff[casework.Dispatch], Allowed: access.Decision{Allow: true}}
	if _, err := casework.Decide(c, cmd, ctx); !fault.Is(err, fault.Invalid) {
		t.Errorf("an unknown person: %v", err)
	}
	ctx.Handler = &casework.Person{ID: "wo-9", Unit: "street-1"}
	if _, err := casework.Decide(c, cmd, ctx); !fault.Is(err, fault.Invalid) {
		t.Errorf("a person of another unit: %v", err)
	}
	ctx.Handler.Unit = "water"
	res, err := casework.Decide(c, cmd, ctx)
	if err != nil {
		t.Fatal(err)
	}
	if c = casework.Apply(c, res.Facts[0]); c.Unit != "water" || c.Handler != "wo-9" || len(c.Hands) != 0 {
		t.Errorf("case = %+v", c)
	}
}

// A fact's body is kept for ever: this form must stay readable.
func TestTheBodyOfAnOpeningKeepsItsForm(t *testing.T) {
	t.Parallel()
	kept := `{"opening":{"number":"20260701-000001","title":{"zh":"积水","en":"Ponding"},"class":"ponding","class_title":{"zh":"","en":""},` +
		`"limits":{"handle_ns":7200000000000,"reminder_ns":1800000000000},"severity":"major","scenario":"ponding-deep","subject":"p-17",` +
		`"episode":1,"area":"310115004","unit":"street-1","why_unit":"its street"}}`
	body, err := json.Marshal(casework.Body{Opening: opening()})
	if err != nil || string(body) != kept {
		t.Errorf("body = %s (%v)", body, err)
	}
}
