package cluster

import (
	"math"
	"slices"
	"sort"

	"twoweave/internal/base/geo"
)

// grid finds reports by place: space around the earth is cut into cubes a little wider than Metres, so that what is near a report is in its cube or in one
// of the 26 around it. It has no seams, neither at longitude 180 nor at the poles.
type grid struct {
	size    float64            // of a cube, in metres
	reports map[cell][]*report // by time, place in the log
	hood    hood
}

// hood remembers the last neighbourhood that was asked for, since an arriving report asks several times; until a report comes or goes.
type hood struct {
	valid   bool
	centre  cell
	reports [][]*report
}

// cell is a cube's number in each direction.
type cell [3]int32

func (g *grid) cellOf(w geo.Cartesian) cell {
	return cell{int32(math.Floor(w.X / g.size)), int32(math.Floor(w.Y / g.size)), int32(math.Floor(w.Z / g.size))}
}

// add puts a report in its place; mostly that is the last.
func (g *grid) add(r *report) {
	g.hood.valid = false
	c := g.cellOf(r.where)
	all := g.reports[c]
	if len(all) == 0 || all[len(all)-1].before(r) {
		g.reports[c] = append(all, r)
		return
	}
	i, _ := slices.BinarySearchFunc(all, r, compare)
	g.reports[c] = slices.Insert(all, i, r)
}

// removeFirst removes the oldest report of all, which is the first in its cell.
func (g *grid) removeFirst(r *report) {
	g.hood.valid = false
	c := g.cellOf(r.where)
	all := g.reports[c]
	all[0] = nil
	if len(all) == 1 {
		delete(g.reports, c)
		return
	}
	g.reports[c] = all[1:]
}

// around are the reports of a place's cube and those around it, cube by cube; until the next call.
func (g *grid) around(w geo.Cartesian) [][]*report {
	c, h := g.cellOf(w), &g.hood
	if h.valid && h.centre == c {
		return h.reports
	}
	h.valid, h.centre, h.reports = true, c, h.reports[:0]
	for i := range int32(27) {
		if all := g.reports[cell{c[0] + i%3 - 1, c[1] + i/3%3 - 1, c[2] + i/9 - 1}]; all != nil {
			h.reports = append(h.reports, all)
		}
	}
	return h.reports
}

// since is the index of the first report not before a moment.
func since(all []*report, at int64) int {
	return sort.Search(len(all), func(i int) bool { return all[i].at >= at })
}
