package pack

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"twoweave/internal/base/fault"
)

// decode fills v, a pointer to a struct with yaml tags, from the document. It differs from the YAML library's own decoding in that
// every problem is found at once, with line, column and what is allowed there, and in that a duration may be in days ("7d").
func (d document) decode(v any) []fault.Problem {
	dec := decoder{doc: d}
	dec.value(d.node, reflect.ValueOf(v).Elem(), "")
	return dec.problems
}

type decoder struct {
	doc      document
	problems []fault.Problem
}

func (d *decoder) fail(n *yaml.Node, path, format string, args ...any) {
	d.problems = append(d.problems, fault.Problem{
		File: d.doc.file, Line: n.Line, Column: n.Column, Field: path, Message: fmt.Sprintf(format, args...),
	})
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	nodeType     = reflect.TypeFor[*yaml.Node]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func (d *decoder) value(n *yaml.Node, v reflect.Value, path string) {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		d.fail(n, path, "anchors and aliases are not allowed; write the value out")
	case v.Type() == nodeType:
		v.Set(reflect.ValueOf(n))
	case v.Type() == durationType:
		d.duration(n, v, path)
	case v.Addr().Type().Implements(textType):
		d.text(n, v, path)
	case v.Kind() == reflect.Interface:
		d.any(n, v, path)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, v.Elem(), path)
	case v.Kind() == reflect.Struct:
		d.structure(n, v, path)
	case v.Kind() == reflect.Map:
		d.mapping(n, v, path)
	case v.Kind() == reflect.Slice || v.Kind() == reflect.Array:
		d.list(n, v, path)
	default:
		d.scalar(n, v, path)
	}
}

func (d *decoder) structure(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, path, "must be a mapping of fields: %s", strings.Join(fieldNames(v.Type()), ", "))
		return
	}
	d.pairs(n, path, func(key, val *yaml.Node) {
		f, ok := fieldOf(v, key.Value)
		if !ok {
			d.fail(key, join(path, key.Value), "unknown field; allowed are %s", strings.Join(fieldNames(v.Type()), ", "))
			return
		}
		d.value(val, f, join(path, key.Value))
	})
}

// pairs calls fn for each key of a mapping once; a repeated key is a problem.
func (d *decoder) pairs(n *yaml.Node, path string, fn func(key, val *yaml.Node)) {
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if line, twice := seen[key.Value]; twice {
			d.fail(key, join(path, key.Value), "the key is there twice, first in line %d", line)
			continue
		}
		seen[key.Value] = key.Line
		fn(key, n.Content[i+1])
	}
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, path, "must be a mapping")
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	d.pairs(n, path, func(key, val *yaml.Node) {
		elem := reflect.New(v.Type().Elem()).Elem()
		d.value(val, elem, join(path, key.Value))
		v.SetMapIndex(reflect.ValueOf(key.Value).Convert(v.Type().Key()), elem)
	})
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		d.fail(n, path, "must be a list")
		return
	}
	if v.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	} else if len(n.Content) != v.Len() {
		d.fail(n, path, "must be a list of %d values", v.Len())
		return
	}
	for i, item := range n.Content {
		d.value(item, v.Index(i), join(path, strconv.Itoa(i)))
	}
}

// any takes a value as the YAML library reads it, for data that a schema checks later.
func (d *decoder) any(n *yaml.Node, v reflect.Value, path string) {
	var got any
	if err := n.Decode(&got); err != nil {
		d.fail(n, path, "cannot be read as a value: %v", err)
		return
	}
	if got != nil {
		v.Set(reflect.ValueOf(got))
	}
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		d.fail(n, path, "must be %s", kindName(v))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(n.Value) // as written: a code of digits and the word no stay what they are
		return
	case reflect.Bool:
		if b, err := strconv.ParseBool(n.Value); err == nil && n.Tag == "!!bool" {
			v.SetBool(b)
			return
		}
	case reflect.Int, reflect.Int64:
		if i, err := strconv.ParseInt(n.Value, 10, 64); err == nil {
			v.SetInt(i)
			return
		}
	case reflect.Float64:
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
			v.SetFloat(f)
			return
		}
	}
	d.fail(n, path, "%q is not %s", n.Value, kindName(v))
}

func (d *decoder) duration(n *yaml.Node, v reflect.Value, path string) {
	dur, err := ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil {
		d.fail(n, path, "%q is not a duration; allowed are numbers with s, m, h or d, such as 90s, 10m, 36h, 7d", n.Value)
		return
	}
	v.SetInt(int64(dur))
}

// text takes a value that reads itself.
func (d *decoder) text(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode {
		d.fail(n, path, "must be a text")
		return
	}
	if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(n.Value)); err != nil {
		d.fail(n, path, "%v", err)
	}
}

// ParseDuration reads a duration as content writes it: Go's form, or whole days with the unit d ("7d").
func ParseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < -36500 || n > 36500 {
			return 0, fmt.Errorf("%q is not a whole number of days", s)
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	return time.ParseDuration(s)
}

// fieldOf is the struct field with the yaml tag, looking into inlined structs.
func fieldOf(v reflect.Value, name string) (reflect.Value, bool) {
	for f, fv := range v.Fields() {
		tag, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if opts == "inline" {
			if inner, ok := fieldOf(fv, name); ok {
				return inner, true
			}
		}
		if tag == name && tag != "-" && tag != "" {
			return fv, true
		}
	}
	return reflect.Value{}, false
}

func fieldNames(t reflect.Type) []string {
	var names []string
	for f := range t.Fields() {
		tag, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case opts == "inline":
			names = append(names, fieldNames(f.Type)...)
		case tag != "" && tag != "-":
			names = append(names, tag)
		}
	}
	slices.Sort(names)
	return names
}

func kindName(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Float64:
		return "a number"
	}
	return "a whole number"
}

func join(path, word string) string {
	if path == "" {
		return word
	}
	return path + "." + word
}
