package mqtt

import (
	"fmt"
	"strings"

	"twoweave/internal/manage/event"
)

// Topic is one line of the topic map: which attributes of an event the levels of a topic name.
//
// A pattern is a topic with {attribute} in place of a level: "city/{type}/{subject}". The last level may be {attribute...} and then
// takes all that remains. A message on a topic that no pattern fits is refused.
type Topic struct {
	pattern string
	levels  []string
}

// DefaultTopics are the topics understood when the configuration names none: whole CloudEvents on "events", plain data on "city/TYPE/SUBJECT".
var DefaultTopics = []string{"events", "city/{type}/{subject...}"}

var topicAttributes = map[string]func(*event.Attributes, string){
	"id":      func(a *event.Attributes, v string) { a.ID = v },
	"source":  func(a *event.Attributes, v string) { a.Source = v },
	"type":    func(a *event.Attributes, v string) { a.Type = v },
	"subject": func(a *event.Attributes, v string) { a.Subject = v },
	"area":    func(a *event.Attributes, v string) { a.Area = v },
}

// ParseTopic reads a pattern.
func ParseTopic(pattern string) (Topic, error) {
	t := Topic{pattern: pattern, levels: strings.Split(pattern, "/")}
	for i, level := range t.levels {
		name, rest, isAttribute := placeholder(level)
		switch {
		case level == "" || strings.ContainsAny(level, "+#"):
			return Topic{}, fmt.Errorf("topic %q: level %d is empty or a wildcard; name an attribute in braces instead, such as city/{type}/{subject}", pattern, i+1)
		case isAttribute && topicAttributes[name] == nil:
			return Topic{}, fmt.Errorf("topic %q: {%s} is no attribute; allowed are id, source, type, subject, area", pattern, name)
		case rest && i != len(t.levels)-1:
			return Topic{}, fmt.Errorf("topic %q: {%s...} must be the last level", pattern, name)
		}
	}
	return t, nil
}

// match fills the attributes that the topic's levels name, or says that the topic does not fit.
func (t Topic) match(topic string, a *event.Attributes) bool {
	parts := strings.Split(topic, "/")
	for i, level := range t.levels {
		if i >= len(parts) {
			return false
		}
		name, rest, isAttribute := placeholder(level)
		switch {
		case rest:
			topicAttributes[name](a, strings.Join(parts[i:], "/"))
			return true
		case isAttribute:
			topicAttributes[name](a, parts[i])
		case level != parts[i]:
			return false
		}
	}
	return len(parts) == len(t.levels)
}

func placeholder(level string) (name string, rest, ok bool) {
	if !strings.HasPrefix(level, "{") || !strings.HasSuffix(level, "}") {
		return "", false, false
	}
	name, rest = strings.CutSuffix(level[1:len(level)-1], "...")
	return name, rest, true
}
