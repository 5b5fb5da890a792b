package pack_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/manage/event"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/reform/pack"
	"twoweave/internal/rule"
)

func read(t testing.TB, change map[string]string) *pack.Pack {
	t.Helper()
	p, err := pack.Read(folder(change))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func combine(t testing.TB, packs ...*pack.Pack) *pack.Set {
	t.Helper()
	s, err := pack.Combine(packs...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASetKnowsWhoListensToAType(t *testing.T) {
	t.Parallel()
	s := combine(t, read(t, nil))
	if got := s.Types["level"].Watches; len(got) != 1 || got[0].ID != "high" {
		t.Errorf("level is watched by %v", got)
	}
	if got := s.Types["visit"].Indicators; len(got) != 1 || got[0].ID != "visits" {
		t.Errorf("visit is measured by %v", got)
	}
	if c, known := s.Scenario("high"); !known || c.Programs.When == nil || c.Programs.Where != nil || c.Rule == "" {
		t.Errorf("scenario high is %+v", c)
	}
	if _, known := s.Scenario("low"); known {
		t.Error("a scenario that is not there was found")
	}
	if unit, _, ok := s.Directory.Responsible("water", "001"); !ok || unit != "water-bureau" {
		t.Errorf("responsible is %s", unit)
	}
}

// Each case is one mistake that only shows when names are tied together.
func TestWhatDoesNotFitTogetherIsToldWithItsPlace(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change map[string]string
		want   string
	}{
		"no type":       {edit("scenarios/high.yaml", "on: level", "on: levle"), `scenarios/high.yaml:5:5: on: no pack has the event type "levle"; there are [level visit]`},
		"no class":      {edit("scenarios/high.yaml", "class: ponding", "class: pond"), `scenarios/high.yaml:10:8: class: no pack has the matter class "pond"`},
		"rule":          {edit("scenarios/high.yaml", "data.cm >= 15.0", "data.mm >= 15.0"), "scenarios/high.yaml:7:7: when: "},
		"rule's column": {edit("scenarios/high.yaml", "data.cm < 10.0", `"data.cm < 10.0 && data.mm > 1.0"`), "scenarios/high.yaml:8:27: until: "},
		"no condition":  {edit("scenarios/high.yaml", "data.cm >= 15.0", "data.cm"), "when: "},
		"subject":       {edit("scenarios/high.yaml", "operator: match", "operator: match\nsubject: data.cm"), "subject: "},
		"sealed value":  {edit("indicators/visits.yaml", "window:", `where: data.phone == "1"`+"\nwindow:"), "indicators/visits.yaml:5:8: where: "},
		"no sign class": {edit("indicators/visits.yaml", "window:", "class: none\nwindow:"), `no pack has the class of signs "none"`},
		"no scenario":   {edit("indicators/visits.yaml", "[high]", "[higher]"), `scenarios.0: no pack has the scenario "higher"`},
		"no such unit":  {edit("classes/ponding.yaml", "unit: water", "unit: fire"), `classes/ponding.yaml:4:7: unit: no unit is of the kind "fire"`},
		"map's area":    {edit("maps/levels.yaml", `{a: "001"}`, `{a: "002"}`), `area.codes.a: no pack has the area "002"`},
		"map's type":    {edit("maps/levels.yaml", "type: level", "type: high"), `maps/levels.yaml:3:7: type: no pack has the event type "high"`},
		"unit's area":   {edit("units.yaml", "kind: water", `kind: water, area: "9"`), "names area 9, which does not exist"},
		"schema":        {edit("events/level.yaml", "type: number", "type: numbre"), "events/level.yaml:13:16: schema.properties.cm.type: "},
		"no object":     {edit("events/level.yaml", "type: object", "type: array"), "the schema's type must be object"},
		"field's name":  {edit("events/level.yaml", "site:", "si-te:"), "events/level.yaml:14:12: schema.properties.si-te: "},
		"sealed number": {edit("events/level.yaml", "fields: [phone, name]", "fields: [phone, triage]"), "only a text at the top of data can be sealed"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := pack.Read(folder(c.change))
			if err == nil {
				_, err = pack.Combine(p)
			}
			wantProblem(t, err, c.want)
		})
	}
}

func TestTwoPacksMustNotHaveTheSameNames(t *testing.T) {
	t.Parallel()
	other := read(t, edit("pack.yaml", "pack: small", "pack: other"))
	_, err := pack.Combine(read(t, nil), other)
	for _, want := range []string{"type level is also in pack other", "scenario high is also in", "class ponding is also in", "area 001 is there twice"} {
		wantProblem(t, err, want)
	}
	_, err = pack.Combine(read(t, nil), read(t, nil))
	wantProblem(t, err, "two packs have the name small")
}

func TestThePacksDecideTheActivation(t *testing.T) {
	t.Parallel()
	bare := map[string]string{}
	for name := range small {
		bare[name] = ""
	}
	bare["pack.yaml"] = "pack: bare\nversion: 1\ntitle: {zh: 空, en: Bare}\nlicence: Apache-2.0\n"
	a, b := read(t, nil), read(t, bare)
	one, two := combine(t, a, b), combine(t, b, a)
	if one.Activation != two.Activation {
		t.Error("the order of packs changes the activation")
	}
	if combine(t, a).Activation == one.Activation {
		t.Error("another combination has the same activation")
	}
}

// What decides state is in Window; what does not is only in Rule.
func TestHashesTellChangesApart(t *testing.T) {
	t.Parallel()
	compiled := func(change map[string]string) *scenario.Compiled {
		c, _ := combine(t, read(t, change)).Scenario("high")
		return c
	}
	base := compiled(nil)
	for _, c := range []struct {
		old, new string
		window   bool // stays the same
	}{
		{"en: High", "en: Higher", true}, {"severity: major", "severity: minor", true}, {"version: 1", "version: 2", true},
		{"15.0", "16.0", false}, {"10.0", "9.0", false}, {"on: level\noperator: match", "on: level\noperator: sustain\nfor: 1m", false},
	} {
		got := compiled(edit("scenarios/high.yaml", c.old, c.new))
		if got.Rule == base.Rule {
			t.Errorf("%q → %q: the definition's hash stays", c.old, c.new)
		}
		if (got.Window == base.Window) != c.window {
			t.Errorf("%q → %q: the window's hash stays: %v", c.old, c.new, got.Window == base.Window)
		}
	}
}

const shapes = `type: shapes
title: {zh: 形, en: Shapes}
kind: notice
key: subject
retention: 1d
lateness: 0s
dedup: 1h
schema:
  type: object
  properties:
    yes: {type: boolean}
    n: {type: [integer, "null"]}
    f: {type: number}
    s: {type: string}
    at: {type: string, format: date-time}
    many: {type: array, items: {type: string}}
    deep: {type: object, properties: {n: {type: integer}, deeper: {type: object, properties: {s: {type: string}}}}}
`

func shapesType(t testing.TB) *pack.Type {
	return combine(t, read(t, map[string]string{"events/shapes.yaml": shapes})).Types["shapes"]
}

func slot(t testing.TB, typ *pack.Type, row *rule.Row, name string) rule.Value {
	t.Helper()
	i, known := typ.Env.Slot(name)
	if !known {
		t.Fatalf("there is no variable %s", name)
	}
	return row.Slots[i]
}

func TestFillPutsEachValueIntoItsSlot(t *testing.T) {
	t.Parallel()
	typ := shapesType(t)
	row := typ.NewRow()
	at := time.Date(2026, 6, 1, 8, 0, 0, 0, time.UTC)
	e := &event.Event{ID: "i", Source: "so", Subject: "su", Area: "001", Time: at, Data: []byte(
		`{"yes":true,"n":3.0,"f":1.5,"s":"a\"b","at":"2026-06-01T16:00:00+08:00","many":["x"],"deep":{"n":7,"deeper":{"s":"z"},"more":1},"else":{}}`)}
	if err := typ.Fill(e, row); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]rule.Value{
		"id": rule.StringValue("i"), "source": rule.StringValue("so"), "subject": rule.StringValue("su"), "area": rule.StringValue("001"),
		"time": rule.TimestampValue(at), "data.yes": rule.BoolValue(true), "data.n": rule.IntValue(3), "data.f": rule.DoubleValue(1.5),
		"data.s": rule.StringValue(`a"b`), "data.at": rule.TimestampValue(at), "data.deep.n": rule.IntValue(7), "data.deep.deeper.s": rule.StringValue("z"),
	} {
		if got := slot(t, typ, row, name); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	e.Data = []byte(`{"n":null}`)
	if err := typ.Fill(e, row); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"data.yes", "data.n", "data.s", "data.deep.n"} {
		if got := slot(t, typ, row, name); !reflect.DeepEqual(got, rule.Value{}) {
			t.Errorf("%s is %v from the event before, want missing", name, got)
		}
	}
}

