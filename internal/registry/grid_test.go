package registry_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"twoweave/internal/base/geo"
	"twoweave/internal/registry"
)

func TestGridsAreFoundByPoint(t *testing.T) {
	t.Parallel()
	c := city()
	c.Grids = append(c.Grids, registry.Grid{ID: "e1", Name: both("on earth"), Area: "a2",
		Ring: geo.Ring{{Lon: 121.5, Lat: 31.2}, {Lon: 121.6, Lat: 31.2}, {Lon: 121.5, Lat: 31.3}}})
	d := directory(t, c)
	for _, q := range []struct {
		x, y float64
		want registry.GridID
	}{{0.5, 0.5, "g1"}, {1.5, 0.5, "g2"}, {1, 0.5, "g1"}, {2, 1, "g2"}, {2.1, 0.5, ""}, {0.5, -0.1, ""}, {121.52, 31.22, ""}} {
		if g, ok := d.GridDrawnAt(q.x, q.y); g.ID != q.want || ok != (q.want != "") {
			t.Errorf("at %v, %v: %q", q.x, q.y, g.ID)
		}
	}
	for _, q := range []struct {
		p    geo.Point
		want registry.GridID
	}{{geo.Point{Lon: 121.52, Lat: 31.22}, "e1"}, {geo.Point{Lon: 121.5, Lat: 31.2}, "e1"}, {geo.Point{Lon: 121.58, Lat: 31.28}, ""}, {geo.Point{Lon: 0.5, Lat: 0.5}, ""}} {
		if g, ok := d.GridAt(q.p); g.ID != q.want || ok != (q.want != "") {
			t.Errorf("at %v: %q", q.p, g.ID)
		}
	}
	if g, ok := d.Grid("g2"); !ok || g.Unit != "street-1" {
		t.Errorf("%+v", g)
	}
	if _, ok := d.Grid("nowhere"); ok {
		t.Error("a grid that is not there was found")
	}
	if _, ok := directory(t, registry.Content{}).GridAt(geo.Point{}); ok {
		t.Error("a grid was found where there is none")
	}
}

// TestTheIndexFindsWhatASearchFinds compares with looking at every grid, the least id first.
func TestTheIndexFindsWhatASearchFinds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := registry.Content{Areas: []registry.Area{{Code: "a"}}}
		coordinate := rapid.IntRange(-8, 8)
		for i, n := 0, rapid.IntRange(0, 12).Draw(t, "grids"); i < n; i++ {
			g := registry.Grid{ID: registry.GridID(fmt.Sprintf("g%02d", i)), Area: "a"}
			for range rapid.IntRange(3, 6).Draw(t, "corners") {
				g.Ring = append(g.Ring, geo.Point{Lon: float64(coordinate.Draw(t, "lon")), Lat: float64(coordinate.Draw(t, "lat"))})
			}
			c.Grids = append([]registry.Grid{g}, c.Grids...)
		}
		d, wrong := registry.New(c)
		if len(wrong) > 0 {
			t.Fatal(wrong)
		}
		p := geo.Point{Lon: float64(rapid.IntRange(-18, 18).Draw(t, "x")) / 2, Lat: float64(rapid.IntRange(-18, 18).Draw(t, "y")) / 2}
		var want registry.GridID
		for i := range c.Grids {
			if c.Grids[i].Ring.Contains(p) {
				want = c.Grids[i].ID // the list runs from the greatest id to the least
			}
		}
		if got, _ := d.GridAt(p); got.ID != want {
			t.Fatalf("at %v: %q, want %q", p, got.ID, want)
		}
	})
}

func TestWrongGridsAreTold(t *testing.T) {
	t.Parallel()
	for field, g := range map[string]registry.Grid{
		"grid":    {ID: "g1", Area: "a1", Shape: square(3, 3)},
		"area":    {ID: "g", Area: "a9", Shape: square(3, 3)},
		"unit":    {ID: "g", Area: "a1", Unit: "nobody", Shape: square(3, 3)},
		"shape":   {ID: "g", Area: "a1"},
		"shape ":  {ID: "g", Area: "a1", Shape: square(3, 3)[:2]},
		"ring":    {ID: "g", Area: "a1", Ring: geo.Ring{{}, {Lon: 1}, {Lat: 91}}},
		"workers": {ID: "g", Area: "a1", Shape: square(3, 3), Workers: []registry.PersonID{"nobody"}},
	} {
		c := city()
		c.Grids = append(c.Grids, g)
		_, wrong := registry.New(c)
		if len(wrong) != 1 || wrong[0].Part != registry.InGrids || wrong[0].Index != 2 || wrong[0].Field != trim(field) {
			t.Errorf("%q: %+v", field, wrong)
		}
	}
}

// BenchmarkGridAt looks points up among 40,000 grids of 8 corners, about as many as Shanghai has unit grids; a district has a tenth of them.
func BenchmarkGridAt(b *testing.B) {
	c := registry.Content{Areas: []registry.Area{{Code: "a"}}}
	const side = 200
	for i := range side * side {
		x, y := 121+float64(i%side)/side, 30.8+float64(i/side)/side*0.6
		w, h := 1.0/side, 0.6/side
		c.Grids = append(c.Grids, registry.Grid{ID: registry.GridID(fmt.Sprintf("%05d", i)), Area: "a", Ring: geo.Ring{
			{Lon: x, Lat: y}, {Lon: x + w/2, Lat: y + h/10}, {Lon: x + w, Lat: y}, {Lon: x + w*1.1, Lat: y + h/2},
			{Lon: x + w, Lat: y + h}, {Lon: x + w/2, Lat: y + h*1.1}, {Lon: x, Lat: y + h}, {Lon: x + w/10, Lat: y + h/2}}})
	}
	d := directory(b, c)
	i := 0
	for b.Loop() {
		i++
		d.GridAt(geo.Point{Lon: 121 + float64(i*7919%100003)/100003, Lat: 30.8 + float64(i*6007%100003)/100003*0.6})
	}
}
