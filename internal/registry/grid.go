package registry

import (
	"math"
	"slices"
	"strings"

	"twoweave/internal/base/geo"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/event"
)

// GridID names a responsibility grid: "310115005000-01".
type GridID string

// Grid is a responsibility grid (责任网格): the patch of one or a few field workers. Its outline is either a Ring in degrees (WGS 84) or, where
// the pack has only a schematic map, a Shape in that map's frame.
type Grid struct {
	ID      GridID         `yaml:"grid" json:"id"`
	Name    lang.Text      `yaml:"name" json:"name"`
	Area    event.AreaCode `yaml:"area" json:"area"`
	Unit    UnitID         `yaml:"unit" json:"unit,omitempty"` // who looks after it; empty: the grid says nothing about that
	Workers []PersonID     `yaml:"workers" json:"workers,omitempty"`
	Ring    geo.Ring       `yaml:"ring" json:"ring,omitempty"`
	Shape   [][2]float64   `yaml:"shape" json:"shape,omitempty"`
}

// Grid is the grid with the id.
func (d *Directory) Grid(id GridID) (Grid, bool) {
	if g := d.grids[id]; g != nil {
		return *g, true
	}
	return Grid{}, false
}

// GridAt is the grid that holds a point. Where grids touch or overlap, it is the one with the least id.
func (d *Directory) GridAt(p geo.Point) (Grid, bool) { return d.earth.find(p) }

// GridDrawnAt is the grid that holds a point of the schematic map.
func (d *Directory) GridDrawnAt(x, y float64) (Grid, bool) {
	return d.drawn.find(geo.Point{Lon: x, Lat: y})
}

// index finds outlines by point: the box around all of them is cut into equal cells, and each cell knows whose boxes touch it.
type index struct {
	box        geo.Box
	cols, rows int
	cells      [][]outline // rows of cols; in a cell, by grid id
}

type outline struct {
	box  geo.Box
	ring geo.Ring
	grid *Grid
}

// newIndex makes about four cells for each outline.
func newIndex(all []outline) index {
	if len(all) == 0 {
		return index{}
	}
	slices.SortFunc(all, func(a, b outline) int { return strings.Compare(string(a.grid.ID), string(b.grid.ID)) })
	x := index{box: all[0].box}
	for _, o := range all {
		x.box.West, x.box.East = min(x.box.West, o.box.West), max(x.box.East, o.box.East)
		x.box.South, x.box.North = min(x.box.South, o.box.South), max(x.box.North, o.box.North)
	}
	side := int(math.Ceil(2 * math.Sqrt(float64(len(all)))))
	x.cols, x.rows = side, side
	x.cells = make([][]outline, side*side)
	for _, o := range all {
		west, south := x.cell(geo.Point{Lon: o.box.West, Lat: o.box.South})
		east, north := x.cell(geo.Point{Lon: o.box.East, Lat: o.box.North})
		for row := south; row <= north; row++ {
			for col := west; col <= east; col++ {
				x.cells[row*x.cols+col] = append(x.cells[row*x.cols+col], o)
			}
		}
	}
	return x
}

// cell is where a point within the box lies.
func (x *index) cell(p geo.Point) (col, row int) {
	return slot(p.Lon, x.box.West, x.box.East, x.cols), slot(p.Lat, x.box.South, x.box.North, x.rows)
}

func slot(v, from, to float64, n int) int {
	if to <= from {
		return 0
	}
	return max(0, min(n-1, int((v-from)/(to-from)*float64(n))))
}

func (x *index) find(p geo.Point) (Grid, bool) {
	if len(x.cells) == 0 || !x.box.Contains(p) {
		return Grid{}, false
	}
	col, row := x.cell(p)
	for i := range x.cells[row*x.cols+col] {
		o := &x.cells[row*x.cols+col][i]
		if o.box.Contains(p) && o.ring.Contains(p) {
			return *o.grid, true
		}
	}
	return Grid{}, false
}

func (d *Directory) indexGrids(wrong *wrongs) {
	var earth, drawn []outline
	for i := range d.Grids {
		g := &d.Grids[i]
		d.checkGrid(i, g, wrong)
		d.grids[g.ID] = g
		switch {
		case len(g.Ring) > 2:
			earth = append(earth, outline{geo.BoxOf(g.Ring...), g.Ring, g})
		case len(g.Shape) > 2:
			ring := g.onMap()
			drawn = append(drawn, outline{geo.BoxOf(ring...), ring, g})
		}
	}
	d.earth, d.drawn = newIndex(earth), newIndex(drawn)
}

// onMap is the shape as a ring whose degrees are the frame's own units: what lies inside does not depend on what the axes are called.
func (g *Grid) onMap() geo.Ring {
	ring := make(geo.Ring, len(g.Shape))
	for i, p := range g.Shape {
		ring[i] = geo.Point{Lon: p[0], Lat: p[1]}
	}
	return ring
}

func (d *Directory) checkGrid(i int, g *Grid, wrong *wrongs) {
	if d.grids[g.ID] != nil {
		wrong.add(InGrids, i, "grid", "grid %s is there twice", g.ID)
	}
	if d.areas[g.Area] == nil {
		wrong.add(InGrids, i, "area", "grid %s names area %q, which does not exist", g.ID, g.Area)
	}
	if g.Unit != "" && d.units[g.Unit] == nil {
		wrong.add(InGrids, i, "unit", "grid %s names unit %s, which does not exist", g.ID, g.Unit)
	}
	if (len(g.Ring) == 0) == (len(g.Shape) == 0) {
		wrong.add(InGrids, i, "shape", "grid %s needs either a ring in degrees or a shape on the schematic map", g.ID)
	}
	if n := len(g.Ring) + len(g.Shape); n == 1 || n == 2 {
		wrong.add(InGrids, i, "shape", "the outline of grid %s has %d corners; it needs three", g.ID, n)
	}
	for j, p := range g.Ring {
		if err := p.Valid(); err != nil {
			wrong.add(InGrids, i, "ring", "corner %d of grid %s: %v", j, g.ID, err)
		}
	}
}
