package rule_test

import (
	"slices"
	"testing"

	"twoweave/internal/rule"
)

// mutants are all texts that differ from src by one comparison.
func mutants(src string, all []rule.Comparison) []string {
	var texts []string
	for _, c := range all {
		for _, to := range c.Alternatives {
			texts = append(texts, src[:c.Offset]+to+src[c.Offset+c.Length:])
		}
	}
	return texts
}

func TestComparisonsAreFoundAndTurned(t *testing.T) {
	t.Parallel()
	env := newEnv(t)
	for src, want := range map[string][]string{
		`data.count < 3`:                     {`data.count <= 3`},
		`data.count<=3&&data.wet`:            {`data.count<3&&data.wet`, `data.count<=3||data.wet`},
		`data.count > 3 || data.count >= 5`:  {`data.count >= 3 || data.count >= 5`, `data.count > 3 && data.count >= 5`, `data.count > 3 || data.count > 5`},
		`data.status == "<&&水" && !data.wet`: {`data.status != "<&&水" && !data.wet`, `data.status == "<&&水" || !data.wet`, `data.status == "<&&水" && data.wet`},
		"data.status != '水' // a < b\n|| (!(data.wet))": {
			"data.status == '水' // a < b\n|| (!(data.wet))", "data.status != '水' // a < b\n&& (!(data.wet))", "data.status != '水' // a < b\n|| ((data.wet))"},
		`((data.count)) > ((3))`: {`((data.count)) >= ((3))`},
		`data.wet && (data.wet && data.wet) && data.wet`: {`data.wet || (data.wet && data.wet) && data.wet`,
			`data.wet && (data.wet || data.wet) && data.wet`, `data.wet && (data.wet && data.wet) || data.wet`},
		`[1, 2].exists(x, x < data.count)`: {`[1, 2].exists(x, x <= data.count)`},
		`has(data.wet) && data.wet`:        {`has(data.wet) || data.wet`},
		`data.wet ? data.count < 3 : true`: {`data.wet ?(true) : (data.count < 3)`, `data.wet ? data.count <= 3 : true`},
		`(data.wet ? "a:b" : ("c")) == data.status`: {
			`(data.wet ?(("c")) : ("a:b")) == data.status`, `(data.wet ? "a:b" : ("c")) != data.status`},
		`data.wet ? false : data.wet ? true : false`: {
			`data.wet ?(data.wet ? true : false) : (false)`, `data.wet ? false : data.wet ?(false) : (true)`},
		`[data.wet ? 1 : 2, 3].exists(x, x == data.count)`: {
			`[data.wet ?(2) : (1), 3].exists(x, x == data.count)`, `[data.wet ? 1 : 2, 3].exists(x, x != data.count)`},
		`data.status.startsWith("x")`: nil,
	} {
		p, err := env.Compile(src)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		got := mutants(src, p.Comparisons())
		if !slices.Equal(got, want) {
			t.Errorf("%s\n got  %q\n want %q", src, got, want)
		}
		for _, text := range got {
			if _, err := env.Compile(text); err != nil {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
}
