package scenario

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/operator"
	"twoweave/internal/rule"
)

// Compiled is a scenario with its rules compiled for its event types. It never changes and may be shared between goroutines.
type Compiled struct {
	Scenario        // the definition; its Subject, Where, When and Until are the rules' texts
	Rule     string // hash of the whole definition: what a detection names as the rule in force
	Window   string // hash of what decides state; scenarios with the same Window keep their state when content is replaced
	Programs Programs
	Inputs   []CompiledInput   // the main one first
	Measure  operator.Operator // nil: the operator measures nothing (match, sustain), or is cluster
	Setting  operator.Setting
	Slots    Slots
	Keyed    bool // it groups events by another key than its types' partition keys: it is shown keyed copies

	limits []string
}

// Programs are a scenario's rules. A program is nil where the text is empty; When never is.
type Programs struct {
	Subject *rule.Program // of the main input
	Where   *rule.Program // likewise
	When    *rule.Program // over the variables that JudgeVars names
	Until   *rule.Program
	Of      *rule.Program // the number or text that the operator measures; over the main input's variables
}

// CompiledInput is one stream of events. Its programs are over the variables of its event type.
type CompiledInput struct {
	On      event.TypeName
	Subject *rule.Program // a string; nil = the partition key
	Where   *rule.Program // nil = all
}

// Slots are where a row that When and Until judge holds what is not of an event. The slots before State are the main input's variables.
type Slots struct {
	State    int // level's name; then its rank
	Limits   int // the first of LimitNames; those that the scenario has not are missing
	Measures int // the operator's, in order
	Other    int // the other input's variables, of join
	Size     int
}

// EndsByHold says that an episode without an until is ended by Hold alone: what is found at one moment is not over because the next event is
// not part of it.
func (c *Compiled) EndsByHold() bool {
	return c.Until == "" && (c.Operator == Cluster || c.Operator == Sequence)
}

// LimitNames are the names whose values stand in a row from Slots.Limits on.
func (c *Compiled) LimitNames() []string { return c.limits }

// Span is how long the scenario must have run to say the same as if it had always run.
func (c *Compiled) Span() time.Duration {
	span := c.For
	switch {
	case c.Measure != nil:
		span += c.Measure.Span()
	case c.Cluster != nil:
		span += c.Cluster.Span(c.Setting)
	}
	return span
}

// AllInputs are a scenario's inputs, the main one first.
func (s *Scenario) AllInputs() []Input {
	return append([]Input{{On: s.On, Subject: s.Subject, Where: s.Where}}, s.Also...)
}

// limitNames are the names of limits, sorted.
func (s *Scenario) limitNames() []string { return slices.Sorted(maps.Keys(s.Limits)) }

// Types is what a scenario must know of its event types.
type Types struct {
	Setting operator.Setting
	Inputs  []*rule.Env // the variables of each input's type
	Keys    []string    // the variable by which each input's type is partitioned: "subject"
	Judge   *Judge
}

// Judge is the variables of When and Until. It is shared by all scenarios of one event type and operator, since making one is dear.
type Judge struct {
	Env    *rule.Env
	limits []string
	slots  Slots
}

// NewJudge makes the variables for scenarios that have the same operator, main type and, of join, other type. limits are all names that they have.
func NewJudge(op Operator, main, other *rule.Env, limits []string) (*Judge, error) {
	limits = slices.Compact(slices.Sorted(slices.Values(limits)))
	j := &Judge{limits: limits}
	vars := main.Vars()
	j.slots.State = len(vars)
	vars = append(vars, rule.Var{Name: "state", Type: rule.String}, rule.Var{Name: "level", Type: rule.Int})
	j.slots.Limits = len(vars)
	for _, name := range limits {
		vars = append(vars, rule.Var{Name: "limit." + name, Type: rule.Double})
	}
	j.slots.Measures = len(vars)
	vars = append(vars, measures(op)...)
	j.slots.Other = len(vars)
	if op == Join {
		for _, v := range other.Vars() {
			vars = append(vars, rule.Var{Name: "other." + v.Name, Type: v.Type})
		}
	}
	j.slots.Size = len(vars)
	var err error
	j.Env, err = rule.NewEnv(vars)
	return j, err
}

