package pack

import (
	"slices"

	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/matter"
	"twoweave/internal/manage/scenario"
)

// signs compiles the indicators of all packs. Their order, which screens follow, is that of the classes, then that of the entries.
func (c *combiner) signs() {
	classes := map[indicator.ClassID]*indicator.Class{}
	order := map[indicator.ClassID]int{"": len(c.owner)} // those without a class come last
	for _, p := range c.set.Packs {
		for i := range p.Signs {
			if k := &p.Signs[i]; c.own(p, "sign", string(k.ID)) {
				order[k.ID] = len(classes)
				classes[k.ID] = k
			}
		}
	}
	n := 0
	for _, p := range c.set.Packs {
		for i := range p.Indicators {
			n++
			if compiled := c.indicator(p, &p.Indicators[i], classes); compiled != nil {
				compiled.Rank = order[compiled.Class]<<20 + n
				c.set.Indicators = append(c.set.Indicators, compiled)
			}
		}
	}
}

// indicator compiles one; nil when something is wrong with it.
func (c *combiner) indicator(p *Pack, i *indicator.Indicator, classes map[indicator.ClassID]*indicator.Class) *indicator.Compiled {
	key := "indicator/" + string(i.ID)
	if !c.own(p, "indicator", string(i.ID)) {
		return nil
	}
	if classes[i.Class] == nil && i.Class != "" {
		c.fail(p, key, "class", "no pack has the class of signs %q", i.Class)
	}
	for n, id := range i.Scenarios {
		if _, known := c.owner["scenario/"+string(id)]; !known {
			c.fail(p, key, "scenarios."+digits(n), "no pack has the scenario %q", id)
		}
	}
	compiled := &indicator.Compiled{Indicator: *i}
	if !i.OfCases() {
		compiled = c.ofEvents(p, key, i)
	}
	if compiled != nil {
		compiled.Group = classes[i.Class]
		compiled.Behind = c.behind(p, key, i)
	}
	return compiled
}

// ofEvents: what shows the latest reading of each subject must see all of a subject's events in one partition.
func (c *combiner) ofEvents(p *Pack, key string, i *indicator.Indicator) *indicator.Compiled {
	t := c.typeOf(p, key, "on", i.On)
	if t == nil {
		return nil
	}
	if i.Measure.Last() && t.Key == event.KeySource {
		c.fail(p, key, "on", "the type %s is partitioned by %s; the measure %s needs a type with key: subject or key: area", t.Name, t.Key, i.Measure)
	}
	compiled, problems := indicator.Compile(i, t.Env)
	c.place(p, key, problems...)
	return compiled
}

// behind resolves which cases stand behind an indicator.
func (c *combiner) behind(p *Pack, key string, i *indicator.Indicator) indicator.Filter {
	f := indicator.Filter{Figure: i.Figure, Scenarios: append([]scenario.ID{}, i.Scenarios...)}
	if !i.OfCases() {
		return f // an indicator of events that names no scenario has no cases behind it
	}
	if len(i.Scenarios) == 0 {
		f.Scenarios = nil
	}
	for n, id := range i.Cases.Classes {
		if c.set.Classes[matter.ClassID(id)] == nil {
			c.fail(p, key, "cases.classes."+digits(n), "no pack has the matter class %q", id)
		}
		f.Classes = append(f.Classes, id)
	}
	if len(i.Cases.Domains) > 0 {
		c.inDomains(p, key, i, &f)
	}
	for n, kind := range i.Cases.Units {
		before := len(f.Units)
		for _, u := range c.set.Directory.Units {
			if u.Kind == kind {
				f.Units = append(f.Units, string(u.ID))
			}
		}
		if len(f.Units) == before {
			c.fail(p, key, "cases.units."+digits(n), "no unit is of the kind %q", kind)
		}
	}
	return f
}

// inDomains narrows the filter to the scenarios of some domains.
func (c *combiner) inDomains(p *Pack, key string, i *indicator.Indicator, f *indicator.Filter) {
	f.Scenarios = []scenario.ID{}
	for n, domain := range i.Cases.Domains {
		some := false
		for _, s := range c.set.Scenarios {
			if s.Domain != domain {
				continue
			}
			some = true
			if len(i.Scenarios) == 0 || slices.Contains(i.Scenarios, s.ID) {
				f.Scenarios = append(f.Scenarios, s.ID)
			}
		}
		if !some {
			c.fail(p, key, "cases.domains."+digits(n), "no scenario is of the domain %q", domain)
		}
	}
}
