package indicator_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/lang"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/rule"
)

func TestBandsGoBothWays(t *testing.T) {
	t.Parallel()
	up, down := indicator.Bands{Attention: 5, Alarm: 9}, indicator.Bands{Attention: 0.5, Alarm: -1}
	for _, x := range []struct {
		bands indicator.Bands
		v     float64
		want  indicator.Band
	}{
		{up, 4.9, indicator.Normal}, {up, 5, indicator.Attention}, {up, 8.9, indicator.Attention}, {up, 9, indicator.Alarm},
		{down, 0.6, indicator.Normal}, {down, 0.5, indicator.Attention}, {down, -0.9, indicator.Attention}, {down, -1, indicator.Alarm}, {down, -7, indicator.Alarm},
	} {
		if got := x.bands.Of(x.v); got != x.want {
			t.Errorf("%v in %+v is %s, want %s", x.v, x.bands, got, x.want)
		}
	}
}

// However readings are dealt out to partials, merged they are the same.
func TestMergedPartialsAreOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		readings := rapid.SliceOf(rapid.Map(rapid.IntRange(-1000, 1000), func(i int) float64 { return float64(i) })).Draw(t, "readings")
		var whole, merged indicator.Partial
		places := make([]indicator.Partial, rapid.IntRange(1, 5).Draw(t, "places"))
		for _, v := range readings {
			whole.Add(v)
			places[rapid.IntRange(0, len(places)-1).Draw(t, "place")].Add(v)
		}
		for _, p := range places {
			merged.Merge(p)
		}
		if merged != whole {
			t.Fatalf("%+v, together %+v", merged, whole)
		}
		if n := len(readings); n > 0 && (whole.Min != slices.Min(readings) || whole.Max != slices.Max(readings) || whole.Count != int64(n)) {
			t.Fatalf("%+v of %v", whole, readings)
		}
	})
}

func TestNothingIsZeroOnlyWhereItIsCounted(t *testing.T) {
	t.Parallel()
	for _, m := range append(slices.Clone(indicator.Measures), "") {
		_, some := m.Value(indicator.Partial{}, time.Hour)
		if want := m == "" || m == indicator.Count || m == indicator.Rate || m == indicator.Sum; some != want {
			t.Errorf("%q of nothing is known: %v", m, some)
		}
	}
}

func TestAnHourHasSixtyPanes(t *testing.T) {
	t.Parallel()
	for window, want := range map[time.Duration]time.Duration{
		time.Minute: time.Minute, indicator.MaxFine: time.Minute, 2 * time.Hour: 2 * time.Minute, 5 * time.Hour: 5 * time.Minute, indicator.MaxWindow: 24 * time.Minute,
	} {
		if got := indicator.Pane(window); got != want || window/got > 64 {
			t.Errorf("panes of %s are %s, want %s", window, got, want)
		}
	}
}

func TestASilentPartitionIsDropped(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	var p indicator.Parts
	put := func(part int, at, heard time.Duration, n int64) bool {
		return p.Put(&indicator.Sample{Part: part, At: noon.Add(at), Partial: indicator.Partial{Count: n}}, noon.Add(heard))
	}
	if !put(9, 0, 0, 1) || !put(3, time.Second, time.Minute, 2) || put(9, 0, time.Hour, 5) || !put(9, time.Second, 0, 7) {
		t.Error("a later sample takes the place of an earlier one, and nothing else does")
	}
	if sum, at := p.Total(noon); sum.Count != 9 || !at.Equal(noon.Add(time.Second)) {
		t.Errorf("%+v at %s", sum, at)
	}
	if sum, _ := p.Total(noon.Add(time.Second)); sum.Count != 2 {
		t.Errorf("after 9 fell silent: %+v", sum)
	}
}

func ofEvents() indicator.Indicator {
	return indicator.Indicator{ID: "x", Title: lang.Text{ZH: "体", EN: "Sign"}, Unit: lang.Text{ZH: "个", EN: "things"}, On: "call", Window: time.Hour,
		Bands: indicator.Bands{Attention: 1, Alarm: 2}, City: indicator.Bands{Attention: 3, Alarm: 4}}
}

func ofCases() indicator.Indicator {
	i := ofEvents()
	i.On, i.Window, i.From, i.Figure = "", 0, indicator.FromCases, indicator.Open
	return i
}

