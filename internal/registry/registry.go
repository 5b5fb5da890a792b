// Package registry is who and where: areas and the grids within them, units, what each is responsible for, and who is on duty in them when.
//
// A Directory is one immutable state of the registry, made from pack content; a change makes a new Directory. Three questions are put to it,
// each answered without I/O and with reasons that a person can read in Chinese and in English:
//
//   - Route: which unit is responsible for a matter here? The most specific rule wins, and what was set aside is told too.
//   - GridAt: in which responsibility grid (责任网格) is a point?
//   - Watch.OnDuty and Watch.Ladder: who is at a post now, standing in for whom, and who is called next if nobody answers?
//
// Propose looks at what arbitration decided against the routing and proposes a rule; a person takes it over or does not. Nothing here changes by itself.
package registry

import (
	"fmt"

	"twoweave/internal/base/lang"
	"twoweave/internal/manage/event"
)

// UnitID names a unit: "street-310115004000", "water-bureau".
type UnitID string

// PersonID names a person who works with the program (an officer, not a resident).
type PersonID string

// Area is a subdistrict or town, or whatever a replayed file calls an area.
type Area struct {
	Code event.AreaCode `yaml:"code" json:"code"`
	Name lang.Text      `yaml:"name" json:"name"`
	Kind string         `yaml:"kind" json:"kind"` // street, town
	// Shape is the area's outline on the schematic map, in its own frame; empty for areas without a map.
	Shape [][2]float64 `yaml:"shape" json:"shape,omitempty"`
}

// Unit is a body that handles cases: a sub-centre, a bureau, a police brigade.
type Unit struct {
	ID   UnitID         `yaml:"unit" json:"id"`
	Name lang.Text      `yaml:"name" json:"name"`
	Kind string         `yaml:"kind" json:"kind"`           // matches matter.Class.Unit
	Area event.AreaCode `yaml:"area" json:"area,omitempty"` // empty = the whole city
}

// Content is what a Directory is made of, in the order in which packs say it.
type Content struct {
	Areas  []Area
	Units  []Unit
	Grids  []Grid
	Rules  []Rule
	Roster Roster
}

// Directory answers who and where. It never changes and may be shared between goroutines.
type Directory struct {
	Content

	areas map[event.AreaCode]*Area
	units map[UnitID]*Unit
	grids map[GridID]*Grid
	earth index // of grids with a ring in degrees
	drawn index // of grids with a shape on the schematic map
	watch roster
}

// Part is a list of Content in which something is wrong.
type Part string

const (
	InAreas    Part = "areas"
	InUnits    Part = "units"
	InGrids    Part = "grids"
	InRouting  Part = "routing"
	InPersons  Part = "persons"
	InShifts   Part = "shifts"
	InPosts    Part = "posts"
	InDuties   Part = "duties"
	InDeputies Part = "deputies"
	InRoster   Part = "" // the roster as a whole
)

// Wrong is one thing wrong with content: the entry, counted from 0 in its list, the entry's field, and what is allowed.
type Wrong struct {
	Part  Part
	Index int
	Field string
	Text  string
}

// Error is the problem as one line.
func (w Wrong) Error() string { return w.Text }

// NewDirectory indexes areas and units alone. It returns what is wrong with them, all at once.
func NewDirectory(areas []Area, units []Unit) (*Directory, []error) {
	d, wrong := New(Content{Areas: areas, Units: units})
	var all []error
	for _, w := range wrong {
		all = append(all, w)
	}
	return d, all
}

// New checks and indexes content, and returns what is wrong with it, all at once. The caller must not change the content afterwards.
func New(c Content) (*Directory, []Wrong) {
	d := &Directory{Content: c, areas: map[event.AreaCode]*Area{}, units: map[UnitID]*Unit{}, grids: map[GridID]*Grid{}}
	var wrong wrongs
	d.indexPlaces(&wrong)
	d.indexGrids(&wrong)
	d.checkRules(&wrong)
	d.indexRoster(&wrong)
	return d, wrong
}

// wrongs gathers what is wrong.
type wrongs []Wrong

func (w *wrongs) add(part Part, index int, field, format string, args ...any) {
	*w = append(*w, Wrong{part, index, field, fmt.Sprintf(format, args...)})
}

func (d *Directory) indexPlaces(wrong *wrongs) {
	for i := range d.Areas {
		a := &d.Areas[i]
		if d.areas[a.Code] != nil {
			wrong.add(InAreas, i, "code", "area %s is there twice", a.Code)
		}
		d.areas[a.Code] = a
	}
	for i := range d.Units {
		u := &d.Units[i]
		if d.units[u.ID] != nil {
			wrong.add(InUnits, i, "unit", "unit %s is there twice", u.ID)
		}
		if u.Area != "" && d.areas[u.Area] == nil {
			wrong.add(InUnits, i, "area", "unit %s names area %s, which does not exist", u.ID, u.Area)
		}
		d.units[u.ID] = u
	}
}

// Area is the area with the code.
func (d *Directory) Area(code event.AreaCode) (Area, bool) {
	if a := d.areas[code]; a != nil {
		return *a, true
	}
	return Area{}, false
}

// Unit is the unit with the id.
func (d *Directory) Unit(id UnitID) (Unit, bool) {
	if u := d.units[id]; u != nil {
		return *u, true
	}
	return Unit{}, false
}

// Responsible is the unit of a kind that answers for an area, and why: Route's answer to the shortest question.
func (d *Directory) Responsible(kind string, area event.AreaCode) (unit UnitID, why string, ok bool) {
	a := d.Route(Question{Kind: kind, Area: area})
	return a.Unit, a.Why().EN, a.OK
}

// areaName, unitName and gridName are names for texts; what is not known is called by its code.
func (d *Directory) areaName(code event.AreaCode) lang.Text {
	if a := d.areas[code]; a != nil {
		return a.Name
	}
	return same(string(code))
}

func (d *Directory) unitName(id UnitID) lang.Text {
	if u := d.units[id]; u != nil && u.Name.Complete() {
		return u.Name
	}
	return same(string(id))
}

// same is a text that needs no translation.
func same(s string) lang.Text { return lang.Text{ZH: s, EN: s} }
