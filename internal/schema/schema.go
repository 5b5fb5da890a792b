package schema

import (
	"errors"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"twoweave/internal/base/fault"
)

// Schema is a compiled schema.
type Schema struct{ root *jsonschema.Schema }

// Compile reads a schema in JSON. The error is a fault of kind Invalid with a problem for each thing wrong: its line in doc, its place as a JSON
// Pointer and what is allowed.
func Compile(doc []byte) (*Schema, error) { return CompileNamed("", doc) }

// CompileNamed is Compile; its problems name the file.
func CompileNamed(file string, doc []byte) (*Schema, error) {
	lines := map[string]int{}
	value, problem := decode(doc, MaxSchema, lines)
	if problem != nil {
		problem.File = file
		return nil, fault.Invalidly("schema.Compile", *problem)
	}
	problems := strangers(value)
	var root *jsonschema.Schema
	if len(problems) == 0 {
		root, problems = compile(value)
	}
	for i := range problems {
		problems[i].File, problems[i].Line = file, lines[problems[i].Field]
	}
	if len(problems) > 0 {
		return nil, fault.Invalidly("schema.Compile", problems...)
	}
	return &Schema{root: root}, nil
}

// here is the name a document has inside the compiler.
const here = "schema:///document"

func compile(value any) (*jsonschema.Schema, []fault.Problem) {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseLoader(closed{})
	if err := c.AddResource(here, value); err != nil {
		return nil, []fault.Problem{{Message: "the schema could not be read"}}
	}
	root, err := c.Compile(here)
	if err != nil {
		return nil, ofSchema(err)
	}
	return root, nil
}

// closed is the loader that loads nothing.
type closed struct{}

func (closed) Load(string) (any, error) {
	return nil, errors.New("documents outside the schema are not loaded")
}

// ofSchema says what is wrong with a schema.
func ofSchema(err error) []fault.Problem {
	if e, ok := errors.AsType[*jsonschema.SchemaValidationError](err); ok {
		if invalid, ok := errors.AsType[*jsonschema.ValidationError](e.Err); ok {
			return ofValue(nil, invalid)
		}
	}
	if e, ok := errors.AsType[*jsonschema.JSONPointerNotFoundError](err); ok {
		return []fault.Problem{{Message: fmt.Sprintf("the schema refers to %s, which is not in it", fragment(e.URL))}}
	}
	if e, ok := errors.AsType[*jsonschema.AnchorNotFoundError](err); ok {
		return []fault.Problem{{Message: fmt.Sprintf("the schema refers to %s, which is not in it", fragment(e.Reference))}}
	}
	return []fault.Problem{{Message: "the schema cannot be used: " + err.Error()}}
}

// Validate checks a value given as JSON text and returns everything wrong with it, or nil.
func (s *Schema) Validate(text []byte) []fault.Problem {
	value, problem := decode(text, MaxValue, nil)
	if problem != nil {
		return []fault.Problem{*problem}
	}
	return s.ValidateValue(value)
}

// ValidateValue checks a decoded value: nil, bool, string, json.Number (or a Go number), []any or map[string]any.
func (s *Schema) ValidateValue(value any) []fault.Problem {
	err := s.root.Validate(value)
	if err == nil {
		return nil
	}
	if invalid, ok := errors.AsType[*jsonschema.ValidationError](err); ok {
		return ofValue(s.root, invalid)
	}
	return []fault.Problem{{Message: "the value could not be checked"}}
}
