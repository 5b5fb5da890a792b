package pack

import (
	"slices"
	"strings"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/worktime"
	"twoweave/internal/registry"
)

// Holiday is a day that is not like others of its weekday, as a pack says it.
type Holiday struct {
	Date   registry.Date `yaml:"date"`
	Name   string        `yaml:"name"`
	Off    bool          `yaml:"off"`    // a day off; else a day of the weekend on which offices work
	Notice string        `yaml:"notice"` // where it was announced
}

type holidaysFile struct {
	Holidays []Holiday `yaml:"holidays"`
}

func checkHolidays(f *holidaysFile) []fault.Problem {
	var c checker
	for i, h := range f.Holidays {
		path := "holidays." + digits(i)
		if h.Date == 0 {
			c.fail(path+".date", "a day is needed, such as 2026-10-01")
		}
		if h.Name == "" || len(h.Name) > 60 {
			c.fail(path+".name", "a name of at most 60 bytes is needed")
		}
	}
	return c.problems
}

func areaKey(a *registry.Area) string     { return string(a.Code) }
func unitKey(u *registry.Unit) string     { return string(u.ID) }
func gridKey(g *registry.Grid) string     { return string(g.ID) }
func ruleKey(r *registry.Rule) string     { return string(r.ID) }
func personKey(p *registry.Person) string { return string(p.ID) }
func shiftKey(s *registry.Shift) string   { return string(s.ID) }
func postKey(p *registry.Post) string     { return string(p.ID) }
func dutyKey(u *registry.Duty) string     { return string(u.Post) }
func holidayKey(h *Holiday) string        { return h.Date.String() }

// merge joins one part of a pack to that of those before it. What an amending pack has takes the place of what has the same key; several of one key (the
// duties of a post) give way together. What it goes without is left out.
func merge[T any](j *joined, p *Pack, part registry.Part, kind EntryKind, all *[]T, own []T, key func(*T) string) {
	from := j.from[part]
	defer func() { j.from[part] = from }()
	if !p.Amends {
		*all = append(*all, own...)
		for i := range own {
			from = append(from, origin{p, i})
		}
		return
	}
	gone := map[string]bool{}
	for _, name := range p.Without {
		if id, is := strings.CutPrefix(name, string(kind)+"/"); is {
			gone[id] = true
		}
	}
	byKey, put := map[string][]int{}, map[string]bool{}
	for i := range own {
		byKey[key(&own[i])] = append(byKey[key(&own[i])], i)
	}
	var merged []T
	var origins []origin
	take := func(id string) {
		for _, i := range byKey[id] {
			merged, origins = append(merged, own[i]), append(origins, origin{p, i})
		}
		put[id] = true
	}
	for i := range *all {
		switch id := key(&(*all)[i]); {
		case gone[id] || put[id]:
		case byKey[id] != nil:
			take(id)
		default:
			merged, origins = append(merged, (*all)[i]), append(origins, from[i])
		}
	}
	for i := range own {
		if id := key(&own[i]); !put[id] {
			take(id)
		}
	}
	*all, from = merged, origins
}

// removable says whether entries of a kind can be taken out. A class cannot: cases are of it.
func removable(kind EntryKind) bool { return kind != ClassEntry && slices.Contains(EntryKinds(), kind) }

// calendar is the shipped one with the packs' days.
func (c *combiner) calendar(j *joined) {
	days, seen := make([]worktime.Day, 0, len(j.Holidays)), map[registry.Date]bool{}
	for i, h := range j.Holidays {
		if seen[h.Date] {
			from := j.from[inHolidays][i]
			c.fail(from.pack, "holidays.yaml", "holidays."+digits(from.index)+".date", "%s is there twice; a day is a holiday or worked, once", h.Date)
			continue
		}
		seen[h.Date] = true
		days = append(days, worktime.Day{Date: worktime.Date(h.Date), Name: h.Name, Off: h.Off, Notice: h.Notice})
	}
	c.set.Holidays = j.Holidays
	c.set.Calendar, _ = worktime.China().WithDays(days...) // whose hours are right, and no day is there twice
}

// inHolidays is the part that the registry does not have.
const inHolidays registry.Part = "holidays"

// amending makes sure that at most one pack amends, and gives the packs with it at the end.
func (c *combiner) amending(packs []*Pack) []*Pack {
	var amending []*Pack
	others := slices.DeleteFunc(slices.Clone(packs), func(p *Pack) bool {
		if p.Amends {
			amending = append(amending, p)
		}
		return p.Amends
	})
	if len(amending) > 1 {
		c.fail(amending[1], "pack.yaml", "amends", "pack %s amends already; of packs that work together one may", amending[0].Name)
	}
	return append(others, amending...)
}
