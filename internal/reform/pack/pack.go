package pack

import (
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/matter"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/registry"
)

// Pack is the content of one pack folder. It is read-only; its slices are in the order of file names, then of documents in a file.
type Pack struct {
	Name       string
	Version    int
	Title      lang.Text
	Licence    string
	Types      []event.Type
	Scenarios  []scenario.Scenario
	Signs      []indicator.Class // in which indicators are shown, in this order
	Indicators []indicator.Indicator
	Classes    []matter.Class
	Frame      Frame
	Areas      []registry.Area
	Units      []registry.Unit
	Grids      []registry.Grid
	Routing    []registry.Rule
	Roster     registry.Roster
	Tests      []Script
	Maps       []Map

	archive []byte
	hash    Hash
	where   map[string]document // "scenario/road-ponding" → where it is written
}

// Frame is the size of the schematic map that the areas' shapes are drawn in.
type Frame struct {
	Width  float64 `yaml:"width" json:"width"`
	Height float64 `yaml:"height" json:"height"`
}

// Archive is the pack as bytes: the same content gives the same bytes. The caller must not change them.
func (p *Pack) Archive() []byte { return p.archive }

// Hash names the pack's content: the SHA-256 of its archive in hex.
func (p *Pack) Hash() Hash { return p.hash }

type packFile struct {
	Name    string    `yaml:"pack"`
	Version int       `yaml:"version"`
	Title   lang.Text `yaml:"title"`
	Licence string    `yaml:"licence"`
}

type areasFile struct {
	Frame Frame           `yaml:"frame"`
	Areas []registry.Area `yaml:"areas"`
}

type unitsFile struct {
	Units []registry.Unit `yaml:"units"`
}
