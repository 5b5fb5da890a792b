package rule_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/rule"
)

func newEnv(t testing.TB) *rule.Env {
	t.Helper()
	env, err := rule.NewEnv([]rule.Var{
		{Name: "data.level_cm", Type: rule.Double}, {Name: "data.count", Type: rule.Int}, {Name: "data.status", Type: rule.String},
		{Name: "data.wet", Type: rule.Bool}, {Name: "data.since", Type: rule.Timestamp}, {Name: "data.lasted", Type: rule.Duration},
		{Name: "time", Type: rule.Timestamp}, {Name: "area", Type: rule.String}, {Name: "subject", Type: rule.String},
	})
	if err != nil {
		t.Fatal(err)
	}
	return env
}

// rowOf fills a row by name; others are missing.
func rowOf(t testing.TB, env *rule.Env, values map[string]rule.Value) *rule.Row {
	t.Helper()
	row := env.NewRow()
	for name, v := range values {
		slot, ok := env.Slot(name)
		if !ok {
			t.Fatalf("no variable %s", name)
		}
		row.Slots[slot] = v
	}
	return row
}

func TestConditions(t *testing.T) {
	t.Parallel()
	env := newEnv(t)
	row := rowOf(t, env, map[string]rule.Value{
		"data.level_cm": rule.DoubleValue(15), "data.count": rule.IntValue(3), "data.status": rule.StringValue("水位过高"),
		"time": rule.TimestampValue(time.Date(2025, 6, 1, 22, 30, 0, 0, time.UTC)), "area": rule.StringValue("310115016000"),
	})
	for _, c := range []struct {
		src   string
		truth rule.Truth
		err   error
	}{
		{`data.level_cm >= 15.0`, rule.True, nil},
		{`data.level_cm >= 15`, rule.True, nil},
		{`data.level_cm > 15`, rule.False, nil},
		{`15 <= data.level_cm`, rule.True, nil},
		{`data.wet`, rule.Unknown, nil},
		{`!data.wet`, rule.Unknown, nil},
		{`data.wet && data.count > 5`, rule.False, nil},
		{`data.count == 3 || data.wet`, rule.True, nil},
		{`data.wet || data.count / 0 == 1`, rule.Unknown, nil},
		{`data.count / 0 == 1`, rule.Unknown, rule.DivideByZero},
		{`data.count % 0 == 1 && data.count > 2`, rule.Unknown, rule.ModulusByZero},
		{`data.count % 0 == 1 && data.count > 5`, rule.False, nil},
		{`data.count * 9223372036854775807 > 0`, rule.Unknown, rule.IntOverflow},
		{`int(data.status) > 1`, rule.Unknown, rule.NotConverted},
		{`time + duration("2500000h") < time`, rule.False, nil},
		{`timestamp("9999-12-31T23:59:59Z") + duration("1s") > time`, rule.Unknown, rule.TimestampOverflow},
		{`size(data.status) == 4`, rule.True, nil},
		{`data.status.startsWith("水位")`, rule.True, nil},
		{`data.status.matches("^水.*高$")`, rule.True, nil},
		{`area in ["310115004000", "310115016000"]`, rule.True, nil},
		{`time.getHours("Asia/Shanghai") == 6 && time.getHours() == 22`, rule.True, nil},
		{`time.getDayOfWeek("Asia/Shanghai") == 1`, rule.True, nil},
		{`has(data.level_cm) && !has(data.wet)`, rule.True, nil},
		{`has(data.wet) && data.wet`, rule.False, nil},
		{`time > timestamp("2025-06-01T00:00:00Z") + duration("22h")`, rule.True, nil},
		{`[1, 2, 3].exists(x, x == data.count)`, rule.True, nil},
	} {
		p, err := env.Compile(c.src)
		if err != nil {
			t.Errorf("%s: %v", c.src, err)
			continue
		}
		if got, err := p.Eval(row); got != c.truth || err != c.err {
			t.Errorf("%s is %v, %v; want %v, %v", c.src, got, err, c.truth, c.err)
		}
	}
}

func TestRulesOfOtherTypes(t *testing.T) {
	t.Parallel()
	env := newEnv(t)
	row := rowOf(t, env, map[string]rule.Value{"area": rule.StringValue("310115016000"), "data.count": rule.IntValue(4)})
	p, err := env.CompileTyped(`area + "/" + string(data.count)`, rule.String)
	if err != nil {
		t.Fatal(err)
	}
	if got, known, err := p.EvalString(row); got != "310115016000/4" || !known || err != nil {
		t.Errorf("got %q, %v, %v", got, known, err)
	}
	if got, known, err := p.EvalString(env.NewRow()); got != "" || known || err != nil {
		t.Errorf("of a missing value: %q, %v, %v", got, known, err)
	}
	if got, err := p.Eval(row); got != rule.Unknown || err != rule.NotCondition {
		t.Errorf("asked as a condition: %v, %v", got, err)
	}
	if p.Type() != rule.String || !slices.Equal(p.Uses(), []string{"area", "data.count"}) {
		t.Errorf("type %v, uses %v", p.Type(), p.Uses())
	}
}

func TestRowsMayBeShortOrWrong(t *testing.T) {
	t.Parallel()
	env := newEnv(t)
	for _, src := range []string{`data.level_cm > 1.0`, `[data.level_cm].exists(x, x > 1.0)`} {
		p, err := env.Compile(src)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Eval(&rule.Row{}); got != rule.Unknown || err != nil {
			t.Errorf("%s of an empty row: %v, %v", src, got, err)
		}
		if got, err := p.Eval(&rule.Row{Slots: []rule.Value{rule.IntValue(3)}}); got != rule.Unknown || err != rule.WrongType {
			t.Errorf("%s of an int in place of a double: %v, %v", src, got, err)
		}
	}
}

