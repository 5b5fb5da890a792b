package scenario

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"twoweave/internal/base/fault"
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
	c.oneOf("operator", string(s.Operator), string(Match), string(Sustain))
	c.must(s.When != "", "when", "the condition is missing")
	c.oneOf("severity", string(s.Severity), string(Minor), string(Major), string(Critical))
	c.must(s.Class != "", "class", "the matter class is missing")
	c.must(s.Note != "", "note", `where the threshold comes from is missing: law, standard, paper, or "assumed"`)
	switch s.Operator {
	case Match:
		c.must(s.For == 0, "for", "only the operator sustain has a for")
	case Sustain:
		c.must(s.For > 0 && s.For <= MaxFor, "for", "a sustained condition lasts more than 0 and at most 30d")
	}
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
