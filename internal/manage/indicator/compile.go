package indicator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"twoweave/internal/base/fault"
	"twoweave/internal/rule"
)

// Compiled is an indicator with its rule compiled. It never changes and may be shared between goroutines.
type Compiled struct {
	Indicator
	Hash   string        // hash of what decides its panes: on, where, window
	Filter *rule.Program // nil: all events of the type count
}

// Compile compiles the rule of an indicator that Check has found right. env holds the variables of the event type it is measured from. Lines and
// columns of the problems count within the rule's text.
func Compile(i *Indicator, env *rule.Env) (*Compiled, []fault.Problem) {
	c := &Compiled{Indicator: *i}
	if i.Where != "" {
		program, err := env.Compile(i.Where)
		if err != nil {
			return nil, problemsOf(err)
		}
		c.Filter = program
	}
	text, err := json.Marshal([]any{i.On, i.Where, i.Window})
	if err != nil {
		panic("indicator: a definition holds only plain values: " + err.Error())
	}
	sum := sha256.Sum256(text)
	c.Hash = hex.EncodeToString(sum[:])
	return c, nil
}

// problemsOf gives the problems of the rule's text its field.
func problemsOf(err error) []fault.Problem {
	problems := fault.Problems(err)
	if len(problems) == 0 {
		return []fault.Problem{{Field: "where", Message: fault.Message(err)}}
	}
	for i := range problems {
		problems[i].Field = "where"
	}
	return problems
}
