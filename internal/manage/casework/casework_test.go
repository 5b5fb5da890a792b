package casework_test

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/geo"
	"twoweave/internal/base/lang"
	"twoweave/internal/base/worktime"
	"twoweave/internal/manage/casework"
	"twoweave/internal/registry"
)

var start = time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)

var allCommands = append([]casework.CommandKind{
	casework.Open, casework.Screen, casework.Warn, casework.Take, casework.Report, casework.Recover, casework.Remind, casework.Escalate, casework.Persist,
	casework.Attach, casework.Join, casework.Part,
}, casework.Commands...)

func opening() *casework.Opening {
	return &casework.Opening{
		Number: "20260701-000001", Title: lang.Text{ZH: "积水", EN: "Ponding"}, Class: "ponding", Scenario: "ponding-deep", Subject: "p-17",
		Episode: 1, Area: "310115004", Unit: "street-1", WhyUnit: "its street", Severity: "major",
		Limits: casework.Limits{Light: true, Persist: time.Hour, Phases: []casework.Phase{
			{Title: lang.Text{ZH: "围护", EN: "Fenced"}, Clock: worktime.UrgentHour, Limit: 2 * time.Hour, Reminder: 30 * time.Minute},
			{Title: lang.Text{ZH: "恢复", EN: "Restored"}, Clock: worktime.WorkingHour, Limit: 8 * time.Hour},
		}},
	}
}

// commandFor is a complete command of the kind for the case.
func commandFor(c casework.Case, kind casework.CommandKind) casework.Command {
	cmd := casework.Command{Kind: kind, Purpose: access.Casework, Version: c.Version, Note: "why"}
	switch kind {
	case casework.Open, casework.Screen, casework.Warn, casework.Take, casework.Report:
		cmd.Opening = opening()
	case casework.Recover:
		cmd.At = start.Add(30 * time.Minute)
	case casework.AskSuspension:
		cmd.At = start.Add(100 * time.Hour)
	case casework.AskExtension:
		cmd.Amount = worktime.Limit{Amount: 2, Clock: worktime.UrgentHour}
	case casework.Involve:
		cmd.Units = []registry.UnitID{"water"}
	case casework.Rate:
		cmd.Rating = 4
	case casework.Merge:
		cmd.Into = "other"
	case casework.Attach, casework.Join:
		cmd.Reports = []casework.Attached{{Report: casework.ReportID(fmt.Sprint("r-", c.Version))}}
	case casework.Part:
		cmd.Reports = c.Reports
	}
	return cmd
}

func decideAs(c casework.Case, cmd casework.Command, actor access.Actor, now time.Time) (casework.Result, error) {
	action, _ := casework.ActionOf(cmd.Kind)
	thing := c.Thing()
	if cmd.Opening != nil {
		thing.Unit = string(cmd.Opening.Unit)
	}
	allowed := access.Decide(access.Request{Actor: actor, Action: action, Thing: thing, Purpose: cmd.Purpose})
	return casework.Decide(c, cmd, casework.Context{Now: now, Actor: actor, Allowed: allowed, Calendar: worktime.China(), Into: &casework.Case{ID: "other", State: casework.Filed}})
}

// staff are one person for each piece of work.
var staff = map[access.Role]access.Actor{
	access.Operator:    {ID: "op-1", Name: "Op", Roles: []access.Role{access.Operator}},
	access.Dispatcher:  {ID: "di-1", Name: "Di", Roles: []access.Role{access.Dispatcher}},
	access.FieldWorker: {ID: "wo-1", Name: "Wo", Roles: []access.Role{access.FieldWorker}, Unit: "street-1"},
	access.Verifier:    {ID: "ve-1", Name: "Ve", Roles: []access.Role{access.Verifier}},
	access.System:      access.Program("test"),
}

// way is how a case comes into a state: commands, each with the role that gives it.
type way []struct {
	kind casework.CommandKind
	role access.Role
}

