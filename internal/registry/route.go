package registry

import (
	"cmp"
	"fmt"
	"slices"

	"twoweave/internal/base/lang"
	"twoweave/internal/manage/event"
)

// RuleID names a routing rule: "lujiazui-ponding".
type RuleID string

// ClassID is a matter class, ScenarioID a scenario: the registry knows them by name only.
type (
	ClassID    string
	ScenarioID string
)

// Match is what a rule asks of a matter; an empty field fits everything.
type Match struct {
	Owner    string         `yaml:"owner" json:"owner,omitempty"`       // of the asset, as the event names it
	Scenario ScenarioID     `yaml:"scenario" json:"scenario,omitempty"` // that found it
	Class    ClassID        `yaml:"class" json:"class,omitempty"`
	Kind     string         `yaml:"kind" json:"kind,omitempty"` // of unit, that the class asks for
	Grid     GridID         `yaml:"grid" json:"grid,omitempty"`
	Area     event.AreaCode `yaml:"area" json:"area,omitempty"`
}

// Rule is an entry of a pack's routing: matters that match go to a unit, or to the unit of a kind that answers for the place.
type Rule struct {
	ID    RuleID `yaml:"rule" json:"rule"`
	Match `yaml:",inline"`
	To    UnitID    `yaml:"to" json:"to,omitempty"`
	ToAny string    `yaml:"to_kind" json:"to_kind,omitempty"` // instead of To
	Why   lang.Text `yaml:"why" json:"why"`                   // a person's reason: an agreement, a duty of law
}

// Question is a matter that needs a unit. What is not known is empty.
type Question struct {
	Class    ClassID
	Kind     string // of unit, that the class asks for in the present city state
	Area     event.AreaCode
	Grid     GridID
	Owner    string // of the asset named in the event: a unit's id, or a name that rules know
	Scenario ScenarioID
}

// Step is how an answer was found, the most specific first.
type Step string

const (
	ByOwner     Step = "owner"      // who owns the thing
	ByClassHere Step = "class-here" // a rule for this class or scenario in this area or grid
	ByGrid      Step = "grid"       // the responsibility grid
	ByClass     Step = "class"      // a rule for this class or scenario in the whole city
	ByKindHere  Step = "kind-here"  // the area's own unit of the kind
	ByKind      Step = "kind"       // the city-wide unit of the kind
	BySubcentre Step = "sub-centre" // whoever answers for the area
	ByNobody    Step = "nobody"     // nothing fits
)

// Reason is one unit that was considered, and why.
type Reason struct {
	Step  Step      `json:"step"`
	Rule  RuleID    `json:"rule,omitempty"`
	Unit  UnitID    `json:"unit,omitempty"` // empty: this step found nobody
	Taken bool      `json:"taken"`
	Text  lang.Text `json:"text"`
}

// Answer is who is responsible. Steps are all that was considered, the most specific first; at most one is taken, and without one OK is false.
type Answer struct {
	Unit  UnitID   `json:"unit"`
	Steps []Reason `json:"steps"`
	OK    bool     `json:"ok"`
}

// Why is the reason that counts: of the unit taken, or of there being none.
func (a *Answer) Why() lang.Text {
	for _, r := range a.Steps {
		if r.Taken || !a.OK && r.Step == ByNobody {
			return r.Text
		}
	}
	return lang.Text{}
}

// Route answers who is responsible. Steps go from the specific to the general, within a step from rules that ask for more to rules that ask for less; the
// first that names a unit wins. A responsibility grid's unit counts only when it is of the kind that is asked for: a gas leak does not go to the
// street because the street sweeps there. No unit at all is said, not guessed. The same question always gets the same answer.
func (d *Directory) Route(q Question) Answer {
	if g := d.grids[q.Grid]; g != nil && q.Area == "" {
		q.Area = g.Area
	}
	a := Answer{Steps: make([]Reason, 0, 4)}
	rules := d.fitting(&q)
	for _, step := range [...]Step{ByOwner, ByClassHere, ByGrid, ByClass, ByKindHere, ByKind, BySubcentre} {
		for _, r := range rules {
			if r.step() == step {
				a.consider(d.byRule(r, &q))
			}
		}
		if r, found := d.byItself(step, &q); found {
			a.consider(r)
		}
	}
	if !a.OK {
		a.Steps = append(a.Steps, d.nobody(&q))
	}
	return a
}

// consider adds a reason and takes it when it is the first to name a unit. A unit that comes again by a more general step adds nothing.
func (a *Answer) consider(r Reason) {
	if r.Unit != "" && slices.ContainsFunc(a.Steps, func(s Reason) bool { return s.Unit == r.Unit }) && a.OK {
		return
	}
	if r.Taken = r.Taken && !a.OK; r.Taken {
		a.Unit, a.OK = r.Unit, true
	}
	a.Steps = append(a.Steps, r)
}

