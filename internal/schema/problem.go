package schema

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"twoweave/internal/base/fault"
)

// ofValue flattens what the validator found into problems, in order of place. root, when known, names the members that are allowed.
func ofValue(root *jsonschema.Schema, e *jsonschema.ValidationError) []fault.Problem {
	w := finding{root: root}
	w.visit(e)
	slices.SortStableFunc(w.problems, func(a, b fault.Problem) int {
		return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(w.problems, func(a, b fault.Problem) bool { return a.String() == b.String() })
}

type finding struct {
	root     *jsonschema.Schema
	problems []fault.Problem
}

func (w *finding) add(path []string, message string) {
	w.problems = append(w.problems, fault.Problem{Field: pointer(path), Message: message})
}

func (w *finding) visit(e *jsonschema.ValidationError) {
	at := e.InstanceLocation
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			w.add(append(slices.Clone(at), name), "is missing; it is required")
		}
	case *kind.DependentRequired:
		for _, name := range k.Missing {
			w.add(append(slices.Clone(at), name), fmt.Sprintf("is missing; it is required beside %s", k.Prop))
		}
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			w.add(append(slices.Clone(at), name), "is not allowed here"+w.allowed(at))
		}
	case *kind.AnyOf, *kind.OneOf:
		w.add(at, noneOf(w.root, e))
	default:
		if len(e.Causes) == 0 {
			w.add(at, sentence(e.ErrorKind))
		}
		for _, cause := range e.Causes {
			w.visit(cause)
		}
	}
}

// noneOf says what each of the alternatives wanted.
func noneOf(root *jsonschema.Schema, e *jsonschema.ValidationError) string {
	if len(e.Causes) == 0 {
		return "fits more than one of the alternatives; exactly one is allowed"
	}
	var wants []string
	for _, cause := range e.Causes {
		var each []string
		for _, p := range ofValue(root, cause) {
			each = append(each, strings.TrimSpace(strings.TrimPrefix(p.Field, pointer(e.InstanceLocation))+" "+p.Message))
		}
		wants = append(wants, strings.Join(each, " and "))
	}
	return "fits none of the alternatives: " + strings.Join(wants, "; or ")
}

// allowed lists the members that an object may have.
func (w *finding) allowed(path []string) string {
	s := w.root
	for _, word := range path {
		for s != nil && s.Ref != nil && s.Properties == nil {
			s = s.Ref
		}
		if s == nil {
			return ""
		}
		if next, ok := s.Properties[word]; ok {
			s = next
			continue
		}
		s = s.Items2020
	}
	if s == nil || len(s.Properties) == 0 {
		return ""
	}
	return "; allowed are " + strings.Join(slices.Sorted(maps.Keys(s.Properties)), ", ")
}

// sentence says what is allowed where a keyword failed.
func sentence(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Type:
		return "must be " + article(strings.Join(k.Want, " or "))
	case *kind.Enum:
		return "must be one of " + listed(k.Want)
	case *kind.Const:
		return "must be " + listed([]any{k.Want})
	case *kind.Format:
		return "must be " + formatted(k.Want)
	case *kind.Pattern:
		return "must match the pattern " + k.Want
	case *kind.FalseSchema:
		return "is not allowed"
	case *kind.Not:
		return "is of a form that is not allowed"
	case *kind.UniqueItems:
		return fmt.Sprintf("must not repeat itself; items %d and %d are equal", k.Duplicates[0], k.Duplicates[1])
	case *kind.MultipleOf:
		return "must be a multiple of " + decimal(k.Want)
	case *kind.Contains:
		return "must contain an item of the required form"
	case *kind.PropertyNames:
		return "has a member whose name is not allowed"
	}
	return bounded(k)
}

// bounded is the sentence for a limit.
func bounded(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Minimum:
		return "must be at least " + decimal(k.Want)
	case *kind.Maximum:
		return "must be at most " + decimal(k.Want)
	case *kind.ExclusiveMinimum:
		return "must be more than " + decimal(k.Want)
	case *kind.ExclusiveMaximum:
		return "must be less than " + decimal(k.Want)
	case *kind.MinLength:
		return fmt.Sprintf("must have at least %d characters", k.Want)
	case *kind.MaxLength:
		return fmt.Sprintf("must have at most %d characters", k.Want)
	case *kind.MinItems:
		return fmt.Sprintf("must have at least %d items", k.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("must have at most %d items", k.Want)
	case *kind.MinProperties:
		return fmt.Sprintf("must have at least %d members", k.Want)
	case *kind.MaxProperties:
		return fmt.Sprintf("must have at most %d members", k.Want)
	case *kind.MinContains:
		return fmt.Sprintf("must contain at least %d items of the required form", k.Want)
	case *kind.MaxContains:
		return fmt.Sprintf("must contain at most %d items of the required form", k.Want)
	}
	return "is not allowed by the schema (" + strings.Join(k.KeywordPath(), "/") + ")"
}

func article(words string) string {
	if words != "" && strings.ContainsRune("aeio", rune(words[0])) {
		return "an " + words
	}
	return "a " + words
}

// formatted gives an example of a format.
func formatted(name string) string {
	switch name {
	case "date-time":
		return "a date and time as in RFC 3339, such as 2025-06-01T08:00:00Z"
	case "date":
		return "a date such as 2025-06-01"
	case "time":
		return "a time such as 08:00:00Z"
	case "duration":
		return "a duration such as PT5M"
	case "regex":
		return "a regular expression (RE2)"
	}
	return "a valid " + name
}

func listed(values []any) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}

// decimal writes an exact number without a fraction bar where there is one without.
func decimal(r *big.Rat) string {
	if digits, exact := r.FloatPrec(); exact {
		return r.FloatString(digits)
	}
	return r.RatString()
}
