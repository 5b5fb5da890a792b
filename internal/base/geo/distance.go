package geo

import "math"

// The WGS 84 ellipsoid: its greater half axis in metres and its eccentricity squared.
const (
	axis         = 6378137.0
	eccentricity = 0.00669437999014
)

// Cartesian is a place on the ellipsoid in metres from the earth's centre: X to longitude 0, Y to 90° east, Z to the north pole. There is no seam in it,
// neither at longitude 180 nor at the poles.
type Cartesian struct{ X, Y, Z float64 }

// Cartesian is the point's place in space, at height 0.
func (p Point) Cartesian() Cartesian {
	sinLat, cosLat := math.Sincos(p.Lat * (math.Pi / 180))
	sinLon, cosLon := math.Sincos(p.Lon * (math.Pi / 180))
	n := axis / math.Sqrt(1-float64(eccentricity*float64(sinLat*sinLat)))
	return Cartesian{n * cosLat * cosLon, n * cosLat * sinLon, n * (1 - eccentricity) * sinLat}
}

// Distance is the straight line between two places, in metres; the same both ways, bit for bit. It is shorter than the way along the ground, by less than
// d³ / 24 R²: 1 µm at 1 km, 1 mm at 10 km, 1 m at 100 km.
func (c Cartesian) Distance(o Cartesian) float64 {
	x, y, z := c.X-o.X, c.Y-o.Y, c.Z-o.Z
	return math.Sqrt(float64(x*x) + float64(y*y) + float64(z*z)) // conversions keep a processor from fusing, which would round otherwise
}

// Distance is the Cartesian distance between two points.
func (p Point) Distance(q Point) float64 { return p.Cartesian().Distance(q.Cartesian()) }
