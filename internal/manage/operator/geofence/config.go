// Package geofence says whether a moving thing is inside fences on the map.
package geofence

import (
	"twoweave/internal/base/fault"
	"twoweave/internal/base/geo"
)

// Config is the geofence block of a scenario.
type Config struct {
	Fences []Fence `yaml:"fences"`
}

// Fence is a polygon or a circle.
type Fence struct {
	Name    string      `yaml:"name"`
	Polygon []geo.Point `yaml:"polygon"` // a ring in WGS 84; the last corner is joined to the first
	Centre  *geo.Point  `yaml:"centre"`
	Metres  float64     `yaml:"metres"` // radius around the centre
}

// Check says what is wrong with the config; fields of the problems are relative to the block.
func (c *Config) Check() []fault.Problem { return nil }