var line = way{
	{casework.Open, access.System}, {casework.File, access.Operator}, {casework.Dispatch, access.Dispatcher}, {casework.Start, access.FieldWorker},
	{casework.Finish, access.FieldWorker}, {casework.Verify, access.Verifier}, {casework.Close, access.Operator},
}

// ways leads to every state.
var ways = map[casework.State]way{
	casework.None: nil, casework.Accepted: line[:1], casework.Filed: line[:2], casework.Dispatched: line[:3], casework.Handling: line[:4],
	casework.Handled: line[:5], casework.Verified: line[:6], casework.Closed: line,
	casework.Screening: {{casework.Screen, access.System}},
	casework.Warned:    {{casework.Warn, access.System}},
	casework.Checking:  {{casework.Open, access.System}, {casework.Check, access.Operator}},
	casework.Suspended: append(slices.Clone(line[:4]), way{{casework.AskSuspension, access.FieldWorker}, {casework.Suspend, access.Dispatcher}}...),
	casework.Returned:  append(slices.Clone(line[:3]), way{{casework.Return, access.FieldWorker}}...),
	casework.Averted:   {{casework.Warn, access.System}, {casework.Recover, access.System}},
	casework.Voided:    {{casework.Open, access.System}, {casework.Void, access.Operator}},
	casework.Merged:    {{casework.Open, access.System}, {casework.Merge, access.Operator}},
}

// caseIn walks a fresh case into the state.
func caseIn(t *testing.T, state casework.State) casework.Case {
	t.Helper()
	var c casework.Case
	for _, s := range ways[state] {
		c = step(t, c, s.kind, staff[s.role])
	}
	if c.State != state {
		t.Fatalf("the way to %s leads to %s", state, c.State)
	}
	return c
}

