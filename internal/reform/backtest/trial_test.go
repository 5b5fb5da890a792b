package backtest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/backtest"
)

func TestAChangedThresholdGainsLosesAndMoves(t *testing.T) {
	t.Parallel()
	p := newPast(readSet(t))
	p.send("lost", "x", 15, 0) // until 5: at 16 it never starts
	p.send("moved", "x", 15, 0)
	p.send("same", "x", 20, 0)
	p.to(time.Minute)
	p.send("moved", "x", 17, 0)
	p.send("same", "x", 7, 0)
	p.to(2 * time.Minute)
	p.send("same", "x", 4, 0)
	changed := strings.Replace(scenarioText("high", "", "operator: match\nwhen: data.cm >= limit.high\nuntil: data.cm < 8\nlimits: {high: {daily: 16}}"), "version: 1", "version: 2", 1)
	c, err := backtest.Trial{Log: p, Set: p.set, Draft: draft(t, changed), Examples: 5}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c.Gained != 0 || c.Lost != 1 || c.Moved != 1 || c.Unchanged != 1 || c.OtherEnd != 1 || c.Events != 6 || c.Before.Version != 1 || c.After.Version != 2 {
		t.Errorf("%+v", c)
	}
	lost, moved := c.Examples[0], c.Examples[1]
	if lost.Kind != scenario.Lost || lost.Subject != "lost" || lost.After != nil || string(lost.Before.Readings[0].Data) != `{"cm": 15, "street": "x"}` {
		t.Errorf("%+v", lost)
	}
	if moved.Kind != scenario.Moved || !moved.Before.Started.Equal(dawn) || !moved.After.Started.Equal(dawn.Add(time.Minute)) || moved.After.Measures[0].Value != "16.0" {
		t.Errorf("%+v", moved)
	}
}

func TestANewScenarioOnlyGains(t *testing.T) {
	t.Parallel()
	p := newPast(readSet(t))
	p.send("a", "x", 15, 0)
	p.to(time.Hour)
	p.send("a", "x", 15, 0)
	c, err := backtest.Trial{Log: p, Set: p.set, Examples: 5, From: dawn.Add(10 * time.Minute),
		Draft: draft(t, scenarioText("lull", "data.street", "operator: absence\nabsence: {gap: 20m}"))}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c.Before != nil || c.Gained != 1 || c.Lost+c.Moved+c.Unchanged != 0 {
		t.Errorf("%+v", c)
	}
	if len(c.Remarks) != 2 || !strings.Contains(c.Remarks[1].EN, "windows are not full") {
		t.Errorf("the log begins with the range: %+v", c.Remarks)
	}
}

// TestEventsOfOneBatchKeepTheirOrder: they may be of one moment; then their places in the batch say which came first.
func TestEventsOfOneBatchKeepTheirOrder(t *testing.T) {
	t.Parallel()
	p := newPast(readSet(t))
	b := &event.Batch{Stamp: p.now}
	for i, cm := range []int{3, 20} {
		b.Events = append(b.Events, event.Event{ID: fmt.Sprint(i), Source: "s", Type: "level", Sender: "t", Subject: "gauge", Area: "001", Time: p.now, Body: uint64(i),
			Data: fmt.Appendf(nil, `{"cm": %d, "street": "x"}`, cm)})
	}
	p.add(bus.Message{Kind: bus.Events, Part: event.PartitionOf("gauge"), Body: event.AppendBatch(nil, b)})
	rise := scenarioText("rise", "data.street", "operator: sequence\nwhere: data.cm < 5\nalso: [{on: level, subject: data.street, where: data.cm >= 15}]\nsequence: {within: 1m}\nhold: 1m")
	c, err := backtest.Trial{Log: p, Set: p.set, Examples: 5, Draft: draft(t, rise)}.Run(t.Context())
	if err != nil || c.Gained != 1 {
		t.Fatalf("%+v (%v), want the rise from 3 to 20", c, err)
	}
	if last := c.Examples[0].After.Readings; string(last[len(last)-1].Data) != `{"cm": 20, "street": "x"}` {
		t.Errorf("the evidence is %s", last[len(last)-1].Data)
	}
}

// TestADraftThatFindsTooMuch is told so before it takes the program's memory.
func TestADraftThatFindsTooMuch(t *testing.T) {
	t.Parallel()
	p := newPast(readSet(t))
	for from := 0; from <= backtest.MaxEpisodes; from += 1000 {
		b := &event.Batch{Stamp: p.now}
		for i := range 1000 {
			id := fmt.Sprint(from + i)
			b.Events = append(b.Events, event.Event{ID: id, Source: "s", Type: "level", Sender: "t", Subject: id, Area: "001", Time: p.now, Data: []byte(`{"cm": 3}`)})
		}
		p.add(bus.Message{Kind: bus.Events, Part: from / 1000 % event.Partitions, Body: event.AppendBatch(nil, b)})
	}
	_, err := backtest.Trial{Log: p, Set: p.set, Draft: draft(t, scenarioText("high", "", "operator: match\nwhen: data.cm >= 3"))}.Run(t.Context())
	if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), "narrower") {
		t.Errorf("got %v", err)
	}
}

