package access

import (
	"fmt"
	"slices"
	"strings"
)

// Scope narrows what a key is good for, beside the roles of its account; an empty one narrows nothing. An entry is an action (case.read), all actions that begin so (case.*), or
// a type of events to send (event.send:river.level, event.send:river.*). People's sessions have none.
type Scope []string

// ParseScope reads entries that commas separate; "*" is the empty scope. The text after a fault says what is wrong with which entry.
func ParseScope(text string) (Scope, error) {
	var s Scope
	for entry := range strings.SplitSeq(text, ",") {
		if entry = strings.TrimSpace(entry); entry == "" || entry == "*" {
			continue
		}
		action, kind, limited := strings.Cut(entry, ":")
		switch {
		case limited && (Action(action) != SendEvent || kind == ""):
			return nil, fmt.Errorf("%q: only %s may name a type, such as %s:river.level", entry, SendEvent, SendEvent)
		case !slices.ContainsFunc(table, func(r row) bool { return covers(action, string(r.action)) }):
			return nil, fmt.Errorf("%q is no action; docs/access.md lists them all", entry)
		}
		s = append(s, entry)
	}
	return s, nil
}

// covers says whether a pattern is the name, or with a * at its end its beginning.
func covers(pattern, name string) bool {
	begin, open := strings.CutSuffix(pattern, "*")
	return pattern == name || open && strings.HasPrefix(name, begin)
}

func (s Scope) String() string { return strings.Join(s, ",") }

func (s Scope) holds(action Action) bool {
	return len(s) == 0 || slices.ContainsFunc(s, func(entry string) bool {
		name, _, _ := strings.Cut(entry, ":")
		return covers(name, string(action))
	})
}

// Sends says whether events of a type may be sent, for whoever may send any.
func (s Scope) Sends(eventType string) bool {
	return len(s) == 0 || slices.ContainsFunc(s, func(entry string) bool {
		name, kind, limited := strings.Cut(entry, ":")
		return covers(name, string(SendEvent)) && (!limited || covers(kind, eventType))
	})
}
