// Package sequence notices that things happened one after the other.
package sequence

import (
	"time"

	"twoweave/internal/base/fault"
)

// Config is the sequence block of a scenario; the steps are the scenario's inputs, the main one first.
type Config struct {
	Within time.Duration `yaml:"within"` // from the first step's event to the last one's
}

// Check says what is wrong with the config; fields of the problems are relative to the block.
func (c *Config) Check() []fault.Problem { return nil }
