package trial

import (
	"fmt"
	"io"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/reform/pack"
)

// Proof is everything that `twoweave pack test` finds out about a pack.
type Proof struct {
	Report    Report
	Uncovered []scenario.ID // scenarios that no script is about
	Mutation  Mutation      // empty when a script fails: then a mutant proves nothing
	Cost      Cost

	target *pack.Pack
}

// costEvents is how many events the cost is taken over: a second or two of work.
const costEvents = 100_000

// Prove runs a pack's scripts, then its mutants, then measures. packs are all packs that it works with, itself among them. The error is Invalid when the
// packs do not work together; what the proof found is in Problems.
func Prove(target *pack.Pack, packs ...*pack.Pack) (Proof, error) {
	set, err := pack.Combine(packs...)
	if err != nil {
		return Proof{}, fault.Wrap("trial.Prove", err)
	}
	p := Proof{target: target, Report: Run(set, target), Uncovered: Uncovered(target)}
	if p.Report.Failed() || p.Report.Events == 0 {
		return p, nil
	}
	if p.Mutation, err = mutate(set, target); err != nil {
		return p, fault.Wrap("trial.Prove", err)
	}
	p.Cost, err = Measure(set, target, costEvents, ProcessCPU)
	return p, err
}

// Problems are what must not be: scripts that fail, scenarios without a script, scenarios whose own tests catch too few mutants. Files are within the
// pack's folder.
func (p *Proof) Problems() []fault.Problem {
	var problems []fault.Problem
	for _, t := range p.Report.Tests {
		for _, f := range t.Failures {
			f.Field = t.Test
			problems = append(problems, f)
		}
	}
	for _, id := range p.Uncovered {
		problems = append(problems, fault.Problem{File: "tests", Message: fmt.Sprintf("no test is about the scenario %s; a test names it in its list about", id)})
	}
	for _, s := range p.Mutation.Scores {
		if s.Scenario == "" || s.Enough() {
			continue
		}
		place := p.target.Place("scenario", string(s.Scenario), fault.Problem{Field: "scenario"})
		place.Message = fmt.Sprintf("the tests about %s catch %d of %d mutants; %.0f %% is the least", s.Scenario, s.Caught(), s.Mutants, Least*100)
		problems = append(problems, place)
	}
	return problems
}

// Summary writes the proof in a few lines.
func (p *Proof) Summary(w io.Writer) {
	failed := 0
	for _, t := range p.Report.Tests {
		if len(t.Failures) > 0 {
			failed++
		}
	}
	fmt.Fprintf(w, "  tests: %d, of which %d failed; %d events\n", len(p.Report.Tests), failed, p.Report.Events)
	if p.Mutation.Scores != nil {
		p.Mutation.summary(w)
	}
	if p.Cost.CPU > 0 {
		fmt.Fprintf(w, "  CPU per event in detection: %.2f µs (over %d events in batches of %d)\n", float64(p.Cost.PerEvent.Nanoseconds())/1000, p.Cost.Events, perBatch)
	}
}

// summary writes the score of the pack and of each entry, and where the survivors stand.
func (m Mutation) summary(w io.Writer) {
	line := func(s Score, what string) {
		fmt.Fprintf(w, "%smutants %d, caught %d (%.1f %%)\n", what, s.Mutants, s.Caught(), 100*float64(s.Caught())/float64(max(s.Mutants, 1)))
	}
	total := m.Total()
	line(total, "  ")
	if total.Refused > 0 {
		fmt.Fprintf(w, "  changes that the checks refuse, not counted: %d\n", total.Refused)
	}
	for _, s := range m.Scores {
		line(s, "    "+s.Entry+": ")
		for _, survivor := range s.Survivors {
			fmt.Fprintf(w, "      survivor %s\n", survivor)
		}
	}
}
