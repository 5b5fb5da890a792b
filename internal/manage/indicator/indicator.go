// Package indicator is the city's vital signs (体征): live measures with a unit, bands and an area breakdown.
//
// An Indicator is pack content. Detection computes it from events; its history is kept in the series store, which can be rebuilt from the
// log. Behind every sign stand cases: those of the scenarios it names.
package indicator

import (
	"time"

	"twoweave/internal/base/lang"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/scenario"
)

// ID names an indicator: "emergency-calls".
type ID string

// Indicator is one entry of a pack's indicators folder: the number of events of one type within a sliding window, for each area.
type Indicator struct {
	ID        ID             `yaml:"indicator"`
	Title     lang.Text      `yaml:"title"`
	Unit      lang.Text      `yaml:"unit"`
	On        event.TypeName `yaml:"on"`     // its partition key must be the area, so that one partition sees a whole area
	Where     string         `yaml:"where"`  // CEL bool; empty = all
	Window    time.Duration  `yaml:"window"` // whole minutes, at most 64
	Bands     Bands          `yaml:"bands"`  // for one area
	City      Bands          `yaml:"city"`   // for the sum of all areas
	Scenarios []scenario.ID  `yaml:"scenarios"`
}

// Bands are the lowest values of the attention and the alarm band.
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
	switch {
	case v >= b.Alarm:
		return Alarm
	case v >= b.Attention:
		return Attention
	}
	return Normal
}

// Sample is one value of an indicator in one area at a moment of log time.
type Sample struct {
	Indicator ID
	Area      event.AreaCode
	At        time.Time
	Value     float64
}
