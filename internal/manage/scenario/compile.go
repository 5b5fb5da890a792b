package scenario

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"twoweave/internal/base/fault"
	"twoweave/internal/rule"
)

// Compiled is a scenario with its rules compiled for its event type. It never changes and may be shared between goroutines.
type Compiled struct {
	Scenario        // the definition; its Subject, Where, When and Until are the rules' texts
	Rule     string // hash of the whole definition: what a detection names as the rule in force
	Window   string // hash of what decides state; scenarios with the same Window keep their state when content is replaced
	Programs Programs
}

// Programs are a scenario's rules. A program is nil where the text is empty; When never is.
type Programs struct {
	Subject *rule.Program // a string
	Where   *rule.Program
	When    *rule.Program
	Until   *rule.Program
}

// Compile checks and compiles the rules of a scenario that Check has found right. env holds the variables of the event type it watches. Lines and
// columns of the problems count within the rule's text.
func Compile(s *Scenario, env *rule.Env) (*Compiled, []fault.Problem) {
	c := &Compiled{Scenario: *s}
	var problems []fault.Problem
	for _, p := range []struct {
		field, text string
		kind        rule.Type
		program     **rule.Program
	}{
		{"subject", s.Subject, rule.String, &c.Programs.Subject},
		{"where", s.Where, rule.Bool, &c.Programs.Where},
		{"when", s.When, rule.Bool, &c.Programs.When},
		{"until", s.Until, rule.Bool, &c.Programs.Until},
	} {
		if p.text == "" {
			continue
		}
		program, err := env.CompileTyped(p.text, p.kind)
		if err != nil {
			problems = append(problems, problemsOf(p.field, err)...)
			continue
		}
		*p.program = program
	}
	if len(problems) > 0 {
		return nil, problems
	}
	c.Rule = digest(s)
	c.Window = digest([]any{s.On, s.Subject, s.Where, s.Operator, s.When, s.Until, s.For})
	return c, nil
}

// problemsOf gives the problems of a rule's text the field it is in.
func problemsOf(field string, err error) []fault.Problem {
	problems := fault.Problems(err)
	if len(problems) == 0 {
		return []fault.Problem{{Field: field, Message: fault.Message(err)}}
	}
	for i := range problems {
		problems[i].Field = field
	}
	return problems
}

// digest is the hash of a definition: of its JSON, whose field order is fixed.
func digest(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("scenario: a definition holds only plain values: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
