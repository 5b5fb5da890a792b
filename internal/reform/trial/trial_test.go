package trial_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/reform/pack"
	"twoweave/internal/reform/trial"
	"twoweave/packs"
)

func load(t testing.TB, name string) (*pack.Pack, *pack.Set) {
	t.Helper()
	fsys, err := packs.FS(name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pack.Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	set, err := pack.Combine(p)
	if err != nil {
		t.Fatal(err)
	}
	return p, set
}

// The content that comes with the program passes its own tests, and these catch nearly every mutant.
func TestThePacksOfTheProgram(t *testing.T) {
	t.Parallel()
	for _, name := range packs.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := load(t, name)
			proof, err := trial.Prove(p, p)
			if err != nil {
				t.Fatal(err)
			}
			for _, problem := range proof.Problems() {
				t.Error(problem)
			}
			var text strings.Builder
			proof.Summary(&text)
			t.Log(text.String())
		})
	}
}

// A pack whose test holds the threshold only from one side must have a survivor, told with its place, and not pass.
func TestAWeakTestLeavesASurvivor(t *testing.T) {
	t.Parallel()
	p, err := pack.Read(os.DirFS("testdata/weak"))
	if err != nil {
		t.Fatal(err)
	}
	proof, err := trial.Prove(p, p)
	if err != nil {
		t.Fatal(err)
	}
	scores := proof.Mutation.Scores
	if len(scores) != 2 || scores[0].Scenario != "high" || scores[0].Mutants != 3 || scores[0].Caught() != 2 || scores[0].Enough() {
		t.Fatalf("scores %+v", scores)
	}
	if got := scores[0].Survivors[0].String(); got != "scenarios/high.yaml:7: when: 15 → 14" {
		t.Errorf("the survivor is %s", got)
	}
	if scores[1].Entry != "type level" || scores[1].Mutants != 4 || scores[1].Caught() != 0 {
		t.Errorf("the scripts say nothing about lateness and dedup, but: %+v", scores[1])
	}
	problems := proof.Problems()
	if len(problems) != 1 || problems[0].File != "scenarios/high.yaml" {
		t.Errorf("problems %v", problems)
	}
	var text strings.Builder
	proof.Summary(&text)
	if !strings.Contains(text.String(), "mutants 7, caught 2 (28.6 %)") {
		t.Error(text.String())
	}
}

// A pack whose scripts order states and silences, follow a key of their own and see what findings raise and quiet: they pass, and catch every mutant of the
// scenarios.
func TestScriptsSeeEverythingThatDetectionDoes(t *testing.T) {
	t.Parallel()
	p, err := pack.Read(os.DirFS("testdata/whole"))
	if err != nil {
		t.Fatal(err)
	}
	proof, err := trial.Prove(p, p)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range proof.Problems() {
		t.Error(problem)
	}
	for _, s := range proof.Mutation.Scores {
		if s.Scenario == "high" && s.Mutants != 14 || s.Scenario != "" && len(s.Survivors) > 0 {
			t.Errorf("%+v", s)
		}
	}
}

// Scripts that expect the wrong thing fail, each at its step.
func TestWrongExpectationsFail(t *testing.T) {
	t.Parallel()
	p, err := pack.Read(os.DirFS("testdata/wrong"))
	if err != nil {
		t.Fatal(err)
	}
	set, err := pack.Combine(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range trial.Run(set, p).Tests {
		if len(result.Failures) == 0 || result.Failures[0].Line == 0 {
			t.Errorf("%s must fail and does not: %v", result.Test, result.Failures)
		}
	}
	if _, err := trial.Mutate(p, p); !fault.Is(err, fault.Invalid) {
		t.Errorf("mutants of a pack that fails prove nothing, but: %v", err)
	}
}

func TestMeasureCountsEveryEvent(t *testing.T) {
	t.Parallel()
	p, set := load(t, "pudong")
	calls := time.Duration(0)
	c, err := trial.Measure(set, p, 5000, func() time.Duration { calls += time.Second; return calls })
	if err != nil || c.Events != 5000 || c.CPU != time.Second || c.PerEvent != 200*time.Microsecond {
		t.Errorf("%+v, %v", c, err)
	}
}

func BenchmarkDetection(b *testing.B) {
	for _, name := range packs.Names() {
		b.Run(name, func(b *testing.B) {
			p, set := load(b, name)
			var c trial.Cost
			for b.Loop() {
				var err error
				if c, err = trial.Measure(set, p, 50_000, trial.ProcessCPU); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(c.PerEvent.Nanoseconds()), "cpu-ns/event")
		})
	}
}
