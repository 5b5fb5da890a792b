package scenario

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"twoweave/internal/base/lang"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/order"
	"twoweave/internal/rule"
)

// Explanation is how a finding came about: every look at its subject that led to it, what was measured then, and the rule part by part. Personal values
// in it stay sealed.
type Explanation struct {
	ID         string         `json:"id"` // the detection's
	Definition Definition     `json:"definition"`
	Subject    string         `json:"subject"`
	Episode    int64          `json:"episode"`
	Area       event.AreaCode `json:"area"`
	State      order.Level    `json:"state"` // the city state there and then
	Severity   Severity       `json:"severity"`
	Since      time.Time      `json:"since"`
	Started    time.Time      `json:"started"`
	Ended      *time.Time     `json:"ended"`
	Measures   []Measured     `json:"measures"` // what it was judged by when it started
	Looks      []Look         `json:"looks"`    // in the order of the log
	Earlier    int64          `json:"earlier"`  // looks before those
	Decision   *Decision      `json:"decision"` // nil when it cannot be told any more
	Recomputed bool           `json:"recomputed"`
	Remarks    []lang.Text    `json:"remarks"` // what could not be told, and why
}

// Definition is the scenario's text that was in force.
type Definition struct {
	Scenario ID        `json:"scenario"`
	Version  int       `json:"version"`
	Hash     string    `json:"hash"`
	Title    lang.Text `json:"title"`
	Operator Operator  `json:"operator"`
	Part     string    `json:"part"` // the operator's own: "over 15m0s, measure count"
	Limits   string    `json:"limits"`
	Where    string    `json:"where"`
	When     string    `json:"when"`
	Until    string    `json:"until"`
	For      string    `json:"for"`
	Note     string    `json:"note"`
}

// Look is one look at a subject: because of an event, or because time passed.
type Look struct {
	Reading  *Evidence  `json:"reading"` // nil when time passed
	At       time.Time  `json:"at"`      // the moment that was judged; of an event that was not judged, its own
	Judged   bool       `json:"judged"`  // the rules were asked
	When     bool       `json:"when"`
	Until    bool       `json:"until"`
	Measures []Measured `json:"measures"`
}

// Evidence is a Reading with its data in view.
type Evidence struct {
	Reading
	Data json.RawMessage `json:"data"`
}

// EvidenceOf shows a reading's data; what is no JSON is left out.
func EvidenceOf(r Reading) *Evidence {
	e := &Evidence{Reading: r}
	if json.Valid(r.Data) {
		e.Data = r.Data
	}
	return e
}

// Decision is the judgement that began the episode's condition or, where the condition had to last, the newest one before the episode started.
type Decision struct {
	At    time.Time   `json:"at"`
	When  []rule.Step `json:"when"`
	Until []rule.Step `json:"until"` // empty when there is no until of its own
}

// Text is the definition as people read it.
func (s *Scenario) Text(hash string) Definition {
	d := Definition{Scenario: s.ID, Version: s.Version, Hash: hash, Title: s.Title, Operator: s.Operator, Where: s.Where, When: s.When, Until: s.Until, Note: s.Note,
		Limits: written(reflect.ValueOf(s.Limits))}
	if own := s.blocks()[s.Operator]; own != nil {
		d.Part = written(reflect.ValueOf(own))
	}
	if s.When == "" {
		d.When = defaultWhen(s.Operator)
	}
	if s.For > 0 {
		d.For = s.For.String()
	}
	return d
}

// written is a part of a definition as people read it: the names of its YAML form with their values, what is not said left out.
func written(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		return written(v.Elem())
	case reflect.Struct:
		var all []string
		for f, fv := range v.Fields() {
			if name := f.Tag.Get("yaml"); name != "" && !fv.IsZero() {
				all = append(all, name+" "+written(fv))
			}
		}
		return strings.Join(all, ", ")
	case reflect.Slice:
		all := make([]string, v.Len())
		for i := range all {
			all[i] = "(" + written(v.Index(i)) + ")"
		}
		return strings.Join(all, " ")
	case reflect.Map:
		var all []string
		for _, k := range v.MapKeys() {
			elem := written(v.MapIndex(k))
			if v.Type().Elem().Kind() == reflect.Map {
				elem = "(" + elem + ")"
			}
			all = append(all, k.String()+" "+elem)
		}
		slices.Sort(all)
		return strings.Join(all, ", ")
	}
	return fmt.Sprint(v.Interface())
}
