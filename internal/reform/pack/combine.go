package pack

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/base/worktime"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/matter"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/registry"
)

// Set is packs that work together: names resolved, rules compiled. It never changes and may be shared between goroutines.
type Set struct {
	Activation string // names this combination of contents: the same packs give the same activation
	Packs      []*Pack
	Types      map[event.TypeName]*Type
	Scenarios  []*scenario.Compiled  // by id
	Indicators []*indicator.Compiled // by id
	Classes    map[matter.ClassID]*matter.Class
	Directory  *registry.Directory
	Holidays   []Holiday
	Calendar   *worktime.Calendar // the shipped one with the holidays of the packs
	Frame      Frame
}

// Scenario is the scenario with the id.
func (s *Set) Scenario(id scenario.ID) (*scenario.Compiled, bool) {
	i, found := slices.BinarySearchFunc(s.Scenarios, id, func(c *scenario.Compiled, id scenario.ID) int { return cmp.Compare(c.ID, id) })
	if !found {
		return nil, false
	}
	return s.Scenarios[i], true
}

// Indicator is the indicator with the id.
func (s *Set) Indicator(id indicator.ID) (*indicator.Compiled, bool) {
	i, found := slices.BinarySearchFunc(s.Indicators, id, func(c *indicator.Compiled, id indicator.ID) int { return cmp.Compare(c.ID, id) })
	if !found {
		return nil, false
	}
	return s.Indicators[i], true
}

// Combine ties packs together. The error is Invalid with every problem: names that are there twice or that nothing has, rules that do not
// compile, a sign that is measured from what nothing has, a class whose kind of unit nobody is. The order of packs has no effect.
func Combine(packs ...*Pack) (*Set, error) {
	packs = slices.SortedFunc(slices.Values(packs), func(a, b *Pack) int { return cmp.Compare(a.Name, b.Name) })
	c := combiner{set: &Set{Packs: packs, Types: map[event.TypeName]*Type{}, Classes: map[matter.ClassID]*matter.Class{}}, owner: map[string]string{}}
	c.names()
	packs = c.amending(packs)
	c.registry(packs)
	for _, p := range packs {
		for i := range p.Types {
			c.typ(p, &p.Types[i])
		}
		for i := range p.Classes {
			c.class(p, &p.Classes[i])
		}
	}
	c.scenarios()
	slices.SortFunc(c.set.Scenarios, func(a, b *scenario.Compiled) int { return cmp.Compare(a.ID, b.ID) })
	for _, p := range packs {
		c.maps(p)
		c.responsible(p)
	}
	c.signs()
	slices.SortFunc(c.set.Indicators, func(a, b *indicator.Compiled) int { return cmp.Compare(a.ID, b.ID) })
	if len(c.problems) > 0 {
		return nil, fault.Invalidly("pack.Combine", c.problems...)
	}
	c.spread()
	return c.set, nil
}

// combiner builds a set and gathers problems; where there are several packs, each with the pack's name before its file.
type combiner struct {
	set      *Set
	owner    map[string]string // "scenario/x" → the pack that has it
	problems []fault.Problem
}

func (c *combiner) fail(p *Pack, key, field, format string, args ...any) {
	c.place(p, key, fault.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
}

func (c *combiner) place(p *Pack, key string, problems ...fault.Problem) {
	for _, problem := range problems {
		if doc, known := p.where[key]; known {
			problem = doc.place(problem)
		}
		if len(c.set.Packs) > 1 {
			problem.File = p.Name + "/" + problem.File
		}
		c.problems = append(c.problems, problem)
	}
}

// names makes sure that each name is one thing, and derives the activation.
func (c *combiner) names() {
	parts := []string{"activation"}
	for i, p := range c.set.Packs {
		if i > 0 && c.set.Packs[i-1].Name == p.Name {
			c.fail(p, "pack.yaml", "pack", "two packs have the name %s", p.Name)
		}
		parts = append(parts, p.Name, string(p.Hash()))
	}
	c.set.Activation = ident.Derive(parts...)
}

// own claims a name for a pack; false when another pack has it.
func (c *combiner) own(p *Pack, kind, name string) bool {
	key := kind + "/" + name
	if other, taken := c.owner[key]; taken {
		c.fail(p, key, kind, "%s %s is also in pack %s", kind, name, other)
		return false
	}
	c.owner[key] = p.Name
	return true
}

func (c *combiner) registry(packs []*Pack) {
	all := joined{from: map[registry.Part][]origin{}}
	for _, p := range packs {
		all.add(p)
		if p.Frame != (Frame{}) && c.set.Frame != (Frame{}) && p.Frame != c.set.Frame {
			c.fail(p, "areas.yaml", "frame", "the frame differs from another pack's; one map has one frame")
		}
		if p.Frame != (Frame{}) {
			c.set.Frame = p.Frame
		}
	}
	d, wrong := registry.New(all.Content)
	for _, w := range wrong {
		c.wrong(&all, w)
	}
	c.set.Directory = d
	c.calendar(&all)
}

func (c *combiner) typ(p *Pack, t *event.Type) {
	key := "type/" + string(t.Name)
	if !c.own(p, "type", string(t.Name)) {
		return
	}
	built, problems := newType(t)
	c.place(p, key, problems...)
	if built != nil {
		c.set.Types[t.Name] = built
	}
}

func (c *combiner) class(p *Pack, m *matter.Class) {
	if p.Amends {
		delete(c.owner, "class/"+string(m.ID))
	}
	if !c.own(p, "class", string(m.ID)) {
		return
	}
	c.set.Classes[m.ID] = m
	units := c.set.Directory.Units
	for _, level := range order.Levels() {
		if kind := m.At(level).Unit; len(units) > 0 && !slices.ContainsFunc(units, func(u registry.Unit) bool { return u.Kind == kind }) {
			c.fail(p, "class/"+string(m.ID), "unit", "no unit is of the kind %q", kind)
			return
		}
	}
}

// typeOf resolves an entry's event type; nil when nothing has it, or its schema is wrong, which is told elsewhere.
func (c *combiner) typeOf(p *Pack, key, field string, name event.TypeName) *Type {
	if t := c.set.Types[name]; t != nil {
		return t
	}
	if _, known := c.owner["type/"+string(name)]; !known {
		c.fail(p, key, field, "no pack has the event type %q; there are %s", name, c.typeNames())
	}
	return nil
}

// maps checks that what a map makes is known.
func (c *combiner) maps(p *Pack) {
	for i := range p.Maps {
		m := &p.Maps[i]
		key := "map/" + m.Name
		c.own(p, "map", m.Name)
		c.typeOf(p, key, "type", m.Type)
		for _, text := range slices.Sorted(maps.Keys(m.Area.Codes)) {
			code := m.Area.Codes[text]
			if _, known := c.set.Directory.Area(code); !known {
				c.fail(p, key, "area.codes."+text, "no pack has the area %q", code)
			}
		}
	}
}

// spread gives each type what listens to it.
func (c *combiner) spread() {
	for _, s := range c.set.Scenarios {
		for i, in := range s.Inputs {
			t := c.set.Types[in.On]
			t.Watches = append(t.Watches, Watch{s, i})
		}
	}
	for _, i := range c.set.Indicators {
		if t := c.set.Types[i.On]; t != nil {
			t.Indicators = append(t.Indicators, i)
		}
	}
}

func (c *combiner) typeNames() string {
	var names []string
	for name := range c.set.Types {
		names = append(names, string(name))
	}
	slices.Sort(names)
	return fmt.Sprint(names)
}
