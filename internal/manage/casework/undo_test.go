package casework_test

import (
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
)

func TestUndo(t *testing.T) {
	t.Parallel()
	worker, other := staff[access.FieldWorker], access.Actor{ID: "wo-2", Roles: []access.Role{access.FieldWorker}, Unit: "street-1"}
	handling := caseIn(t, casework.Handling)
	c := step(t, handling, casework.Finish, worker)
	if c.State != casework.Handled || !c.DueAt.IsZero() {
		t.Fatalf("case = %+v", c)
	}
	for name, x := range map[string]struct {
		c    casework.Case
		who  access.Actor
		at   time.Time
		want fault.Kind
	}{
		"by somebody else":               {c, other, start, fault.Denied},
		"too late":                       {c, worker, start.Add(casework.UndoWithin + time.Second), fault.Invalid},
		"what records alone do not know": {c.Stored(), worker, start, fault.Invalid},
		"what only adds":                 {step(t, handling, casework.AskExtension, worker), worker, start, fault.Invalid},
		"an undo":                        {step(t, c, casework.Undo, worker), worker, start, fault.Invalid},
	} {
		if _, err := decideAs(x.c, commandFor(x.c, casework.Undo), x.who, x.at); !fault.Is(err, x.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	res, err := decideAs(c, commandFor(c, casework.Undo), worker, start.Add(casework.UndoWithin))
	if err != nil {
		t.Fatal(err)
	}
	if again := casework.Apply(c, res.Facts[0]); again.State != casework.Handling || !again.DueAt.Equal(handling.DueAt) || res.Facts[0].Body.Undoes != casework.FactHandled {
		t.Errorf("undone is %+v", again)
	}
	if len(res.Timers) != 2 || !res.Timers[1].Due.Equal(handling.DueAt) {
		t.Errorf("the clocks run again as %v", res.Timers)
	}
}

// A suspension gives back the time that was left when it was asked for, whenever it is answered; an extension counts from the limit's end.
func TestSuspensionAndExtension(t *testing.T) {
	t.Parallel()
	worker, dispatcher := staff[access.FieldWorker], staff[access.Dispatcher]
	c := caseIn(t, casework.Handling)
	c = stepAt(t, c, casework.AskSuspension, worker, start.Add(time.Hour))
	if _, err := decideAs(c, commandFor(c, casework.Extend), dispatcher, start); !fault.Is(err, fault.Invalid) {
		t.Errorf("what was not asked is granted: %v", err)
	}
	both := access.Actor{ID: worker.ID, Roles: []access.Role{access.Dispatcher}}
	if _, err := decideAs(c, commandFor(c, casework.Suspend), both, start); !fault.Is(err, fault.Denied) {
		t.Errorf("who asks grants: %v", err)
	}
	c = stepAt(t, c, casework.Suspend, dispatcher, start.Add(90*time.Minute))
	if c.State != casework.Suspended || !c.DueAt.IsZero() || c.Left != time.Hour || !c.WakeAt.Equal(start.Add(100*time.Hour)) {
		t.Fatalf("suspended: %+v", c)
	}
	resumed := stepAt(t, c, casework.Resume, worker, start.Add(10*time.Hour))
	if resumed.State != casework.Handling || !resumed.DueAt.Equal(start.Add(11*time.Hour)) || resumed.Asked != nil {
		t.Errorf("resumed: %+v", resumed)
	}
	if _, err := decideAs(c, casework.Command{Kind: casework.Resume, Purpose: access.Casework}, access.Program("clock"), start.Add(99*time.Hour)); !fault.Is(err, fault.Invalid) {
		t.Errorf("the program resumes early: %v", err)
	}
	asked := stepAt(t, resumed, casework.AskExtension, worker, start.Add(10*time.Hour))
	longer := stepAt(t, asked, casework.Extend, dispatcher, start.Add(10*time.Hour))
	if !longer.DueAt.Equal(start.Add(13*time.Hour)) || longer.Extensions != 1 || !longer.RemindAt.Equal(start.Add(12*time.Hour+30*time.Minute)) {
		t.Errorf("extended: %+v", longer)
	}
	declined := stepAt(t, asked, casework.Decline, dispatcher, start.Add(10*time.Hour))
	if declined.Asked != nil || !declined.DueAt.Equal(resumed.DueAt) {
		t.Errorf("declined: %+v", declined)
	}
}

// The phases of a limit follow one another, each on its own clock; a dispatch may begin at a later one.
func TestPhases(t *testing.T) {
	t.Parallel()
	c := stepAt(t, caseIn(t, casework.Handling), casework.Advance, staff[access.FieldWorker], start.Add(time.Hour))
	// start is a Wednesday at 16:00 in Shanghai: the working day ends before eight working hours are over.
	if c.Phase != 1 || !c.DueAt.After(start.Add(16*time.Hour)) || !c.RemindAt.IsZero() {
		t.Errorf("advanced: %+v", c)
	}
	if _, err := decideAs(c, commandFor(c, casework.Advance), staff[access.FieldWorker], start); !fault.Is(err, fault.Invalid) {
		t.Errorf("beyond the last phase: %v", err)
	}
	filed := caseIn(t, casework.Filed)
	cmd := commandFor(filed, casework.Dispatch)
	for phase, want := range map[int]fault.Kind{2: fault.Invalid, -1: fault.Invalid} {
		cmd.Phase = phase
		if _, err := decideAs(filed, cmd, staff[access.Dispatcher], start); !fault.Is(err, want) {
			t.Errorf("phase %d: %v", phase, err)
		}
	}
	cmd.Phase = 1
	res, err := decideAs(filed, cmd, staff[access.Dispatcher], start)
	if err != nil || casework.Apply(filed, res.Facts[0]).Phase != 1 {
		t.Errorf("begun at the second phase: %v", err)
	}
}

func stepAt(t *testing.T, c casework.Case, kind casework.CommandKind, actor access.Actor, at time.Time) casework.Case {
	t.Helper()
	res, err := decideAs(c, commandFor(c, kind), actor, at)
	if err != nil {
		t.Fatal(err)
	}
	return casework.Apply(c, res.Facts[0])
}
