package registry_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"twoweave/internal/registry"
)

var now = time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC)

func quarrel(n int, to registry.UnitID, daysAgo int) registry.Arbitration {
	return registry.Arbitration{Case: fmt.Sprint("case-", n), Class: "ponding", Area: "a1", From: "water-1", To: to, At: now.AddDate(0, 0, -daysAgo)}
}

func kinds(registry.ClassID) string { return "water" }

func TestWhatArbitrationKeepsDecidingIsProposed(t *testing.T) {
	t.Parallel()
	d := directory(t, city())
	all := []registry.Arbitration{quarrel(3, "drain", 1), quarrel(1, "drain", 80), quarrel(4, "power", 5), quarrel(2, "drain", 30)}
	all[3].From = "street-1"
	found := d.Propose(all, now, registry.Learning{}, kinds)
	if len(found) != 1 {
		t.Fatalf("%+v", found)
	}
	p := found[0]
	if p.Rule.To != "drain" || p.Rule.Match != (registry.Match{Class: "ponding", Area: "a1"}) || !p.Why.Complete() || p.Rule.ID == "" || p.Replaces != "" {
		t.Errorf("%+v", p)
	}
	if !slices.Equal(p.Cases, []string{"case-1", "case-2", "case-3"}) || !slices.Equal(p.Against, []string{"case-4"}) || !slices.Equal(p.From, []registry.UnitID{"water-1", "street-1"}) {
		t.Errorf("%+v", p)
	}
	if !p.First.Equal(now.AddDate(0, 0, -80)) || !p.Last.Equal(now.AddDate(0, 0, -1)) {
		t.Errorf("from %v to %v", p.First, p.Last)
	}
	if a := d.Route(registry.Question{Class: "ponding", Kind: "water", Area: "a1"}); a.Unit != "water-1" {
		t.Error("a proposal changed the routing by itself")
	}
	c := city()
	c.Rules = []registry.Rule{p.Rule}
	taught := directory(t, c)
	if a := taught.Route(registry.Question{Class: "ponding", Kind: "water", Area: "a1"}); a.Unit != "drain" {
		t.Errorf("the rule that was taken over does not work: %+v", a)
	}
	if again := taught.Propose(all, now, registry.Learning{}, kinds); len(again) != 0 {
		t.Errorf("what is a rule already is proposed: %+v", again)
	}
	c.Rules[0].To = "power"
	if again := directory(t, c).Propose(all, now, registry.Learning{}, kinds); len(again) != 1 || again[0].Replaces != p.Rule.ID {
		t.Errorf("the rule that would have to go is not named: %+v", again)
	}
}

func TestWhatIsNoLesson(t *testing.T) {
	t.Parallel()
	d := directory(t, city())
	three := func(change func(a *registry.Arbitration)) []registry.Arbitration {
		all := []registry.Arbitration{quarrel(1, "drain", 3), quarrel(2, "drain", 2), quarrel(3, "drain", 1)}
		change(&all[2])
		return all
	}
	everyOne := func(change func(a *registry.Arbitration)) []registry.Arbitration {
		all := three(func(*registry.Arbitration) {})
		for i := range all {
			change(&all[i])
		}
		return all
	}
	for name, all := range map[string][]registry.Arbitration{
		"two":                       three(func(*registry.Arbitration) {})[:2],
		"one of them long ago":      three(func(a *registry.Arbitration) { a.At = now.AddDate(0, 0, -90) }),
		"one of them not yet":       three(func(a *registry.Arbitration) { a.At = now.Add(time.Second) }),
		"one case twice":            three(func(a *registry.Arbitration) { a.Case = "case-1" }),
		"another class":             three(func(a *registry.Arbitration) { a.Class = "lift" }),
		"another area":              three(func(a *registry.Arbitration) { a.Area = "a2" }),
		"another unit":              three(func(a *registry.Arbitration) { a.To = "power" }),
		"without a class":           everyOne(func(a *registry.Arbitration) { a.Class = "" }),
		"a unit nobody knows":       everyOne(func(a *registry.Arbitration) { a.To = "gone" }),
		"an area nobody knows":      everyOne(func(a *registry.Arbitration) { a.Area = "unplaced" }),
		"what is done already":      everyOne(func(a *registry.Arbitration) { a.To = "water-1" }),
		"the last word was another": append(three(func(*registry.Arbitration) {}), quarrel(3, "power", 0)),
	} {
		if found := d.Propose(all, now, registry.Learning{}, kinds); len(found) != 0 {
			t.Errorf("%s: %+v", name, found)
		}
	}
	if found := d.Propose(three(func(*registry.Arbitration) {})[:2], now, registry.Learning{Times: 2, Within: 4 * 24 * time.Hour}, kinds); len(found) != 1 {
		t.Errorf("two, when two are enough: %+v", found)
	}
}
