package window_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
	"twoweave/internal/manage/operator/window"
)

func TestTheConfigIsChecked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		config window.Config
		field  string
	}{
		{window.Config{Over: time.Minute, Measure: "count"}, ""},
		{window.Config{Over: time.Second, Measure: "rate", Kind: "sliding"}, ""},
		{window.Config{Over: window.MaxOver, Measure: "p99", Of: "x", Kind: "tumbling"}, ""},
		{window.Config{Over: window.MaxOver + time.Second, Measure: "count"}, "over"},
		{window.Config{Over: time.Second - 1, Measure: "count"}, "over"},
		{window.Config{Over: time.Second + 1, Measure: "count"}, "over"},
		{window.Config{Over: time.Minute, Measure: "p100", Of: "x"}, "measure"},
		{window.Config{Over: time.Minute, Measure: "p0", Of: "x"}, "measure"},
		{window.Config{Over: time.Minute, Measure: "p05", Of: "x"}, "measure"},
		{window.Config{Over: time.Minute, Measure: "p", Of: "x"}, "measure"},
		{window.Config{Over: time.Minute, Measure: "mean", Of: "x"}, "measure"},
		{window.Config{Over: time.Minute, Measure: "count", Of: "x"}, "of"},
		{window.Config{Over: time.Minute, Measure: "avg"}, "of"},
		{window.Config{Over: time.Minute, Measure: "distinct"}, "of"},
		{window.Config{Over: time.Minute, Measure: "count", Kind: "hopping"}, "kind"},
	} {
		got := ""
		for _, p := range c.config.Check() {
			got = p.Field
		}
		if got != c.field {
			t.Errorf("%+v: a problem of %q, want %q", c.config, got, c.field)
		}
	}
}

// TestPanesAreAsWideAsIsSaid: the table of the documentation, by when one event leaves.
func TestPanesAreAsWideAsIsSaid(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for over, pane := range map[time.Duration]time.Duration{
		time.Second: 20 * time.Millisecond, time.Minute: time.Second, 5 * time.Minute: 5 * time.Second, 10 * time.Minute: 10 * time.Second, 15 * time.Minute: 15 * time.Second,
		30 * time.Minute: 30 * time.Second, time.Hour: time.Minute, 6 * time.Hour: 6 * time.Minute, 12 * time.Hour: 12 * time.Minute, day: 30 * time.Minute,
		7 * day: 3 * time.Hour, 14 * day: 6 * time.Hour, 30 * day: 12 * time.Hour, 90 * day: 48 * time.Hour, 59 * time.Second: time.Second, 61 * time.Second: 2 * time.Second,
	} {
		c := window.Config{Over: over, Measure: "count"}
		op := c.New(operator.Setting{})
		panes := (over + pane - 1) / pane
		if span := op.Span(); span != (panes+1)*pane || panes > 60 {
			t.Errorf("%v: span %v, %d panes", over, span, panes)
		}
		if at, want := leaves(t, op, pane), (panes+1)*pane; at != want {
			t.Errorf("%v: what came in the first pane leaves after %v, want %v", over, at, want)
		}
	}
}

// leaves is the moment at which an event of the first pane leaves.
func leaves(t *testing.T, op operator.Operator, pane time.Duration) time.Duration {
	m := op.New()
	m.Observe(operator.Event{At: pane.Microseconds() / 2})
	at := int64(0)
	for measured(m)[1].Int() > 0 {
		at, _ = m.Advance(m.Due())
	}
	if m.Due() != operator.Never {
		t.Error("something is due in an empty window")
	}
	return time.Duration(at) * time.Microsecond
}

func TestOfNothing(t *testing.T) {
	t.Parallel()
	for measure, zero := range map[string]bool{"count": true, "sum": true, "rate": true, "distinct": true, "avg": false, "min": false, "max": false, "p50": false} {
		for _, kind := range []string{"sliding", "tumbling"} {
			c := window.Config{Over: time.Minute, Measure: measure, Of: "x", Kind: kind}
			if measure == "count" {
				c.Of = ""
			}
			m := c.New(operator.Setting{Lateness: time.Minute}).New()
			m.Observe(operator.Event{At: 5, Number: 2, Text: "x"})
			if m.Due() == operator.Never {
				t.Fatal("nothing is due")
			}
			for m.Due() != operator.Never {
				m.Advance(m.Due())
			}
			v := measured(m)
			if v[0].Missing() == zero || zero && v[0].Double() != 0 || v[1].Int() != 0 || !v[2].Bool() {
				t.Errorf("%s %s of nothing is %v", kind, measure, v)
			}
		}
	}
}

