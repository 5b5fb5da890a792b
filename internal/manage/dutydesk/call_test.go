package dutydesk

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/fault"
	"twoweave/internal/registry"
)

var start = time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC)

// TestACallIsAlwaysWithSomebody: whatever is done in whatever order, a call either waits for exactly its last rung, with a time, or for nobody; what
// was closed stays closed; and it is taken by one of those who were called, or by nobody.
func TestACallIsAlwaysWithSomebody(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := start
		c := Call{ID: "c", Version: 1}.climb(ladderOf(t, "first"), now)
		check(t, &Call{}, &c, now)
		for range rapid.IntRange(0, 12).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "seconds")) * time.Second)
			before := c
			who := Who{ID: registry.PersonID(rapid.SampledFrom([]string{"p0", "p1", "p2", "stranger"}).Draw(t, "who"))}
			var err error
			switch rapid.SampledFrom([]string{"silent", "pass", "hand", "acknowledge", "withdraw"}).Draw(t, "does") {
			case "silent":
				if c.Status == Calling {
					c = c.end(Silent, Who{}, "").climb(ladderOf(t, "next"), now)
				}
			case "pass":
				if err = c.passing(who); err == nil {
					c = c.end(Passed, who, "").climb(ladderOf(t, "above"), now)
				}
			case "hand":
				if err = c.passing(who); err == nil {
					c = c.end(Passed, who, "").hand(registry.OnDuty{Person: "stranger"}, now)
				}
			case "acknowledge":
				c, err = c.acknowledge(who, "", now)
			case "withdraw":
				if c.Status.Live() {
					c = c.end(Dropped, Who{}, "")
					c.Status = Withdrawn
				}
			}
			if err != nil && (c.Status != before.Status || len(c.Rungs) != len(before.Rungs) || fault.KindOf(err) != fault.Denied && fault.KindOf(err) != fault.Conflict) {
				t.Fatalf("refused with %v, and yet %+v", err, c)
			}
			check(t, &before, &c, now)
		}
	})
}

// ladderOf draws up to three posts with up to two persons each.
func ladderOf(t *rapid.T, name string) []registry.Rung {
	var all []registry.Rung
	for i := range rapid.IntRange(0, 3).Draw(t, name) {
		r := registry.Rung{Post: registry.PostID(fmt.Sprint(name, i)), Within: time.Minute}
		for n := range rapid.IntRange(0, 2).Draw(t, "people") {
			r.People = append(r.People, registry.OnDuty{Person: registry.PersonID(fmt.Sprint("p", (n+i)%3))})
		}
		all = append(all, r)
	}
	return all
}

func check(t *rapid.T, before, c *Call, now time.Time) {
	waiting := 0
	for i, r := range c.Rungs {
		if r.Outcome == Waiting {
			waiting++
			if i != len(c.Rungs)-1 || len(r.People) == 0 || !r.Due.Equal(c.Due) || r.Due.Before(r.At) {
				t.Fatalf("rung %d waits: %+v", i, c)
			}
		}
		if i < len(before.Rungs) && before.Rungs[i].Outcome != Waiting && before.Rungs[i].Outcome != r.Outcome {
			t.Fatalf("rung %d was %s and is %s", i, before.Rungs[i].Outcome, r.Outcome)
		}
		if r.At.After(now) {
			t.Fatalf("rung %d is of the future", i)
		}
	}
	if calling := c.Status == Calling; calling != (waiting == 1) || calling == c.Due.IsZero() {
		t.Fatalf("%s, %d rungs wait, due %v", c.Status, waiting, c.Due)
	}
	if taken := c.Status == Acknowledged; taken != (c.Taken.ID != "") || taken && !c.called(c.Taken.ID) {
		t.Fatalf("%s by %q: %+v", c.Status, c.Taken.ID, c.Rungs)
	}
	if !before.Status.Live() && before.Status != "" && c.Status != before.Status {
		t.Fatalf("%s became %s", before.Status, c.Status)
	}
}
