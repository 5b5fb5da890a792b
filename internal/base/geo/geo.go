// Package geo holds places on the earth.
//
// A Point is in WGS 84, as devices and files give it; Valid says what is wrong with one before it is kept. Distances are in metres on the WGS 84
// ellipsoid; a Ring says what lies inside an outline. The package knows nothing of areas or of the schematic map, whose frame is the registry's.
package geo

import (
	"fmt"
	"math"
)

// Point is a place in WGS 84 degrees, east and north positive.
type Point struct {
	Lon float64 `json:"lon" yaml:"lon"`
	Lat float64 `json:"lat" yaml:"lat"`
}

// Valid says what is wrong with a point, or nil.
func (p Point) Valid() error {
	if math.IsNaN(p.Lon) || p.Lon < -180 || p.Lon > 180 {
		return fmt.Errorf("longitude %v is outside -180 … 180", p.Lon)
	}
	if math.IsNaN(p.Lat) || p.Lat < -90 || p.Lat > 90 {
		return fmt.Errorf("latitude %v is outside -90 … 90", p.Lat)
	}
	return nil
}
