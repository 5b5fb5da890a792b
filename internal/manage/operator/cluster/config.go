// Package cluster finds reports that are near each other in place and time.
package cluster

import (
	"time"

	"twoweave/internal/base/fault"
)

// Config is the cluster block of a scenario.
type Config struct {
	Metres float64       `yaml:"metres"` // how far from the newest report others count
	Over   time.Duration `yaml:"over"`   // and how long before it
}

// Check says what is wrong with the config; fields of the problems are relative to the block.
func (c *Config) Check() []fault.Problem { return nil }
