package rule

import (
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// reference evaluates with cel-go: what lies outside our subset, and the oracle that tests compare with.
type reference struct {
	program cel.Program
	env     *Env
	slots   []int // of the variables that the rule reads
}

func (c *checked) reference(slots []int) (*reference, error) {
	p, err := c.env.checker.Program(c.tree, cel.EvalOptions(cel.OptPartialEval), cel.CostLimit(maxCost))
	if err != nil {
		return nil, err
	}
	return &reference{program: p, env: c.env, slots: slots}, nil
}

// value evaluates; a missing Value is unknown.
func (f *reference) value(r *Row) (Value, error) {
	vars := rowVars{row: r, env: f.env}
	var hidden []*cel.AttributePatternType
	for _, slot := range f.slots {
		v, s := r.read(slot, f.env.vars[slot].Type)
		if s > unknown {
			return Value{}, s.err()
		}
		if v == nil {
			hidden = append(hidden, f.env.hidden[slot])
		}
	}
	input, err := cel.PartialVars(vars, hidden...)
	if err != nil {
		return Value{}, NotEvaluated
	}
	out, _, err := f.program.Eval(input)
	if err != nil {
		return Value{}, NotEvaluated
	}
	return fromCEL(out), nil
}

// rowVars shows a row to cel-go.
type rowVars struct {
	row *Row
	env *Env
}

// ResolveName finds a variable, or whether it has a value.
func (v rowVars) ResolveName(name string) (any, bool) {
	if slot, ok := v.env.slots[name]; ok {
		if value, s := v.row.read(slot, v.env.vars[slot].Type); s == known {
			return toCEL(value), true
		}
		return nil, false
	}
	if len(name) > len(presenceName("")) {
		if slot, ok := v.env.slots[name[len(presenceName("")):]]; ok {
			return types.Bool(v.row.has(slot)), true
		}
	}
	return nil, false
}

// Parent is none: rules have no outer scope.
func (v rowVars) Parent() cel.Activation { return nil }

func toCEL(v *Value) ref.Val {
	switch v.kind {
	case Bool:
		return types.Bool(v.Bool())
	case Int:
		return types.Int(v.bits)
	case Double:
		return types.Double(v.Double())
	case String:
		return types.String(v.text)
	case Timestamp:
		return types.Timestamp{Time: v.Time()}
	}
	return types.Duration{Duration: v.Duration()}
}

// fromCEL is missing for unknowns and for what is no scalar; the checker has made sure that a known answer is one.
func fromCEL(out ref.Val) Value {
	switch x := out.Value().(type) {
	case bool:
		return BoolValue(x)
	case int64:
		return IntValue(x)
	case float64:
		return DoubleValue(x)
	case string:
		return StringValue(x)
	case time.Time:
		return TimestampValue(x)
	case time.Duration:
		return DurationValue(x)
	}
	return Value{}
}
