package rule_test

import (
	"fmt"
	"strings"
	"testing"

	"twoweave/internal/rule"
)

func TestStepsTellEveryPart(t *testing.T) {
	t.Parallel()
	env, err := rule.NewEnv([]rule.Var{{Name: "value", Type: rule.Double}, {Name: "limit.high", Type: rule.Double}, {Name: "data.wet", Type: rule.Bool},
		{Name: "data.kind", Type: rule.String}, {Name: "time", Type: rule.Timestamp}, {Name: "data.n", Type: rule.Int}})
	if err != nil {
		t.Fatal(err)
	}
	row := env.NewRow()
	set := func(name string, v rule.Value) {
		slot, _ := env.Slot(name)
		row.Slots[slot] = v
	}
	set("value", rule.DoubleValue(19))
	set("limit.high", rule.DoubleValue(18.5))
	set("data.kind", rule.StringValue("水"))
	set("data.n", rule.IntValue(0))
	for src, want := range map[string]string{
		`value >= limit.high`: `
value >= limit.high = true
  value = 19.0
  limit.high = 18.5`,
		`value > 20.0 || !data.wet && (value - 1.0) * 2.0 < 40.0 && has(data.wet)`: `
value > 20.0 || !data.wet && (value - 1.0) * 2.0 < 40.0 && has(data.wet) = false
  value > 20.0 = false
    value = 19.0
  !data.wet && (value - 1.0) * 2.0 < 40.0 && has(data.wet) = false
    !data.wet = unknown
      data.wet = missing
    (value - 1.0) * 2.0 < 40.0 = true
      (value - 1.0) * 2.0 = 36.0
        value - 1.0 = 18.0
          value = 19.0
    has(data.wet) = false`,
		`["水", data.kind].exists(k, k == data.kind) ? 10 / data.n > 1 : value + value > 0.0`: `
["水", data.kind].exists(k, k == data.kind) ? (10 / data.n > 1) : (value + value > 0.0) = the rule could not be evaluated
  ["水", data.kind].exists(k, k == data.kind) = true
    data.kind = "水"
  10 / data.n > 1 = division by zero
    10 / data.n = division by zero
      data.n = 0
  value + value > 0.0 = true
    value + value = 38.0
      value = 19.0`,
		`time.getHours("Asia/Shanghai") >= 22`: `
time.getHours("Asia/Shanghai") >= 22 = unknown
  time.getHours("Asia/Shanghai") = unknown
    time = missing`,
	} {
		p, err := env.Compile(src)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for _, s := range p.Steps(row) {
			fmt.Fprintf(&got, "\n%s%s = %s", strings.Repeat("  ", s.Depth), s.Text, s.Value)
		}
		if got.String() != want {
			t.Errorf("%s\ngot  %s\nwant %s", src, got.String(), want)
		}
	}
}
