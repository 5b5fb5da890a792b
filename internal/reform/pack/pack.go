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
	Amends     bool     // its entries take the place of those of the same name in other packs
	Without    []string // what it takes out: "rule/owner-power"
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
	Holidays   []Holiday
	Tests      []Script
	Maps       []Map

	// Vouchers are the people who signed this content, where packs need that. They are no part of it.
	Vouchers []string

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
	Amends  bool      `yaml:"amends"`
	Without []string  `yaml:"without"`
}

type areasFile struct {
	Frame Frame           `yaml:"frame"`
	Areas []registry.Area `yaml:"areas"`
}

type unitsFile struct {
	Units []registry.Unit `yaml:"units"`
}