func TestFillRefusesWhatIsNoData(t *testing.T) {
	t.Parallel()
	typ := shapesType(t)
	for _, data := range []string{``, `{`, `[]`, `1`, `"x"`, `{"n":1.5}`, `{"n":"1"}`, `{"n":1e300}`, `{"yes":1}`, `{"f":"1"}`, `{"s":1}`, `{"at":"today"}`, `{"deep":1}`, `{} {}`} {
		if err := typ.Fill(&event.Event{Data: []byte(data)}, typ.NewRow()); err == nil {
			t.Errorf("%q was taken", data)
		}
	}
}

// Whatever JSON comes, Fill never panics, and what the schema lets pass it can read.
func TestFillReadsWhatTheSchemaLetsPass(t *testing.T) {
	t.Parallel()
	typ := shapesType(t)
	row := typ.NewRow()
	values := rapid.OneOf(rapid.Just[any](nil), rapid.Map(rapid.Bool(), wide), rapid.Map(rapid.Int64Range(-1<<53, 1<<53), wide),
		rapid.Map(rapid.Float64Range(-1e15, 1e15), wide), rapid.Map(rapid.String(), wide), rapid.Just[any]("2026-06-01T00:00:00Z"), rapid.Just[any](map[string]any{"n": 1}))
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.MapOf(rapid.SampledFrom([]string{"yes", "n", "f", "s", "at", "many", "deep", "x"}), values).Draw(t, "data")
		text, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		valid := len(typ.Validate(text)) == 0
		if err := typ.Fill(&event.Event{Data: text}, row); valid && err != nil {
			t.Fatalf("%s passes the schema, but: %v", text, err)
		}
	})
}

