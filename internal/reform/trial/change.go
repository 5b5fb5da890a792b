package trial

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/reform/pack"
	"twoweave/internal/rule"
)

// entry is a definition that is changed: what it is called, how a changed one is checked and put in force, and which scripts may notice.
type entry[T any] struct {
	mutator    *mutator
	kind, name string
	scenario   scenario.ID
	def        *T
	vary       func(def *T) (*pack.Set, error)
	scripts    []*pack.Script
}

// begin gives the entry its score, and makes sure that what refuses a change refuses it for the change: a copy without one must be accepted.
func (e *entry[T]) begin() {
	m := e.mutator
	m.scores = append(m.scores, Score{Entry: e.title(), Scenario: e.scenario})
	if _, err := e.vary(edited(e.def, "", nil)); err != nil && m.err == nil {
		m.err = &fault.Error{Kind: fault.Internal, Op: "trial.mutate", Msg: "a copy of the " + e.title() + " is refused", Err: err}
	}
}

func (e *entry[T]) title() string { return e.kind + " " + e.name }

// text changes a rule's text at a path, byte for byte, from offset on.
func (e *entry[T]) text(path, from string, offset int, changed, to string) {
	source := textAt(e.def, path)
	line := 1 + strings.Count(source[:offset], "\n")
	column := offset - (strings.LastIndexByte(source[:offset], '\n') + 1) + 1
	e.add(path, line, column, from, to, func(leaf reflect.Value) { leaf.SetString(changed) })
}

func (e *entry[T]) add(path string, line, column int, from, to string, set func(reflect.Value)) {
	place := e.mutator.target.Place(e.kind, e.name, fault.Problem{Field: path, Line: line, Column: column})
	e.mutator.changes = append(e.mutator.changes, change{
		Mutant: Mutant{Entry: e.title(), From: from, To: to, Place: place},
		score:  len(e.mutator.scores) - 1, scripts: e.scripts,
		vary: func() (*pack.Set, error) { return e.vary(edited(e.def, path, set)) },
	})
}

// rule changes each constant of a rule a little, and, if operators is true, each comparison and logical operator.
func (e *entry[T]) rule(path string, program *rule.Program, operators bool) {
	source := textAt(e.def, path)
	if program == nil || source == "" {
		return // the operator's own condition is not the content's
	}
	for _, c := range program.Constants() {
		tried := map[string]bool{} // a text or a truth has one other form, not one up and one down
		for _, factor := range []float64{0.99, 1.01} {
			changed := rule.Shift(source, c, factor)
			if tried[changed] {
				continue
			}
			tried[changed] = true
			end := len(source) - c.Offset - c.Length
			e.text(path, source[c.Offset:c.Offset+c.Length], c.Offset, changed, changed[c.Offset:len(changed)-end])
		}
	}
	if !operators {
		return
	}
	for _, c := range program.Comparisons() {
		for _, to := range c.Alternatives {
			from, changed := source[c.Offset:c.Offset+c.Length], source[:c.Offset]+to+source[c.Offset+c.Length:]
			e.text(path, from, c.Offset, changed, cmp.Or(to, "nothing"))
		}
	}
}

// numbers changes each number and duration for which by gives how much a duration is moved; by 0 leaves it alone.
func (e *entry[T]) numbers(by func(path string, d time.Duration) time.Duration) {
	leaves(copied(reflect.ValueOf(e.def)).Elem(), "", func(path string, leaf reflect.Value) {
		if leaf.Kind() == reflect.String {
			return
		}
		var d time.Duration
		if leaf.Type() == durationType {
			d = time.Duration(leaf.Int())
		}
		move := by(path, d)
		if move == 0 {
			return
		}
		from, ways := steps(path, leaf, move)
		for _, way := range ways {
			e.add(path, 0, 0, from, way.to, way.set)
		}
	})
}

