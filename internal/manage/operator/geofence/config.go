package geofence

import (
	"cmp"
	"fmt"
	"math"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/geo"
)

// Config is the geofence block of a scenario.
type Config struct {
	Fences []Fence `yaml:"fences"`
}

// Fence is a polygon or a circle.
type Fence struct {
	Name    string      `yaml:"name"`
	Polygon []geo.Point `yaml:"polygon"` // a ring in WGS 84; the last corner is joined to the first
	Centre  *geo.Point  `yaml:"centre"`
	Metres  float64     `yaml:"metres"` // radius around the centre
}

// Bounds of a config.
const (
	MaxFences  = 1000
	MaxCorners = 1000   // of one polygon
	MinMetres  = 1      // of a radius
	MaxMetres  = 100000 // likewise
)

// Memory is how long it is remembered where a thing was that gives no position.
const Memory = 30 * 24 * time.Hour

// Check says what is wrong with the config; fields of the problems are relative to the block.
func (c *Config) Check() []fault.Problem {
	k := checker{names: map[string]bool{}}
	k.must(len(c.Fences) >= 1 && len(c.Fences) <= MaxFences, "fences", "1 to %d fences are needed", MaxFences)
	for i := range c.Fences {
		k.fence(fmt.Sprintf("fences.%d", i), &c.Fences[i])
	}
	return k.problems
}

type checker struct {
	names    map[string]bool
	problems []fault.Problem
}

func (k *checker) must(ok bool, field, format string, args ...any) {
	if !ok {
		k.problems = append(k.problems, fault.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
	}
}

func (k *checker) fence(field string, f *Fence) {
	k.must(f.Name != "", field+".name", "the fence needs a name")
	k.must(f.Name == "" || !k.names[f.Name], field+".name", "the name %q is taken by another fence", f.Name)
	k.names[f.Name] = true
	circle := f.Centre != nil || f.Metres != 0
	switch {
	case circle && f.Polygon != nil:
		k.must(false, field, "a fence is a polygon, or a centre with metres, not both")
	case circle:
		k.circle(field, f)
	case f.Polygon != nil:
		k.polygon(field+".polygon", f.Polygon)
	default:
		k.must(false, field, "a fence needs a polygon, or a centre with metres")
	}
}

func (k *checker) circle(field string, f *Fence) {
	k.must(f.Centre != nil, field+".centre", "the centre is missing")
	if f.Centre != nil {
		k.point(field+".centre", *f.Centre)
	}
	k.must(f.Metres >= MinMetres && f.Metres <= MaxMetres, field+".metres", "a radius has %d to %d metres", MinMetres, MaxMetres)
}

func (k *checker) point(field string, p geo.Point) {
	if err := p.Valid(); err != nil {
		k.must(false, field, "%s", err.Error())
	}
}

func (k *checker) polygon(field string, ring []geo.Point) {
	different := map[geo.Point]bool{}
	for i, p := range ring {
		k.point(fmt.Sprintf("%s.%d", field, i), p)
		different[p] = true
		before := ring[cmp.Or(i, len(ring))-1]
		k.must(math.Abs(p.Lon-before.Lon) <= 180, fmt.Sprintf("%s.%d", field, i), "a side crosses longitude 180; make two fences of it, one on each side")
	}
	k.must(len(different) >= 3, field, "a polygon has at least 3 different corners")
	k.must(len(ring) <= MaxCorners, field, "a polygon has at most %d corners", MaxCorners)
}
