package casework_test

import (
	"strings"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
)

// want is the closed loop as a supervisor would write it down, apart from the program's own table: state, command, role → next state.
// What is not here must be refused.
const want = `
none       open     system      accepted
accepted   file     operator    filed
filed      dispatch dispatcher  dispatched
dispatched start    fieldworker handling
handling   finish   fieldworker handled
handled    verify   verifier    verified
verified   close    verifier    closed
verified   close    operator    closed
accepted   recover  system      accepted
filed      recover  system      filed
dispatched recover  system      dispatched
handling   recover  system      handling
handled    recover  system      handled
verified   recover  system      verified
closed     recover  system      closed
dispatched remind   system      dispatched
handling   remind   system      handling
dispatched escalate system      dispatched
handling   escalate system      handling
`

func wanted() map[[3]string]string {
	m := map[[3]string]string{}
	for line := range strings.Lines(strings.TrimSpace(want)) {
		f := strings.Fields(line)
		m[[3]string{f[0], f[1], f[2]}] = f[3]
	}
	return m
}

// Every state × command × role is tried; access and the state table together must give exactly the table above.
func TestExhaustiveWalk(t *testing.T) {
	t.Parallel()
	want, tried := wanted(), 0
	for _, state := range append([]casework.State{casework.None}, casework.States...) {
		c := caseIn(t, state)
		for _, kind := range allCommands {
			for _, role := range append(access.Roles, access.System) {
				tried++
				checkWalk(t, c, kind, role, want)
			}
		}
	}
	if tried != 8*10*8 {
		t.Errorf("tried %d combinations", tried)
	}
}

func checkWalk(t *testing.T, c casework.Case, kind casework.CommandKind, role access.Role, want map[[3]string]string) {
	t.Helper()
	actor := access.Actor{ID: "walker", Name: "Walker", Roles: []access.Role{role}, Unit: "street-1"}
	cmd := commandFor(c, kind)
	res, err := decideAs(c, cmd, actor, walkTime(kind))
	state := string(c.State)
	if c.State == casework.None {
		state = "none"
	}
	next, ok := want[[3]string{state, string(kind), string(role)}]
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
	if kind == casework.Remind || kind == casework.Escalate {
		return start.Add(24 * time.Hour)
	}
	return start.Add(time.Hour)
}

func TestARefusalNamesTheStateAndWhatIsAllowed(t *testing.T) {
	t.Parallel()
	for state, next := range map[casework.State]string{
		casework.Accepted: "file", casework.Filed: "dispatch", casework.Dispatched: "start", casework.Handling: "finish",
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
	if why := casework.WhyNot(casework.Closed, casework.Close); !strings.Contains(why, "nothing follows") {
		t.Errorf("closed: %q", why)
	}
}
