package join

import (
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
	"twoweave/internal/rule"
)

// Config is the join block of a scenario; the two streams are the scenario's two inputs, the main one first.
type Config struct {
	Within time.Duration `yaml:"within"` // how far apart the two events may be
}

// MaxWithin bounds Within: as long an event is kept.
const MaxWithin = 30 * 24 * time.Hour

// Check says what is wrong with the config; fields of the problems are relative to the block.
func (c *Config) Check() []fault.Problem {
	if c.Within < time.Microsecond || c.Within > MaxWithin {
		return []fault.Problem{{Field: "within", Message: "the two events may be more than 0 and at most 30d apart"}}
	}
	return nil
}

// New compiles the config, which Check must have passed.
func (c *Config) New(s operator.Setting) operator.Operator {
	return &join{span: c.Within + s.Lateness, within: c.Within.Microseconds(), lateness: s.Lateness.Microseconds()}
}

type join struct {
	span             time.Duration
	within, lateness int64 // microseconds
}

// Vars is both.
func (j *join) Vars() []rule.Var { return []rule.Var{{Name: "both", Type: rule.Bool}} }

// New makes two empty sides; it is a *Machine.
func (j *join) New() operator.Machine { return &Machine{of: j} }

// Span is as long as an event stays on its side.
func (j *join) Span() time.Duration { return j.span }

// Read reads what Append wrote; it is a *Machine.
func (j *join) Read(r *wire.Reader) operator.Machine {
	m := &Machine{of: j}
	m.read(r)
	return m
}
