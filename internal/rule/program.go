package rule

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
)

// Program is a rule that was parsed, checked and compiled. It never changes and may be shared between goroutines.
type Program struct {
	checked   *checked
	condition func(*Row) tri            // of a compiled condition
	scalar    func(*Row) (Value, state) // of a compiled rule of another type
	fallback  *reference                // of a rule that is not compiled
	uses      []string
}

// Compile compiles a condition: a rule of type bool. The error is an *Error.
func (e *Env) Compile(src string) (*Program, error) { return e.CompileTyped(src, Bool) }

// CompileTyped compiles a rule of the given type. The error is an *Error.
func (e *Env) CompileTyped(src string, want Type) (*Program, error) {
	c, err := e.check(src, want)
	if err != nil {
		return nil, err
	}
	p := &Program{checked: c}
	slots := c.reads()
	for _, slot := range slots {
		p.uses = append(p.uses, e.vars[slot].Name)
	}
	slices.Sort(p.uses)
	if p.compile() {
		return p, nil
	}
	if p.fallback, err = c.reference(slots); err != nil {
		return nil, &Error{Line: 1, Column: 1, Message: err.Error()}
	}
	return p, nil
}

// Eval asks a condition of a row. Unknown comes with a nil error when a variable that decides is missing, and with an EvalError when the rule
// failed; False and True never come with an error. The row is only read.
func (p *Program) Eval(r *Row) (Truth, error) {
	if p.condition != nil {
		if t := p.condition(r); t <= isUnknown {
			return Truth(t), nil
		} else {
			return Unknown, EvalError(t.state())
		}
	}
	v, err := p.EvalValue(r)
	switch {
	case err != nil:
		return Unknown, err
	case v.Missing():
		return Unknown, nil
	case v.kind != Bool:
		return Unknown, NotCondition
	}
	return Truth(v.bits), nil
}

// EvalValue asks a rule of any type of a row. A missing Value is an unknown answer, or with an EvalError a failed one.
func (p *Program) EvalValue(r *Row) (Value, error) {
	switch {
	case p.condition != nil:
		t := p.condition(r)
		if t > isTrue {
			return Value{}, t.state().err()
		}
		return Value{bits: int64(t), kind: Bool}, nil
	case p.scalar != nil:
		v, s := p.scalar(r)
		if s != known {
			return Value{}, s.err()
		}
		return v, nil
	}
	return p.fallback.value(r)
}

// EvalString asks a rule of type string of a row. False with a nil error is an unknown answer.
func (p *Program) EvalString(r *Row) (string, bool, error) {
	v, err := p.EvalValue(r)
	return v.text, v.kind == String, err
}

// Type is the type of the rule's answers.
func (p *Program) Type() Type { return p.checked.result }

// Source is the rule's text.
func (p *Program) Source() string { return p.checked.source }

// Uses are the names of the variables in the text, sorted; also those that only has() names. The caller owns the copy.
func (p *Program) Uses() []string { return slices.Clone(p.uses) }

// Compiled says that the rule runs as closures; otherwise cel-go evaluates it, some ten times slower and with allocations.
func (p *Program) Compiled() bool { return p.fallback == nil }

// reads are the slots of the variables in the text, sorted.
func (c *checked) reads() []int {
	tree := c.tree.NativeRep()
	found := map[int]bool{}
	ast.PreOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if ref, ok := tree.ReferenceMap()[e.ID()]; ok {
			if slot, ok := c.env.slots[strings.TrimPrefix(ref.Name, presenceName(""))]; ok {
				found[slot] = true
			}
		}
	}))
	slots := make([]int, 0, len(found))
	for slot := range found {
		slots = append(slots, slot)
	}
	slices.Sort(slots)
	return slots
}