// LimitsOf are the names of the limits of scenarios that share a Judge.
func LimitsOf(all []*Scenario) []string {
	var names []string
	for _, s := range all {
		names = append(names, s.limitNames()...)
	}
	return names
}

// Compile checks and compiles the rules of a scenario that Check has found right. Lines and columns of the problems count within the rule's text.
func Compile(s *Scenario, t Types) (*Compiled, []fault.Problem) {
	b := builder{c: &Compiled{Scenario: *s, Setting: t.Setting, Slots: t.Judge.slots, limits: t.Judge.limits}, types: t}
	for i, in := range s.AllInputs() {
		b.input(i, in)
	}
	b.measure()
	b.program("when", cmp.Or(s.When, defaultWhen(s.Operator)), rule.Bool, t.Judge.Env, &b.c.Programs.When)
	b.program("until", s.Until, rule.Bool, t.Judge.Env, &b.c.Programs.Until)
	b.ownLimits()
	if len(b.problems) > 0 {
		return nil, b.problems
	}
	b.c.Programs.Subject, b.c.Programs.Where = b.c.Inputs[0].Subject, b.c.Inputs[0].Where
	if s.Operator == Cluster {
		b.c.Hold = cmp.Or(s.Hold, s.Cluster.Over)
	}
	b.c.Rule = digest(s)
	b.c.Window = digest([]any{s.AllInputs(), s.Operator, s.When, s.Until, s.For, s.Hold, s.Evidence, s.Limits,
		s.Window, s.Absence, s.Sequence, s.Cluster, s.Geofence, s.Anomaly, s.Join, b.measuredBy()})
	return b.c, nil
}

// measuredBy is what the states of an operator that measures are made with, beside its own part.
func (b *builder) measuredBy() operator.Setting {
	if b.c.Measure == nil && b.c.Cluster == nil {
		return operator.Setting{}
	}
	return b.c.Setting
}

// defaultWhen is the condition of operators that have one of their own.
func defaultWhen(op Operator) string {
	return map[Operator]string{Absence: "absent", Sequence: "complete", Geofence: "inside", Join: "both"}[op]
}

type builder struct {
	c        *Compiled
	types    Types
	problems []fault.Problem
}

// program compiles a rule's text; an empty one gives none.
func (b *builder) program(field, text string, kind rule.Type, env *rule.Env, to **rule.Program) {
	if text == "" {
		return
	}
	program, err := env.CompileTyped(text, kind)
	if err != nil {
		b.problems = append(b.problems, problemsOf(field, err)...)
		return
	}
	*to = program
}

func (b *builder) input(i int, in Input) {
	c := CompiledInput{On: in.On}
	field := ""
	if i > 0 {
		field = "also." + string(rune('0'+i-1)) + "."
	}
	b.program(field+"subject", in.Subject, rule.String, b.types.Inputs[i], &c.Subject)
	b.program(field+"where", in.Where, rule.Bool, b.types.Inputs[i], &c.Where)
	b.c.Inputs = append(b.c.Inputs, c)
	made := c.Subject == nil || slices.Contains(c.Subject.Uses(), b.types.Keys[i])
	b.c.Keyed = b.c.Keyed || !made || in.On != b.c.On || b.c.Scenario.Operator == Cluster
}

// ownLimits refuses names of limits that only other scenarios have.
func (b *builder) ownLimits() {
	for _, p := range []struct {
		field   string
		program *rule.Program
	}{{"when", b.c.Programs.When}, {"until", b.c.Programs.Until}} {
		if p.program == nil {
			continue
		}
		for _, name := range p.program.Uses() {
			if limit, is := strings.CutPrefix(name, "limit."); is && b.c.Limits[limit] == nil {
				b.problems = append(b.problems, fault.Problem{Field: p.field, Message: "the scenario has no limit " + limit})
			}
		}
	}
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
