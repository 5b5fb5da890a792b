package pack

import (
	"cmp"
	"maps"
	"slices"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/scenario"
)

// WithScenario is the set with def instead of its scenario of that id, or beside its scenarios when it has none of that id. Only def is compiled; the
// rest is shared. Invalid: def does not fit, as Combine would say. Check is the caller's.
func (s *Set) WithScenario(def *scenario.Scenario) (*Set, error) {
	return s.withScenario(s.ownerOf("scenario/"+string(def.ID)), def)
}

// withScenario has p say where def is written.
func (s *Set) withScenario(p *Pack, def *scenario.Scenario) (*Set, error) {
	c := s.vary("scenario", string(def.ID))
	c.set.Scenarios = slices.DeleteFunc(c.set.Scenarios, func(x *scenario.Compiled) bool { return x.ID == def.ID })
	d := draft{pack: p, def: def}
	if c.resolve(&d) {
		if j := c.judge(&d, []*scenario.Scenario{def}); j != nil {
			c.compile(&d, j)
		}
		c.quietsKnown([]draft{d})
	}
	return c.varied("pack.WithScenario")
}

// WithIndicator is the set with def instead of its indicator of that id, which it must have; its class of signs stays.
func (s *Set) WithIndicator(def *indicator.Indicator) (*Set, error) {
	old, known := s.Indicator(def.ID)
	if !known {
		return nil, fault.New(fault.Invalid, "pack.WithIndicator", "there is no indicator %s", def.ID)
	}
	c := s.vary("indicator", string(def.ID))
	c.set.Indicators = slices.DeleteFunc(c.set.Indicators, func(x *indicator.Compiled) bool { return x == old })
	classes := map[indicator.ClassID]*indicator.Class{old.Class: old.Group}
	if compiled := c.indicator(s.ownerOf("indicator/"+string(def.ID)), def, classes); compiled != nil {
		compiled.Rank = old.Rank
		c.set.Indicators = append(c.set.Indicators, compiled)
	}
	return c.varied("pack.WithIndicator")
}

// WithType is the set with an event type treated otherwise: its lateness, its dedup, its cap. Everything else of def must be as it is in the set.
func (s *Set) WithType(def *event.Type) (*Set, error) {
	c := s.vary("type", string(def.Name))
	c.owner["type/"+string(def.Name)] = ""
	c.set.Types[def.Name].Type = *def
	for _, x := range s.Scenarios {
		if !slices.ContainsFunc(x.Inputs, func(in scenario.CompiledInput) bool { return in.On == def.Name }) {
			continue
		}
		delete(c.owner, "scenario/"+string(x.ID))
		c.set.Scenarios = slices.DeleteFunc(c.set.Scenarios, func(y *scenario.Compiled) bool { return y == x })
		d := draft{pack: s.ownerOf("scenario/" + string(x.ID)), def: &x.Scenario}
		if c.resolve(&d) {
			if j := c.judge(&d, []*scenario.Scenario{d.def}); j != nil {
				c.compile(&d, j)
			}
		}
	}
	return c.varied("pack.WithType")
}

// vary begins a variant: everything of the set is there but the entry that is to be another.
func (s *Set) vary(kind, name string) *combiner {
	set := *s
	set.Types = make(map[event.TypeName]*Type, len(s.Types))
	for name, t := range s.Types {
		own := *t
		own.Watches, own.Indicators = nil, nil
		set.Types[name] = &own
	}
	set.Scenarios, set.Indicators, set.Classes = slices.Clone(s.Scenarios), slices.Clone(s.Indicators), maps.Clone(s.Classes)
	c := &combiner{set: &set, owner: map[string]string{}}
	for name := range s.Types {
		c.owner["type/"+string(name)] = ""
	}
	for _, x := range s.Scenarios {
		c.owner["scenario/"+string(x.ID)] = ""
	}
	for _, x := range s.Indicators {
		c.owner["indicator/"+string(x.ID)] = ""
	}
	delete(c.owner, kind+"/"+name)
	return c
}

// ownerOf is the pack of the set that an entry is from; for one that is new, a pack without files.
func (s *Set) ownerOf(key string) *Pack {
	for _, p := range s.Packs {
		if _, has := p.where[key]; has {
			return p
		}
	}
	return &Pack{}
}

// varied ends a variant.
func (c *combiner) varied(op string) (*Set, error) {
	if len(c.problems) > 0 {
		return nil, fault.Invalidly(op, c.problems...)
	}
	slices.SortFunc(c.set.Scenarios, func(a, b *scenario.Compiled) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(c.set.Indicators, func(a, b *indicator.Compiled) int { return cmp.Compare(a.ID, b.ID) })
	parts := []string{"variant", c.set.Activation}
	for _, x := range c.set.Scenarios {
		parts = append(parts, x.Rule)
	}
	c.set.Activation = ident.Derive(parts...)
	c.spread()
	return c.set, nil
}

// Only is the set with these of its scenarios and indicators and no others: for who follows a few findings and needs the rest no longer.
func (s *Set) Only(scenarios []scenario.ID, indicators []indicator.ID) *Set {
	c := s.vary("", "")
	c.set.Scenarios = slices.DeleteFunc(c.set.Scenarios, func(x *scenario.Compiled) bool { return !slices.Contains(scenarios, x.ID) })
	c.set.Indicators = slices.DeleteFunc(c.set.Indicators, func(x *indicator.Compiled) bool { return !slices.Contains(indicators, x.ID) })
	c.spread()
	return c.set
}
