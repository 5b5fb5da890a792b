// Package registry is who and where: areas, units and the people who work in them.
//
// A Directory is one immutable state of the registry, made from pack content and accounts; a change makes a new Directory. Looking things
// up is pure, and every answer to "who is responsible" comes with its reason.
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

// Directory answers who and where.
type Directory struct {
	Areas []Area
	Units []Unit

	areas map[event.AreaCode]*Area
	units map[UnitID]*Unit
}

// NewDirectory indexes areas and units. It returns what is wrong with them, all at once.
func NewDirectory(areas []Area, units []Unit) (*Directory, []error) {
	d := &Directory{Areas: areas, Units: units, areas: map[event.AreaCode]*Area{}, units: map[UnitID]*Unit{}}
	var wrong []error
	for i := range areas {
		if d.areas[areas[i].Code] != nil {
			wrong = append(wrong, fmt.Errorf("area %s is there twice", areas[i].Code))
		}
		d.areas[areas[i].Code] = &areas[i]
	}
	for i := range units {
		u := &units[i]
		if d.units[u.ID] != nil {
			wrong = append(wrong, fmt.Errorf("unit %s is there twice", u.ID))
		}
		if u.Area != "" && d.areas[u.Area] == nil {
			wrong = append(wrong, fmt.Errorf("unit %s names area %s, which does not exist", u.ID, u.Area))
		}
		d.units[u.ID] = u
	}
	return d, wrong
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

// Responsible is the unit of a kind that answers for an area, and why. The area's own unit of the kind comes first, then the kind's city-wide
// unit, then the area's sub-centre of whatever kind; no unit at all is said, not guessed.
func (d *Directory) Responsible(kind string, area event.AreaCode) (unit UnitID, why string, ok bool) {
	var cityWide, areaOwn *Unit
	for i := range d.Units {
		u := &d.Units[i]
		switch {
		case u.Kind == kind && u.Area == area && area != "":
			return u.ID, fmt.Sprintf("%s is the %s unit of area %s", u.ID, kind, area), true
		case u.Kind == kind && u.Area == "" && cityWide == nil:
			cityWide = u
		case u.Area == area && area != "" && areaOwn == nil:
			areaOwn = u
		}
	}
	switch {
	case cityWide != nil:
		return cityWide.ID, fmt.Sprintf("%s is the city-wide %s unit", cityWide.ID, kind), true
	case areaOwn != nil:
		return areaOwn.ID, fmt.Sprintf("no %s unit; %s answers for area %s", kind, areaOwn.ID, area), true
	}
	return "", fmt.Sprintf("no unit of kind %s and none for area %s", kind, area), false
}
