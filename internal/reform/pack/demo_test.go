package pack_test

import (
	"math"
	"testing"
	"time"

	"twoweave/internal/manage/event"
	"twoweave/internal/registry"
	"twoweave/packs"
)

func TestTheGridsOfTheDemoTileItsAreas(t *testing.T) {
	t.Parallel()
	d := combine(t, content(t, packs.Demo)).Directory
	number, covered := map[event.AreaCode]int{}, map[event.AreaCode]float64{}
	for _, g := range d.Grids {
		number[g.Area]++
		covered[g.Area] += size(g.Shape)
		x, y := middle(g.Shape)
		if at, ok := d.GridDrawnAt(x, y); !ok || at.ID != g.ID {
			t.Errorf("the middle of grid %s is in grid %q", g.ID, at.ID)
		}
		if a := d.Route(registry.Question{Kind: "street", Grid: g.ID}); !a.OK || a.Steps[0].Step != registry.ByGrid || a.Unit != g.Unit {
			t.Errorf("grid %s: %+v", g.ID, a)
		}
	}
	for _, a := range d.Areas {
		if n := number[a.Code]; n < 2 {
			t.Errorf("area %s has %d grids", a.Code, n)
		}
		if whole := size(a.Shape); math.Abs(covered[a.Code]-whole) > whole/100 { // corners are rounded
			t.Errorf("the grids of area %s cover %.0f of %.0f", a.Code, covered[a.Code], whole)
		}
	}
}

func size(shape [][2]float64) float64 {
	var sum float64
	for i, p := range shape {
		q := shape[(i+1)%len(shape)]
		sum += p[0]*q[1] - q[0]*p[1]
	}
	return math.Abs(sum) / 2
}

// middle is the centre of gravity.
func middle(shape [][2]float64) (x, y float64) {
	var sum float64
	for i, p := range shape {
		q := shape[(i+1)%len(shape)]
		turn := p[0]*q[1] - q[0]*p[1]
		sum, x, y = sum+turn, x+(p[0]+q[0])*turn, y+(p[1]+q[1])*turn
	}
	return x / (3 * sum), y / (3 * sum)
}

// TestSomebodyIsAlwaysThere looks at the demonstration's roster on ordinary days and on days off, hour by hour.
func TestSomebodyIsAlwaysThere(t *testing.T) {
	t.Parallel()
	d := combine(t, content(t, packs.Demo)).Directory
	workday := func(day time.Time) bool {
		wd := day.In(registry.China()).Weekday()
		return wd != time.Saturday && wd != time.Sunday
	}
	w := d.Watch(workday)
	for _, p := range d.Roster.Posts {
		if gaps := w.Gaps(p.ID, registry.DateOf(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)), registry.DateOf(time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC))); len(gaps) > 0 {
			t.Errorf("nobody is rostered for %+v", gaps[0])
		}
	}
	for hour := range 7 * 24 {
		at := time.Date(2026, 7, 1, hour, 30, 0, 0, time.UTC)
		for _, u := range d.Units {
			ladder := w.Ladder(u.ID, at)
			if len(ladder) < 3 || ladder[0].Post == d.Roster.Otherwise {
				t.Fatalf("unit %s has no post of its own: %+v", u.ID, ladder)
			}
			for _, r := range ladder {
				if len(r.People) == 0 {
					t.Errorf("nobody is at post %s at %v", r.Post, at)
				}
			}
		}
	}
}
