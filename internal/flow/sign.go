package flow

import (
	"maps"
	"math"
	"slices"
	"time"

	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/platform/series"
)

// sign is one indicator measured from events, with its areas.
type sign struct {
	def   *indicator.Compiled
	areas map[event.AreaCode]*place
	wrote written // of the city
}

// place is one area of a sign.
type place struct {
	parts indicator.Parts
	moved bool // since it was last settled
	wrote written
}

// written is what was last written down, and as of when.
type written struct {
	v  float64
	at time.Time
}

// due says whether a value is to be written down: it is another one, or the last is old. Nothing is written twice at one moment.
func (w *written) due(v float64, at time.Time) bool {
	if !at.After(w.at) || v == w.v && !w.at.IsZero() && at.Sub(w.at) < writeEvery {
		return false
	}
	w.v, w.at = v, at
	return true
}

func (g *sign) place(area event.AreaCode) *place {
	p := g.areas[area]
	if p == nil {
		p = &place{}
		g.areas[area] = p
	}
	return p
}

func (p *place) put(x *indicator.Sample, heard time.Time) bool {
	if !p.parts.Put(x, heard) {
		return false
	}
	p.moved = true
	return true
}

// settle is what is to be written down as of the newest log time: of areas that have moved, and of their city.
func (s *Signs) settle() []series.Sample {
	var due []series.Sample
	for _, d := range s.defs {
		if g := s.latest[d.ID]; !d.OfCases() {
			due = g.settle(due, s.at, s.silent())
		}
	}
	return due
}

func (g *sign) settle(due []series.Sample, at, silent time.Time) []series.Sample {
	moved := false
	for area, p := range g.areas {
		if !p.moved || !at.After(p.wrote.at) {
			continue
		}
		moved, p.moved = true, false
		sum, _ := p.parts.Total(silent)
		if v, some := g.def.Value(sum); some && p.wrote.due(v, at) {
			due = append(due, areaSample(g.def.ID, area, v, at))
		}
	}
	if !moved {
		return due
	}
	sum, _ := g.total(silent, nil)
	if v, some := g.def.Value(sum); some && g.wrote.due(v, at) {
		due = append(due, citySample(g.def.ID, v, at))
	}
	return due
}

// total is the city's partial value, of the areas in order, so that it is the same each time. each hears of every area.
func (g *sign) total(silent time.Time, each func(event.AreaCode, indicator.Partial)) (sum indicator.Partial, at time.Time) {
	for _, area := range slices.Sorted(maps.Keys(g.areas)) {
		part, when := g.areas[area].parts.Total(silent)
		sum.Merge(part)
		at = later(at, when)
		if each != nil && !when.IsZero() {
			each(area, part)
		}
	}
	return sum, at
}

// show is the sign as a screen has it.
func (g *sign) show(silent time.Time, counts *casedesk.Counts) casedesk.Sign {
	out := blank(g.def)
	sum, at := g.total(silent, func(area event.AreaCode, part indicator.Partial) { addArea(&out, g.def, area, part) })
	if !at.IsZero() {
		fill(&out, g.def, sum, at)
	}
	for _, n := range counts.ByScenario {
		if slices.Contains(g.def.Scenarios, n.Scenario) {
			out.Cases += n.Open
		}
	}
	return out
}

// ofCases is a sign measured from cases.
func ofCases(def *indicator.Compiled, f *casedesk.Figures) casedesk.Sign {
	out := blank(def)
	var sum indicator.Partial
	areas := f.Areas(&def.Behind)
	for _, area := range slices.Sorted(maps.Keys(areas)) {
		sum.Merge(areas[area])
		addArea(&out, def, area, areas[area])
	}
	fill(&out, def, sum, f.Moment.Now)
	out.Cases = int(sum.Count)
	return out
}

func blank(def *indicator.Compiled) casedesk.Sign {
	from := indicator.FromEvents
	if def.OfCases() {
		from = indicator.FromCases
	}
	return casedesk.Sign{Indicator: def.ID, Title: def.Title, Unit: def.Unit, Class: def.Class, From: from, Band: indicator.Normal,
		Bands: def.CityBands(), Areas: []casedesk.AreaSign{}}
}

func fill(out *casedesk.Sign, def *indicator.Compiled, sum indicator.Partial, at time.Time) {
	out.At = at.UTC().Truncate(time.Millisecond)
	v, some := def.Value(sum)
	if !some {
		return
	}
	out.Known, out.Value, out.Band = true, round(v), def.CityBands().Of(v)
}

func addArea(out *casedesk.Sign, def *indicator.Compiled, area event.AreaCode, part indicator.Partial) {
	if v, some := def.Value(part); some {
		out.Areas = append(out.Areas, casedesk.AreaSign{Area: area, Value: round(v), Band: def.Bands.Of(v)})
	}
}

// round leaves three decimals.
func round(v float64) float64 { return math.Round(v*1000) / 1000 }
