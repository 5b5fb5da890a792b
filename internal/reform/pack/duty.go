package pack

import (
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/matter"
	"twoweave/internal/registry"
)

// dutyFiles say who is responsible, who is on duty, and on which days. They come after areas and units, which they name.
var dutyFiles = []string{"grids.yaml", "routing.yaml", "roster.yaml", "holidays.yaml"}

type gridsFile struct {
	Grids []registry.Grid `yaml:"grids"`
}

type routingFile struct {
	Routing []registry.Rule `yaml:"routing"`
}

// duty reads one of dutyFiles.
func (r *reader) duty(name string, doc document) {
	switch name {
	case "grids.yaml":
		var f gridsFile
		r.take(doc, &f, func() []fault.Problem { return checkGrids(&f) })
		r.pack.Grids = f.Grids
	case "routing.yaml":
		var f routingFile
		r.take(doc, &f, func() []fault.Problem { return checkRouting(&f) })
		r.pack.Routing = f.Routing
	case "roster.yaml":
		var f registry.Roster
		r.take(doc, &f, func() []fault.Problem { return checkRoster(&f) })
		r.pack.Roster = f
	case "holidays.yaml":
		var f holidaysFile
		r.take(doc, &f, func() []fault.Problem { return checkHolidays(&f) })
		r.pack.Holidays = f.Holidays
	}
}

func checkGrids(f *gridsFile) []fault.Problem {
	var c checker
	for i, g := range f.Grids {
		path := "grids." + digits(i)
		c.name(path+".grid", string(g.ID))
		c.title(path+".name", g.Name)
	}
	return c.problems
}

func checkRouting(f *routingFile) []fault.Problem {
	var c checker
	for i, r := range f.Routing {
		path := "routing." + digits(i)
		c.name(path+".rule", string(r.ID))
		c.title(path+".why", r.Why)
	}
	return c.problems
}

func checkRoster(f *registry.Roster) []fault.Problem {
	var c checker
	for i, p := range f.Persons {
		c.name("persons."+digits(i)+".person", string(p.ID))
		c.title("persons."+digits(i)+".name", p.Name)
	}
	for i, s := range f.Shifts {
		c.name("shifts."+digits(i)+".shift", string(s.ID))
		c.title("shifts."+digits(i)+".name", s.Name)
	}
	for i, p := range f.Posts {
		c.name("posts."+digits(i)+".post", string(p.ID))
		c.title("posts."+digits(i)+".name", p.Name)
	}
	return c.problems
}

// origin is where an entry of the joined registry is from.
type origin struct {
	pack  *Pack
	index int // in its own list
}

// joined is the registry's content of all packs, and for each part where its entries are from.
type joined struct {
	registry.Content
	Holidays []Holiday

	from map[registry.Part][]origin
}

// partFiles are the files that hold the parts.
var partFiles = map[registry.Part]string{
	registry.InAreas: "areas.yaml", registry.InUnits: "units.yaml", registry.InGrids: "grids.yaml", registry.InRouting: "routing.yaml",
	registry.InPersons: "roster.yaml", registry.InShifts: "roster.yaml", registry.InPosts: "roster.yaml", registry.InDuties: "roster.yaml",
	registry.InDeputies: "roster.yaml", registry.InRoster: "roster.yaml",
}

func (j *joined) add(p *Pack) {
	r, own := &j.Roster, &p.Roster
	merge(j, p, registry.InAreas, AreaEntry, &j.Areas, p.Areas, areaKey)
	merge(j, p, registry.InUnits, UnitEntry, &j.Units, p.Units, unitKey)
	merge(j, p, registry.InGrids, GridEntry, &j.Grids, p.Grids, gridKey)
	merge(j, p, registry.InRouting, RuleEntry, &j.Rules, p.Routing, ruleKey)
	merge(j, p, registry.InPersons, PersonEntry, &r.Persons, own.Persons, personKey)
	merge(j, p, registry.InShifts, ShiftEntry, &r.Shifts, own.Shifts, shiftKey)
	merge(j, p, registry.InPosts, PostEntry, &r.Posts, own.Posts, postKey)
	merge(j, p, registry.InDuties, DutyEntry, &r.Duties, own.Duties, dutyKey)
	merge(j, p, registry.InDeputies, "", &r.Deputies, own.Deputies, func(*registry.Deputy) string { return "" })
	merge(j, p, inHolidays, HolidayEntry, &j.Holidays, p.Holidays, holidayKey)
	if own.Otherwise != "" {
		r.Otherwise = own.Otherwise
		j.from[registry.InRoster] = []origin{{p, 0}}
	}
}

// wrong places what the registry found wrong.
func (c *combiner) wrong(j *joined, w registry.Wrong) {
	from := j.from[w.Part][w.Index]
	field := w.Field
	if w.Part != registry.InRoster {
		field = string(w.Part) + "." + digits(from.index) + "." + w.Field
	}
	c.fail(from.pack, partFiles[w.Part], field, "%s", w.Text)
}

// responsible checks what the registry cannot: that routing rules name classes and scenarios that are there, that grids lie on the map, and that only one
// pack says who is called otherwise.
func (c *combiner) responsible(p *Pack) {
	for i, r := range p.Routing {
		path := "routing." + digits(i)
		if _, known := c.set.Classes[matter.ClassID(r.Class)]; r.Class != "" && !known {
			c.fail(p, "routing.yaml", path+".class", "no pack has the matter class %q", r.Class)
		}
		if _, known := c.owner["scenario/"+string(r.Scenario)]; r.Scenario != "" && !known {
			c.fail(p, "routing.yaml", path+".scenario", "no pack has the scenario %q", r.Scenario)
		}
	}
	for i, g := range p.Grids {
		for j, at := range g.Shape {
			if at[0] < 0 || at[1] < 0 || at[0] > c.set.Frame.Width || at[1] > c.set.Frame.Height {
				c.fail(p, "grids.yaml", "grids."+digits(i)+".shape."+digits(j), "the point %v is outside the frame of %v × %v", at, c.set.Frame.Width, c.set.Frame.Height)
			}
		}
	}
	if all := c.set.Directory.Roster.Otherwise; p.Roster.Otherwise != "" && p.Roster.Otherwise != all {
		c.fail(p, "roster.yaml", "otherwise", "another pack calls post %s; one roster has one such post", all)
	}
}
