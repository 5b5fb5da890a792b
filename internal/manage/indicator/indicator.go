// Package indicator is the city's vital signs (体征): live measures with a unit, bands and an area breakdown.
//
// An Indicator is pack content, of one of the pack's classes of signs. It is measured from events, by detection, or from cases, by the records. Its
// history is kept in the series store, which can be rebuilt from the log. Behind every sign stand cases: those of the scenarios it names, or those it
// is measured from.
//
// # Partial values
//
// An area's value may come from several places: the log's partitions each see some of its events, the records count by class and unit. Each place
// gives a Partial (how many, their sum, the least, the greatest); Partials of different places are merged, and Value makes of them what the
// indicator says. The city's value is that of all areas' Partials merged: an average over the city is that over all its readings, not of the
// averages of its areas.
package indicator

import (
	"time"

	"twoweave/internal/base/lang"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/scenario"
)

// ID names an indicator: "emergency-calls".
type ID string

// ClassID names a class of signs: "water".
type ClassID string

// Class is one entry of a pack's signs folder: a group of indicators as people look for them. Screens show classes in the order of the pack.
type Class struct {
	ID    ClassID   `yaml:"class" json:"id"`
	Title lang.Text `yaml:"title" json:"title"`
}

// Source is what an indicator is measured from.
type Source string

const (
	FromEvents Source = "events" // also when empty
	FromCases  Source = "cases"
)

// Indicator is one entry of a pack's indicators folder.
type Indicator struct {
	ID    ID        `yaml:"indicator"`
	Title lang.Text `yaml:"title"`
	Unit  lang.Text `yaml:"unit"`
	Class ClassID   `yaml:"class"` // empty: among the others, at the end
	From  Source    `yaml:"from"`

	// From events: a Measure of those for which Where holds, within a sliding window, for each area.
	On      event.TypeName `yaml:"on"`
	Where   string         `yaml:"where"`   // CEL bool; empty = all
	Measure Measure        `yaml:"measure"` // empty = count
	Of      string         `yaml:"of"`      // CEL number; an event for which it is missing does not count
	Window  time.Duration  `yaml:"window"`  // whole minutes to 64m, or whole hours to 24h

	// From cases: a Figure of those that Cases lets through.
	Figure Figure `yaml:"figure"`
	Cases  Cases  `yaml:"cases"`

	Bands     Bands         `yaml:"bands"` // for one area
	City      Bands         `yaml:"city"`  // for the city; empty = those of an area
	Scenarios []scenario.ID `yaml:"scenarios"`
}

// Cases says which cases count; an empty list is all. Scenarios of the indicator narrow it too.
type Cases struct {
	Classes []string `yaml:"classes"` // of matter
	Domains []string `yaml:"domains"` // of scenarios
	Units   []string `yaml:"units"`   // kinds of the responsible unit
}

// OfCases says whether the indicator is measured from cases.
func (i *Indicator) OfCases() bool { return i.From == FromCases }

// CityBands are the bands of the city's value.
func (i *Indicator) CityBands() Bands {
	if i.City == (Bands{}) {
		return i.Bands
	}
	return i.City
}

// Value is what a partial value means: false when there is nothing to say.
func (i *Indicator) Value(p Partial) (float64, bool) {
	if i.OfCases() {
		return i.Figure.measure().Value(p, time.Hour)
	}
	return i.Measure.Value(p, i.Window)
}

// Bands are where attention and alarm begin. With an alarm above attention, higher is worse and they are the lowest values of their bands; with an alarm
// below attention, lower is worse and they are the highest.
type Bands struct {
	Attention float64 `yaml:"attention" json:"attention"`
	Alarm     float64 `yaml:"alarm" json:"alarm"`
}

// Band is where a value stands.
type Band string

const (
	Normal    Band = "normal"
	Attention Band = "attention"
	Alarm     Band = "alarm"
)

// Of is the band of a value.
func (b Bands) Of(v float64) Band {
	if b.Alarm < b.Attention {
		b, v = Bands{-b.Attention, -b.Alarm}, -v
	}
	switch {
	case v >= b.Alarm:
		return Alarm
	case v >= b.Attention:
		return Attention
	}
	return Normal
}

// Sample is what one partition of the log knows of an indicator in one area, at a moment of log time. It takes the place of the partition's earlier one.
type Sample struct {
	Indicator ID
	Area      event.AreaCode
	Part      int
	At        time.Time
	Partial
}
