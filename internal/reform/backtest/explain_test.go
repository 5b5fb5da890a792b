package backtest_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/reform/backtest"
)

func TestAnExplanationTellsTheLooksAndTheRule(t *testing.T) {
	t.Parallel()
	p := newPast(readSet(t))
	p.send("a", "x", 3, 0)
	p.order(order.Control{Kind: order.PutState, State: &order.State{ID: "flood", Level: order.Special}})
	p.to(time.Minute)
	p.send("b", "x", 9, 0)
	p.send("a", "x", 9, 0)
	p.to(2 * time.Minute)
	p.send("a", "x", 11, 0)
	p.to(3 * time.Minute)
	p.send("a", "x", 13, 0)
	d := p.started("high")
	if len(d) != 1 {
		t.Fatalf("found %+v", d)
	}
	x, err := backtest.Explainer{Log: p, Loader: p}.Explain(t.Context(), d[0], dawn.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if !x.Recomputed || x.Definition.When != "data.cm >= limit.high" || x.State != order.Special || x.Earlier != 0 || len(x.Remarks) > 0 || x.Ended == nil {
		t.Errorf("%+v", x)
	}
	var looks []string
	for _, l := range x.Looks {
		looks = append(looks, fmt.Sprintf("%s %s %v", l.At.Sub(dawn), l.Reading.Data, l.When))
	}
	want := []string{`0s {"cm": 3, "street": "x"} false`, `1m0s {"cm": 9, "street": "x"} false`, `2m0s {"cm": 11, "street": "x"} true`}
	if !reflect.DeepEqual(looks, want) {
		t.Errorf("looks %v", looks)
	}
	var steps strings.Builder
	for _, s := range x.Decision.When {
		fmt.Fprintln(&steps, indented(s.Depth, s.Text), "=", s.Value)
	}
	if steps.String() != "data.cm >= limit.high = true\n  data.cm = 11\n  limit.high = 10.0\n" {
		t.Error(steps.String())
	}
}

// A finding that the log no longer has is told from what was kept.
func TestWhatTheLogHasLostIsToldFromTheRecord(t *testing.T) {
	t.Parallel()
	p := newPast(readSet(t))
	p.send("a", "x", 16, 0)
	d := p.started("high")[0]
	p.messages = p.messages[:1] // the activation is left
	x, err := backtest.Explainer{Log: p, Loader: p}.Explain(t.Context(), d, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if x.Recomputed || x.Decision != nil || len(x.Looks) != 1 || len(x.Remarks) != 1 || x.Ended != nil {
		t.Errorf("%+v", x)
	}
}

// step is one thing that happens in a random past.
type step struct {
	wait   time.Duration
	gauge  int
	cm     int
	back   time.Duration
	orders int
}

func steps() *rapid.Generator[[]step] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		return step{
			wait:  time.Duration(rapid.IntRange(0, 8).Draw(t, "wait")) * time.Minute,
			gauge: rapid.IntRange(0, 3).Draw(t, "gauge"), cm: rapid.IntRange(0, 20).Draw(t, "cm"),
			back: time.Duration(rapid.IntRange(0, 6).Draw(t, "back")) * time.Minute, orders: rapid.IntRange(0, 20).Draw(t, "orders"),
		}
	}), 1, 60)
}

// play lets the steps happen; gauges 0 and 1 are in one street, 2 and 3 in another.
func (p *past) play(all []step) {
	at := p.now.Sub(dawn)
	for _, s := range all {
		at += s.wait
		p.to(at)
		switch s.orders {
		case 0:
			p.order(order.Control{Kind: order.PutState, State: &order.State{ID: "flood", Level: order.Special}})
		case 1:
			p.order(order.Control{Kind: order.TakeBack, ID: "flood"})
		case 2:
			p.order(order.Control{Kind: order.PutSilence, Silence: &order.Silence{ID: "works", Scenarios: []string{"long"}, Until: p.now.Add(time.Hour)}})
		}
		p.send(fmt.Sprintf("g-%d", s.gauge), fmt.Sprintf("street-%d", s.gauge/2), s.cm, s.back)
	}
	p.to(at + time.Hour)
}

// Every finding of a log in which a scenario was changed is explained by the definition that found it, also one whose windows filled beside the other.
func TestAFindingIsExplainedByTheRuleThatFoundIt(t *testing.T) {
	t.Parallel()
	set := readSet(t)
	rules := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		d := draft(t, rapid.SampledFrom(variants).Draw(t, "variant"))
		changed, err := set.WithDraft(d)
		if err != nil {
			t.Fatal(err)
		}
		p := newPast(set)
		p.play(steps().Draw(t, "before"))
		p.activate(changed)
		p.play(steps().Draw(t, "after"))
		for _, f := range p.started(d.Scenario.ID) {
			x, err := backtest.Explainer{Log: p, Loader: p}.Explain(t.Context(), f, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			if !x.Recomputed || x.Definition.Hash != f.Rule || x.Decision == nil || x.Decision.When[0].Value != "true" || len(x.Remarks) > 0 {
				t.Fatalf("%+v\nis explained as %+v", f, x)
			}
			rules[f.Rule]++
		}
	})
	if len(rules) < 5 {
		t.Errorf("findings by %d definitions alone", len(rules))
	}
}

// Every finding of any log comes out again, with its measures, and the rule's first step says true.
func TestEveryFindingIsExplained(t *testing.T) {
	t.Parallel()
	set := readSet(t)
	explained := map[scenario.ID]int{}
	rapid.Check(t, func(t *rapid.T) {
		p := newPast(set)
		p.play(steps().Draw(t, "steps"))
		for _, d := range p.found {
			if d.Change != scenario.Started {
				continue
			}
			explained[d.Scenario]++
			x, err := backtest.Explainer{Log: p, Loader: p}.Explain(t.Context(), d, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			if !x.Recomputed || x.Decision == nil || x.Decision.When[0].Value != "true" || !slices.Equal(x.Measures, d.Measures) {
				t.Fatalf("%+v\nis explained as %+v\n%+v against %+v", d, x, x.Measures, d.Measures)
			}
			for _, r := range d.Evidence {
				if !contains(x.Looks, r) {
					t.Fatalf("the evidence %s of %+v is not among %+v", r.ID, d, x.Looks)
				}
			}
		}
	})
	if t.Logf("findings by scenario: %v", explained); len(explained) < 5 { // of seven; which ones is chance
		t.Error("these are too few to show anything")
	}
}

func contains(looks []scenario.Look, r scenario.Reading) bool {
	for _, l := range looks {
		if l.Reading != nil && l.Reading.Seq == r.Seq && l.Reading.N == r.N {
			return true
		}
	}
	return false
}
