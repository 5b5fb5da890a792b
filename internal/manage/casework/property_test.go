package casework_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
)

// people hold every mixture of roles, one of them all at once, so that only the rules keep them apart.
var people = []access.Actor{
	{ID: "a", Name: "A", Roles: []access.Role{access.Operator, access.Dispatcher, access.FieldWorker, access.Verifier}, Unit: "street-1"},
	{ID: "b", Name: "B", Roles: []access.Role{access.FieldWorker, access.Verifier}, Unit: "street-1"},
	{ID: "c", Name: "C", Roles: []access.Role{access.Verifier, access.Operator}},
	{ID: "d", Name: "D", Roles: []access.Role{access.FieldWorker}, Unit: "water"},
	{ID: "e", Name: "E", Roles: []access.Role{access.Operator, access.Dispatcher}},
	access.Program("test"),
}

// Whatever commands a case is given, by whomever, in whatever order and with a clock that jumps, its promises hold.
func TestRandomLivesOfACase(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var c casework.Case
		var facts []casework.Fact
		now, running := start, map[casework.TimerKind]time.Time{}
		for range rapid.IntRange(1, 60).Draw(t, "commands") {
			now = now.Add(time.Duration(rapid.Int64Range(-int64(time.Hour), int64(2*time.Hour)).Draw(t, "jump")))
			actor := rapid.SampledFrom(people).Draw(t, "actor")
			cmd := commandFor(c, drawKind(t, c))
			res, err := decideAs(c, cmd, actor, now)
			again, errAgain := decideAs(c, cmd, actor, now)
			if !reflect.DeepEqual(res, again) || fault.KindOf(err) != fault.KindOf(errAgain) {
				t.Fatal("Decide gave two answers to one question")
			}
			before := c
			for _, f := range res.Facts {
				facts = append(facts, f)
				c = casework.Apply(c, f)
			}
			if err != nil && len(res.Facts) > 0 {
				t.Fatal("a refusal left facts")
			}
			checkInvariants(t, before, c, facts)
			if len(res.Facts) > 0 {
				running = setTimers(running, res.Timers)
				checkTimers(t, c, running)
			}
		}
	})
}

// drawKind prefers the commands that lead on, so that long lives are common.
func drawKind(t *rapid.T, c casework.Case) casework.CommandKind {
	if c.State == casework.None {
		return rapid.SampledFrom([]casework.CommandKind{casework.Open, casework.Screen, casework.Warn, casework.Take, casework.Report}).Draw(t, "opening")
	}
	kind := rapid.SampledFrom(allCommands).Draw(t, "command")
	if rapid.Bool().Draw(t, "lead on") {
		for _, s := range line {
			if _, ok := casework.Next(c.State, s.kind); ok {
				return s.kind
			}
		}
	}
	return kind
}

func setTimers(running map[casework.TimerKind]time.Time, changed []casework.Timer) map[casework.TimerKind]time.Time {
	for _, x := range changed {
		if delete(running, x.Kind); !x.Due.IsZero() {
			running[x.Kind] = x.Due
		}
	}
	return running
}

// checkTimers compares the timers that were set and cancelled along a life with what the case says now.
func checkTimers(t *rapid.T, c casework.Case, running map[casework.TimerKind]time.Time) {
	want := map[casework.TimerKind]time.Time{}
	if !c.RemindAt.IsZero() && !c.Reminded {
		want[casework.TimerRemind] = c.RemindAt
	}
	if !c.DueAt.IsZero() && !c.Escalated {
		want[casework.TimerEscalate] = c.DueAt
	}
	if c.State == casework.Warned {
		want[casework.TimerPersist] = c.WakeAt
	}
	if c.State == casework.Suspended {
		want[casework.TimerResume] = c.WakeAt
	}
	if !reflect.DeepEqual(want, running) {
		t.Fatalf("a case that is %s has the timers %v, want %v", c.State, running, want)
	}
}

