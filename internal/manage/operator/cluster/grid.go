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
}

// cell is a cube's number in each direction.
type cell [3]int32

func (g *grid) cellOf(w geo.Cartesian) cell {
	return cell{int32(math.Floor(w.X / g.size)), int32(math.Floor(w.Y / g.size)), int32(math.Floor(w.Z / g.size))}
}

// add puts a report in its place; mostly that is the last.
func (g *grid) add(r *report) {
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
	c := g.cellOf(r.where)
	all := g.reports[c]
	all[0] = nil
	if len(all) == 1 {
		delete(g.reports, c)
		return
	}
	g.reports[c] = all[1:]
}

// around visits the reports of a place's cube and those around it, cube by cube.
func (g *grid) around(w geo.Cartesian, visit func([]*report)) {
	c := g.cellOf(w)
	for i := range int32(27) {
		if all := g.reports[cell{c[0] + i%3 - 1, c[1] + i/3%3 - 1, c[2] + i/9 - 1}]; all != nil {
			visit(all)
		}
	}
}

// since is the index of the first report not before a moment.
func since(all []*report, at int64) int {
	return sort.Search(len(all), func(i int) bool { return all[i].at >= at })
}
