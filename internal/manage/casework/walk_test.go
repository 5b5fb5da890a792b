package casework_test

import (
	"strings"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
)

// want is the closed loop as a supervisor would write it down, apart from the program's own table: command, role, states → next state ("=" for no change).
// What is not here must be refused.
const want = `
open            system      none                                           accepted
screen          system      none                                           screening
warn            system      none                                           warned
take            operator    none                                           accepted
take            system      none                                           accepted
report          fieldworker none                                           filed
confirm         operator    screening                                      accepted
confirm         verifier    screening                                      accepted
confirm         operator    checking                                       accepted
confirm         verifier    checking                                       accepted
check           operator    accepted                                       checking
persist         system      warned                                         filed
file            operator    accepted,warned                                filed
void            operator    screening,warned,checking,accepted,filed,returned voided
void            verifier    screening,warned,checking,accepted,filed,returned voided
merge           operator    screening,warned,checking,accepted,filed,returned,dispatched,handling merged
dispatch        dispatcher  filed                                          dispatched
start           fieldworker dispatched                                     handling
return          fieldworker dispatched,handling                            returned
arbitrate       dispatcher  returned                                       dispatched
involve         dispatcher  filed,dispatched,handling                      =
contribute      fieldworker dispatched,handling                            =
advance         fieldworker handling                                       =
ask-suspension  fieldworker handling                                       =
ask-extension   fieldworker dispatched,handling                            =
suspend         dispatcher  handling                                       suspended
extend          dispatcher  dispatched,handling                            =
decline         dispatcher  dispatched,handling                            =
resume          fieldworker suspended                                      handling
resume          dispatcher  suspended                                      handling
resume          system      suspended                                      handling
finish          fieldworker handling                                       handled
settle          fieldworker filed,dispatched,handling                      closed
rework          verifier    handled                                        dispatched
verify          verifier    handled                                        verified
close           verifier    verified                                       closed
close           operator    verified                                       closed
reopen          operator    closed                                         filed
reopen          operator    voided                                         accepted
rate            operator    closed                                         =
rate            system      closed                                         =
urge            operator    open                                           =
urge            dispatcher  open                                           =
attach          operator    open                                           =
attach          system      open                                           =
join            operator    open                                           =
part            operator    open                                           =
recover         system      all                                            =
recover         system      warned                                         averted
remind          system      dispatched,handling                            =
escalate        system      dispatched,handling                            =
`

const openOnes = "screening,warned,checking,accepted,filed,dispatched,handling,suspended,returned,handled,verified"

func wanted() map[[3]string]string {
	m := map[[3]string]string{}
	for text := range strings.Lines(strings.TrimSpace(want)) {
		f := strings.Fields(text)
		states := strings.ReplaceAll(strings.ReplaceAll(f[2], "all", openOnes+",closed,averted,voided,merged"), "open", openOnes)
		for state := range strings.SplitSeq(states, ",") {
			next := f[3]
			if next == "=" {
				next = state
			}
			m[[3]string{state, f[0], f[1]}] = next
		}
	}
	return m
}

// Every state × command × role is tried; access and the state table together must give exactly the table above. Undo has a test of its own.
func TestExhaustiveWalk(t *testing.T) {
	t.Parallel()
	want, tried := wanted(), 0
	for _, state := range append([]casework.State{casework.None}, casework.States...) {
		for _, kind := range allCommands {
			for _, role := range append(access.Roles, access.System) {
				if kind == casework.Undo {
					continue
				}
				tried++
				checkWalk(t, prepared(t, state, kind), kind, role, want)
			}
		}
	}
	if tried != 16*38*8 {
		t.Errorf("tried %d combinations", tried)
	}
}

// prepared is a case in the state, with what a command needs beside it: something asked to grant, a part to contribute, a report to take out.
func prepared(t *testing.T, state casework.State, kind casework.CommandKind) casework.Case {
	c := caseIn(t, state)
	need := map[casework.CommandKind][]casework.CommandKind{
		casework.Suspend: {casework.AskSuspension}, casework.Extend: {casework.AskExtension}, casework.Decline: {casework.AskExtension},
		casework.Contribute: {casework.Involve}, casework.Part: {casework.Attach},
	}
	for _, first := range need[kind] {
		if _, can := casework.Next(state, first); can {
			c = step(t, c, first, staff[meant[first]])
		}
	}
	return c
}

var meant = map[casework.CommandKind]access.Role{
	casework.AskSuspension: access.FieldWorker, casework.AskExtension: access.FieldWorker, casework.Involve: access.Dispatcher, casework.Attach: access.Operator,
}

func checkWalk(t *testing.T, c casework.Case, kind casework.CommandKind, role access.Role, want map[[3]string]string) {
	t.Helper()
	actor := access.Actor{ID: "walker", Name: "Walker", Roles: []access.Role{role}, Unit: "street-1"}
	if kind == casework.Contribute {
		actor.Unit = "water"
	}
	cmd := commandFor(c, kind)
	res, err := decideAs(c, cmd, actor, walkTime(kind))
	state := string(c.State)
	if c.State == casework.None {
		state = "none"
	}
	next, ok := want[[3]string{state, string(kind), string(role)}]
	if ok && kind == casework.Recover && !c.EndedAt.IsZero() {
		ok = false // an episode ends once
	}
	switch {
	case ok && err != nil:
		t.Errorf("%s × %s × %s refused: %v", state, kind, role, err)
	case ok && string(casework.Apply(c, res.Facts[0]).State) != next:
		t.Errorf("%s × %s × %s gave %s, want %s", state, kind, role, casework.Apply(c, res.Facts[0]).State, next)
	case !ok && err == nil:
		t.Errorf("%s × %s × %s was allowed", state, kind, role)
	case !ok && !fault.Is(err, fault.Denied) && !fault.Is(err, fault.Invalid):
		t.Errorf("%s × %s × %s refused as %v", state, kind, role, fault.KindOf(err))
	case !ok && fault.Message(err) == "":
		t.Errorf("%s × %s × %s refused without a reason", state, kind, role)
	}
}

// walkTime is late enough for the clocks to have run out where that is what is tried.
func walkTime(kind casework.CommandKind) time.Time {
	switch kind {
	case casework.Remind, casework.Escalate, casework.Persist, casework.Resume:
		return start.Add(200 * time.Hour)
	}
	return start.Add(time.Hour)
}

func TestARefusalNamesTheStateAndWhatIsAllowed(t *testing.T) {
	t.Parallel()
	for state, next := range map[casework.State]string{
		casework.Screening: "confirm", casework.Accepted: "file", casework.Filed: "dispatch", casework.Returned: "arbitrate", casework.Dispatched: "start", casework.Handling: "finish",
		casework.Handled: "verify", casework.Verified: "close",
	} {
		why := casework.WhyNot(state, casework.Open)
		if !strings.Contains(why, string(state)) || !strings.Contains(why, next) {
			t.Errorf("in %s: %q", state, why)
		}
	}
	if why := casework.WhyNot(casework.Filed, "burn"); !strings.Contains(why, "dispatch") {
		t.Errorf("an unknown command: %q", why)
	}
	if why := casework.WhyNot(casework.Averted, casework.Close); !strings.Contains(why, "nothing follows") {
		t.Errorf("averted: %q", why)
	}
}