// Of any JSON, Fill finds what encoding/json finds.
func TestFillReadsAsEncodingJSONDoes(t *testing.T) {
	t.Parallel()
	typ := shapesType(t)
	row := typ.NewRow()
	texts := []string{`{"n":1,"n":2}`, `{"n":1,"n":null}`, `{"deep":{"n":1},"deep":{"deeper":{"s":"x"}}}`, `{"deep":{"n":1},"deep":null}`,
		`{"s":"\u006e","\u006e":5}`, ` { "s" : "\"}{,:" , "n" : -0 } `, `{"many":[{"n":1},[2,"]"]],"n":3}`, `{"s":"` + "\xff" + `"}`, `{"f":1e3,"n":2e2}`, `{}`}
	for _, text := range texts {
		if err := typ.Fill(&event.Event{Data: []byte(text)}, row); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var want struct {
			N    *float64
			F    *float64
			S    *string
			Deep *struct {
				N      *float64
				Deeper *struct{ S *string }
			}
		}
		var last map[string]json.RawMessage // a struct would merge repeated objects
		json.Unmarshal([]byte(text), &last)
		again, _ := json.Marshal(last)
		json.Unmarshal(again, &want)
		number := func(name string, want *float64) {
			got := slot(t, typ, row, name)
			if got.Missing() != (want == nil) || want != nil && got.Type() == rule.Int && float64(got.Int()) != *want {
				t.Errorf("%s: %s is %v", text, name, got)
			}
		}
		number("data.n", want.N)
		number("data.f", want.F)
		if got := slot(t, typ, row, "data.s"); got.Missing() != (want.S == nil) || want.S != nil && got.Text() != *want.S {
			t.Errorf("%s: data.s is %v", text, got)
		}
		if want.Deep != nil {
			number("data.deep.n", want.Deep.N)
		}
	}
}

func FuzzFill(f *testing.F) {
	typ := shapesType(f)
	row := typ.NewRow()
	f.Add([]byte(`{"n":1,"s":"x","deep":{"n":[{}]},"at":"2026-06-01T00:00:00Z"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		err := typ.Fill(&event.Event{Data: data}, row)
		if !json.Valid(data) && err == nil {
			t.Errorf("%q is not JSON and was taken", data)
		}
	})
}

func wide[T any](v T) any { return v }

func BenchmarkFill(b *testing.B) {
	typ := combine(b, read(b, nil)).Types["level"]
	row := typ.NewRow()
	e := &event.Event{ID: "i", Source: "s", Subject: "p-001", Area: "001", Time: time.Unix(1_700_000_000, 0), Data: []byte(`{"cm":15.5,"site":"road"}`)}
	b.ReportAllocs()
	for b.Loop() {
		if err := typ.Fill(e, row); err != nil {
			b.Fatal(err)
		}
	}
}
