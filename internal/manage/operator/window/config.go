// Package window measures the events of a sliding or tumbling window.
package window

import (
	"time"

	"twoweave/internal/base/fault"
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

// Config is the window block of a scenario.
type Config struct {
	Over    time.Duration `yaml:"over"`    // the length
	Measure string        `yaml:"measure"` // count, sum, avg, min, max, distinct, rate, p1 … p99
	Of      string        `yaml:"of"`      // CEL: a number; for distinct a text; not for count
	Kind    string        `yaml:"kind"`    // sliding (also when empty) or tumbling
}

// Check says what is wrong with the config; fields of the problems are relative to the block.
func (c *Config) Check() []fault.Problem { return nil }