// scenario changes what decides when episodes start and end: the rules, for, hold, the limits, every number of the operator's own part, and for how long an
// episode raises or quiets. Not changed are the version and how much evidence is kept.
func (m *mutator) scenario(def *scenario.Scenario) {
	set := sync.OnceValue(func() *pack.Set { return m.around(m.scripts.about[def.ID], def.ID) })
	e := &entry[scenario.Scenario]{mutator: m, kind: "scenario", name: string(def.ID), scenario: def.ID, def: def, scripts: m.scripts.about[def.ID],
		vary: func(def *scenario.Scenario) (*pack.Set, error) {
			if problems := scenario.Check(def); len(problems) > 0 {
				return nil, fault.Invalidly("trial.Mutate", problems...)
			}
			return set().WithScenario(def)
		}}
	e.begin()
	c, _ := m.set.Scenario(def.ID)
	for i, in := range c.Inputs {
		path := ""
		if i > 0 {
			path = fmt.Sprintf("also.%d.", i-1)
		}
		e.rule(path+"subject", in.Subject, false)
		e.rule(path+"where", in.Where, true)
	}
	e.rule("when", c.Programs.When, true)
	e.rule("until", c.Programs.Until, true)
	own := string(def.Operator) + "."
	e.rule(own+"of", c.Programs.Of, true)
	e.numbers(func(path string, d time.Duration) time.Duration {
		switch {
		case path == "for" || path == "hold" || path == "raises.for" || path == "quiets.for" || strings.HasPrefix(path, "limits."):
			return time.Second
		case strings.HasPrefix(path, own):
			return max(time.Second, d/panes)
		}
		return 0
	})
}

// panes: an operator may divide its time into 64 panes and be no more exact than that; a sixteenth is four of them.
const panes = 16

func (m *mutator) typ(def *event.Type) {
	hearing := m.hearing(def.Name)
	set := sync.OnceValue(func() *pack.Set { return m.around(hearing) })
	e := &entry[event.Type]{mutator: m, kind: "type", name: string(def.Name), def: def, scripts: hearing,
		vary: func(def *event.Type) (*pack.Set, error) { return set().WithType(def) }}
	e.begin()
	e.numbers(func(path string, _ time.Duration) time.Duration {
		if path == "lateness" || path == "dedup" || strings.HasPrefix(path, "cap.") {
			return time.Second
		}
		return 0
	})
}

// hearing are the scripts that may notice how a type is treated: they send its events, or are about a scenario that watches it.
func (m *mutator) hearing(name event.TypeName) []*pack.Script {
	hears := map[*pack.Script]bool{}
	for _, s := range m.scripts.sends[name] {
		hears[s] = true
	}
	for _, w := range m.set.Types[name].Watches {
		for _, s := range m.scripts.about[w.ID] {
			hears[s] = true
		}
	}
	var list []*pack.Script
	for _, s := range m.scripts.all {
		if hears[s] {
			list = append(list, s)
		}
	}
	return list
}

// indicator changes what is measured from events; what is measured from cases no script sees.
func (m *mutator) indicator(def *indicator.Indicator) {
	if def.OfCases() {
		return
	}
	comparing := m.scripts.signs[def.ID]
	set := sync.OnceValue(func() *pack.Set { return m.around(comparing) })
	e := &entry[indicator.Indicator]{mutator: m, kind: "indicator", name: string(def.ID), def: def, scripts: comparing,
		vary: func(def *indicator.Indicator) (*pack.Set, error) {
			if problems := indicator.Check(def); len(problems) > 0 {
				return nil, fault.Invalidly("trial.Mutate", problems...)
			}
			return set().WithIndicator(def)
		}}
	e.begin()
	c, _ := m.set.Indicator(def.ID)
	e.rule("where", c.Filter, true)
	e.rule("of", c.Number, true)
	by := time.Minute
	if def.Window > indicator.MaxFine {
		by = time.Hour
	}
	e.numbers(func(string, time.Duration) time.Duration { return by })
}
