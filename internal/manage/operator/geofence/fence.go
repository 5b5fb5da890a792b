package geofence

import (
	"math"

	"twoweave/internal/base/geo"
)

// shape is a compiled fence.
type shape struct {
	name   string
	box    geo.Box  // nothing outside it is in the fence
	ring   geo.Ring // nil: a circle
	centre geo.Cartesian
	metres float64
}

func compile(f *Fence) shape {
	if f.Polygon != nil {
		return shape{name: f.Name, box: geo.BoxOf(f.Polygon...), ring: f.Polygon}
	}
	return shape{name: f.Name, box: around(*f.Centre, f.Metres), centre: f.Centre.Cartesian(), metres: f.Metres}
}

// around is a box with a circle in it, with some room. Near the poles and longitude 180 it is the whole way round.
func around(c geo.Point, metres float64) geo.Box {
	const degree = 110000 // metres; a degree of latitude has at least 110,574
	lat := metres / degree
	box := geo.Box{West: -180, South: c.Lat - lat, East: 180, North: c.Lat + lat}
	if furthest := math.Max(-box.South, box.North); furthest < 89 {
		lon := lat / math.Cos(furthest*math.Pi/180)
		if c.Lon-lon >= -180 && c.Lon+lon <= 180 {
			box.West, box.East = c.Lon-lon, c.Lon+lon
		}
	}
	return box
}

// contains says whether a place is in the fence.
func (s *shape) contains(p geo.Point) bool {
	switch {
	case !s.box.Contains(p):
		return false
	case s.ring != nil:
		return s.ring.Contains(p)
	}
	return s.centre.Distance(p.Cartesian()) <= s.metres
}
