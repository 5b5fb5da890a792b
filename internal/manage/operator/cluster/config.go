package cluster

import (
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/operator"
	"twoweave/internal/rule"
)

// Config is the cluster block of a scenario.
type Config struct {
	Metres float64       `yaml:"metres"` // how far from the newest report others count
	Over   time.Duration `yaml:"over"`   // and how long before it
}

// Bounds of a config and of a Field.
const (
	MinMetres  = 1
	MaxMetres  = 100000
	MaxOver    = 30 * 24 * time.Hour
	MaxReports = 1 << 16
	MaxPayload = 64 << 20 // bytes
)

// Check says what is wrong with the config; fields of the problems are relative to the block.
func (c *Config) Check() []fault.Problem {
	var problems []fault.Problem
	if !(c.Metres >= MinMetres && c.Metres <= MaxMetres) { // so that NaN is wrong, too
		problems = append(problems, fault.Problem{Field: "metres", Message: "reports are 1 to 100000 metres from their centre"})
	}
	if c.Over < time.Microsecond || c.Over > MaxOver {
		problems = append(problems, fault.Problem{Field: "over", Message: "a cluster lasts more than 0 and at most 30d"})
	}
	return problems
}

// Vars are what a rule may ask of a Found: count and sources.
func Vars() []rule.Var {
	return []rule.Var{{Name: "count", Type: rule.Int}, {Name: "sources", Type: rule.Int}}
}

// Span is the longest time for which a report is kept: after it, nothing of before matters, but for the names that labels hand on.
func (c *Config) Span(s operator.Setting) time.Duration { return c.Over + s.Lateness + event.MaxAhead }