// fitting are the rules that match a question, those that ask for more first.
func (d *Directory) fitting(q *Question) []*Rule {
	var all []*Rule
	for i := range d.Rules {
		if d.Rules[i].fits(q) {
			all = append(all, &d.Rules[i])
		}
	}
	slices.SortStableFunc(all, func(a, b *Rule) int { return cmp.Compare(b.weight(), a.weight()) })
	return all
}

func (m *Match) fits(q *Question) bool {
	return fits(m.Owner, q.Owner) && fits(m.Scenario, q.Scenario) && fits(m.Class, q.Class) && fits(m.Kind, q.Kind) && fits(m.Grid, q.Grid) && fits(m.Area, q.Area)
}

func fits[T ~string](want, is T) bool { return want == "" || want == is }

// weight orders matches within a step: by how much they ask for, and of those that ask for as much, by what; no two sets of fields weigh the same.
func (m *Match) weight() int {
	n := 0
	for i, asked := range [...]bool{m.Kind != "", m.Area != "", m.Class != "", m.Grid != "", m.Scenario != "", m.Owner != ""} {
		if asked {
			n += 1<<i + 100
		}
	}
	return n
}

// step is where a rule has its say.
func (m *Match) step() Step {
	what, where := m.Class != "" || m.Scenario != "", m.Area != "" || m.Grid != ""
	switch {
	case m.Owner != "":
		return ByOwner
	case what && where:
		return ByClassHere
	case m.Grid != "":
		return ByGrid
	case what:
		return ByClass
	case where:
		return ByKindHere
	}
	return ByKind
}

func (d *Directory) byRule(r *Rule, q *Question) Reason {
	reason := Reason{Step: r.step(), Rule: r.ID, Unit: r.To}
	if r.ToAny != "" {
		if u := cmp.Or(d.unitOf(r.ToAny, q.Area), d.unitOf(r.ToAny, "")); u != nil {
			reason.Unit = u.ID
		}
	}
	name := d.unitName(reason.Unit)
	reason.Taken = reason.Unit != ""
	switch {
	case !reason.Taken:
		reason.Text = text("规则 %s 指向 %s 类单位，但此处没有", "rule %s says a unit of kind %s, and there is none here", r.ID, r.ToAny)
	case r.Why.Complete():
		reason.Text = lang.Text{ZH: fmt.Sprintf("规则 %s 指定%s：%s", r.ID, name.ZH, r.Why.ZH), EN: fmt.Sprintf("rule %s names %s: %s", r.ID, name.EN, r.Why.EN)}
	default:
		reason.Text = lang.Text{ZH: fmt.Sprintf("规则 %s 指定%s", r.ID, name.ZH), EN: fmt.Sprintf("rule %s names %s", r.ID, name.EN)}
	}
	return reason
}

// byItself is what a step finds without any rule.
func (d *Directory) byItself(step Step, q *Question) (Reason, bool) {
	switch step {
	case ByOwner:
		return d.byOwner(q)
	case ByGrid:
		return d.byGrid(q)
	case ByKindHere:
		if q.Kind != "" && q.Area != "" {
			return d.byUnit(step, d.unitOf(q.Kind, q.Area), q)
		}
	case ByKind:
		if q.Kind != "" {
			return d.byUnit(step, d.unitOf(q.Kind, ""), q)
		}
	case BySubcentre:
		return d.byUnit(step, d.anyUnitOf(q.Area), q)
	}
	return Reason{}, false
}

func (d *Directory) byOwner(q *Question) (Reason, bool) {
	u := d.units[UnitID(q.Owner)]
	if q.Owner == "" || u == nil {
		return Reason{}, false
	}
	name := d.unitName(u.ID)
	return Reason{Step: ByOwner, Unit: u.ID, Taken: true, Text: lang.Text{ZH: "该设施归" + name.ZH + "所有", EN: name.EN + " owns the asset"}}, true
}

func (d *Directory) byGrid(q *Question) (Reason, bool) {
	g := d.grids[q.Grid]
	if g == nil || g.Unit == "" {
		return Reason{}, false
	}
	name, unit := g.Name, d.unitName(g.Unit)
	r := Reason{Step: ByGrid, Unit: g.Unit, Taken: true}
	r.Text = lang.Text{ZH: fmt.Sprintf("%s负责%s责任网格", unit.ZH, name.ZH), EN: fmt.Sprintf("%s looks after the responsibility grid %s", unit.EN, name.EN)}
	if kind := d.units[g.Unit].Kind; q.Kind != "" && kind != q.Kind {
		r.Taken = false
		r.Text.ZH += fmt.Sprintf("，但不是 %s 类单位", q.Kind)
		r.Text.EN += fmt.Sprintf(", but it is no %s unit", q.Kind)
	}
	return r, true
}

