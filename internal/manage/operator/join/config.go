// Package join holds the newest events of two streams beside each other.
package join

import (
	"time"

	"twoweave/internal/base/fault"
)

// Config is the join block of a scenario; the two streams are the scenario's two inputs, the main one first.
type Config struct {
	Within time.Duration `yaml:"within"` // how far apart the two events may be
}

// Check says what is wrong with the config; fields of the problems are relative to the block.
func (c *Config) Check() []fault.Problem { return nil }
