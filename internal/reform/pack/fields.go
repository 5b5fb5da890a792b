package pack

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"twoweave/internal/base/fault"
	"twoweave/internal/rule"
)

// field is one value of data that rules can name.
type field struct {
	name string // "data.level_cm"
	kind rule.Type
}

// property is the part of a JSON Schema that names variables.
type property struct {
	Type       typeWords                  `json:"type"`
	Format     string                     `json:"format"`
	Properties map[string]json.RawMessage `json:"properties"`
}

// typeWords is JSON Schema's type: one word or a list of words.
type typeWords []string

func (w *typeWords) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*w = typeWords{one}
		return nil
	}
	var many []string
	err := json.Unmarshal(text, &many)
	*w = many
	return err
}

// scalar is the type of a rule's variable for a property, if it is of one scalar type; "null" beside it means that it may be missing.
func (p *property) scalar() (rule.Type, bool) {
	words := slices.DeleteFunc(slices.Clone(p.Type), func(w string) bool { return w == "null" })
	if len(words) != 1 {
		return 0, false
	}
	switch words[0] {
	case "boolean":
		return rule.Bool, true
	case "integer":
		return rule.Int, true
	case "number":
		return rule.Double, true
	case "string":
		if p.Format == "date-time" {
			return rule.Timestamp, true
		}
		return rule.String, true
	}
	return 0, false
}

// fieldsOf finds the scalar properties of a schema, also inside objects, in order of name. What is of another shape (lists, alternatives) is
// data that rules cannot see.
func fieldsOf(schemaText []byte) ([]field, []fault.Problem) {
	var top property
	if err := json.Unmarshal(schemaText, &top); err != nil {
		return nil, []fault.Problem{{Field: "schema", Message: "the schema must be a mapping with the properties of data"}}
	}
	if !slices.Equal(top.Type, typeWords{"object"}) {
		return nil, []fault.Problem{{Field: "schema", Message: "data is an object: the schema's type must be object"}}
	}
	w := fieldWalk{}
	w.walk("data", top.Properties)
	return w.fields, w.problems
}

type fieldWalk struct {
	fields   []field
	problems []fault.Problem
}

func (w *fieldWalk) walk(prefix string, properties map[string]json.RawMessage) {
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		path := prefix + "." + name
		place := "schema.properties." + strings.ReplaceAll(strings.TrimPrefix(path, "data."), ".", ".properties.")
		if !ruleName(name) {
			w.fail(place, "a name of data is made of a-z, 0-9 and _ and starts with a letter, so that rules can name it")
			continue
		}
		var p property
		if err := json.Unmarshal(properties[name], &p); err != nil {
			w.fail(place, "the property must be a mapping")
			continue
		}
		if kind, ok := p.scalar(); ok {
			w.fields = append(w.fields, field{name: path, kind: kind})
		} else if slices.Contains(p.Type, "object") {
			w.walk(path, p.Properties)
		}
	}
}

func (w *fieldWalk) fail(field, message string) {
	w.problems = append(w.problems, fault.Problem{Field: field, Message: message})
}

func ruleName(s string) bool {
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}
