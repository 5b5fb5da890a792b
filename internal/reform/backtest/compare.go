package backtest

import (
	"cmp"
	"slices"
	"time"

	"twoweave/internal/manage/event"
	"twoweave/internal/manage/scenario"
)

// episode is one finding of one side.
type episode struct {
	start scenario.Detection
	end   time.Time // zero: open
}

// overlaps says whether two episodes share a moment; an end is not part of its episode, but a start is.
func (e *episode) overlaps(o *episode) bool {
	before := func(a, b *episode) bool {
		return !a.end.IsZero() && !a.end.After(b.start.At) && !a.start.At.Equal(b.start.At)
	}
	return !before(e, o) && !before(o, e)
}

// side is what one set finds.
type side struct {
	world    *world
	episodes map[string][]*episode // by subject, in the order of their numbers
}

func (s *side) take(all []scenario.Detection) {
	for _, d := range all {
		of := s.episodes[d.Subject]
		switch {
		case d.Change == scenario.Started:
			s.episodes[d.Subject] = append(of, &episode{start: d})
		case len(of) > 0:
			of[len(of)-1].end = d.At
		}
	}
}

// pair is an episode of one side, the other side's that is the same matter, or both.
type pair struct{ before, after *episode }

func (p pair) first() *episode { return cmp.Or(p.before, p.after) }

// pairs brings together what both sides found of the same subject: the same start first, then what overlaps, in the order of time.
func pairs(before, after map[string][]*episode) []pair {
	var all []pair
	for subject, ours := range before {
		all = append(all, match(ours, after[subject])...)
	}
	for subject, theirs := range after {
		if _, both := before[subject]; !both {
			all = append(all, match(nil, theirs)...)
		}
	}
	slices.SortFunc(all, func(a, b pair) int {
		x, y := &a.first().start, &b.first().start
		return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.Subject, y.Subject))
	})
	return all
}

func match(before, after []*episode) []pair {
	var all []pair
	before, after = slices.Clone(before), slices.Clone(after)
	for _, same := range []func(a, b *episode) bool{
		func(a, b *episode) bool { return a.start.At.Equal(b.start.At) },
		func(a, b *episode) bool { return a.overlaps(b) },
		func(a, b *episode) bool { return false },
	} {
		var left []*episode
		for _, b := range before {
			at := slices.IndexFunc(after, func(a *episode) bool { return same(b, a) })
			if at < 0 {
				left = append(left, b)
				continue
			}
			all = append(all, pair{b, after[at]})
			after = slices.Delete(after, at, at+1)
		}
		before = left
	}
	for _, b := range before {
		all = append(all, pair{before: b})
	}
	for _, a := range after {
		all = append(all, pair{after: a})
	}
	return all
}

// count fills in what differs among the episodes of which either started in the range.
func count(c *scenario.Comparison, all []pair, examples int) {
	inRange := func(e *episode) bool { return e != nil && !e.start.At.Before(c.From) && e.start.At.Before(c.To) }
	listed := map[scenario.DifferenceKind]int{}
	for _, p := range all {
		if !inRange(p.before) && !inRange(p.after) {
			continue
		}
		kind, n := kindOf(p), &c.Unchanged
		switch kind {
		case scenario.Gained:
			n = &c.Gained
		case scenario.Lost:
			n = &c.Lost
		case scenario.Moved:
			n = &c.Moved
		default:
			if !p.before.end.Equal(p.after.end) {
				c.OtherEnd++
			}
		}
		*n++
		if kind != "" && listed[kind] < examples {
			listed[kind]++
			c.Examples = append(c.Examples, difference(kind, p))
		}
	}
}

// kindOf is empty for what is unchanged.
func kindOf(p pair) scenario.DifferenceKind {
	switch {
	case p.before == nil:
		return scenario.Gained
	case p.after == nil:
		return scenario.Lost
	case !p.before.start.At.Equal(p.after.start.At):
		return scenario.Moved
	}
	return ""
}

func difference(kind scenario.DifferenceKind, p pair) scenario.Difference {
	d := scenario.Difference{Kind: kind, Subject: p.first().start.Subject, Area: areaOf(p)}
	if p.before != nil {
		d.Before = shown(p.before)
	}
	if p.after != nil {
		d.After = shown(p.after)
	}
	return d
}

func areaOf(p pair) event.AreaCode { return p.first().start.Area }

func shown(e *episode) *scenario.Episode {
	d := &e.start
	out := &scenario.Episode{Since: d.Since, Started: d.At, Severity: d.Severity, Measures: append([]scenario.Measured{}, d.Measures...),
		Readings: []*scenario.Evidence{}, More: d.More}
	if !e.end.IsZero() {
		out.Ended = &e.end
	}
	for _, r := range d.Evidence {
		out.Readings = append(out.Readings, scenario.EvidenceOf(r))
	}
	return out
}
