package matter

import (
	"fmt"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/base/worktime"
)

// MaxLimit bounds a limit in counted time; longer ones are a slip of the unit.
const MaxLimit = 365 * 24 * time.Hour

// checker gathers what is wrong with a class; the fields are those of its YAML form.
type checker struct{ problems []fault.Problem }

func (c *checker) must(ok bool, field, message string) {
	if !ok {
		c.problems = append(c.problems, fault.Problem{Field: field, Message: message})
	}
}

// Check says what is wrong with a class by itself.
func Check(m *Class) []fault.Problem {
	var c checker
	c.must(m.ID != "", "class", "the class needs a name")
	c.must(m.Title.Complete(), "title", "both languages are needed: zh and en")
	c.must(m.Kind == "" || m.Kind == Component || m.Kind == Event, "kind", "a class is a component or an event")
	c.optional(m.Major, "major")
	c.optional(m.Filing, "filing")
	c.optional(m.Closing, "closing")
	c.must(m.Source != "", "source", "the source is missing: a standard's clause, a law, a notice; when there is none, say so and set assumed")
	c.must(m.Unit != "", "unit", "the kind of unit that is responsible is missing")
	c.terms(m.Terms, "")
	c.must(len(m.All()) > 0, "limit", "the time limit is missing: limit, or phases")
	for level, v := range m.States {
		field := "states." + string(level)
		c.must(level.Rank() >= 1, field, "not a city state above daily: special, emergency-4, emergency-3, emergency-2 or emergency-1")
		c.terms(v.Terms, field+".")
		if level.Rank() >= 1 {
			c.terms(m.At(level).Terms, field+".")
		}
	}
	return c.problems
}

func (c *checker) optional(t lang.Text, field string) {
	c.must(t == lang.Text{} || t.Complete(), field, "both languages are needed: zh and en")
}

func (c *checker) terms(t Terms, at string) {
	c.must(len(t.Phases) == 0 || t.Limit.IsZero() && t.Reminder == 0, at+"phases", "a class has one limit or phases, not both")
	c.stretch(t.Limit, t.Reminder, at)
	for i, p := range t.Phases {
		field := fmt.Sprintf("%sphases.%d.", at, i)
		c.must(p.Title.Complete(), field+"title", "a phase is named in both languages: zh and en")
		c.must(!p.Limit.IsZero(), field+"limit", "the phase's limit is missing")
		c.stretch(p.Limit, p.Reminder, field)
	}
}

// stretch judges by the shipped working hours; a city's own are never so different that a slip would pass.
func (c *checker) stretch(l Limit, reminder time.Duration, at string) {
	_, counted := l.On(worktime.China())
	c.must(counted >= 0 && counted <= MaxLimit && (l.IsZero() || counted > 0), at+"limit", "the time limit is above 0 and at most 365d")
	c.must(reminder >= 0 && (reminder == 0 || counted <= 0 || reminder < counted), at+"reminder",
		"the reminder comes before the limit ends: it is below the limit and not below 0")
}
