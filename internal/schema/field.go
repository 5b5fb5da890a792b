package schema

import (
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// FieldType is the type of a scalar.
type FieldType uint8

const (
	Bool      FieldType = iota + 1
	Int                 // "integer"; the schema does not bound it to 64 bits
	Double              // "number"
	String              // "string" of any format but date-time
	Timestamp           // "string" of format date-time
)

// String is the type's name in rules.
func (t FieldType) String() string {
	return [...]string{"none", "bool", "int", "double", "string", "timestamp"}[min(t, Timestamp)]
}

// Field is a scalar member of an object, or of an object in it.
type Field struct {
	Name     string // members joined by dots: "position.depth_cm"
	Type     FieldType
	Required bool // it is in every valid value, and not null
}

// Fields are the scalars that a schema names, sorted by name: those of "properties", of objects in them, and of what "$ref" and "allOf" add.
// Lists, alternatives and members of several types are left out. A member with a dot in its name is left out too.
func (s *Schema) Fields() []Field {
	w := fieldWalk{found: map[string]Field{}}
	w.visit(s.root, "", true, 0)
	fields := slices.Collect(maps.Values(w.found))
	slices.SortFunc(fields, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return fields
}

// maxVisits bounds schemas whose parts refer to one another again and again.
const maxVisits = 10000

type fieldWalk struct {
	found  map[string]Field
	visits int
}

func (w *fieldWalk) visit(s *jsonschema.Schema, prefix string, certain bool, depth int) {
	if w.visits++; s == nil || depth > MaxDepth || w.visits > maxVisits {
		return
	}
	w.visit(s.Ref, prefix, certain, depth+1)
	for _, part := range s.AllOf {
		w.visit(part, prefix, certain, depth+1)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if !strings.Contains(name, ".") {
			w.member(s.Properties[name], prefix+name, certain && slices.Contains(s.Required, name), depth)
		}
	}
}

func (w *fieldWalk) member(s *jsonschema.Schema, path string, required bool, depth int) {
	kind, null := scalar(s)
	switch {
	case kind != 0:
		w.found[path] = Field{Name: path, Type: kind, Required: required && !null || w.found[path].Required}
	case isObject(s):
		w.visit(s, path+".", required && !null, depth+1)
	}
}

// scalar is the one scalar type of a member, and whether it may be null.
func scalar(s *jsonschema.Schema) (kind FieldType, null bool) {
	words := typeWords(s, 0)
	null = slices.Contains(words, "null")
	words = slices.DeleteFunc(words, func(w string) bool { return w == "null" })
	if len(words) != 1 {
		return 0, null
	}
	switch words[0] {
	case "boolean":
		return Bool, null
	case "integer":
		return Int, null
	case "number":
		return Double, null
	case "string":
		if s.Format != nil && s.Format.Name == "date-time" {
			return Timestamp, null
		}
		return String, null
	}
	return 0, null
}

// typeWords are the types that a schema or what it refers to names.
func typeWords(s *jsonschema.Schema, depth int) []string {
	if s.Types != nil && !s.Types.IsEmpty() {
		return s.Types.ToStrings()
	}
	if s.Ref != nil && depth < MaxDepth {
		return typeWords(s.Ref, depth+1)
	}
	return nil
}

func isObject(s *jsonschema.Schema) bool {
	words := typeWords(s, 0)
	return slices.Contains(words, "object") || len(words) == 0 && len(s.Properties) > 0
}
