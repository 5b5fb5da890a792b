package window

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
	"twoweave/internal/rule"
)

// Measure is what is computed over a window.
type Measure string

const (
	Count    Measure = "count"
	Sum      Measure = "sum"
	Avg      Measure = "avg"
	Min      Measure = "min"
	Max      Measure = "max"
	Distinct Measure = "distinct" // different texts of of, estimated
	Rate     Measure = "rate"     // sum (count when there is no of) for an hour
	// Percentiles are written p50, p90, p95, p99.
)

// The kinds of a window.
const (
	Sliding  = "sliding"
	Tumbling = "tumbling"
)

// Config is the window block of a scenario.
type Config struct {
	Over    time.Duration `yaml:"over"`    // the length
	Measure string        `yaml:"measure"` // count, sum, avg, min, max, distinct, rate, p1 … p99
	Of      string        `yaml:"of"`      // CEL: a number; for distinct a text; not for count
	Kind    string        `yaml:"kind"`    // sliding (also when empty) or tumbling
}

// MinOver and MaxOver bound Over.
const (
	MinOver = time.Second
	MaxOver = 90 * 24 * time.Hour
)

// Check says what is wrong with the config; fields of the problems are relative to the block.
func (c *Config) Check() []fault.Problem {
	var all []fault.Problem
	wrong := func(is bool, field, message string) {
		if is {
			all = append(all, fault.Problem{Field: field, Message: message})
		}
	}
	m, has := Measure(c.Measure), c.Of != ""
	known := slices.Contains([]Measure{Count, Sum, Avg, Min, Max, Distinct, Rate}, m) || m.percent() > 0
	wrong(c.Over < MinOver || c.Over > MaxOver, "over", "the window is at least 1s and at most 90d long")
	wrong(c.Over%time.Millisecond != 0, "over", "the window is a whole number of milliseconds long")
	wrong(!known, "measure", "the measure is count, sum, avg, min, max, distinct, rate, or a percentile from p1 to p99")
	wrong(known && m == Count && has, "of", "count measures no value: leave it out")
	wrong(known && m != Count && m != Rate && !has, "of", "say of what: a number; with distinct a text")
	wrong(c.Kind != "" && c.Kind != Sliding && c.Kind != Tumbling, "kind", "the kind is sliding or tumbling")
	return all
}

// percent is the N of a percentile pN, 0 for every other measure.
func (m Measure) percent() int {
	digits, is := strings.CutPrefix(string(m), "p")
	n, err := strconv.Atoi(digits)
	if !is || err != nil || n < 1 || n > 99 || digits != strconv.Itoa(n) {
		return 0
	}
	return n
}

// New compiles the config, which Check must have passed.
func (c *Config) New(s operator.Setting) operator.Operator {
	w := &window{
		measure: Measure(c.Measure), percent: Measure(c.Measure).percent(), valued: c.Of != "", tumbling: c.Kind == Tumbling,
		over: c.Over.Microseconds(), lateness: s.Lateness.Microseconds(),
	}
	if w.tumbling {
		w.width, w.keep, w.wait = w.over, 0, min(w.lateness, (maxPanes-4)*w.over)
		return w
	}
	w.width = paneWidth(w.over)
	w.keep = (w.over + w.width - 1) / w.width
	return w
}

// window is a compiled Config. Times are microseconds.
type window struct {
	measure        Measure
	percent        int
	valued         bool // there is an of
	tumbling       bool
	over, lateness int64
	width          int64 // of a pane; all of a tumbling window
	keep           int64 // whole panes beside the running one
	wait           int64 // a tumbling window is closed as long after its end
}

// Vars are value, count and full.
func (w *window) Vars() []rule.Var {
	return []rule.Var{{Name: "value", Type: rule.Double}, {Name: "count", Type: rule.Int}, {Name: "full", Type: rule.Bool}}
}

// Span is until the panes (tumbling: a whole window, which is closed) hold only what came since.
func (w *window) Span() time.Duration {
	span := (w.keep + 1) * w.width
	if w.tumbling {
		span = 2*w.over + w.wait
	}
	return time.Duration(span) * time.Microsecond
}

// New makes the state of a subject that has not sent anything.
func (w *window) New() operator.Machine { return w.machine() }

// Read reads what Append wrote.
func (w *window) Read(r *wire.Reader) operator.Machine {
	m := w.machine()
	m.read(r)
	return m
}

// machine is an empty one. With counts and numbers, of which there are millions, it is one piece of memory.
func (w *window) machine() *machine {
	if w.percent > 0 || w.measure == Distinct {
		return &machine{of: w, panes: &row{}}
	}
	most := w.keep + 1
	if w.tumbling {
		most = maxPanes
	}
	one := &struct {
		machine
		cells
	}{machine: machine{of: w}, cells: cells{valued: w.valued, most: uint8(most)}}
	one.machine.panes = &one.cells
	return &one.machine
}