func TestWhatIsCompiled(t *testing.T) {
	t.Parallel()
	env := newEnv(t)
	for src, want := range map[string]bool{
		`data.level_cm >= 15.0 && !(area in ["a", "b"]) || has(data.wet)`: true,
		`string(time) == "x"`:               false,
		`[1, 2].exists(x, x == data.count)`: false,
		`data.count > 1 && 3u > 2u`:         false,
		`data.status in [area, subject]`:    false,
	} {
		if p, err := env.Compile(src); err != nil || p.Compiled() != want {
			t.Errorf("%s: %v, compiled should be %v", src, err, want)
		}
	}
}

func TestMistakesAreShownWhereTheyAre(t *testing.T) {
	t.Parallel()
	env := newEnv(t)
	for _, c := range []struct {
		src          string
		line, column int
		says         string
	}{
		{`data.levl_cm > 1.0`, 1, 1, "did you mean data.level_cm? Allowed: data.level_cm"},
		{"data.status == '水' &&\n  data.levl_cm > 1.0", 2, 3, "did you mean data.level_cm?"},
		{`'水' == data.statu`, 1, 8, "did you mean data.status?"},
		{`has(data.lvel_cm)`, 1, 9, "did you mean data.level_cm?"},
		{`[1].exists(x, y > x)`, 1, 15, "there is no variable y"},
		{`has(1)`, 1, 5, "has() takes a variable"},
		{`data.count`, 1, 1, "must be of type bool; it is of type int"},
		{`data.level_cm == 1`, 1, 15, "a double is written 1.0"},
		{`data.level_cm + data.count > 1.0`, 1, 15, "double() convert"},
		{`data.status > 1`, 1, 13, "can be ordered"},
		{`data.count && data.wet`, 1, 0, "expected type 'bool'"},
		{`level(data.count)`, 1, 6, "allowed are size"},
		{`data.count.startsWith("a")`, 1, 22, "exists for other types"},
		{`data.count >`, 1, 13, ""},
		{`time > timestamp("yesterday")`, 1, 18, "timestamp"},
		{`data.lasted > duration("5 minutes")`, 1, 24, "duration"},
		{`data.status.matches("(")`, 1, 21, "matches"},
		{`time.getHours("Asia/Shangha") > 1`, 1, 15, `"Asia/Shanghai"`},
		{`time.getHours("Local") > 1`, 1, 15, "no time zone"},
		{`time.getHours(area) > 1`, 1, 15, "must be written out"},
		{"", 1, 1, "empty"},
		{"data.wet && \xff", 1, 1, "UTF-8"},
		{strings.Repeat("!", 5000) + "data.wet", 1, 1, "at most 4096"},
		{strings.Repeat("(", 500) + "data.wet" + strings.Repeat(")", 500), 1, 0, ""},
		{strings.Repeat("data.wet||", 400) + "data.wet", 1, 0, ""},
		{`true ? ` + strings.Repeat("-(", 100) + "1" + strings.Repeat(")", 100) + " > 0 : false", 1, 0, ""},
	} {
		_, err := env.Compile(c.src)
		e, ok := errors.AsType[*rule.Error](err)
		if !ok {
			t.Errorf("%.60q: %v, want an Error", c.src, err)
			continue
		}
		if e.Line != c.line || c.column != 0 && e.Column != c.column || !strings.Contains(e.Message, c.says) {
			t.Errorf("%.60q: %v; want %d:%d with %q", c.src, e, c.line, c.column, c.says)
		}
		if problems := fault.Problems(err); !fault.Is(err, fault.Invalid) || len(problems) == 0 || problems[0].Line != e.Line {
			t.Errorf("%.60q is no invalid input with problems: %v", c.src, problems)
		}
	}
}

func TestAllUnknownNamesAreShown(t *testing.T) {
	t.Parallel()
	_, err := newEnv(t).Compile(`data.a > 1 && data.count > 1 && data.b < 2`)
	if got := fault.Problems(err); len(got) != 2 || got[1].Column != 33 {
		t.Errorf("problems %v, want two", got)
	}
}

func TestEnvironmentsRefuseWhatCannotBeNamed(t *testing.T) {
	t.Parallel()
	for _, vars := range [][]rule.Var{
		{{Name: "", Type: rule.Int}}, {{Name: "a.", Type: rule.Int}}, {{Name: "水", Type: rule.Int}}, {{Name: "1a", Type: rule.Int}},
		{{Name: "data.in", Type: rule.Int}}, {{Name: "a", Type: 0}}, {{Name: "a", Type: 99}}, {{Name: "a", Type: rule.Int}, {Name: "a", Type: rule.Bool}},
		{{Name: "data.x.y", Type: rule.Int}, {Name: "data.x", Type: rule.Int}}, make([]rule.Var, rule.MaxVars+1),
	} {
		if _, err := rule.NewEnv(vars); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.80v: %v, want invalid", vars, err)
		}
	}
}

func TestCostlyRulesEnd(t *testing.T) {
	t.Parallel()
	list := "[" + strings.Repeat("1,", 199) + "1]"
	p, err := newEnv(t).Compile(list + ".all(x, " + list + ".all(y, x == y))")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := p.Eval(&rule.Row{}); got != rule.Unknown || err != rule.NotEvaluated {
		t.Errorf("got %v, %v; want the cost limit", got, err)
	}
}
