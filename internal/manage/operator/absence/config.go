package absence

import (
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
	"twoweave/internal/rule"
)

// Config is the absence block of a scenario.
type Config struct {
	Gap time.Duration `yaml:"gap"` // this long after the newest event of any input it is absent
}

// MaxGap bounds Gap: a changed scenario waits as long before it takes over.
const MaxGap = 90 * 24 * time.Hour

// Check says what is wrong with the config; fields of the problems are relative to the block.
func (c *Config) Check() []fault.Problem {
	if c.Gap < time.Microsecond || c.Gap > MaxGap {
		return []fault.Problem{{Field: "gap", Message: "the gap is more than 0 and at most 90d"}}
	}
	return nil
}

// New compiles the config, which Check must have passed.
func (c *Config) New(s operator.Setting) operator.Operator {
	return &absence{span: c.Gap, gap: c.Gap.Microseconds(), lateness: s.Lateness.Microseconds()}
}

type absence struct {
	span          time.Duration
	gap, lateness int64 // microseconds
}

// Vars is absent.
func (a *absence) Vars() []rule.Var { return []rule.Var{{Name: "absent", Type: rule.Bool}} }

// New makes the state of a subject that has not sent anything.
func (a *absence) New() operator.Machine { return &machine{of: a} }

// Span is Gap: whoever has sent nothing since is absent for old and new alike.
func (a *absence) Span() time.Duration { return a.span }

// Read reads what Append wrote.
func (a *absence) Read(r *wire.Reader) operator.Machine {
	m := &machine{of: a}
	m.read(r)
	return m
}
