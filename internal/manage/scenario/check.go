package scenario

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/order"
)

// MaxFor bounds how long a condition may have to last: its start is kept in a partition's state all that time.
const MaxFor = 30 * 24 * time.Hour

// domains are the fields of city management that a scenario belongs to one of.
var domains = []string{"facilities", "operation", "environment", "traffic", "safety", "enforcement"}

// Check says what is wrong with a scenario by itself, apart from its rules' texts, which Compile checks; the fields of the problems are
// those of its YAML form.
func Check(s *Scenario) []fault.Problem {
	var c checker
	c.must(s.ID != "", "scenario", "the scenario needs a name")
	c.must(s.Version >= 1, "version", "the version is a whole number from 1")
	c.must(s.Title.Complete(), "title", "both languages are needed: zh and en")
	c.oneOf("domain", s.Domain, domains...)
	c.must(s.On != "", "on", "the event type is missing")
	c.oneOf("operator", string(s.Operator), texts(Operators())...)
	c.must(s.When != "" || defaultWhen(s.Operator) != "", "when", "the condition is missing")
	c.severity("severity", s.Severity)
	c.must(s.Class != "", "class", "the matter class is missing")
	c.must(s.Note != "", "note", `where the threshold comes from is missing: law, standard, paper, or "assumed"`)
	c.durations(s)
	c.inputs(s)
	c.block(s)
	c.levels(s)
	c.effects(s)
	c.first(s.First)
	return c.problems
}

type checker struct{ problems []fault.Problem }

func (c *checker) must(ok bool, field, message string) {
	if !ok {
		c.problems = append(c.problems, fault.Problem{Field: field, Message: message})
	}
}

func (c *checker) oneOf(field, got string, allowed ...string) {
	c.must(slices.Contains(allowed, got), field,
		fmt.Sprintf("%q is not allowed; allowed are %s", got, strings.Join(allowed, ", ")))
}

func (c *checker) first(f *First) {
	if f == nil {
		return
	}
	c.must(f.Screen != (f.Persists != 0), "first", "it is either screen: true or persists")
	c.must(f.Persists >= 0 && f.Persists <= MaxPersists, "first.persists", "the owner's time is above 0 and at most 7d")
}

func (c *checker) severity(field string, s Severity) {
	c.oneOf(field, string(s), string(Minor), string(Major), string(Critical))
}

func texts[T ~string](all []T) []string {
	var out []string
	for _, x := range all {
		out = append(out, string(x))
	}
	return out
}

func (c *checker) durations(s *Scenario) {
	switch s.Operator {
	case Match:
		c.must(s.For == 0, "for", "the operator match has no for; sustain has")
	case Sustain:
		c.must(s.For > 0, "for", "a sustained condition lasts more than 0 and at most 30d")
	case Sequence, Cluster:
		c.must(s.For == 0, "for", "what holds for a moment cannot last; use hold for how long an episode stays open")
	}
	c.must(s.For >= 0 && s.For <= MaxFor, "for", "a condition lasts at most 30d")
	c.must(s.Hold >= 0 && s.Hold <= MaxFor, "hold", "an episode is held at most 30d")
	c.must(s.Evidence >= 0 && s.Evidence <= MaxKept, "evidence", fmt.Sprintf("at most %d readings are kept", MaxKept))
	c.must(s.Operator != Sequence || s.Hold > 0, "hold", "a sequence is complete at one moment: say how long its episode stays open")
}

// inputs checks how many inputs there are.
func (c *checker) inputs(s *Scenario) {
	n := len(s.Also)
	switch s.Operator {
	case Absence:
		c.must(n <= 7, "also", "at most 7 further inputs")
	case Sequence:
		c.must(n >= 1 && n <= 7, "also", "a sequence has 1 to 7 steps after the first")
	case Join:
		c.must(n == 1, "also", "a join has one other input")
	default:
		c.must(n == 0, "also", "only absence, sequence and join have further inputs")
	}
	for i, in := range s.Also {
		c.must(in.On != "", fmt.Sprintf("also.%d.on", i), "the event type is missing")
	}
}

// block checks the operator's own part, and that no other operator's is there.
func (c *checker) block(s *Scenario) {
	blocks := s.blocks()
	for _, op := range slices.Sorted(maps.Keys(blocks)) {
		if op != s.Operator {
			c.must(false, string(op), fmt.Sprintf("the operator is %s", s.Operator))
			continue
		}
		for _, p := range blocks[op].Check() {
			c.must(false, string(op)+"."+p.Field, p.Message)
		}
	}
	if s.Operator != Match && s.Operator != Sustain && slices.Contains(Operators(), s.Operator) {
		c.must(blocks[s.Operator] != nil, string(s.Operator), "the operator's own part is missing")
	}
}

var limitName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// levels checks what differs in city states.
func (c *checker) levels(s *Scenario) {
	for _, name := range s.limitNames() {
		c.must(limitName.MatchString(name), "limits."+name, "a limit's name is up to 32 of a-z, 0-9 and _, a letter first")
		_, daily := s.Limits[name][order.Daily]
		c.must(daily, "limits."+name, "the value for daily is missing")
		for _, l := range slices.Sorted(maps.Keys(s.Limits[name])) {
			c.oneOf("limits."+name+"."+string(l), string(l), texts(order.Levels())...)
		}
	}
	for _, l := range slices.Sorted(maps.Keys(s.States)) {
		c.oneOf("states."+string(l), string(l), texts(order.Levels()[1:])...)
		c.severity("states."+string(l)+".severity", s.States[l].Severity)
	}
}

// effects checks what an episode sets off.
func (c *checker) effects(s *Scenario) {
	if r := s.Raises; r != nil {
		c.oneOf("raises.level", string(r.Level), texts(order.Levels()[1:])...)
		c.must(r.For > 0 && r.For <= 7*24*time.Hour, "raises.for", "a raised state lasts more than 0 and at most 7d")
	}
	if q := s.Quiets; q != nil {
		c.must(len(q.Scenarios) > 0, "quiets.scenarios", "which scenarios are silenced is missing")
		c.must(!slices.Contains(q.Scenarios, s.ID), "quiets.scenarios", "a scenario cannot silence itself")
		c.must(q.For > 0 && q.For <= MaxFor, "quiets.for", "a silence lasts more than 0 and at most 30d")
	}
}
