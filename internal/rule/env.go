package rule

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"

	"twoweave/internal/base/fault"
)

// Limits of a rule's text. They are far above what people write and far below what could slow a checker down.
const (
	MaxLength = 4096 // bytes
	MaxDepth  = 48   // nested parts, parentheses included
	MaxNodes  = 600  // parts after macros are expanded
	MaxVars   = 512  // variables of an environment

	maxRegexp = 2000  // instructions of a pattern's program
	maxCost   = 50000 // cel-go's units of one evaluation
)

// Var is a variable that rules may name.
type Var struct {
	Name string // words of a-z, A-Z, 0-9 and _ joined by dots: "data.level_cm"
	Type Type
}

// Env is a set of variables, each in a slot. It never changes.
type Env struct {
	vars    []Var
	slots   map[string]int
	names   []string // sorted
	checker *cel.Env
	hidden  []*cel.AttributePatternType // by slot, for cel-go's evaluation
}

// NewEnv gives each variable the slot of its place in vars. It is a fault of kind Invalid when a name has another form, is a word of CEL, comes
// twice or begins with another name and a dot, when a type is none, or when there are more than MaxVars.
func NewEnv(vars []Var) (*Env, error) {
	e := &Env{vars: slices.Clone(vars), slots: make(map[string]int, len(vars))}
	if len(vars) > MaxVars {
		return nil, fault.New(fault.Invalid, "rule.NewEnv", "%d variables; at most %d are allowed", len(vars), MaxVars)
	}
	var problems []fault.Problem
	for i, v := range vars {
		if problem := e.admit(v); problem != "" {
			problems = append(problems, fault.Problem{Field: v.Name, Message: problem})
		}
		e.slots[v.Name] = i
		e.names = append(e.names, v.Name)
		e.hidden = append(e.hidden, cel.AttributePattern(v.Name))
	}
	slices.Sort(e.names)
	if problems = append(problems, e.overlaps()...); len(problems) > 0 {
		return nil, fault.Invalidly("rule.NewEnv", problems...)
	}
	var err error
	if e.checker, err = cel.NewEnv(e.options()...); err != nil {
		return nil, fault.Wrap("rule.NewEnv", err)
	}
	return e, nil
}

// admit says what is wrong with one variable.
func (e *Env) admit(v Var) string {
	if !variableName(v.Name) {
		return "a variable's name is made of words of a-z, A-Z, 0-9 and _, joined by dots; a word starts with a letter or _ and is no word of CEL"
	}
	if _, twice := e.slots[v.Name]; twice {
		return "the variable is declared twice"
	}
	if celType(v.Type) == nil {
		return "a variable's type is bool, int, double, string, timestamp or duration"
	}
	return ""
}

// overlaps finds names that are a beginning of others: "data" beside "data.x" would make data.x mean two things.
func (e *Env) overlaps() []fault.Problem {
	var problems []fault.Problem
	for _, name := range e.names {
		for at := strings.IndexByte(name, '.'); at >= 0; {
			if _, both := e.slots[name[:at]]; both {
				problems = append(problems, fault.Problem{Field: name, Message: fmt.Sprintf("%s is a variable itself, so that nothing can be inside it", name[:at])})
			}
			next := strings.IndexByte(name[at+1:], '.')
			if next < 0 {
				break
			}
			at += 1 + next
		}
	}
	return problems
}

// Slot is where rows hold the variable.
func (e *Env) Slot(name string) (int, bool) {
	slot, ok := e.slots[name]
	return slot, ok
}

// Size is the number of slots of a row.
func (e *Env) Size() int { return len(e.vars) }

// Vars are the variables in order of slot; the caller owns the copy.
func (e *Env) Vars() []Var { return slices.Clone(e.vars) }

// NewRow makes a row of the environment's size with all values missing.
func (e *Env) NewRow() *Row { return &Row{Slots: make([]Value, len(e.vars))} }

// options are what cel-go must know. Numbers may be ordered across types; everything is in UTC unless a zone is named.
func (e *Env) options() []cel.EnvOption {
	options := []cel.EnvOption{
		cel.CrossTypeNumericComparisons(true),
		cel.ClearMacros(),
		cel.EnableMacroCallTracking(), // so that parts of a rule can be shown as they were written
		cel.Macros(presence(e.slots), cel.AllMacro, cel.ExistsMacro, cel.ExistsOneMacro, cel.MapMacro, cel.MapFilterMacro, cel.FilterMacro),
		cel.ParserRecursionLimit(MaxDepth),
		cel.ParserErrorRecoveryLimit(4),
		cel.ParserExpressionSizeLimit(MaxLength),
		cel.ExpressionNodeLimit(MaxNodes),
		cel.RegexProgramSizeLimit(maxRegexp),
		cel.ASTValidators(cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateRegexLiterals(),
			cel.ValidateComprehensionNestingLimit(2)),
	}
	for _, v := range e.vars {
		options = append(options, cel.Variable(v.Name, celType(v.Type)), cel.Variable(presenceName(v.Name), cel.BoolType))
	}
	return options
}

func celType(t Type) *cel.Type {
	switch t {
	case Bool:
		return cel.BoolType
	case Int:
		return cel.IntType
	case Double:
		return cel.DoubleType
	case String:
		return cel.StringType
	case Timestamp:
		return cel.TimestampType
	case Duration:
		return cel.DurationType
	}
	return nil
}

// typeOf is our type for cel-go's, 0 for one that we have not.
func typeOf(t *cel.Type) Type {
	for own := Bool; own <= Duration; own++ {
		if celType(own).IsExactType(t) {
			return own
		}
	}
	return 0
}

func variableName(name string) bool {
	for word := range strings.SplitSeq(name, ".") {
		if !variableWord(word) || slices.Contains(reserved(), word) {
			return false
		}
	}
	return len(name) <= 256
}

func variableWord(s string) bool {
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// reserved are the words of CEL's grammar that cannot be names.
func reserved() []string {
	return []string{"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop",
		"package", "namespace", "return", "var", "void", "while"}
}
