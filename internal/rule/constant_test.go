package rule_test

import (
	"testing"

	"twoweave/internal/rule"
)

func TestConstantsAreFoundAndShifted(t *testing.T) {
	t.Parallel()
	env := newEnv(t)
	for _, c := range []struct {
		src      string
		literal  string
		kind     rule.ConstantKind
		compared bool
		up, down string
	}{
		{`data.level_cm >= 15.0`, `15.0`, rule.DoubleConstant, true, `data.level_cm >= 16.5`, `data.level_cm >= 13.5`},
		{`data.level_cm >= 15`, `15`, rule.IntConstant, true, `data.level_cm >= 16`, `data.level_cm >= 14`},
		{`data.count>-5`, `-5`, rule.IntConstant, true, `data.count>-4`, `data.count>-6`},
		{`data.count > - 5`, `- 5`, rule.IntConstant, true, `data.count > -4`, `data.count > -6`},
		{`data.count == 0x10`, `0x10`, rule.IntConstant, true, `data.count == 17`, `data.count == 15`},
		{`data.count < 9223372036854775807`, `9223372036854775807`, rule.IntConstant, true, `data.count < 9223372036854775806`, `data.count < 9223372036854775806`},
		{`data.level_cm < 0.0`, `0.0`, rule.DoubleConstant, true, `data.level_cm < 0.1`, `data.level_cm < -0.1`},
		{`data.level_cm < 1e3`, `1e3`, rule.DoubleConstant, true, `data.level_cm < 1100.0`, `data.level_cm < 900.0`},
		{`data.level_cm < .5`, `.5`, rule.DoubleConstant, true, `data.level_cm < 0.55`, `data.level_cm < 0.45`},
		{`data.wet == true`, `true`, rule.BoolConstant, true, `data.wet == false`, `data.wet == false`},
		{`data.wet || false`, `false`, rule.BoolConstant, false, `data.wet || true`, `data.wet || true`},
		{`data.status == "水位"`, `"水位"`, rule.StringConstant, true, `data.status == "水位~"`, `data.status == "水位~"`},
		{`data.status == '水\'位'`, `'水\'位'`, rule.StringConstant, true, `data.status == '水\'位~'`, `data.status == '水\'位~'`},
		{`data.status == '''a'b'''`, `'''a'b'''`, rule.StringConstant, true, `data.status == '''a'b~'''`, `data.status == '''a'b~'''`},
		{`data.status.matches(r"^\d+$")`, `r"^\d+$"`, rule.PatternConstant, false, `data.status.matches(r"^\d+$~")`, `data.status.matches(r"^\d+$~")`},
		{`time - data.since > duration("1h30m")`, `"1h30m"`, rule.DurationConstant, true, `time - data.since > duration("1h31m0s")`, `time - data.since > duration("1h29m0s")`},
		{`time > timestamp("2025-06-01T08:00:00+08:00")`, `"2025-06-01T08:00:00+08:00"`, rule.TimestampConstant, true,
			`time > timestamp("2025-06-01T00:00:01Z")`, `time > timestamp("2025-05-31T23:59:59Z")`},
		{"// 水位\ndata.count > 7", `7`, rule.IntConstant, true, "// 水位\ndata.count > 8", "// 水位\ndata.count > 6"},
		{"data.status != '水' &&\n data.count > 7", `7`, rule.IntConstant, true, "data.status != '水' &&\n data.count > 8", "data.status != '水' &&\n data.count > 6"},
		{`time.getHours("Asia/Shanghai") == data.count`, `"Asia/Shanghai"`, rule.ZoneConstant, true, `time.getHours("UTC") == data.count`, `time.getHours("UTC") == data.count`},
		{`[3].exists(x, x == data.count)`, `3`, rule.IntConstant, false, `[4].exists(x, x == data.count)`, `[2].exists(x, x == data.count)`},
		{`data.count - 0 > data.count`, `0`, rule.IntConstant, true, `data.count - 1 > data.count`, `data.count - -1 > data.count`},
	} {
		p, err := env.Compile(c.src)
		if err != nil {
			t.Errorf("%s: %v", c.src, err)
			continue
		}
		all := p.Constants()
		got := all[len(all)-1]
		if literal := c.src[got.Offset : got.Offset+got.Length]; literal != c.literal || got.Kind != c.kind || got.Compared != c.compared {
			t.Errorf("%s: constant %q %+v", c.src, literal, got)
		}
		up, down := rule.Shift(c.src, got, 1.1), rule.Shift(c.src, got, 0.9)
		if up != c.up || down != c.down {
			t.Errorf("%s\n up   %s\n down %s", c.src, up, down)
		}
		for _, src := range []string{up, down} {
			if _, err := env.Compile(src); err != nil {
				t.Errorf("%s: %v", src, err)
			}
		}
	}
}

func TestConstantsComeInOrderOfTheText(t *testing.T) {
	t.Parallel()
	src := `data.status in ["a", "b"] && (data.count > 3 || data.level_cm * 2.0 < 7.5) && data.status != "水" && size(data.status) < 9`
	p, err := newEnv(t).Compile(src)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`"a"`, `"b"`, `3`, `2.0`, `7.5`, `"水"`, `9`}
	constants := p.Constants()
	if len(constants) != len(want) {
		t.Fatalf("%d constants, want %d", len(constants), len(want))
	}
	for i, c := range constants {
		if got := src[c.Offset : c.Offset+c.Length]; got != want[i] || !c.Compared {
			t.Errorf("constant %d is %s (%+v), want %s", i, got, c, want[i])
		}
	}
}