// TestLateDataOfTheDocumentation is its example.
func TestLateDataOfTheDocumentation(t *testing.T) {
	t.Parallel()
	c := window.Config{Over: time.Minute, Measure: "count"}
	m := c.New(operator.Setting{Lateness: 2 * time.Minute}).New()
	const second = 1_000_000
	for _, x := range []struct {
		at    float64
		ok    bool
		count int64
	}{{10, true, 1}, {70.2, true, 2}, {55, true, 3}, {9.9, false, 3}, {10.05, true, 4}, {71.0, true, 3}} {
		at, ok := m.Observe(operator.Event{At: int64(x.at * second)})
		if n := measured(m)[1].Int(); ok != x.ok || n != x.count || ok && at < 10*second {
			t.Errorf("%v: %v at %d, count %d; want %+v", x.at, ok, at, n, x)
		}
	}
}

// TestMemory: what a machine holds when all panes are filled.
func TestMemory(t *testing.T) { // not parallel: it measures the heap
	const n = 5000
	for _, x := range []struct {
		over    time.Duration
		measure string
		bar     int64
	}{{15 * time.Minute, "avg", 700}, {7 * 24 * time.Hour, "avg", 700}, {15 * time.Minute, "count", 180}, {7 * 24 * time.Hour, "count", 180}} {
		c := window.Config{Over: x.over, Measure: x.measure}
		if x.measure != "count" {
			c.Of = "x"
		}
		op := c.New(operator.Setting{})
		before := held()
		all := make([]operator.Machine, n)
		for i := range all {
			all[i] = op.New()
			for pane := range 61 {
				all[i].Observe(operator.Event{At: int64(pane) * x.over.Microseconds() / 56, Number: 0.1})
			}
		}
		each := (held()-before)/n - 16
		if t.Logf("%s over %v: %d bytes a machine", x.measure, x.over, each); each > x.bar {
			t.Errorf("more than %d", x.bar)
		}
		runtime.KeepAlive(all)
	}
}

func held() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func BenchmarkObserveAndMeasure(b *testing.B) {
	for _, measure := range []string{"avg", "distinct", "p95"} {
		b.Run(measure, func(b *testing.B) {
			m := compiled(measure).New()
			texts := make([]string, 50_000)
			for i := range texts {
				texts[i] = fmt.Sprint(i)
			}
			for i := range b.N {
				m.Observe(operator.Event{At: int64(i) * 1000, Number: float64(i % 1000), Text: texts[i%len(texts)]})
				measured(m)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	var ops []operator.Operator
	for _, c := range measures {
		for _, kind := range []string{"sliding", "tumbling"} {
			c.Over, c.Kind = time.Minute, kind
			ops = append(ops, c.New(operator.Setting{Lateness: time.Minute}))
		}
	}
	for i, op := range ops {
		m := op.New()
		for k := range 140 {
			m.Observe(operator.Event{At: int64(k%7) * 20_000_000, Number: float64(k), Text: fmt.Sprint(k)})
		}
		f.Add(byte(i), m.Append(nil))
	}
	f.Add(byte(0), []byte{0})
	f.Fuzz(func(t *testing.T, which byte, body []byte) {
		op := ops[int(which)%len(ops)]
		r := wire.Reader{Rest: body}
		m := op.Read(&r)
		if !r.Bad {
			again := wire.Reader{Rest: m.Append(nil)}
			if n := op.Read(&again); !again.Done() || string(n.Append(nil)) != string(m.Append(nil)) {
				t.Fatalf("% x is written as % x and that as % x", body, m.Append(nil), n.Append(nil))
			}
		}
		for _, at := range []int64{0, 50_000_000, 1_000_000_000, -1_000_000_000} {
			m.Observe(operator.Event{At: at, Number: 1, Text: "a"})
			m.Advance(m.Due())
			measured(m)
		}
	})
}

func TestDamageIsSeen(t *testing.T) {
	t.Parallel()
	for _, c := range measures {
		c.Over = time.Minute
		op := c.New(operator.Setting{})
		m := op.New()
		for k := range 300 {
			m.Observe(operator.Event{At: int64(k%3) * 20_000_000, Number: float64(k), Text: fmt.Sprint(k)})
		}
		body := m.Append(nil)
		for cut := range body {
			r := wire.Reader{Rest: body[:cut]}
			if op.Read(&r); !r.Bad {
				t.Fatalf("%s: a state cut at %d of %d was read as whole", c.Measure, cut, len(body))
			}
		}
	}
}
