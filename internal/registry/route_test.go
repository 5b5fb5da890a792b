package registry_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"twoweave/internal/base/lang"
	"twoweave/internal/manage/event"
	"twoweave/internal/registry"
)

func both(s string) lang.Text { return lang.Text{ZH: s, EN: s} }

func city() registry.Content {
	return registry.Content{
		Areas: []registry.Area{{Code: "a1", Name: lang.Text{ZH: "一街", EN: "First"}}, {Code: "a2", Name: lang.Text{ZH: "二街", EN: "Second"}}, {Code: "a3", Name: both("three")}},
		Units: []registry.Unit{
			{ID: "street-1", Name: lang.Text{ZH: "一街道", EN: "Street 1"}, Kind: "street", Area: "a1"},
			{ID: "street-2", Name: lang.Text{ZH: "二街道", EN: "Street 2"}, Kind: "street", Area: "a2"},
			{ID: "water-1", Name: lang.Text{ZH: "一街水务站", EN: "Water Station 1"}, Kind: "water", Area: "a1"},
			{ID: "water-bureau", Name: lang.Text{ZH: "水务局", EN: "Water Bureau"}, Kind: "water"},
			{ID: "drain", Name: lang.Text{ZH: "排水公司", EN: "Drain Company"}, Kind: "drain"},
			{ID: "power", Name: lang.Text{ZH: "供电公司", EN: "Power Company"}, Kind: "power"},
			{ID: "park", Name: lang.Text{ZH: "公园", EN: "Park"}, Kind: "water"},
		},
		Grids: []registry.Grid{
			{ID: "g1", Name: both("grid 1"), Area: "a1", Unit: "park", Shape: square(0, 0)},
			{ID: "g2", Name: both("grid 2"), Area: "a1", Unit: "street-1", Shape: square(1, 0)},
		},
	}
}

func square(x, y float64) [][2]float64 {
	return [][2]float64{{x, y}, {x + 1, y}, {x + 1, y + 1}, {x, y + 1}}
}

func directory(t testing.TB, c registry.Content) *registry.Directory {
	t.Helper()
	d, wrong := registry.New(c)
	if len(wrong) > 0 {
		t.Fatal(wrong)
	}
	return d
}

// peel are rules, the most specific first; each one wins when those before it are gone.
var peel = []registry.Rule{
	{ID: "owner-class", Match: registry.Match{Owner: "grid company", Class: "ponding"}, To: "power"},
	{ID: "owner", Match: registry.Match{Owner: "grid company"}, To: "power"},
	{ID: "scenario-grid", Match: registry.Match{Scenario: "rain", Class: "ponding", Grid: "g1", Area: "a1"}, To: "drain"},
	{ID: "scenario-area", Match: registry.Match{Scenario: "rain", Area: "a1"}, To: "drain"},
	{ID: "class-grid", Match: registry.Match{Class: "ponding", Grid: "g1"}, To: "drain"},
	{ID: "class-area", Match: registry.Match{Class: "ponding", Area: "a1"}, To: "drain"},
	{ID: "grid", Match: registry.Match{Grid: "g1"}, To: "street-2"},
}

var general = []registry.Rule{
	{ID: "scenario", Match: registry.Match{Scenario: "rain"}, To: "drain"},
	{ID: "class", Match: registry.Match{Class: "ponding"}, To: "power"},
	{ID: "kind-area", Match: registry.Match{Kind: "water", Area: "a1"}, To: "street-2"},
}

var everything = registry.Question{Class: "ponding", Kind: "water", Area: "a1", Grid: "g1", Owner: "grid company", Scenario: "rain"}

func TestTheMostSpecificRuleWins(t *testing.T) {
	t.Parallel()
	c := city()
	rules := slices.Concat(peel, general)
	for n, first := range rules {
		c.Rules = slices.Clone(rules[n:])
		if n > len(peel) {
			c.Grids = nil // the grid's own unit comes between
		}
		slices.Reverse(c.Rules) // the order in the file says nothing
		q := everything
		if c.Grids == nil {
			q.Grid = ""
		}
		a := directory(t, c).Route(q)
		taken := taken(a)
		if n == len(peel) {
			if a.Unit != "park" || taken.Step != registry.ByGrid || taken.Rule != "" {
				t.Errorf("the grid's own unit: %+v", a)
			}
			continue
		}
		if !a.OK || a.Unit != first.To || taken.Rule != first.ID {
			t.Errorf("without %d rules: %s by %s, want %s by %s", n, a.Unit, taken.Rule, first.To, first.ID)
		}
	}
}

