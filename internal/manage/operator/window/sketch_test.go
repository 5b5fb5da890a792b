package window_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
	"twoweave/internal/manage/operator/window"
)

func compiled(measure string) operator.Operator {
	c := window.Config{Over: time.Minute, Measure: measure, Of: "x"}
	return c.New(operator.Setting{})
}

// spread is the time of the i-th event: all within one window, in many panes, in disorder.
func spread(i int) int64 { return int64(i*7%60) * 1_000_000 }

// TestDistinctIsWithinItsError: exact below the bound; four standard errors bound every single estimate, one bounds their mean square.
func TestDistinctIsWithinItsError(t *testing.T) {
	t.Parallel()
	squares, cases := 0.0, 0
	for salt := range 12 {
		m := compiled("distinct").New()
		for i := range 40_000 {
			at := spread(i)
			m.Observe(operator.Event{At: at, Text: fmt.Sprint(salt, "/", i)})
			m.Observe(operator.Event{At: at, Text: fmt.Sprint(salt, "/", i/2)})
			n := i + 1
			if n > 100 && n <= 1000 && n%37 != 0 || n > 1000 && n%1111 != 0 {
				continue
			}
			off := measured(m)[0].Double()/float64(n) - 1
			if n <= 512 && off != 0 || math.Abs(off) > 4*0.0325 {
				t.Errorf("%d different texts are estimated %v", n, measured(m)[0])
			}
			if n > 1024 {
				squares, cases = squares+off*off, cases+1
			}
		}
	}
	rms := math.Sqrt(squares / float64(cases))
	if t.Logf("root mean square error %.2f %% over %d estimates", 100*rms, cases); rms > 0.0325*1.25 {
		t.Error("that is more than is stated")
	}
}

// TestPercentilesAreWithinTheirError for numbers of growing spread.
func TestPercentilesAreWithinTheirError(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		octaves, most float64
		n             int
	}{{2, 1.0 / 128, 6000}, {4, 1.0 / 64, 6000}, {8, 1.0 / 32, 6000}, {16, 1.0 / 16, 6000}, {100, 1.0 / 128, 250}} {
		for _, sign := range []float64{1, -1} {
			for _, percent := range []int{1, 25, 50, 75, 95, 99} {
				worst := percentileError(t, percent, c.n, func(rng *rand.Rand) float64 { return sign * 3 * math.Exp2(c.octaves*rng.Float64()) })
				if worst >= c.most {
					t.Errorf("p%d of %d numbers in %v octaves, sign %v: off by %.4f, stated %.4f", percent, c.n, c.octaves, sign, worst, c.most)
				}
			}
		}
	}
}

// percentileError is the greatest error relative to the exact nearest rank.
func percentileError(t *testing.T, percent, n int, draw func(*rand.Rand) float64) (worst float64) {
	rng := rand.New(rand.NewPCG(uint64(percent), uint64(n)))
	m := compiled(fmt.Sprintf("p%d", percent)).New()
	var all []float64
	for i := range n {
		x := draw(rng)
		all = append(all, x)
		m.Observe(operator.Event{At: spread(i % 10), Number: x})
		if i%500 != 0 && i != n-1 {
			continue
		}
		sorted := slices.Sorted(slices.Values(all))
		exact := sorted[(len(sorted)*percent+99)/100-1]
		got := measured(m)[0].Double()
		if got > exact {
			t.Errorf("p%d is %v, which is greater than %v", percent, got, exact)
		}
		worst = max(worst, (exact-got)/math.Abs(exact))
	}
	return worst
}

func TestNearestRanks(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		percent, n int
		want       float64
	}{{99, 99, 99}, {99, 100, 99}, {99, 101, 100}, {1, 100, 1}, {1, 101, 2}, {50, 1, 1}, {50, 2, 1}, {50, 3, 2}, {95, 20, 19}, {95, 21, 20}} {
		m := compiled(fmt.Sprintf("p%d", x.percent)).New()
		for i := range x.n {
			m.Observe(operator.Event{At: spread(i), Number: float64(i + 1)})
		}
		if got := measured(m)[0].Double(); got != x.want {
			t.Errorf("p%d of the numbers up to %d is %v, want %v", x.percent, x.n, got, x.want)
		}
	}
}

// TestSketchesDependOnNoOrder: the same events make the same bytes.
func TestSketchesDependOnNoOrder(t *testing.T) {
	t.Parallel()
	for _, measure := range []string{"distinct", "p50"} {
		for _, n := range []int{5, 128, 129, 256, 257, 3000} {
			events := make([]operator.Event, n)
			for i := range events {
				events[i] = operator.Event{At: 1, Number: math.Exp2(float64(i*i%997)/50) - 20, Text: fmt.Sprint(i * i % 997)}
			}
			write := func() string {
				m := compiled(measure).New()
				for _, e := range events {
					m.Observe(e)
				}
				return string(m.Append(nil))
			}
			want := write()
			for seed := range uint64(5) {
				rand.New(rand.NewPCG(seed, 0)).Shuffle(n, func(i, j int) { events[i], events[j] = events[j], events[i] })
				if write() != want {
					t.Fatalf("%s of %d events is another one in another order", measure, n)
				}
			}
			r := wire.Reader{Rest: []byte(want)}
			if m := compiled(measure).Read(&r); !r.Done() || string(m.Append(nil)) != want {
				t.Errorf("%s of %d events is read as another one", measure, n)
			}
		}
	}
}

func TestStrangeNumbers(t *testing.T) {
	t.Parallel()
	for _, measure := range []string{"min", "p50"} {
		m := compiled(measure).New()
		for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			if _, ok := m.Observe(operator.Event{At: 5, Number: x}); ok {
				t.Errorf("%v was measured", x)
			}
		}
		if m.Due() != operator.Never || !m.Spent(0) {
			t.Error("time passed by what is no number")
		}
		for _, x := range []float64{math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, math.Copysign(0, -1), 1} {
			m.Observe(operator.Event{At: 5, Number: x})
		}
		want := map[string]float64{"min": -math.MaxFloat64, "p50": 0}[measure]
		if got := measured(m)[0].Double(); got != want {
			t.Errorf("%s is %v, want %v", measure, got, want)
		}
	}
}