func TestWhatCannotBeTried(t *testing.T) {
	t.Parallel()
	p := newPast(readSet(t))
	_, err := backtest.Trial{Log: p, Set: p.set, Draft: draft(t, scenarioText("high", "", "operator: match\nwhen: data.cmm >= 3"))}.Run(t.Context())
	if problems := fault.Problems(err); len(problems) != 1 || problems[0].File != "changed.yaml" || problems[0].Line != 7 {
		t.Errorf("%v", err)
	}
	ok := draft(t, scenarioText("high", "", "operator: match\nwhen: data.cm >= 3"))
	if _, err = (backtest.Trial{Log: p, Set: p.set, Draft: ok, From: dawn, To: dawn}).Run(t.Context()); !fault.Is(err, fault.Invalid) {
		t.Errorf("an empty range gives %v", err)
	}
}

// variants are changed scenarios, one for each of the set's.
var variants = []string{
	scenarioText("high", "", "operator: match\nwhen: data.cm >= limit.high\nuntil: data.cm < 7\nlimits: {high: {daily: 13, special: 10}}"),
	scenarioText("long", "", "operator: sustain\nwhen: data.cm >= 10\nfor: 15m"),
	scenarioText("street", "data.street", "operator: sustain\nwhen: data.cm >= 12\nfor: 1m"),
	scenarioText("street", "", "operator: match\nwhen: data.cm >= 18"),
	scenarioText("silent", "data.street", "operator: absence\nabsence: {gap: 10m}"),
	scenarioText("often", "data.street", "operator: window\nwhere: data.cm > 8\nwindow: {over: 15m, measure: count}\nwhen: value >= 3.0\nhold: 20m"),
	scenarioText("near", "", "operator: cluster\nwhere: data.cm > 8\ncluster: {metres: 300, over: 10m}\nwhen: sources >= 2"),
	scenarioText("ring", "", "operator: geofence\ngeofence: {fences: [{name: core, centre: {lon: 121.5, lat: 31.2}, metres: 150}]}"),
}

type start struct {
	subject string
	at      time.Time
}

func starts(all []scenario.Detection, from, to time.Time) []start {
	var out []start
	for _, d := range all {
		if !d.At.Before(from) && d.At.Before(to) {
			out = append(out, start{d.Subject, d.At})
		}
	}
	return out
}

// A trial of any log says what playing it twice, from its beginning, gives.
func TestATrialIsTheDifferenceOfTwoPasts(t *testing.T) {
	t.Parallel()
	set := readSet(t)
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		d := draft(t, rapid.SampledFrom(variants).Draw(t, "variant"))
		all, id := steps().Draw(t, "steps"), d.Scenario.ID
		changed, err := set.WithDraft(d)
		if err != nil {
			t.Fatal(err)
		}
		before, after := newPast(set), newPast(changed)
		before.play(all)
		after.play(all)
		from := dawn.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "from")) * time.Minute)
		to := from.Add(time.Duration(rapid.IntRange(1, 300).Draw(t, "to")) * time.Minute)
		c, err := backtest.Trial{Log: before, Set: set, Draft: d, From: from, To: to, Examples: 1000}.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ours, theirs := starts(before.started(id), from, to), starts(after.started(id), from, to)
		both := 0
		for _, s := range ours {
			if slices.Contains(theirs, s) {
				both++
			}
		}
		movedOurs, movedTheirs := 0, 0
		for _, x := range c.Examples {
			seen[string(x.Kind)]++
			if x.Kind == scenario.Moved && slices.Contains(ours, start{x.Subject, x.Before.Started}) {
				movedOurs++
			}
			if x.Kind == scenario.Moved && slices.Contains(theirs, start{x.Subject, x.After.Started}) {
				movedTheirs++
			}
		}
		if c.Unchanged != both || len(ours) != both+c.Lost+movedOurs || len(theirs) != both+c.Gained+movedTheirs || len(c.Examples) != c.Lost+c.Gained+c.Moved {
			t.Fatalf("before %v\nafter %v\n%+v", ours, theirs, c)
		}
	})
	for _, kind := range []scenario.DifferenceKind{scenario.Gained, scenario.Lost, scenario.Moved} {
		if seen[string(kind)] == 0 {
			t.Errorf("nothing was %s", kind)
		}
	}
}
