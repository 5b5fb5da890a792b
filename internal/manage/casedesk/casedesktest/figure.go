package casedesktest

import (
	"math"
	"slices"
	"testing"
	"time"

	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/scenario"
)

// behind is the cases behind the indicators of the tests: "water" is one of events, the others are measured from cases, each figure in several ways.
var behind = func() map[indicator.ID]indicator.Filter {
	all := map[indicator.ID]indicator.Filter{"water": {Scenarios: []scenario.ID{"ponding", "flood"}}}
	for _, f := range indicator.Figures {
		all[indicator.ID(f)] = indicator.Filter{Figure: f}
		all[indicator.ID(f+"/scenario")] = indicator.Filter{Figure: f, Scenarios: []scenario.ID{"flood", "fire"}}
		all[indicator.ID(f+"/class")] = indicator.Filter{Figure: f, Classes: []string{"fire"}}
		all[indicator.ID(f+"/unit")] = indicator.Filter{Figure: f, Units: []string{"water", "street-1"}}
		all[indicator.ID(f+"/all")] = indicator.Filter{Figure: f, Scenarios: []scenario.ID{"ponding", "flood"}, Classes: []string{"ponding"}, Units: []string{"water"}}
		all[indicator.ID(f+"/none")] = indicator.Filter{Figure: f, Scenarios: []scenario.ID{}}
	}
	return all
}()

// figures compares what the store counts with the definition, case by case, and with the lists behind it.
func figures(t *testing.T, d *Desk) {
	all := d.fill(t, 200)
	for _, after := range []time.Duration{time.Minute, 2*time.Hour + 5*time.Minute, 24*time.Hour + 7*time.Minute} {
		d.clock.Set(Start.Add(after))
		got, err := d.Figures(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want := casedesk.MomentOf(Start.Add(after)); got.Moment != want {
			t.Fatalf("counted at %v, want %v", got.Moment, want)
		}
		for id, f := range behind {
			if f.Figure != "" {
				d.figure(t, all, &got, id, f)
			}
		}
	}
}

func (d *Desk) figure(t *testing.T, all []casework.Case, got *casedesk.Figures, id indicator.ID, f indicator.Filter) {
	t.Helper()
	def := indicator.Indicator{From: indicator.FromCases, Figure: f.Figure}
	want := counted(all, f, got.Moment)
	areas := got.Areas(&f)
	if len(areas) != len(want) {
		t.Errorf("%s after %v: %d areas, want %d", id, got.Moment.Now.Sub(Start), len(areas), len(want))
	}
	var n int64
	for area, w := range want {
		x, some := def.Value(areas[area])
		y, also := def.Value(w)
		if areas[area].Count != w.Count || some != also || math.Abs(x-y) > 1e-9 {
			t.Errorf("%s of %s after %v: %v of %+v, want %v of %+v", id, area, got.Moment.Now.Sub(Start), x, areas[area], y, w)
		}
		n += w.Count
	}
	if page, err := d.List(t.Context(), reader(operator), casedesk.Filter{Indicator: id, Limit: 1}); err != nil || int64(page.Total) != n {
		t.Errorf("%s after %v: the list has %d cases, the figure %d (%v)", id, got.Moment.Now.Sub(Start), page.Total, n, err)
	}
}

// counted is the definition, written out over all cases.
func counted(all []casework.Case, f indicator.Filter, m casedesk.Moment) map[event.AreaCode]indicator.Partial {
	areas := map[event.AreaCode]indicator.Partial{}
	for i := range all {
		c := &all[i]
		if f.Scenarios != nil && !slices.Contains(f.Scenarios, c.Detection.Scenario) || f.Classes != nil && !slices.Contains(f.Classes, string(c.Class)) ||
			f.Units != nil && !slices.Contains(f.Units, string(c.Unit)) || !m.Counts(f.Figure, c) {
			continue
		}
		sum := areas[c.Area]
		sum.Add(m.Reading(f.Figure, c))
		areas[c.Area] = sum
	}
	return areas
}
