package rule

import (
	"errors"
	"math"
	"os"
	"testing"

	"pgregory.net/rapid"
)

// drawn lets rapid choose, so that it can shrink a failure.
type drawn struct{ t *rapid.T }

func (d drawn) IntN(n int) int { return rapid.IntRange(0, n-1).Draw(d.t, "n") }

// same compares answers: the same value bit for bit but for NaN, both unknown, or both failed.
func same(a Value, aErr error, b Value, bErr error) bool {
	if aErr != nil || bErr != nil {
		return aErr != nil && bErr != nil
	}
	if a.kind == Double && b.kind == Double && math.IsNaN(a.Double()) && math.IsNaN(b.Double()) {
		return true
	}
	return a == b
}

// agree compares the closures of a rule with cel-go's evaluation.
func agree(t interface{ Fatalf(string, ...any) }, p *Program, oracle *reference, row *Row) {
	got, gotErr := p.EvalValue(row)
	want, wantErr := oracle.value(row)
	if !same(got, gotErr, want, wantErr) {
		t.Fatalf("%s\n closures: %+v %v\n cel-go:   %+v %v\n row: %+v", p.Source(), got, gotErr, want, wantErr, row.Slots)
	}
}

func TestClosuresAgreeWithCEL(t *testing.T) {
	t.Parallel()
	env, rules, rows := testEnv(t), 25, 8
	if os.Getenv("TWOWEAVE_SLOW") != "" {
		rules, rows = 400, 20
	}
	cases, fallbacks := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		row := env.NewRow()
		seed := rapid.Uint64().Draw(t, "seed")
		for range rules {
			src := writer{drawn{t}}.expr(oneOf(drawn{t}, Bool, Bool, Bool, Int, Double, String, Timestamp, Duration), 4)
			p, oracle := build(t, env, src)
			if p == nil {
				continue
			}
			if !p.Compiled() {
				fallbacks++
				continue
			}
			for i := range rows {
				fill(seeded(seed+uint64(i)), env, row)
				agree(t, p, oracle, row)
				cases++
			}
		}
	})
	t.Logf("%d cases; %d rules were left to cel-go", cases, fallbacks)
	if cases < 10000 {
		t.Errorf("only %d cases", cases)
	}
}

// build compiles a text of whatever type; nil when it is refused for its size or a literal that does not convert.
func build(t interface{ Fatalf(string, ...any) }, env *Env, src string) (*Program, *reference) {
	for kind := Bool; kind <= Duration; kind++ {
		p, err := env.CompileTyped(src, kind)
		if err != nil {
			continue
		}
		oracle, err := p.checked.reference(p.checked.reads())
		if err != nil {
			t.Fatalf("%s: cel-go cannot evaluate it: %v", src, err)
		}
		return p, oracle
	}
	return nil, nil
}

func FuzzDifferential(f *testing.F) {
	env := testEnv(f)
	f.Fuzz(func(t *testing.T, src string, seed uint64) {
		p, oracle := build(t, env, src)
		if p == nil {
			if _, err := env.Compile(src); !isPlaced(err) {
				t.Fatalf("%q: the error has no place: %v", src, err)
			}
			return
		}
		row := env.NewRow()
		for i := range uint64(16) {
			fill(seeded(seed+i), env, row)
			agree(t, p, oracle, row)
		}
		for _, c := range p.Constants() {
			for _, factor := range []float64{0.9, 1.1} {
				if _, err := env.CompileTyped(Shift(src, c, factor), p.Type()); err != nil {
					t.Fatalf("%q with %+v shifted by %v is %q: %v", src, c, factor, Shift(src, c, factor), err)
				}
			}
		}
	})
}

func isPlaced(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Line > 0 && e.Column > 0 && e.Message != ""
}