// byUnit is a unit that answers for a kind or an area by what it is.
func (d *Directory) byUnit(step Step, u *Unit, q *Question) (Reason, bool) {
	if u == nil {
		return Reason{}, false
	}
	r := Reason{Step: step, Unit: u.ID, Taken: true}
	unit, area := d.unitName(u.ID), d.areaName(q.Area)
	switch step {
	case ByKindHere:
		r.Text = lang.Text{ZH: fmt.Sprintf("%s是%s的 %s 类单位", unit.ZH, area.ZH, q.Kind), EN: fmt.Sprintf("%s is the %s unit of %s", unit.EN, q.Kind, area.EN)}
	case ByKind:
		r.Text = lang.Text{ZH: fmt.Sprintf("%s是全市的 %s 类单位", unit.ZH, q.Kind), EN: fmt.Sprintf("%s is the city-wide %s unit", unit.EN, q.Kind)}
	default:
		r.Text = lang.Text{ZH: fmt.Sprintf("没有更专门的单位，%s负责%s", unit.ZH, area.ZH), EN: fmt.Sprintf("no unit is nearer to it; %s answers for %s", unit.EN, area.EN)}
	}
	return r, true
}

func (d *Directory) nobody(q *Question) Reason {
	area := d.areaName(q.Area)
	return Reason{Step: ByNobody, Text: lang.Text{
		ZH: fmt.Sprintf("没有 %q 类单位，也没有单位负责%q", q.Kind, area.ZH),
		EN: fmt.Sprintf("no unit of kind %q and none for area %q", q.Kind, area.EN),
	}}
}

// unitOf is the first unit of a kind in exactly this area; of an empty area, the city-wide one.
func (d *Directory) unitOf(kind string, area event.AreaCode) *Unit {
	for i := range d.Units {
		if u := &d.Units[i]; u.Kind == kind && u.Area == area {
			return u
		}
	}
	return nil
}

// anyUnitOf is the area's first unit of whatever kind: its sub-centre.
func (d *Directory) anyUnitOf(area event.AreaCode) *Unit {
	for i := range d.Units {
		if u := &d.Units[i]; u.Area == area && area != "" {
			return u
		}
	}
	return nil
}

func text(zh, en string, args ...any) lang.Text {
	return lang.Text{ZH: fmt.Sprintf(zh, args...), EN: fmt.Sprintf(en, args...)}
}

func (d *Directory) checkRules(wrong *wrongs) {
	ids, matches := map[RuleID]bool{}, map[Match]RuleID{}
	for i := range d.Rules {
		r := &d.Rules[i]
		if ids[r.ID] {
			wrong.add(InRouting, i, "rule", "rule %s is there twice", r.ID)
		}
		if other, twice := matches[r.Match]; twice {
			wrong.add(InRouting, i, "rule", "rule %s matches exactly what rule %s matches; only one of them could ever win", r.ID, other)
		}
		ids[r.ID], matches[r.Match] = true, r.ID
		d.checkRule(i, r, wrong)
	}
}

func (d *Directory) checkRule(i int, r *Rule, wrong *wrongs) {
	if (r.To == "") == (r.ToAny == "") {
		wrong.add(InRouting, i, "to", "rule %s needs either to (a unit) or to_kind (a kind of unit)", r.ID)
	}
	if r.To != "" && d.units[r.To] == nil {
		wrong.add(InRouting, i, "to", "rule %s names unit %s, which does not exist", r.ID, r.To)
	}
	if r.ToAny != "" && !slices.ContainsFunc(d.Units, func(u Unit) bool { return u.Kind == r.ToAny }) {
		wrong.add(InRouting, i, "to_kind", "rule %s names kind %s, which no unit is of", r.ID, r.ToAny)
	}
	if r.Area != "" && d.areas[r.Area] == nil {
		wrong.add(InRouting, i, "area", "rule %s names area %s, which does not exist", r.ID, r.Area)
	}
	if r.Grid != "" && d.grids[r.Grid] == nil {
		wrong.add(InRouting, i, "grid", "rule %s names grid %s, which does not exist", r.ID, r.Grid)
	}
	if r.Match == (Match{Area: r.Area}) {
		wrong.add(InRouting, i, "", "rule %s matches everything; it must ask for owner, scenario, class, kind or grid", r.ID)
	}
}
