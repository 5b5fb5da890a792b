package schema_test

import (
	"slices"
	"strings"
	"testing"

	"twoweave/internal/base/fault"
	"twoweave/internal/schema"
)

const ponding = `{
  "type": "object",
  "required": ["level_cm", "seen"],
  "additionalProperties": false,
  "properties": {
    "level_cm": {"type": "number", "minimum": 0, "maximum": 500.25},
    "count": {"type": ["integer", "null"], "exclusiveMinimum": 0},
    "seen": {"type": "string", "format": "date-time"},
    "status": {"type": "string", "enum": ["open", "closed"]},
    "wet": {"type": "boolean"},
    "tags": {"type": "array", "items": {"type": "string", "minLength": 2}, "maxItems": 3, "uniqueItems": true},
    "either": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
    "place": {"$ref": "#/$defs/place"}
  },
  "$defs": {"place": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "maxLength": 4}, "deep": {"type": "object", "properties": {"m": {"type": "number"}}}}}}
}`

func compiled(t *testing.T, doc string) *schema.Schema {
	t.Helper()
	s, err := schema.Compile([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestValuesAreReportedWithPlaceAndWhatIsAllowed(t *testing.T) {
	t.Parallel()
	s := compiled(t, ponding)
	for _, c := range []struct {
		value string
		want  []string
	}{
		{`{"level_cm": 12.5, "seen": "2025-06-01T08:00:00Z", "count": null, "tags": ["ab"], "place": {"name": "滨江大道"}}`, nil},
		{`{}`, []string{"/level_cm: is missing; it is required", "/seen: is missing; it is required"}},
		{`{"level_cm": "12", "seen": "yesterday"}`, []string{"/level_cm: must be a number",
			"/seen: must be a date and time as in RFC 3339, such as 2025-06-01T08:00:00Z"}},
		{`{"level_cm": 500.250000000000000000000000001, "seen": "2025-06-01T08:00:00Z"}`, []string{"/level_cm: must be at most 500.25"}},
		{`{"level_cm": 1, "seen": "2025-06-01T08:00:00Z", "count": 1.5, "status": "x", "wet": 1}`, []string{
			"/count: must be a null or integer", "/status: must be one of open, closed", "/wet: must be a boolean"}},
		{`{"level_cm": 1, "seen": "2025-06-01T08:00:00Z", "lvl": 1}`, []string{
			"/lvl: is not allowed here; allowed are count, either, level_cm, place, seen, status, tags, wet"}},
		{`{"level_cm": 1, "seen": "2025-06-01T08:00:00Z", "tags": ["ab", "c", "ab", "dd"]}`, []string{"/tags: must have at most 3 items",
			"/tags: must not repeat itself; items 0 and 2 are equal", "/tags/1: must have at least 2 characters"}},
		{`{"level_cm": 1, "seen": "2025-06-01T08:00:00Z", "either": []}`, []string{"/either: fits none of the alternatives: must be a string; or must be an integer"}},
		{`{"level_cm": 1, "seen": "2025-06-01T08:00:00Z", "place": {"name": "滨江大道东"}}`, []string{"/place/name: must have at most 4 characters"}},
		{`[]`, []string{"must be an object"}},
		{`{`, []string{"1: the text is not valid JSON"}},
		{`{} x`, []string{"1: nothing may follow the value"}},
		{`{"level_cm": 1, "level_cm": 2}`, []string{"1: /level_cm: the name comes twice in the object"}},
		{`{"level_cm": 1e999999999}`, []string{"1: /level_cm: the number is too long; at most 64 characters and powers of ten up to 400 are allowed"}},
	} {
		var got []string
		for _, p := range s.Validate([]byte(c.value)) {
			got = append(got, p.String())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s\n got %q\nwant %q", c.value, got, c.want)
		}
	}
}

func TestValuesAreBounded(t *testing.T) {
	t.Parallel()
	s := compiled(t, `{}`)
	deep := strings.Repeat("[", schema.MaxDepth+1) + strings.Repeat("]", schema.MaxDepth+1)
	long := `"` + strings.Repeat("x", schema.MaxValue) + `"`
	for _, value := range []string{deep, long} {
		if problems := s.Validate([]byte(value)); len(problems) != 1 {
			t.Errorf("%.20s… of %d bytes: problems %v, want one", value, len(value), problems)
		}
	}
	if problems := s.Validate([]byte(deep[1 : len(deep)-1])); problems != nil {
		t.Errorf("the deepest value allowed: %v", problems)
	}
}

func TestSchemasAreReportedWithLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, doc, place string
		line             int
	}{
		{"wrong type", "{\n\"type\": \"objekt\"}", "/type", 2},
		{"file reference", "{\n\n\"$ref\": \"file:///etc/passwd\"}", "/$ref", 3},
		{"relative reference", `{"items": {"$ref": "other.json"}}`, "/items/$ref", 1},
		{"remote reference", `{"items": {"$ref": "https://json-schema.org/draft/2020-12/schema"}}`, "/items/$ref", 1},
		{"reference in a member named default", `{"properties": {"default": {"$ref": "x"}}}`, "/properties/default/$ref", 1},
		{"other dialect", `{"$schema": "http://json-schema.org/draft-07/schema#"}`, "/$schema", 1},
		{"own id", `{"$id": "https://example.org/x"}`, "/$id", 1},
		{"lost reference", `{"$ref": "#/$defs/none"}`, "", 1},
		{"lost anchor", `{"$ref": "#none"}`, "", 1},
		{"no JSON", "{\n\n\"type\": }", "/type", 3},
		{"bad pattern", `{"pattern": "("}`, "/pattern", 1},
	} {
		_, err := schema.CompileNamed("a.json", []byte(c.doc))
		problems := fault.Problems(err)
		if !fault.Is(err, fault.Invalid) || len(problems) == 0 {
			t.Errorf("%s: %v, want an invalid schema", c.name, err)
			continue
		}
		p := problems[0]
		if p.File != "a.json" || p.Field != c.place || p.Line != c.line || p.Message == "" {
			t.Errorf("%s: %+v, want line %d and place %q", c.name, p, c.line, c.place)
		}
	}
}

func TestDataIsNoReference(t *testing.T) {
	t.Parallel()
	compiled(t, `{"enum": [{"$ref": "file:///x"}], "const": {"$ref": "x"}, "properties": {"$ref": {"type": "string"}}, "examples": [{"$id": "x"}]}`)
}

func TestFieldsAreTheScalars(t *testing.T) {
	t.Parallel()
	want := []schema.Field{
		{Name: "count", Type: schema.Int}, {Name: "level_cm", Type: schema.Double, Required: true}, {Name: "place.deep.m", Type: schema.Double},
		{Name: "place.name", Type: schema.String}, {Name: "seen", Type: schema.Timestamp, Required: true}, {Name: "status", Type: schema.String},
		{Name: "wet", Type: schema.Bool},
	}
	if got := compiled(t, ponding).Fields(); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestFieldsOfRecursiveSchemasEnd(t *testing.T) {
	t.Parallel()
	s := compiled(t, `{"type": "object", "properties": {"n": {"type": "integer"}, "next": {"$ref": "#"}, "last": {"$ref": "#"}}}`)
	if got := s.Fields(); len(got) == 0 || !slices.Contains(got, schema.Field{Name: "n", Type: schema.Int}) {
		t.Errorf("fields = %v", got)
	}
}

func FuzzSchema(f *testing.F) {
	f.Add(ponding, `{"level_cm": 12.5, "seen": "2025-06-01T08:00:00Z"}`)
	f.Add(`{"$ref": "#"}`, `1`)
	f.Add(`{"items": {"$ref": "#"}, "uniqueItems": true, "contains": {"type": "null"}}`, `[[null], [], 1e5]`)
	f.Add(`{"patternProperties": {"^a": {"multipleOf": 0.1}}, "unevaluatedProperties": false}`, `{"a": 0.3, "b": 1}`)
	f.Add(`{"oneOf": [true, true], "not": {}}`, `"x"`)
	f.Add(`{"$dynamicRef": "#x", "$dynamicAnchor": "x", "if": {"type": "object"}, "then": {"required": ["a"]}}`, `{}`)
	f.Add(`{"format": "date-time", "dependentRequired": {"a": ["b"]}, "propertyNames": {"maxLength": 1}}`, `{"a": 1, "bb": 2}`)
	f.Fuzz(func(t *testing.T, doc, value string) {
		s, err := schema.Compile([]byte(doc))
		if err != nil {
			if !fault.Is(err, fault.Invalid) || len(fault.Problems(err)) == 0 {
				t.Errorf("the error is no invalid schema with problems: %v", err)
			}
			return
		}
		s.Fields()
		for _, p := range s.Validate([]byte(value)) {
			if p.Message == "" {
				t.Errorf("a problem without a message: %+v", p)
			}
		}
	})
}

func BenchmarkValidate(b *testing.B) {
	s, err := schema.Compile([]byte(ponding))
	if err != nil {
		b.Fatal(err)
	}
	value := []byte(`{"level_cm": 12.5, "seen": "2025-06-01T08:00:00Z", "status": "open"}`)
	b.ReportAllocs()
	for b.Loop() {
		if problems := s.Validate(value); problems != nil {
			b.Fatal(problems)
		}
	}
}
