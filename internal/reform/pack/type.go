package pack

import (
	"fmt"
	"slices"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/rule"
	"twoweave/internal/schema"
)

// PersonField is the member that ingest adds to an event's data when it sealed personal values: the person whose key sealed them.
const PersonField = "$person"

// Type is an event type with its schema compiled and the variables that rules about it may use.
type Type struct {
	event.Type
	Schema     *schema.Schema
	Env        *rule.Env
	Watches    []Watch               // scenarios that watch this type, by id and input
	Indicators []*indicator.Compiled // that are measured from it, by id

	fields []field
	slots  envelopeSlots
	tree   *member
}

// Watch is one scenario's interest in a type: the events are its input of that number.
type Watch struct {
	*scenario.Compiled
	Input int
}

// envelopeSlots are where a row holds what every event has.
type envelopeSlots struct{ id, source, subject, area, time int }

// newType compiles a type's schema and names its variables.
func newType(t *event.Type) (*Type, []fault.Problem) {
	s, err := schema.Compile(t.Schema)
	if err != nil {
		return nil, inSchema(err)
	}
	if !isObject(t.Schema) {
		return nil, []fault.Problem{{Field: "schema", Message: "data is an object: the schema's type must be object"}}
	}
	fields, problems := withoutPersonal(fieldsOf(s), t.Personal)
	if len(problems) > 0 {
		return nil, problems
	}
	vars := []rule.Var{{Name: "id", Type: rule.String}, {Name: "source", Type: rule.String}, {Name: "subject", Type: rule.String},
		{Name: "area", Type: rule.String}, {Name: "time", Type: rule.Timestamp}}
	for _, f := range fields {
		vars = append(vars, rule.Var{Name: f.name, Type: f.kind})
	}
	env, err := rule.NewEnv(vars)
	if err != nil {
		return nil, inSchema(err)
	}
	built := &Type{Type: *t, Schema: s, Env: env, fields: fields}
	built.bind()
	return built, nil
}

// withoutPersonal drops the fields that are sealed before a rule could see them, and checks that they are texts.
func withoutPersonal(fields []field, p *event.Personal) ([]field, []fault.Problem) {
	if p == nil {
		return fields, nil
	}
	var problems []fault.Problem
	for i, name := range p.Fields {
		at := slices.IndexFunc(fields, func(f field) bool { return f.name == "data."+name })
		if at < 0 || fields[at].kind != rule.String {
			problems = append(problems, fault.Problem{Field: "personal.fields." + digits(i),
				Message: fmt.Sprintf("%q is no text of the schema; only a text at the top of data can be sealed", name)})
			continue
		}
		fields = slices.Delete(fields, at, at+1)
	}
	return fields, problems
}

// Validate checks an event's data, as received, against the schema. Fields of the problems start with "data". What it lets pass Fill can read.
func (t *Type) Validate(data []byte) []fault.Problem {
	if problems := t.Schema.Validate(data); len(problems) > 0 {
		return inData(problems)
	}
	if err := t.tree.fill(data, t.NewRow()); err != nil { // a schema lets pass what no rule's number holds, such as the integer 1e300
		return []fault.Problem{{Field: "data", Message: fault.Message(err)}}
	}
	return nil
}
