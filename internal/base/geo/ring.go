package geo

// Ring is the outline of an area: its corners in order, the last one joined to the first. Its sides are straight on a map whose axes are longitude and latitude,
// which at a city's size is within centimetres of straight on the ground. A ring must not cross longitude 180. Where a ring crosses itself, what lies
// inside an even number of times is outside.
type Ring []Point

// Contains says whether a point is inside the ring. A point on a side or a corner is inside.
func (r Ring) Contains(p Point) bool {
	inside := false
	for i, b := range r {
		a := r[(i+len(r)-1)%len(r)]
		if on(a, b, p) {
			return true
		}
		if (a.Lat > p.Lat) != (b.Lat > p.Lat) && (side(a, b, p) > 0) == (b.Lat > a.Lat) {
			inside = !inside // the side is crossed by the ray from p to the east
		}
	}
	return inside
}

// side is positive when p lies to the left of the line from a to b, negative to the right, 0 on it.
func side(a, b, p Point) float64 {
	return float64((b.Lon-a.Lon)*(p.Lat-a.Lat)) - float64((p.Lon-a.Lon)*(b.Lat-a.Lat))
}

// on says whether p lies between a and b, as far as a float can say.
func on(a, b, p Point) bool { return BoxOf(a, b).Contains(p) && side(a, b, p) == 0 }

// Box is what lies between two longitudes and two latitudes, borders included.
type Box struct{ West, South, East, North float64 }

// BoxOf is the smallest box that holds all points, of which there must be one.
func BoxOf(points ...Point) Box {
	box := Box{points[0].Lon, points[0].Lat, points[0].Lon, points[0].Lat}
	for _, p := range points[1:] {
		box.West, box.East = min(box.West, p.Lon), max(box.East, p.Lon)
		box.South, box.North = min(box.South, p.Lat), max(box.North, p.Lat)
	}
	return box
}

// Contains says whether the point is in the box.
func (b Box) Contains(p Point) bool {
	return b.West <= p.Lon && p.Lon <= b.East && b.South <= p.Lat && p.Lat <= b.North
}