// TestMoreBeatsNearer: within a step a rule that asks for more counts, whatever it asks for.
func TestMoreBeatsNearer(t *testing.T) {
	t.Parallel()
	c := city()
	c.Rules = []registry.Rule{
		{ID: "three", Match: registry.Match{Class: "ponding", Kind: "water", Area: "a1"}, To: "drain"},
		{ID: "two", Match: registry.Match{Scenario: "rain", Area: "a1"}, To: "power"},
	}
	if a := directory(t, c).Route(everything); a.Unit != "drain" || a.Steps[1].Rule != "two" || a.Steps[1].Taken {
		t.Errorf("%+v", a)
	}
}

func taken(a registry.Answer) registry.Reason {
	for _, r := range a.Steps {
		if r.Taken {
			return r
		}
	}
	return registry.Reason{}
}

func TestRouteWithoutRules(t *testing.T) {
	t.Parallel()
	d := directory(t, city())
	for name, c := range map[string]struct {
		q    registry.Question
		unit registry.UnitID
		step registry.Step
	}{
		"who owns it":                             {registry.Question{Owner: "power", Kind: "water", Area: "a1"}, "power", registry.ByOwner},
		"an owner that is no unit":                {registry.Question{Owner: "somebody", Kind: "water", Area: "a1"}, "water-1", registry.ByKindHere},
		"a grid of the kind":                      {registry.Question{Kind: "water", Grid: "g1"}, "park", registry.ByGrid},
		"a grid of another kind is passed over":   {registry.Question{Kind: "water", Grid: "g2"}, "water-1", registry.ByKindHere},
		"a grid when no kind is asked for":        {registry.Question{Area: "a1", Grid: "g2"}, "street-1", registry.ByGrid},
		"a grid nobody knows":                     {registry.Question{Kind: "street", Area: "a2", Grid: "g9"}, "street-2", registry.ByKindHere},
		"the area's own":                          {registry.Question{Kind: "water", Area: "a1"}, "water-1", registry.ByKindHere},
		"the city's":                              {registry.Question{Kind: "water", Area: "a2"}, "water-bureau", registry.ByKind},
		"without a place":                         {registry.Question{Kind: "water"}, "water-bureau", registry.ByKind},
		"the sub-centre when there is no such":    {registry.Question{Kind: "health", Area: "a2"}, "street-2", registry.BySubcentre},
		"nobody":                                  {registry.Question{Kind: "health", Area: "a3"}, "", ""},
		"nobody, for a question without anything": {registry.Question{}, "", ""},
	} {
		a := d.Route(c.q)
		if a.Unit != c.unit || taken(a).Step != c.step || a.OK != (c.unit != "") {
			t.Errorf("%s: %+v", name, a)
		}
		if !a.Why().Complete() {
			t.Errorf("%s: no reason in both languages: %+v", name, a)
		}
	}
}

func TestTheReasonsTellWhatWasSetAside(t *testing.T) {
	t.Parallel()
	c := city()
	c.Rules = []registry.Rule{{ID: "r1", Match: registry.Match{Class: "ponding"}, ToAny: "drain", Why: lang.Text{ZH: "协议", EN: "an agreement"}}}
	a := directory(t, c).Route(registry.Question{Class: "ponding", Kind: "water", Area: "a1", Grid: "g2"})
	want := []registry.Reason{
		{Step: registry.ByGrid, Unit: "street-1", Text: lang.Text{ZH: "一街道负责grid 2责任网格，但不是 water 类单位", EN: "Street 1 looks after the responsibility grid grid 2, but it is no water unit"}},
		{Step: registry.ByClass, Rule: "r1", Unit: "drain", Taken: true, Text: lang.Text{ZH: "规则 r1 指定排水公司：协议", EN: "rule r1 names Drain Company: an agreement"}},
		{Step: registry.ByKindHere, Unit: "water-1", Text: lang.Text{ZH: "一街水务站是一街的 water 类单位", EN: "Water Station 1 is the water unit of First"}},
		{Step: registry.ByKind, Unit: "water-bureau", Text: lang.Text{ZH: "水务局是全市的 water 类单位", EN: "Water Bureau is the city-wide water unit"}},
	}
	if !slices.Equal(a.Steps, want) { // the street is the area's sub-centre too, and is told once
		t.Errorf("%+v", a.Steps)
	}
	c.Units = append(c.Units, registry.Unit{ID: "far", Kind: "far", Area: "a2"})
	c.Rules[0].ToAny = "far"
	if a := directory(t, c).Route(registry.Question{Class: "ponding", Kind: "water", Area: "a1"}); a.Unit != "water-1" || a.Steps[0].Unit != "" || a.Steps[0].Rule != "r1" {
		t.Errorf("a rule to a kind that is not here: %+v", a)
	}
}

