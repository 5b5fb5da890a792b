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
	{ID: "d", Name: "D", Roles: []access.Role{access.FieldWorker}, Unit: "street-2"},
	access.Program("test"),
}

// Whatever commands a case is given, by whomever, in whatever order and with a clock that jumps, its promises hold.
func TestRandomLivesOfACase(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var c casework.Case
		var facts []casework.Fact
		now := start
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
		}
	})
}

// drawKind prefers the commands that lead on, so that long lives are common.
func drawKind(t *rapid.T, c casework.Case) casework.CommandKind {
	if c.State == casework.None {
		return casework.Open
	}
	kind := rapid.SampledFrom(allCommands).Draw(t, "command")
	if rapid.Bool().Draw(t, "lead on") {
		for _, k := range casework.Commands {
			if _, ok := casework.Next(c.State, k); ok {
				return k
			}
		}
	}
	return kind
}

func checkInvariants(t *rapid.T, before, c casework.Case, facts []casework.Fact) {
	if c.Version != int64(len(facts)) {
		t.Fatalf("version %d with %d facts", c.Version, len(facts))
	}
	if slices.Index(casework.States, c.State) < slices.Index(casework.States, before.State) {
		t.Fatalf("went back from %s to %s", before.State, c.State)
	}
	if folded, err := casework.Fold(facts); err != nil || !reflect.DeepEqual(folded, c) {
		t.Fatalf("fold of the facts is %+v (%v), the case is %+v", folded, err, c)
	}
	if c.State == casework.Verified || c.State == casework.Closed {
		if c.Verifier == "" || slices.Contains(c.Hands, c.Verifier) || !slices.Contains(c.Hands, c.Handler) {
			t.Fatalf("verified by %q, handled by %v", c.Verifier, c.Hands)
		}
	}
	if !slices.IsSortedFunc(facts, func(a, b casework.Fact) int { return a.At.Compare(b.At) }) {
		t.Fatal("facts are out of order in time")
	}
	checkClocks(t, c)
}

func checkClocks(t *rapid.T, c casework.Case) {
	line := []time.Time{c.OpenedAt, c.DispatchedAt, c.HandledAt, c.VerifiedAt, c.ClosedAt}
	for i := 1; i < len(line); i++ {
		if !line[i].IsZero() && line[i].Before(line[i-1]) {
			t.Fatalf("a clock ran backwards: %v", line)
		}
	}
	running := c.State == casework.Dispatched || c.State == casework.Handling
	if running != !c.DueAt.IsZero() {
		t.Fatalf("%s with due %v", c.State, c.DueAt)
	}
	if running && c.DueAt.Sub(c.DispatchedAt) != c.Limits.Handle {
		t.Fatalf("limit of %v", c.DueAt.Sub(c.DispatchedAt))
	}
}

func TestFoldRefusesWhatIsNoHistory(t *testing.T) {
	t.Parallel()
	var c casework.Case
	var facts []casework.Fact
	for _, kind := range []casework.CommandKind{casework.Open, casework.File, casework.Dispatch} {
		res, err := decideAs(c, commandFor(c, kind), actorFor(kind), start)
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
