package rule

import (
	"fmt"
	"strings"

	"twoweave/internal/base/fault"
)

// Error is one thing wrong with a rule's text. It is a fault of kind Invalid; fault.Problems finds all of them.
type Error struct {
	Line, Column int      // where, from 1; columns count characters, not bytes
	Message      string   // what is wrong and what is allowed; safe to show
	Allowed      []string // names that could stand there, the nearest first; may be empty
	Rest         []*Error // what else is wrong with the same text, in its order
}

// Error is the place and the message of the first problem.
func (e *Error) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message) }

// Unwrap is the fault, with a problem for each error.
func (e *Error) Unwrap() error {
	problems := []fault.Problem{{Line: e.Line, Column: e.Column, Message: e.Message}}
	for _, r := range e.Rest {
		problems = append(problems, fault.Problem{Line: r.Line, Column: r.Column, Message: r.Message})
	}
	return fault.Invalidly("rule.Compile", problems...)
}

// join makes one error of several, or nil of none.
func join(all []*Error) error {
	if len(all) == 0 {
		return nil
	}
	first := *all[0]
	first.Rest = all[1:]
	return &first
}

// suggest makes the message for a name that is not declared.
func suggest(name string, names []string) (message string, allowed []string) {
	near := nearest(name, names)
	if len(near) > 0 && distance(name, near[0]) <= max(2, len(name)/4) {
		return fmt.Sprintf("there is no variable %s; did you mean %s? Allowed: %s", name, near[0], listed(near)), near
	}
	if len(near) == 0 {
		return fmt.Sprintf("there is no variable %s; no variables are declared here", name), nil
	}
	return fmt.Sprintf("there is no variable %s. Allowed: %s", name, listed(near)), near
}

const maxListed = 12

func listed(names []string) string {
	if len(names) <= maxListed {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:maxListed], ", "), len(names)-maxListed)
}