func checkInvariants(t *rapid.T, before, c casework.Case, facts []casework.Fact) {
	if c.Version != int64(len(facts)) {
		t.Fatalf("version %d with %d facts", c.Version, len(facts))
	}
	if folded, err := casework.Fold(facts); err != nil || !reflect.DeepEqual(folded, c) {
		t.Fatalf("fold of the facts is %+v (%v), the case is %+v", folded, err, c)
	}
	if !slices.IsSortedFunc(facts, func(a, b casework.Fact) int { return a.At.Compare(b.At) }) {
		t.Fatal("facts are out of order in time")
	}
	checkVerified(t, c)
	checkReports(t, before, c, facts)
	checkClocks(t, c)
	if n := len(facts); n >= 2 && facts[n-1].Kind == casework.FactUndone && before.Version == int64(n-1) {
		checkUndone(t, c, facts)
	}
}

// checkVerified: what is closed was verified by somebody without a hand in it, or is light.
func checkVerified(t *rapid.T, c casework.Case) {
	switch {
	case c.State == casework.Closed && c.Light:
		if !c.Limits.Light || !slices.Contains(c.Hands, c.Handler) {
			t.Fatalf("settled on the spot: %+v", c)
		}
	case c.State == casework.Verified || c.State == casework.Closed:
		if c.Verifier == "" || slices.Contains(c.Hands, c.Verifier) || !slices.Contains(c.Hands, c.Handler) {
			t.Fatalf("verified by %q, handled by %v", c.Verifier, c.Hands)
		}
	}
}

// checkReports: a report leaves a case only with the case that it came with.
func checkReports(t *rapid.T, before, c casework.Case, facts []casework.Fact) {
	if len(facts) > 0 && facts[len(facts)-1].Kind == casework.FactParted {
		return
	}
	for _, r := range before.Reports {
		if !slices.Contains(c.Reports, r) {
			t.Fatalf("report %v is lost", r)
		}
	}
}

// checkUndone: the case is what it was before, but for its version.
func checkUndone(t *rapid.T, c casework.Case, facts []casework.Fact) {
	was, err := casework.Fold(facts[:len(facts)-2])
	if err != nil {
		t.Fatal(err)
	}
	was, c = was.Stored(), c.Stored()
	was.Version, was.UpdatedAt = c.Version, c.UpdatedAt
	if !reflect.DeepEqual(was, c) {
		t.Fatalf("undone is %+v, before it was %+v", c, was)
	}
}

func checkClocks(t *rapid.T, c casework.Case) {
	times := []time.Time{c.OpenedAt, c.DispatchedAt, c.HandledAt, c.VerifiedAt}
	for i := 1; i < len(times); i++ {
		if !times[i].IsZero() && times[i].Before(times[i-1]) {
			t.Fatalf("a clock ran backwards: %v", times)
		}
	}
	running := c.State == casework.Dispatched || c.State == casework.Handling
	if running != !c.DueAt.IsZero() || c.Left < 0 {
		t.Fatalf("%s with due %v and %v left", c.State, c.DueAt, c.Left)
	}
	if (c.Asked != nil) && !running {
		t.Fatalf("%s with a wish about a clock that does not run", c.State)
	}
	if !c.ClosedAt.IsZero() != (c.State == casework.Closed) {
		t.Fatalf("%s, closed at %v", c.State, c.ClosedAt)
	}
}

func TestFoldRefusesWhatIsNoHistory(t *testing.T) {
	t.Parallel()
	var c casework.Case
	var facts []casework.Fact
	for _, s := range line[:3] {
		res, err := decideAs(c, commandFor(c, s.kind), staff[s.role], start)
		if err != nil {
			t.Fatal(err)
		}
		c, facts = casework.Apply(c, res.Facts[0]), append(facts, res.Facts...)
	}
	for name, wrong := range map[string][]casework.Fact{
		"a gap":           {facts[0], facts[2]},
		"another order":   {facts[1], facts[0]},
		"a missing start": facts[1:],
		"twice":           {facts[0], facts[0]},
	} {
		if _, err := casework.Fold(wrong); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
