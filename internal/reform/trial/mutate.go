package trial

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/reform/pack"
	"twoweave/internal/rule"
)

// Shift is one change of one value in a pack.
type Shift struct {
	Entry string // "scenario road-ponding"
	Field string // "when"
	From  string
	To    string
}

// String says what was changed to what.
func (s Shift) String() string {
	return fmt.Sprintf("%s: %s: %s → %s", s.Entry, s.Field, s.From, s.To)
}

// Mutation is what the shifts of one pack gave.
type Mutation struct {
	Pack      string
	Shifts    int
	Survivors []Shift // that no script noticed
}

// Mutate shifts each value of target, one at a time, and runs its scripts. packs are all packs of the set, target among them. Invalid: the packs do
// not work together, or a script fails already without a shift; then a shift proves nothing.
func Mutate(target *pack.Pack, packs ...*pack.Pack) (Mutation, error) {
	m := &mutator{target: target, packs: packs, result: Mutation{Pack: target.Name}}
	set, err := pack.Combine(packs...)
	if err != nil {
		return m.result, fault.Wrap("trial.Mutate", err)
	}
	if r := Run(set, target); r.Failed() {
		return m.result, fault.New(fault.Invalid, "trial.Mutate", "the tests of pack %s fail as they are", target.Name)
	}
	for i := range target.Scenarios {
		m.scenario(set, i)
	}
	for i := range target.Types {
		m.typ(i)
	}
	for i := range target.Indicators {
		m.indicator(set, i)
	}
	return m.result, nil
}

type mutator struct {
	target *pack.Pack
	packs  []*pack.Pack
	result Mutation
}

// try runs the scripts against the target with a change. Content that does not even combine was noticed.
func (m *mutator) try(s Shift, change func(p *pack.Pack)) {
	m.result.Shifts++
	shifted := *m.target
	shifted.Scenarios = slices.Clone(m.target.Scenarios)
	shifted.Types = slices.Clone(m.target.Types)
	shifted.Indicators = slices.Clone(m.target.Indicators)
	change(&shifted)
	packs := slices.Clone(m.packs)
	packs[slices.Index(packs, m.target)] = &shifted
	set, err := pack.Combine(packs...)
	if err != nil || m.noticed(set) {
		return
	}
	m.result.Survivors = append(m.result.Survivors, s)
}

func (m *mutator) noticed(set *pack.Set) bool {
	for i := range m.target.Tests {
		if len(play(set, &m.target.Tests[i]).failures) > 0 {
			return true
		}
	}
	return false
}

func (m *mutator) scenario(set *pack.Set, i int) {
	def := &m.target.Scenarios[i]
	compiled, _ := set.Scenario(def.ID)
	entry := "scenario " + string(def.ID)
	for _, r := range []struct {
		field   string
		program *rule.Program
		text    func(*pack.Pack) *string
	}{
		{"subject", compiled.Programs.Subject, func(p *pack.Pack) *string { return &p.Scenarios[i].Subject }},
		{"where", compiled.Programs.Where, func(p *pack.Pack) *string { return &p.Scenarios[i].Where }},
		{"when", compiled.Programs.When, func(p *pack.Pack) *string { return &p.Scenarios[i].When }},
		{"until", compiled.Programs.Until, func(p *pack.Pack) *string { return &p.Scenarios[i].Until }},
	} {
		m.rule(entry, r.field, r.program, r.text)
	}
	m.duration(entry, "for", def.For, func(p *pack.Pack, d time.Duration) { p.Scenarios[i].For = d })
}

func (m *mutator) typ(i int) {
	def := &m.target.Types[i]
	entry := "type " + string(def.Name)
	m.duration(entry, "lateness", def.Lateness, func(p *pack.Pack, d time.Duration) { p.Types[i].Lateness = d })
	m.duration(entry, "dedup", def.Dedup, func(p *pack.Pack, d time.Duration) { p.Types[i].Dedup = d })
}

func (m *mutator) indicator(set *pack.Set, i int) {
	def := &m.target.Indicators[i]
	compiled, _ := set.Indicator(def.ID)
	entry := "indicator " + string(def.ID)
	m.rule(entry, "where", compiled.Filter, func(p *pack.Pack) *string { return &p.Indicators[i].Where })
	for _, by := range []time.Duration{-time.Minute, time.Minute} {
		s := Shift{Entry: entry, Field: "window", From: def.Window.String(), To: (def.Window + by).String()}
		m.try(s, func(p *pack.Pack) { p.Indicators[i].Window += by })
	}
	for _, b := range []struct {
		field string
		value func(*indicator.Indicator) *float64
	}{
		{"bands.attention", func(x *indicator.Indicator) *float64 { return &x.Bands.Attention }},
		{"bands.alarm", func(x *indicator.Indicator) *float64 { return &x.Bands.Alarm }},
		{"city.attention", func(x *indicator.Indicator) *float64 { return &x.City.Attention }},
		{"city.alarm", func(x *indicator.Indicator) *float64 { return &x.City.Alarm }},
	} {
		from := *b.value(def)
		for _, by := range []float64{-1, 1} { // bands are over counts
			s := Shift{Entry: entry, Field: b.field, From: number(from), To: number(from + by)}
			m.try(s, func(p *pack.Pack) { *b.value(&p.Indicators[i]) += by })
		}
	}
}

func (m *mutator) duration(entry, field string, from time.Duration, set func(*pack.Pack, time.Duration)) {
	if from == 0 {
		return
	}
	for _, by := range []time.Duration{-time.Second, time.Second} {
		s := Shift{Entry: entry, Field: field, From: from.String(), To: (from + by).String()}
		m.try(s, func(p *pack.Pack) { set(p, from+by) })
	}
}

// rule shifts each constant of a rule's text.
func (m *mutator) rule(entry, field string, program *rule.Program, text func(*pack.Pack) *string) {
	if program == nil {
		return
	}
	source := *text(m.target)
	for _, c := range program.Constants() {
		end := len(source) - c.Offset - c.Length
		tried := map[string]bool{} // a text or a truth has one other form, not one up and one down
		for _, factor := range []float64{0.99, 1.01} {
			changed := rule.Shift(source, c, factor)
			if tried[changed] {
				continue
			}
			tried[changed] = true
			from, to := source[c.Offset:c.Offset+c.Length], changed[c.Offset:len(changed)-end]
			s := Shift{Entry: entry, Field: field, From: fmt.Sprintf("%s (at %d)", from, c.Offset), To: to}
			m.try(s, func(p *pack.Pack) { *text(p) = changed })
		}
	}
}

// number writes a double so that a rule reads it as one.
func number(f float64) string {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if f == math.Trunc(f) {
		s += ".0"
	}
	return s
}
