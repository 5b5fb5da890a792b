package matter

import (
	"time"

	"twoweave/internal/base/fault"
)

// MaxLimit bounds a class's time limit; longer ones are a slip of the unit.
const MaxLimit = 365 * 24 * time.Hour

// Check says what is wrong with a class by itself; the fields of the problems are those of its YAML form.
func Check(c *Class) []fault.Problem {
	var problems []fault.Problem
	fail := func(field, message string) {
		problems = append(problems, fault.Problem{Field: field, Message: message})
	}
	if c.ID == "" {
		fail("class", "the class needs a name")
	}
	if !c.Title.Complete() {
		fail("title", "both languages are needed: zh and en")
	}
	if c.Source == "" {
		fail("source", `the source is missing: a standard's clause, or "assumed"`)
	}
	if c.Unit == "" {
		fail("unit", "the kind of unit that is responsible is missing")
	}
	if c.Limit <= 0 || c.Limit > MaxLimit {
		fail("limit", "the time limit is above 0 and at most 365d")
	}
	if c.Reminder < 0 || c.Reminder >= c.Limit && c.Limit > 0 {
		fail("reminder", "the reminder comes before the limit ends: it is below the limit and not below 0")
	}
	for level := range c.States {
		field := "states." + string(level)
		if level.Rank() < 1 {
			fail(field, "not a city state above daily: special, emergency-4, emergency-3, emergency-2 or emergency-1")
		}
		if now := c.At(level); now.Limit <= 0 || now.Limit > MaxLimit || now.Reminder < 0 || now.Reminder >= now.Limit {
			fail(field, "the time limit is above 0 and at most 365d, and the reminder is below it")
		}
	}
	return problems
}
