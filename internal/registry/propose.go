package registry

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"twoweave/internal/base/ident"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/event"
)

// Arbitration is one settled quarrel about a case: From gave it back as not its own, and the command centre gave it To another unit.
type Arbitration struct {
	Case  string
	Class ClassID
	Area  event.AreaCode
	From  UnitID
	To    UnitID
	At    time.Time
}

// Learning says when arbitrations make a rule likely.
type Learning struct {
	Times  int           // of different cases; 0 = 3
	Within time.Duration // 0 = 90 days
}

// Proposal is a rule that arbitration keeps deciding by. It is a proposal only: a person takes it over into the routing, or does not.
type Proposal struct {
	Rule     Rule      `json:"rule"`
	Replaces RuleID    `json:"replaces,omitempty"` // a rule that matches the same and would have to go
	From     []UnitID  `json:"from"`               // who gave the cases back
	Cases    []string  `json:"cases"`              // that speak for it, in order of time
	Against  []string  `json:"against,omitempty"`  // of the same class and area, given by arbitration to yet another unit
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Why      lang.Text `json:"why"`
}

// lesson is what arbitrations have in common.
type lesson struct {
	class ClassID
	area  event.AreaCode
	to    UnitID
}

// Propose looks at the arbitrations up to now and proposes rules, those with the most cases first. What the directory's routing already does is not proposed,
// nor is a unit it does not know. A case that was arbitrated more than once counts once, with the last word. kind says which kind of unit a class asks for.
func (d *Directory) Propose(all []Arbitration, now time.Time, l Learning, kind func(ClassID) string) []Proposal {
	l = Learning{Times: cmp.Or(l.Times, 3), Within: cmp.Or(l.Within, 90*24*time.Hour)}
	last := lastWords(all, now.Add(-l.Within), now)
	groups := map[lesson][]Arbitration{}
	for _, a := range last {
		k := lesson{a.Class, a.Area, a.To}
		groups[k] = append(groups[k], a)
	}
	var found []Proposal
	for k, cases := range groups {
		if len(cases) >= l.Times && d.learnable(k, kind) {
			found = append(found, d.proposal(k, cases, last, l))
		}
	}
	slices.SortFunc(found, func(a, b Proposal) int {
		return cmp.Or(cmp.Compare(len(b.Cases), len(a.Cases)), cmp.Compare(a.Rule.ID, b.Rule.ID))
	})
	return found
}

// lastWords are the arbitrations of a time, one for each case, in order of time.
func lastWords(all []Arbitration, from, to time.Time) []Arbitration {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b Arbitration) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Case, b.Case)) })
	place := map[string]int{}
	for i, a := range all {
		place[a.Case] = i
	}
	var last []Arbitration
	for i, a := range all {
		if place[a.Case] == i && a.At.After(from) && !a.At.After(to) {
			last = append(last, a)
		}
	}
	return last
}

func (d *Directory) learnable(k lesson, kind func(ClassID) string) bool {
	if d.units[k.to] == nil || d.areas[k.area] == nil || k.class == "" {
		return false
	}
	today := d.Route(Question{Class: k.class, Kind: kind(k.class), Area: k.area})
	return today.Unit != k.to
}

func (d *Directory) proposal(k lesson, cases, last []Arbitration, l Learning) Proposal {
	p := Proposal{First: cases[0].At, Last: cases[len(cases)-1].At}
	for _, a := range cases {
		p.Cases = append(p.Cases, a.Case)
		if !slices.Contains(p.From, a.From) {
			p.From = append(p.From, a.From)
		}
	}
	for _, a := range last {
		if a.Class == k.class && a.Area == k.area && a.To != k.to {
			p.Against = append(p.Against, a.Case)
		}
	}
	p.Why = d.lessonWhy(k, p.From, len(cases), int(l.Within/(24*time.Hour)))
	p.Rule = Rule{ID: RuleID("learned-" + ident.Derive("routing", string(k.class), string(k.area), string(k.to))[:12]), To: k.to, Why: p.Why,
		Match: Match{Class: k.class, Area: k.area}}
	for i := range d.Rules {
		if d.Rules[i].Match == p.Rule.Match {
			p.Replaces = d.Rules[i].ID
		}
	}
	return p
}

func (d *Directory) lessonWhy(k lesson, from []UnitID, n, days int) lang.Text {
	var zh, en []string
	for _, unit := range from {
		name := d.unitName(unit)
		zh, en = append(zh, name.ZH), append(en, name.EN)
	}
	to, area := d.unitName(k.to), d.areaName(k.area)
	return lang.Text{
		ZH: fmt.Sprintf("%d 天内%s退回%s的此类案件 %d 件，均裁定由%s处置", days, strings.Join(zh, "、"), area.ZH, n, to.ZH),
		EN: fmt.Sprintf("within %d days %s gave back %d such cases in %s, and arbitration gave each to %s", days, strings.Join(en, " and "), n, area.EN, to.EN),
	}
}
