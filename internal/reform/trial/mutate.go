package trial

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/reform/pack"
)

// Least is the part of its mutants that a scenario's own tests must catch.
const Least = 0.9

// Mutant is one change of one value or one operator in a pack.
type Mutant struct {
	Entry string        // "scenario road-ponding"
	From  string        // as it is written
	To    string        // what stood there instead
	Place fault.Problem // where it is written: file, line, field
}

// String says what was changed to what.
func (m Mutant) String() string {
	return fmt.Sprintf("%s:%d: %s: %s → %s", m.Place.File, m.Place.Line, m.Place.Field, m.From, m.To)
}

// Score is how many of one entry's mutants were caught.
type Score struct {
	Entry     string
	Scenario  scenario.ID // of a scenario's score
	Mutants   int
	Refused   int      // changes that content could not have; they do not count
	Survivors []Mutant // that no script noticed
}

// Caught is how many were noticed by a script.
func (s Score) Caught() int { return s.Mutants - len(s.Survivors) }

// Enough says whether so many were caught as must be; always when there were none.
func (s Score) Enough() bool { return float64(s.Caught()) >= Least*float64(s.Mutants) }

// Mutation is what the mutants of one pack gave: a score for each entry that can have any.
type Mutation struct {
	Pack   string
	Scores []Score
}

// Total is the score of the whole pack.
func (m Mutation) Total() Score {
	t := Score{Entry: "pack " + m.Pack}
	for _, s := range m.Scores {
		t.Mutants, t.Refused = t.Mutants+s.Mutants, t.Refused+s.Refused
		t.Survivors = append(t.Survivors, s.Survivors...)
	}
	return t
}

// Mutate makes one change at a time to target and runs its scripts: those about a scenario when that was changed, all that can notice it when it was a
// type or an indicator. packs are all packs of the set, target among them. A change that content could not have, since its check or its compiler refuses
// it, is no mutant. Invalid: the packs do not work together, or a script fails already without a change; then a change proves nothing.
func Mutate(target *pack.Pack, packs ...*pack.Pack) (Mutation, error) {
	const op = "trial.Mutate"
	set, err := pack.Combine(packs...)
	if err != nil {
		return Mutation{Pack: target.Name}, fault.Wrap(op, err)
	}
	if r := Run(set, target); r.Failed() {
		return Mutation{Pack: target.Name}, fault.New(fault.Invalid, op, "the tests of pack %s fail as they are", target.Name)
	}
	m, err := mutate(set, target)
	return m, fault.Wrap(op, err)
}

// mutate is Mutate of a set whose scripts pass.
func mutate(set *pack.Set, target *pack.Pack) (Mutation, error) {
	m := &mutator{target: target, set: set, scripts: scriptsOf(target)}
	for i := range target.Scenarios {
		m.scenario(&target.Scenarios[i])
	}
	for i := range target.Types {
		m.typ(&target.Types[i])
	}
	for i := range target.Indicators {
		m.indicator(&target.Indicators[i])
	}
	if m.err != nil {
		return Mutation{Pack: target.Name}, m.err
	}
	return m.result(m.tryAll()), nil
}

// mutator gathers changes, then tries them.
type mutator struct {
	target  *pack.Pack
	set     *pack.Set
	scripts scripts
	scores  []Score // of the entries, empty so far
	changes []change
	err     error
}

// change is a mutant before it has been tried.
type change struct {
	Mutant
	score   int                       // the entry's
	vary    func() (*pack.Set, error) // the set with the change; Invalid when there can be no such content
	scripts []*pack.Script            // that may notice it
}

// verdict is what became of a change.
type verdict int

const (
	impossible verdict = iota // content could not have it
	caught
	survived
)

// tryAll tries all changes, as many at a time as there are processors; a verdict for each.
func (m *mutator) tryAll() []verdict {
	verdicts := make([]verdict, len(m.changes))
	next := make(chan int)
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := range next {
				verdicts[i] = m.changes[i].try()
			}
		})
	}
	for i := range m.changes {
		next <- i
	}
	close(next)
	all.Wait()
	return verdicts
}

func (c *change) try() verdict {
	set, err := c.vary()
	if err != nil {
		return impossible
	}
	for _, s := range c.scripts {
		if !passes(set, s) {
			return caught
		}
	}
	return survived
}

func (m *mutator) result(verdicts []verdict) Mutation {
	for i, v := range verdicts {
		c := &m.changes[i]
		s := &m.scores[c.score]
		switch v {
		case impossible:
			s.Refused++
			continue
		case survived:
			s.Survivors = append(s.Survivors, c.Mutant)
		}
		s.Mutants++
	}
	return Mutation{Pack: m.target.Name, Scores: m.scores}
}

// around is the set as far as scripts see it: the scenarios that they are about or expect anything of, those that order something, the indicators that they
// compare. Much less is computed with it. Where scripts need more of the set to pass, it is the whole set.
func (m *mutator) around(scripts []*pack.Script, also ...scenario.ID) *pack.Set {
	ids, signs := map[scenario.ID]bool{}, map[indicator.ID]bool{}
	for _, id := range also {
		ids[id] = true
	}
	for _, s := range scripts {
		maps.Copy(ids, concerning(s))
		_, own := mentioned(s)
		maps.Copy(signs, own)
	}
	for _, s := range m.set.Scenarios {
		if s.Raises != nil || s.Quiets != nil {
			ids[s.ID] = true
		}
		if s.Quiets != nil {
			for _, child := range s.Quiets.Scenarios {
				ids[child] = true
			}
		}
	}
	for _, i := range m.set.Indicators {
		if signs[i.ID] {
			for _, id := range i.Scenarios {
				ids[id] = true
			}
		}
	}
	small := m.set.Only(slices.Collect(maps.Keys(ids)), slices.Collect(maps.Keys(signs)))
	for _, s := range scripts {
		if !passes(small, s) {
			return m.set
		}
	}
	return small
}

// scripts are a pack's scripts by what they can notice.
type scripts struct {
	all   []*pack.Script
	about map[scenario.ID][]*pack.Script
	sends map[event.TypeName][]*pack.Script
	signs map[indicator.ID][]*pack.Script
}

func scriptsOf(p *pack.Pack) scripts {
	s := scripts{about: map[scenario.ID][]*pack.Script{}, sends: map[event.TypeName][]*pack.Script{}, signs: map[indicator.ID][]*pack.Script{}}
	for i := range p.Tests {
		one := &p.Tests[i]
		s.all = append(s.all, one)
		for _, id := range one.About {
			s.about[id] = append(s.about[id], one)
		}
		types, signs := mentioned(one)
		for name := range types {
			s.sends[name] = append(s.sends[name], one)
		}
		for id := range signs {
			s.signs[id] = append(s.signs[id], one)
		}
	}
	return s
}

// mentioned are the types of the events that a script sends and the indicators whose values it compares.
func mentioned(s *pack.Script) (types map[event.TypeName]bool, signs map[indicator.ID]bool) {
	types, signs = map[event.TypeName]bool{}, map[indicator.ID]bool{}
	for i := range s.Steps {
		st := &s.Steps[i]
		if sends(st) {
			types[first(st.Event, s.With.Event)] = true
		}
		if st.Expect == nil {
			continue
		}
		for _, x := range *st.Expect {
			if x.Indicator != "" {
				signs[x.Indicator] = true
			}
		}
	}
	return types, signs
}