// TestResponsibleIsWhatItWas compares Responsible with how it was found before there were rules.
func TestResponsibleIsWhatItWas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		areas := []registry.Area{{Code: "a1"}, {Code: "a2"}}
		var units []registry.Unit
		for i, n := 0, rapid.IntRange(0, 6).Draw(t, "units"); i < n; i++ {
			units = append(units, registry.Unit{ID: registry.UnitID(rune('a' + i)), Kind: rapid.SampledFrom([]string{"k1", "k2"}).Draw(t, "kind"),
				Area: rapid.SampledFrom([]event.AreaCode{"", "a1", "a2"}).Draw(t, "area")})
		}
		d, wrong := registry.NewDirectory(areas, units)
		if len(wrong) > 0 {
			t.Fatal(wrong)
		}
		kind, area := rapid.SampledFrom([]string{"k1", "k2", "k3"}).Draw(t, "asked"), rapid.SampledFrom([]event.AreaCode{"", "a1", "a2", "a9"}).Draw(t, "at")
		unit, why, ok := d.Responsible(kind, area)
		if want := responsible(units, kind, area); unit != want || ok != (want != "") || why == "" {
			t.Fatalf("%q (%s), want %q", unit, why, want)
		}
	})
}

func responsible(units []registry.Unit, kind string, area event.AreaCode) registry.UnitID {
	for _, fits := range []func(registry.Unit) bool{
		func(u registry.Unit) bool { return u.Kind == kind && u.Area == area && area != "" },
		func(u registry.Unit) bool { return u.Kind == kind && u.Area == "" },
		func(u registry.Unit) bool { return u.Area == area && area != "" },
	} {
		if i := slices.IndexFunc(units, fits); i >= 0 {
			return units[i].ID
		}
	}
	return ""
}

func TestAnAnswerIsOneUnitWithItsReason(t *testing.T) {
	t.Parallel()
	c := city()
	c.Rules = slices.Concat(peel, general)
	d := directory(t, c)
	pick := func(t *rapid.T, name string, all ...string) string {
		return rapid.SampledFrom(append(all, "")).Draw(t, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		q := registry.Question{Class: registry.ClassID(pick(t, "class", "ponding", "x")), Kind: pick(t, "kind", "water", "street", "x"),
			Area: event.AreaCode(pick(t, "area", "a1", "a2", "x")), Grid: registry.GridID(pick(t, "grid", "g1", "g2", "x")),
			Owner: pick(t, "owner", "grid company", "power", "x"), Scenario: registry.ScenarioID(pick(t, "scenario", "rain", "x"))}
		a := d.Route(q)
		n := 0
		for _, r := range a.Steps {
			if r.Taken {
				n++
			}
			if r.Taken && r.Unit != a.Unit || !r.Text.Complete() {
				t.Fatalf("%+v", a)
			}
		}
		if (n == 1) != a.OK || n > 1 {
			t.Fatalf("%d units are taken: %+v", n, a)
		}
	})
}

func TestWrongRulesAreTold(t *testing.T) {
	t.Parallel()
	for field, r := range map[string]registry.Rule{
		"to":      {ID: "r", Match: registry.Match{Class: "x"}},
		"to ":     {ID: "r", Match: registry.Match{Class: "x"}, To: "drain", ToAny: "drain"},
		"to  ":    {ID: "r", Match: registry.Match{Class: "x"}, To: "nobody"},
		"to_kind": {ID: "r", Match: registry.Match{Class: "x"}, ToAny: "nobody"},
		"area":    {ID: "r", Match: registry.Match{Class: "x", Area: "a9"}, To: "drain"},
		"grid":    {ID: "r", Match: registry.Match{Grid: "g9"}, To: "drain"},
		"":        {ID: "r", Match: registry.Match{Area: "a1"}, To: "drain"},
		"rule":    {ID: "r1", Match: registry.Match{Class: "y"}, To: "drain"},
		"rule ":   {ID: "r", Match: registry.Match{Class: "ponding"}, To: "drain"},
	} {
		c := city()
		c.Rules = []registry.Rule{{ID: "r1", Match: registry.Match{Class: "ponding"}, To: "drain"}, r}
		_, wrong := registry.New(c)
		if len(wrong) != 1 || wrong[0].Part != registry.InRouting || wrong[0].Index != 1 || wrong[0].Field != trim(field) || wrong[0].Text == "" {
			t.Errorf("%q: %+v", field, wrong)
		}
	}
}

func trim(s string) string {
	for len(s) > 0 && s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	return s
}

func BenchmarkRoute(b *testing.B) {
	c := city()
	c.Rules = slices.Concat(peel, general)
	d := directory(b, c)
	for b.Loop() {
		if a := d.Route(everything); !a.OK {
			b.Fatal(a)
		}
	}
}
