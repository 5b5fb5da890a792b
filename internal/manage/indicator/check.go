package indicator

import (
	"fmt"
	"slices"
	"time"

	"twoweave/internal/base/fault"
)

// Bounds of a window. Up to MaxFine its panes are minutes; beyond, a window of n hours has panes of n minutes.
const (
	MaxFine   = 64 * time.Minute
	MaxWindow = 24 * time.Hour
)

// Pane is how wide a pane of a window is: whole minutes, at most 64 panes to a window.
func Pane(window time.Duration) time.Duration {
	if window <= MaxFine {
		return time.Minute
	}
	return (window + time.Hour - 1) / time.Hour * time.Minute
}

// checks gathers problems.
type checks struct{ problems []fault.Problem }

func (c *checks) must(ok bool, field, format string, args ...any) {
	if !ok {
		c.problems = append(c.problems, fault.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
	}
}

// Check says what is wrong with an indicator by itself, apart from its rules' texts, which Compile checks; the fields of the problems are
// those of its YAML form.
func Check(i *Indicator) []fault.Problem {
	var c checks
	c.must(i.ID != "", "indicator", "the indicator needs a name")
	c.must(i.Title.Complete(), "title", "both languages are needed: zh and en")
	c.must(i.Unit.Complete(), "unit", "both languages are needed: zh and en")
	c.must(i.From == "" || i.From == FromEvents || i.From == FromCases, "from", "allowed are events and cases")
	if i.OfCases() {
		c.ofCases(i)
	} else {
		c.ofEvents(i)
	}
	c.bands(i)
	return c.problems
}

// CheckClass says what is wrong with a class of signs.
func CheckClass(k *Class) []fault.Problem {
	var c checks
	c.must(k.ID != "", "class", "the class needs a name")
	c.must(k.Title.Complete(), "title", "both languages are needed: zh and en")
	return c.problems
}

func (c *checks) ofEvents(i *Indicator) {
	c.must(i.On != "", "on", "the event type is missing")
	known := i.Measure == "" || slices.Contains(Measures, i.Measure)
	c.must(known, "measure", "allowed are %v", Measures)
	if known && i.Measure.OfValues() {
		c.must(i.Of != "", "of", "the measure %s needs a number of each event", i.Measure)
	} else {
		c.must(i.Of == "", "of", "nothing is measured of events that are only counted")
	}
	fine := i.Window >= time.Minute && i.Window <= MaxFine && i.Window%time.Minute == 0
	coarse := i.Window > MaxFine && i.Window <= MaxWindow && i.Window%time.Hour == 0
	c.must(fine || coarse, "window", "the window is whole minutes, from 1m to 64m, or whole hours to 24h")
	c.must(i.Figure == "", "figure", "a figure is of cases: say from: cases")
	none := len(i.Cases.Classes) == 0 && len(i.Cases.Domains) == 0 && len(i.Cases.Units) == 0
	c.must(none, "cases", "cases are chosen where an indicator is measured from them: say from: cases")
}

func (c *checks) ofCases(i *Indicator) {
	c.must(slices.Contains(Figures, i.Figure), "figure", "allowed are %v", Figures)
	for field, set := range map[string]bool{"on": i.On != "", "where": i.Where != "", "measure": i.Measure != "", "of": i.Of != "", "window": i.Window != 0} {
		c.must(!set, field, "an indicator from cases has none of on, where, measure, of, window")
	}
}

// bands of what adds up begin above zero, where nothing happens; and the city's are not an area's.
func (c *checks) bands(i *Indicator) {
	adds := i.Measure.Adds()
	if i.OfCases() {
		adds = i.Figure.Adds()
	}
	const message = "attention is above 0 and alarm above attention; where lower is worse, alarm is below attention"
	c.must(sound(i.Bands, adds), "bands", message)
	if adds || i.City != (Bands{}) {
		c.must(sound(i.City, adds), "city", message)
	}
}

func sound(b Bands, adds bool) bool {
	return b.Attention != b.Alarm && (!adds || b.Alarm < b.Attention || b.Attention > 0)
}
