// Package absence notices that nothing has come for too long.
package absence

import (
	"time"

	"twoweave/internal/base/fault"
)

// Config is the absence block of a scenario.
type Config struct {
	Gap time.Duration `yaml:"gap"` // this long after the newest event of any input it is absent
}

// Check says what is wrong with the config; fields of the problems are relative to the block.
func (c *Config) Check() []fault.Problem { return nil }
