package indicator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/rule"
)

// Compiled is an indicator with its rules compiled and its names resolved. It never changes and may be shared between goroutines.
type Compiled struct {
	Indicator
	Hash   string        // hash of what decides its panes: on, where, measure, of, window
	Filter *rule.Program // nil: all events of the type count
	Number *rule.Program // what is measured of an event; nil when it only counts
	Group  *Class        // nil: it has none
	Rank   int           // where the pack has it: by classes, then by entries
	Behind Filter        // the cases behind it
}

// Filter says which cases stand behind an indicator, with everything resolved to what a case carries; a nil list is all.
type Filter struct {
	Figure    Figure // empty: the open ones, as a sign of events says it
	Scenarios []scenario.ID
	Classes   []string
	Units     []string
}

// Compile compiles the rules of an indicator of events that Check has found right. env holds the variables of the event type it is measured from. Lines
// and columns of the problems count within the rule's text.
func Compile(i *Indicator, env *rule.Env) (*Compiled, []fault.Problem) {
	c := &Compiled{Indicator: *i}
	var problems []fault.Problem
	if i.Where != "" {
		program, err := env.Compile(i.Where)
		problems = append(problems, problemsOf("where", err)...)
		c.Filter = program
	}
	if i.Of != "" {
		program, err := number(i.Of, env)
		problems = append(problems, problemsOf("of", err)...)
		c.Number = program
	}
	if len(problems) > 0 {
		return nil, problems
	}
	text, err := json.Marshal([]any{i.On, i.Where, i.Measure, i.Of, i.Window})
	if err != nil {
		panic("indicator: a definition holds only plain values: " + err.Error())
	}
	sum := sha256.Sum256(text)
	c.Hash = hex.EncodeToString(sum[:])
	return c, nil
}

// number compiles a rule that gives a number, whole or not.
func number(text string, env *rule.Env) (*rule.Program, error) {
	if whole, err := env.CompileTyped(text, rule.Int); err == nil {
		return whole, nil
	}
	return env.CompileTyped(text, rule.Double)
}

// problemsOf gives the problems of a rule's text its field.
func problemsOf(field string, err error) []fault.Problem {
	if err == nil {
		return nil
	}
	problems := fault.Problems(err)
	if len(problems) == 0 {
		return []fault.Problem{{Field: field, Message: fault.Message(err)}}
	}
	for i := range problems {
		problems[i].Field = field
	}
	return problems
}