func TestWhatIsWrongIsToldByField(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		of     func() indicator.Indicator
		change func(*indicator.Indicator)
		field  string // empty: right
	}{
		"events":                  {ofEvents, func(*indicator.Indicator) {}, ""},
		"cases":                   {ofCases, func(*indicator.Indicator) {}, ""},
		"a day":                   {ofEvents, func(i *indicator.Indicator) { i.Window = 24 * time.Hour }, ""},
		"seconds":                 {ofEvents, func(i *indicator.Indicator) { i.Window = 90 * time.Second }, "window"},
		"minutes beyond an hour":  {ofEvents, func(i *indicator.Indicator) { i.Window = 90 * time.Minute }, "window"},
		"two days":                {ofEvents, func(i *indicator.Indicator) { i.Window = 48 * time.Hour }, "window"},
		"unknown measure":         {ofEvents, func(i *indicator.Indicator) { i.Measure = "median" }, "measure"},
		"of what":                 {ofEvents, func(i *indicator.Indicator) { i.Measure = indicator.Sum }, "of"},
		"only counted":            {ofEvents, func(i *indicator.Indicator) { i.Of = "1" }, "of"},
		"normal at nothing":       {ofEvents, func(i *indicator.Indicator) { i.Bands.Attention = 0 }, "bands"},
		"no city where it adds":   {ofEvents, func(i *indicator.Indicator) { i.City = indicator.Bands{} }, "city"},
		"lower is worse":          {ofEvents, func(i *indicator.Indicator) { i.Bands = indicator.Bands{Attention: 2, Alarm: 0} }, ""},
		"no city where not":       {ofEvents, func(i *indicator.Indicator) { i.Measure, i.Of, i.City = indicator.Most, "1", indicator.Bands{} }, ""},
		"unknown figure":          {ofCases, func(i *indicator.Indicator) { i.Figure = "colour" }, "figure"},
		"figure of events":        {ofEvents, func(i *indicator.Indicator) { i.Figure = indicator.Open }, "figure"},
		"window of cases":         {ofCases, func(i *indicator.Indicator) { i.Window = time.Hour }, "window"},
		"choice of cases":         {ofEvents, func(i *indicator.Indicator) { i.Cases.Domains = []string{"safety"} }, "cases"},
		"from nowhere":            {ofEvents, func(i *indicator.Indicator) { i.From = "rumours" }, "from"},
		"one language":            {ofCases, func(i *indicator.Indicator) { i.Unit.EN = "" }, "unit"},
		"bands that are the same": {ofCases, func(i *indicator.Indicator) { i.Bands.Alarm = i.Bands.Attention }, "bands"},
	} {
		i := x.of()
		x.change(&i)
		var fields []string
		for _, p := range indicator.Check(&i) {
			fields = append(fields, p.Field)
		}
		if x.field == "" && len(fields) > 0 || x.field != "" && !slices.Equal(fields, []string{x.field}) {
			t.Errorf("%s: problems of %v, want %q", name, fields, x.field)
		}
	}
}

func TestRulesAreCompiledAndDecideTheHash(t *testing.T) {
	t.Parallel()
	env, err := rule.NewEnv([]rule.Var{{Name: "data.n", Type: rule.Int}, {Name: "data.x", Type: rule.Double}})
	if err != nil {
		t.Fatal(err)
	}
	def := ofEvents()
	def.Measure, def.Of = indicator.Sum, "data.n"
	whole, problems := indicator.Compile(&def, env)
	if len(problems) > 0 || whole.Number.Type() != rule.Int {
		t.Fatal(problems)
	}
	titled := def
	titled.Title.EN = "Another"
	if same, _ := indicator.Compile(&titled, env); same.Hash != whole.Hash {
		t.Error("a title decides what is gathered")
	}
	def.Of = "data.x"
	if other, _ := indicator.Compile(&def, env); other.Hash == whole.Hash || other.Number.Type() != rule.Double {
		t.Error("what is measured does not decide the hash")
	}
	def.Of, def.Where = "data.y", "data.x"
	if _, problems = indicator.Compile(&def, env); len(problems) != 2 || problems[0].Field != "where" || problems[1].Field != "of" {
		t.Errorf("%+v", problems)
	}
}
