package pack

import (
	"encoding/json"
	"strings"

	"twoweave/internal/base/fault"
	"twoweave/internal/rule"
	"twoweave/internal/schema"
)

// field is one value of data that rules can name.
type field struct {
	name string // "data.level_cm"
	kind rule.Type
}

// fieldsOf are the scalars of a schema as variables, in order of name. What is of another shape (lists, alternatives) is data that rules cannot
// see.
func fieldsOf(s *schema.Schema) []field {
	var fields []field
	for _, f := range s.Fields() {
		fields = append(fields, field{name: "data." + f.Name, kind: ruleType(f.Type)})
	}
	return fields
}

func ruleType(t schema.FieldType) rule.Type {
	switch t {
	case schema.Bool:
		return rule.Bool
	case schema.Int:
		return rule.Int
	case schema.Double:
		return rule.Double
	case schema.Timestamp:
		return rule.Timestamp
	}
	return rule.String
}

// isObject says whether a schema allows objects only, as data must be.
func isObject(schemaText []byte) bool {
	var top struct {
		Type any `json:"type"`
	}
	return json.Unmarshal(schemaText, &top) == nil && top.Type == "object"
}

// inSchema gives the problems of an event type's schema their place in the type's document: a JSON Pointer becomes a path below "schema".
func inSchema(err error) []fault.Problem {
	problems := fault.Problems(err)
	if len(problems) == 0 {
		return []fault.Problem{{Field: "schema", Message: fault.Message(err)}}
	}
	for i, p := range problems {
		path := strings.ReplaceAll(p.Field, "/", ".")
		if name, variable := strings.CutPrefix(p.Field, "data."); variable {
			path = ".properties." + strings.ReplaceAll(name, ".", ".properties.")
		}
		problems[i] = fault.Problem{Field: "schema" + path, Message: p.Message}
	}
	return problems
}

// inData gives the problems of an event's data their place as a dotted path: "/level_cm" becomes "data.level_cm".
func inData(problems []fault.Problem) []fault.Problem {
	for i, p := range problems {
		problems[i] = fault.Problem{Field: "data" + strings.ReplaceAll(p.Field, "/", "."), Message: p.Message}
	}
	return problems
}