func TestTheClockRunsFromDispatchToHandled(t *testing.T) {
	t.Parallel()
	filed := caseIn(t, casework.Filed)
	res, err := decideAs(filed, commandFor(filed, casework.Dispatch), staff[access.Dispatcher], start.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	due := start.Add(time.Minute + 2*time.Hour)
	want := []casework.Timer{{Kind: casework.TimerRemind, Due: due.Add(-30 * time.Minute)}, {Kind: casework.TimerEscalate, Due: due}}
	if !reflect.DeepEqual(res.Timers, want) {
		t.Errorf("timers = %v, want %v", res.Timers, want)
	}
	c := casework.Apply(filed, res.Facts[0])
	if !c.DueAt.Equal(due) || c.Overdue(due) || !c.Overdue(due.Add(time.Microsecond)) {
		t.Errorf("due at %v", c.DueAt)
	}
	handling := caseIn(t, casework.Handling)
	res, _ = decideAs(handling, commandFor(handling, casework.Finish), staff[access.FieldWorker], start.Add(time.Hour))
	if len(res.Timers) != 2 || !res.Timers[0].Due.IsZero() || !res.Timers[1].Due.IsZero() {
		t.Errorf("finishing must cancel both clocks: %v", res.Timers)
	}
	if c := casework.Apply(handling, res.Facts[0]); !c.DueAt.IsZero() || c.Overdue(start.Add(100*time.Hour)) || c.Late {
		t.Error("a handled case cannot be overdue")
	}
	res, _ = decideAs(handling, commandFor(handling, casework.Finish), staff[access.FieldWorker], start.Add(3*time.Hour))
	if c := casework.Apply(handling, res.Facts[0]); !c.Late || !res.Facts[0].Body.Late {
		t.Error("handled after its limit and not late")
	}
}

func TestAClassWithoutALimitHasNoClock(t *testing.T) {
	t.Parallel()
	c := caseIn(t, casework.Filed)
	c.Limits = casework.Limits{}
	res, err := decideAs(c, commandFor(c, casework.Dispatch), staff[access.Dispatcher], start)
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

// Where somebody was is on record only with what they did on the spot, and only when it is a place.
func TestWhereWorkBegan(t *testing.T) {
	t.Parallel()
	c := caseIn(t, casework.Dispatched)
	who := access.Actor{ID: "a", Roles: []access.Role{access.FieldWorker}, Unit: "street-1"}
	cmd := commandFor(c, casework.Start)
	cmd.Spot = &casework.Spot{Point: geo.Point{Lon: 121.5, Lat: 31.2}, Accuracy: 8}
	if res, err := decideAs(c, cmd, who, start); err != nil || *res.Facts[0].Body.Spot != *cmd.Spot {
		t.Errorf("%+v, %v", res, err)
	}
	for _, wrong := range []casework.Spot{{Point: geo.Point{Lat: 91}}, {Point: geo.Point{Lon: math.NaN()}}, {Accuracy: -1}, {Accuracy: math.NaN()}, {Accuracy: math.Inf(1)}} {
		cmd.Spot = &wrong
		if _, err := decideAs(c, cmd, who, start); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	other := commandFor(c, casework.Return)
	other.Spot, other.Note = &casework.Spot{}, "not ours"
	if res, err := decideAs(c, other, who, start); err != nil || res.Facts[0].Body.Spot != nil {
		t.Errorf("kept with a return: %+v, %v", res, err)
	}
}

func TestStaleAndVersionlessCommands(t *testing.T) {
	t.Parallel()
	c := caseIn(t, casework.Filed)
	cmd := commandFor(c, casework.Dispatch)
	cmd.Version = 1
	if _, err := decideAs(c, cmd, staff[access.Dispatcher], start); !fault.Is(err, fault.Conflict) {
		t.Errorf("stale: %v", err)
	}
	cmd.Version = 0
	if _, err := decideAs(c, cmd, staff[access.Dispatcher], start); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a version: %v", err)
	}
}

func TestDispatchNamesAUnitAndOnlyItsPeople(t *testing.T) {
	t.Parallel()
	c := caseIn(t, casework.Filed)
	c.Unit = ""
	cmd := commandFor(c, casework.Dispatch)
	if _, err := decideAs(c, cmd, staff[access.Dispatcher], start); !fault.Is(err, fault.Invalid) {
		t.Errorf("dispatched to nobody: %v", err)
	}
	cmd.Unit, cmd.Handler = "water", "wo-9"
	ctx := casework.Context{Now: start, Actor: staff[access.Dispatcher], Allowed: access.Decision{Allow: true}, Calendar: worktime.China()}
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
	if why := res.Facts[0].Body.Why; why.EN != c.WhyUnit || !strings.HasPrefix(why.ZH, "由") {
		t.Errorf("why = %+v, and %q", why, c.WhyUnit)
	}
}

// A fact's body is kept for ever: these forms must stay readable.
func TestTheBodyOfAnOpeningKeepsItsForm(t *testing.T) {
	t.Parallel()
	kept := `{"opening":{"number":"20260701-000001","title":{"zh":"积水","en":"Ponding"},"class":"ponding","class_title":{"zh":"","en":""},` +
		`"limits":{"phases":[{"title":{"zh":"围护","en":"Fenced"},"clock":"urgent hour","limit_ns":7200000000000,"reminder_ns":1800000000000},` +
		`{"title":{"zh":"恢复","en":"Restored"},"clock":"working hour","limit_ns":28800000000000,"reminder_ns":0}],"light":true,"persist_ns":3600000000000},` +
		`"severity":"major","scenario":"ponding-deep","subject":"p-17","episode":1,"area":"310115004","unit":"street-1","why_unit":"its street"}}`
	body, err := json.Marshal(casework.Body{Opening: opening()})
	if err != nil || string(body) != kept {
		t.Errorf("body = %s (%v)", body, err)
	}
	var old casework.Limits
	if err := json.Unmarshal([]byte(`{"handle_ns":7200000000000,"reminder_ns":1800000000000}`), &old); err != nil {
		t.Fatal(err)
	}
	if p := old.All(); len(p) != 1 || p[0].Limit != 2*time.Hour || p[0].Reminder != 30*time.Minute || p[0].Clock != worktime.UrgentHour {
		t.Errorf("limits from before there were phases are read as %+v", p)
	}
}
