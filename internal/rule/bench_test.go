package rule

import (
	"testing"
	"time"

	"cel.dev/cel-go/cel"
)

// scalarRules are of the kinds that packs are made of; none may allocate.
func scalarRules() map[string]string {
	return map[string]string{
		"threshold":  `double_top >= 15.0`,
		"missing":    `data.double_a >= 15.0`,
		"conjoined":  `double_top >= 15.0 && string_top == "construction"`,
		"night":      `timestamp_top.getHours("Asia/Shanghai") >= 22 || timestamp_top.getHours("Asia/Shanghai") < 6`,
		"membership": `string_top in ["a", "construction", "c"] && int_top % 7 == 1`,
		"wide":       `(double_top * 2.0 - 1.0 > 14.0 || int_top < 3) && string_top != "" && !has(data.int_a) && timestamp_top > timestamp("2025-01-01T00:00:00Z")`,
		"failing":    `int_top / 0 == 1`,
		"pattern":    `string_top.matches("^con.*on$")`,
	}
}

func benchRow(env *Env) *Row {
	row := env.NewRow()
	for name, v := range map[string]Value{"double_top": DoubleValue(16.5), "int_top": IntValue(8), "string_top": StringValue("construction"),
		"timestamp_top": TimestampValue(time.Unix(1748736000, 0))} {
		row.Slots[env.slots[name]] = v
	}
	return row
}

func TestScalarRulesDoNotAllocate(t *testing.T) {
	env := testEnv(t)
	row := benchRow(env)
	for name, src := range scalarRules() {
		p, err := env.Compile(src)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !p.Compiled() {
			t.Errorf("%s is not compiled", name)
		}
		if n := testing.AllocsPerRun(100, func() { _, _ = p.Eval(row) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkEval(b *testing.B) {
	env := testEnv(b)
	row := benchRow(env)
	for name, src := range scalarRules() {
		p, err := env.Compile(src)
		if err != nil {
			b.Fatal(err)
		}
		oracle, err := p.checked.reference(p.checked.reads())
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+"/closures", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = p.Eval(row)
			}
		})
		plain, err := env.checker.Program(p.checked.tree, cel.EvalOptions(cel.OptOptimize))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+"/cel-go-plain", func(b *testing.B) { // without unknowns and cost limit, at its fastest
			b.ReportAllocs()
			for b.Loop() {
				_, _, _ = plain.Eval(rowVars{row: row, env: env})
			}
		})
		b.Run(name+"/cel-go", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = oracle.value(row)
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	env := testEnv(b)
	for b.Loop() {
		if _, err := env.Compile(scalarRules()["wide"]); err != nil {
			b.Fatal(err)
		}
	}
}
