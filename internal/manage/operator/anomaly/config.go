package anomaly

import (
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
	"twoweave/internal/rule"
)

// Config is the anomaly block of a scenario.
type Config struct {
	Of     string        `yaml:"of"`     // CEL: the number to score
	Every  time.Duration `yaml:"every"`  // how often values come; 0 = learned
	Season time.Duration `yaml:"season"` // 24h or 168h; 0 = learned
}

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// Check says what is wrong with the config; fields of the problems are relative to the block.
func (c *Config) Check() (problems []fault.Problem) {
	if c.Of == "" {
		problems = append(problems, fault.Problem{Field: "of", Message: "the number to score is missing: a rule such as data.level"})
	}
	if c.Every < 0 || c.Every > day {
		problems = append(problems, fault.Problem{Field: "every", Message: "how often values come is between 0 (learned) and 24h"})
	}
	if c.Season != 0 && c.Season != day && c.Season != week {
		problems = append(problems, fault.Problem{Field: "season", Message: "a season is 24h, 168h, or 0 (learned)"})
	}
	return problems
}

// New compiles the config, which Check has found right.
func (c *Config) New(s operator.Setting) operator.Operator {
	return compiled{every: c.Every.Microseconds(), season: c.Season, late: s.Lateness.Microseconds()}
}

// compiled is a Config as an Operator.
type compiled struct {
	every  int64 // µs; 0 = learned
	season time.Duration
	late   int64 // µs
}

// Vars are what Measure gives: how unusual the newest value is, the value, and what was expected in its place, which is missing for the first.
func (compiled) Vars() []rule.Var {
	return []rule.Var{{Name: "score", Type: rule.Double}, {Name: "value", Type: rule.Double}, {Name: "expected", Type: rule.Double}}
}

func (o compiled) New() operator.Machine { return &machine{of: o} }

func (o compiled) Read(r *wire.Reader) operator.Machine {
	m := &machine{of: o}
	m.read(r)
	return m
}

// Span is two weeks and a day: both profiles have then seen every slot twice. What is older still tells a little.
func (compiled) Span() time.Duration { return 2*week + day }
