// Command citymap draws the schematic map of Pudong's 36 subdistricts and towns and writes it as pack content.
//
// The map is our own drawing and no survey: an outline drawn by hand, a seed for each area placed by hand at its plausible relative
// position, and the Voronoi cells of the seeds within the outline, relaxed a little so that the small urban subdistricts are as readable as
// the large towns. Screens must label it 示意 (schematic). From the tools folder:
//
//	go run ./citymap > ../packs/pudong/areas.yaml
//	go run ./citymap -units > ../packs/pudong/units.yaml
//	go run ./citymap -grids > ../packs/pudong/grids.yaml
//	go run ./citymap -roster > ../packs/pudong/roster.yaml
//
// The output follows from this file alone, so it can be made again byte for byte.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"math"
	"os"
)

const (
	width, height = 1000, 1200
	relaxations   = 14   // rounds of moving seeds towards the middle of their cell
	pull          = 0.35 // how far per round; the rest keeps the hand-drawn position
)

type point struct{ x, y float64 }

func main() {
	units := flag.Bool("units", false, "write the units instead of the areas")
	grids := flag.Bool("grids", false, "write the responsibility grids instead")
	roster := flag.Bool("roster", false, "write the duty roster instead")
	flag.Parse()
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	switch {
	case *units:
		writeUnits(out)
	case *grids:
		writeGrids(out, draw())
	case *roster:
		writeRoster(out)
	default:
		writeAreas(out, draw())
	}
}

// draw gives one outline for each place, in the order of places.
func draw() [][]point {
	land := chaikin(chaikin(coast))
	seeds := make([]point, len(places))
	for i, p := range places {
		seeds[i] = point{p.x, p.y}
	}
	for range relaxations {
		for i, cell := range cells(land, seeds) {
			c := centroid(cell)
			seeds[i].x += pull * (c.x - seeds[i].x)
			seeds[i].y += pull * (c.y - seeds[i].y)
		}
	}
	return snap(cells(land, seeds))
}

// cells are the parts of the land nearest to each seed.
func cells(land []point, seeds []point) [][]point {
	all := make([][]point, len(seeds))
	for i, a := range seeds {
		cell := land
		for j, b := range seeds {
			if i != j {
				cell = clip(cell, a, b)
			}
		}
		all[i] = cell
	}
	return all
}

// clip keeps the part of a polygon that is nearer to a than to b.
func clip(poly []point, a, b point) []point {
	side := func(p point) float64 {
		return (p.x-(a.x+b.x)/2)*(b.x-a.x) + (p.y-(a.y+b.y)/2)*(b.y-a.y)
	}
	var out []point
	for i, p := range poly {
		q := poly[(i+1)%len(poly)]
		sp, sq := side(p), side(q)
		if sp <= 0 {
			out = append(out, p)
		}
		if (sp < 0 && sq > 0) || (sp > 0 && sq < 0) {
			t := sp / (sp - sq)
			out = append(out, point{p.x + t*(q.x-p.x), p.y + t*(q.y-p.y)})
		}
	}
	return out
}

// chaikin rounds the corners of a closed line.
func chaikin(line []point) []point {
	var out []point
	for i, p := range line {
		q := line[(i+1)%len(line)]
		out = append(out,
			point{0.75*p.x + 0.25*q.x, 0.75*p.y + 0.25*q.y},
			point{0.25*p.x + 0.75*q.x, 0.25*p.y + 0.75*q.y})
	}
	return out
}

func centroid(poly []point) point {
	var area, x, y float64
	for i, p := range poly {
		q := poly[(i+1)%len(poly)]
		cross := p.x*q.y - q.x*p.y
		area += cross
		x += (p.x + q.x) * cross
		y += (p.y + q.y) * cross
	}
	return point{x / (3 * area), y / (3 * area)}
}

// snap rounds to a tenth and makes corners that neighbours share one and the same point, so that the cells tile without gaps.
func snap(all [][]point) [][]point {
	var corners []point
	one := func(p point) point {
		for _, c := range corners {
			if math.Hypot(c.x-p.x, c.y-p.y) < 1.5 {
				return c
			}
		}
		c := point{math.Round(p.x*10) / 10, math.Round(p.y*10) / 10}
		corners = append(corners, c)
		return c
	}
	out := make([][]point, len(all))
	for i, poly := range all {
		for _, p := range poly {
			c := one(p)
			if n := len(out[i]); n > 0 && (out[i][n-1] == c || out[i][0] == c) {
				continue
			}
			out[i] = append(out[i], c)
		}
	}
	return out
}

func writeAreas(out *bufio.Writer, shapes [][]point) {
	fmt.Fprintln(out, "# The subdistricts and towns of Pudong on a schematic map (示意): our own drawing, not a survey.")
	fmt.Fprintln(out, "# Codes and names as of before the border change of 14 November 2025. Made by tools/citymap; do not edit by hand.")
	fmt.Fprintf(out, "frame: {width: %d, height: %d}\nareas:\n", width, height)
	for i, p := range places {
		fmt.Fprintf(out, "  - code: %q\n    name: {zh: %s, en: %s}\n    kind: %s\n    shape: [", p.code, p.zh, p.en, p.kind)
		for k, c := range shapes[i] {
			if k > 0 {
				fmt.Fprint(out, ", ")
			}
			fmt.Fprintf(out, "[%g, %g]", c.x, c.y)
		}
		fmt.Fprintln(out, "]")
	}
}
