// Package anomaly scores how unusual a value is for its subject and season.
package anomaly

import (
	"time"

	"twoweave/internal/base/fault"
)

// Config is the anomaly block of a scenario.
type Config struct {
	Of     string        `yaml:"of"`     // CEL: the number to score
	Every  time.Duration `yaml:"every"`  // how often values come; 0 = learned
	Season time.Duration `yaml:"season"` // 24h or 168h; 0 = learned
}

// Check says what is wrong with the config; fields of the problems are relative to the block.
func (c *Config) Check() []fault.Problem { return nil }
