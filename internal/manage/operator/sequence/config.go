package sequence

import (
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/wire"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/operator"
	"twoweave/internal/rule"
)

// Config is the sequence block of a scenario; the steps are the scenario's inputs, the main one first.
type Config struct {
	Within time.Duration `yaml:"within"` // from the first step's event to the last one's
}

// MaxWithin bounds Within: as long a beginning is remembered.
const MaxWithin = 30 * 24 * time.Hour

// MaxOpen bounds the events of one step that are kept.
const MaxOpen = 64

// Check says what is wrong with the config; fields of the problems are relative to the block.
func (c *Config) Check() []fault.Problem {
	if c.Within < time.Microsecond || c.Within > MaxWithin {
		return []fault.Problem{{Field: "within", Message: "a sequence takes more than 0 and at most 30d"}}
	}
	return nil
}

// New compiles the config, which Check must have passed.
func (c *Config) New(s operator.Setting) operator.Operator {
	return &sequence{
		span: c.Within + s.Lateness, within: c.Within.Microseconds(), lateness: s.Lateness.Microseconds(),
		open: (s.Lateness + event.MaxAhead).Microseconds(), steps: s.Inputs,
	}
}

type sequence struct {
	span             time.Duration
	within, lateness int64 // microseconds
	open             int64 // how far back from the newest time an event to come may lie
	steps            int
}

// Vars is complete.
func (s *sequence) Vars() []rule.Var { return []rule.Var{{Name: "complete", Type: rule.Bool}} }

// New makes the state of a subject that has not done anything.
func (s *sequence) New() operator.Machine { return &machine{of: s, steps: make([]step, s.steps)} }

// Span is as long as a beginning can lead to an end that is still to come.
func (s *sequence) Span() time.Duration { return s.span }

// Read reads what Append wrote.
func (s *sequence) Read(r *wire.Reader) operator.Machine {
	m := &machine{of: s, steps: make([]step, s.steps)}
	m.read(r)
	return m
}
