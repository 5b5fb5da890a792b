package geo_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"twoweave/internal/base/geo"
)

func TestDistancesOfTheEllipsoid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b geo.Point
		want float64 // along the ground
		off  float64
	}{
		{geo.Point{}, geo.Point{Lat: 1}, 110574.39, 1.5}, // a degree of latitude at the equator
		{geo.Point{Lat: 89}, geo.Point{Lat: 90}, 111693.86, 1.5},
		{geo.Point{}, geo.Point{Lon: 1}, 111319.49, 1.5},
		{geo.Point{Lon: 121, Lat: 31.2}, geo.Point{Lon: 121.01, Lat: 31.2}, 953.04, 0.01},
		{geo.Point{Lon: 179.9995}, geo.Point{Lon: -179.9995}, 111.32, 0.01},
		{geo.Point{Lon: 10, Lat: 90}, geo.Point{Lon: -100, Lat: 90}, 0, 1e-6},
	} {
		if got := c.a.Distance(c.b); math.Abs(got-c.want) > c.off || got != c.b.Distance(c.a) {
			t.Errorf("from %v to %v: %v m, and back %v; want %v", c.a, c.b, got, c.b.Distance(c.a), c.want)
		}
	}
}

func TestPointsInARing(t *testing.T) {
	t.Parallel()
	notched := geo.Ring{{Lon: 0, Lat: 0}, {Lon: 4, Lat: 0}, {Lon: 4, Lat: 4}, {Lon: 2, Lat: 1}, {Lon: 0, Lat: 4}}
	crossed := geo.Ring{{Lon: 0, Lat: 0}, {Lon: 4, Lat: 4}, {Lon: 4, Lat: 0}, {Lon: 0, Lat: 4}}
	for _, c := range []struct {
		ring   geo.Ring
		p      geo.Point
		inside bool
	}{
		{notched, geo.Point{Lon: 1, Lat: 1}, true},
		{notched, geo.Point{Lon: 2, Lat: 1}, true}, // a corner
		{notched, geo.Point{Lon: 2, Lat: 0}, true}, // sides
		{notched, geo.Point{Lon: 0, Lat: 2}, true},
		{notched, geo.Point{Lon: 4, Lat: 2}, true},
		{notched, geo.Point{Lon: 3, Lat: 2.5}, true},
		{notched, geo.Point{Lon: 2, Lat: 1.01}, false}, // the notch
		{notched, geo.Point{Lon: -1, Lat: 4}, false},   // level with corners
		{notched, geo.Point{Lon: 2, Lat: 4}, false},
		{notched, geo.Point{Lon: -1, Lat: 1}, false},
		{notched, geo.Point{Lon: 5, Lat: 0}, false},
		{crossed, geo.Point{Lon: 1, Lat: 2}, true},
		{crossed, geo.Point{Lon: 2, Lat: 1}, false},
	} {
		if got := c.ring.Contains(c.p); got != c.inside {
			t.Errorf("%v in %v: %v", c.p, c.ring, got)
		}
	}
}

// TestARingIsItsTriangles: on a grid of whole numbers nothing is rounded, so triangles must hold exactly what three sides say.
func TestARingIsItsTriangles(t *testing.T) {
	t.Parallel()
	whole := rapid.Custom(func(t *rapid.T) geo.Point {
		return geo.Point{Lon: float64(rapid.IntRange(-6, 6).Draw(t, "lon")), Lat: float64(rapid.IntRange(-6, 6).Draw(t, "lat"))}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b, c, p := whole.Draw(t, "a"), whole.Draw(t, "b"), whole.Draw(t, "c"), whole.Draw(t, "p")
		turn := func(a, b, c geo.Point) int { // of a walk from a over b to c
			return int(b.Lon-a.Lon)*int(c.Lat-b.Lat) - int(b.Lat-a.Lat)*int(c.Lon-b.Lon)
		}
		if turn(a, b, c) == 0 {
			return
		}
		if turn(a, b, c) < 0 {
			b, c = c, b
		}
		want := turn(a, b, p) >= 0 && turn(b, c, p) >= 0 && turn(c, a, p) >= 0
		for _, ring := range []geo.Ring{{a, b, c}, {b, c, a}, {c, b, a}} {
			if got := ring.Contains(p); got != want {
				t.Fatalf("%v in %v: %v, want %v", p, ring, got, want)
			}
		}
	})
}
