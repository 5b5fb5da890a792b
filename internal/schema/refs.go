package schema

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"twoweave/internal/base/fault"
)

const dialect = "https://json-schema.org/draft/2020-12/schema"

// strangers finds references out of a schema, and dialects other than 2020-12.
func strangers(value any) []fault.Problem {
	w := refWalk{}
	w.schema(value)
	return w.problems
}

type refWalk struct {
	path     []string
	problems []fault.Problem
}

func (w *refWalk) fail(word, format string, args ...any) {
	place := append(slices.Clone(w.path), word)
	w.problems = append(w.problems, fault.Problem{Field: pointer(place), Message: fmt.Sprintf(format, args...)})
}

func (w *refWalk) in(word string, visit func()) {
	w.path = append(w.path, word)
	visit()
	w.path = w.path[:len(w.path)-1]
}

// schema visits a value that stands where a schema, or a list of them, may stand.
func (w *refWalk) schema(value any) {
	switch v := value.(type) {
	case []any:
		for i, item := range v {
			w.in(strconv.Itoa(i), func() { w.schema(item) })
		}
	case map[string]any:
		for _, word := range slices.Sorted(maps.Keys(v)) {
			w.keyword(word, v[word])
		}
	}
}

func (w *refWalk) keyword(word string, value any) {
	text, isText := value.(string)
	switch word {
	case "$ref", "$dynamicRef", "$recursiveRef":
		if isText && !strings.HasPrefix(text, "#") {
			w.fail(word, "the reference leaves the schema; only references into it, starting with #, are allowed")
		}
	case "$schema":
		if isText && strings.TrimSuffix(text, "#") != dialect {
			w.fail(word, "the dialect must be %s", dialect)
		}
	case "$id":
		w.fail(word, "a schema has no $id here; it is known by the file it is in")
	case "enum", "const", "default", "examples": // values, not schemas
	case "properties", "patternProperties", "$defs", "definitions", "dependentSchemas":
		w.in(word, func() { w.named(value) })
	default:
		w.in(word, func() { w.schema(value) })
	}
}

// named visits an object whose members are schemas under free names.
func (w *refWalk) named(value any) {
	members, _ := value.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		w.in(name, func() { w.schema(members[name]) })
	}
}

// fragment is the part of a reference behind #.
func fragment(ref string) string {
	if _, after, ok := strings.Cut(ref, "#"); ok {
		return "#" + after
	}
	return "#"
}
