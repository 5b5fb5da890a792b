package backtest

import (
	"cmp"
	"slices"
	"time"

	"twoweave/internal/base/fault"
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
	found    int                   // all of them
}

// MaxEpisodes is how many episodes of one side are compared. A draft that finds more is wrong, and must not take the program's memory.
const MaxEpisodes = 100_000

func (s *side) take(all []scenario.Detection) error {
	for _, d := range all {
		of := s.episodes[d.Subject]
		switch {
		case d.Change == scenario.Started:
			s.found++
			s.episodes[d.Subject] = append(of, &episode{start: d})
		case len(of) > 0:
			of[len(of)-1].end = d.At
		}
	}
	if s.found > MaxEpisodes {
		return fault.New(fault.Invalid, "backtest.take", "the scenario finds more than %d episodes in the log: make its condition narrower", MaxEpisodes)
	}
	return nil
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
	all, before, after := walk(before, after, func(b, a *episode) int { return b.start.At.Compare(a.start.At) })
	more, before, after := walk(before, after, func(b, a *episode) int {
		if b.overlaps(a) {
			return 0
		}
		return b.start.At.Compare(a.start.At)
	})
	all = append(all, more...)
	for _, b := range before {
		all = append(all, pair{before: b})
	}
	for _, a := range after {
		all = append(all, pair{after: a})
	}
	return all
}

// walk pairs what order says is the same, and leaves the rest. The episodes of a side follow one another, so that one way along both is enough.
func walk(before, after []*episode, order func(b, a *episode) int) (both []pair, ours, theirs []*episode) {
	for len(before) > 0 && len(after) > 0 {
		b, a := before[0], after[0]
		switch c := order(b, a); {
		case c < 0:
			ours, before = append(ours, b), before[1:]
		case c > 0:
			theirs, after = append(theirs, a), after[1:]
		default:
			both, before, after = append(both, pair{b, a}), before[1:], after[1:]
		}
	}
	return both, append(ours, before...), append(theirs, after...)
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
