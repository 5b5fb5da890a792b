package rule

import (
	"regexp"
	"strings"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
)

// lowering makes the typed tree of a checked one. A nil result of its methods means: outside the subset, cel-go evaluates the rule.
type lowering struct {
	checked *checked
	tree    *ast.AST
}

func (c *checked) lower() *expr {
	l := lowering{checked: c, tree: c.tree.NativeRep()}
	return l.expr(l.tree.Expr())
}

func (l *lowering) typeOf(e ast.Expr) Type { return typeOf(l.tree.GetType(e.ID())) }

func (l *lowering) expr(e ast.Expr) *expr {
	kind := l.typeOf(e)
	if kind == 0 {
		return nil
	}
	switch e.Kind() {
	case ast.LiteralKind:
		return constant(fromCEL(e.AsLiteral()))
	case ast.IdentKind, ast.SelectKind:
		return l.name(e, kind)
	case ast.CallKind:
		return l.call(e, kind)
	}
	return nil
}

// name is a variable, or whether one is there.
func (l *lowering) name(e ast.Expr, kind Type) *expr {
	ref, ok := l.tree.ReferenceMap()[e.ID()]
	if !ok {
		return nil
	}
	if slot, ok := l.checked.env.slots[ref.Name]; ok {
		return &expr{op: opVar, kind: kind, slot: slot}
	}
	if name, ok := strings.CutPrefix(ref.Name, presenceName("")); ok {
		return &expr{op: opHas, kind: Bool, slot: l.checked.env.slots[name]}
	}
	return nil
}

// call lowers the operand first, so that the arguments are in one list whether the call is written f(a) or a.f().
func (l *lowering) call(e ast.Expr, kind Type) *expr {
	c := e.AsCall()
	operands := c.Args()
	if c.IsMemberFunction() {
		operands = append([]ast.Expr{c.Target()}, operands...)
	}
	switch c.FunctionName() {
	case operators.In:
		return l.in(operands)
	case overloads.Matches:
		return l.matches(operands)
	}
	if p, ok := partOf(c.FunctionName()); ok {
		return l.partOf(p, operands)
	}
	args := l.all(operands)
	if args == nil {
		return nil
	}
	return operation(c.FunctionName(), kind, args)
}

func (l *lowering) all(list []ast.Expr) []*expr {
	args := make([]*expr, len(list))
	for i, e := range list {
		if args[i] = l.expr(e); args[i] == nil {
			return nil
		}
	}
	return args
}

// in tests a scalar against a list of literals of its type.
func (l *lowering) in(operands []ast.Expr) *expr {
	needle := l.expr(operands[0])
	if needle == nil || operands[1].Kind() != ast.ListKind || operands[1].AsList().Size() == 0 {
		return nil
	}
	x := &expr{op: opIn, kind: Bool, args: []*expr{needle}}
	for _, e := range operands[1].AsList().Elements() {
		item := l.expr(e)
		if item == nil || item.op != opConst || item.kind != needle.kind {
			return nil
		}
		x.set = append(x.set, item.value)
	}
	return x
}

// matches tests a string against a literal pattern; that it compiles is part of the check.
func (l *lowering) matches(operands []ast.Expr) *expr {
	text, pattern := l.expr(operands[0]), l.expr(operands[1])
	if text == nil || pattern == nil || pattern.op != opConst {
		return nil
	}
	compiled, err := regexp.Compile(pattern.value.text)
	if err != nil {
		return nil
	}
	return &expr{op: opMatches, kind: Bool, args: []*expr{text}, pattern: compiled}
}

func (l *lowering) partOf(p part, operands []ast.Expr) *expr {
	arg := l.expr(operands[0])
	if arg == nil {
		return nil
	}
	x := &expr{op: opPart, kind: Int, args: []*expr{arg}, part: p}
	if len(operands) == 2 {
		zone, err := zoneOf(operands[1])
		if err != nil {
			return nil
		}
		x.zone = zone
	}
	return x
}

// operation finds the node for a function whose arguments are lowered.
func operation(function string, kind Type, args []*expr) *expr {
	if mask := comparison(function); mask != 0 {
		return comparing(mask, args)
	}
	x := &expr{op: opcodeOf(function), kind: kind, args: args}
	switch x.op {
	case 0:
		return nil
	case opAnd, opOr:
		x.args = flat(x.op, args)
	case opAdd:
		return adding(x)
	case opConvert:
		return converting(x)
	}
	return x
}

func comparison(function string) order {
	switch function {
	case operators.Less:
		return isLess
	case operators.LessEquals:
		return isLessEqual
	case operators.Greater:
		return isGreater
	case operators.GreaterEquals:
		return isGreaterEqual
	case operators.Equals:
		return isEqual
	case operators.NotEquals:
		return isNotEqual
	}
	return 0
}

func opcodeOf(function string) opcode {
	switch function {
	case operators.LogicalNot:
		return opNot
	case operators.LogicalAnd:
		return opAnd
	case operators.LogicalOr:
		return opOr
	case operators.Conditional:
		return opIf
	case operators.Add:
		return opAdd
	case operators.Subtract:
		return opSub
	case operators.Multiply:
		return opMul
	case operators.Divide:
		return opDiv
	case operators.Modulo:
		return opMod
	case operators.Negate:
		return opNegate
	case overloads.Size:
		return opSize
	case overloads.StartsWith:
		return opPrefix
	case overloads.EndsWith:
		return opSuffix
	case overloads.Contains:
		return opContains
	case overloads.TypeConvertBool, overloads.TypeConvertInt, overloads.TypeConvertDouble, overloads.TypeConvertString,
		overloads.TypeConvertTimestamp, overloads.TypeConvertDuration:
		return opConvert
	}
	return 0
}

// comparing puts a literal on the right and makes an int literal beside a double a double, when no digit is lost.
func comparing(mask order, args []*expr) *expr {
	a, b := args[0], args[1]
	if a.op == opConst && b.op != opConst {
		a, b, mask = b, a, mirrored(mask)
	}
	if a.kind == Double && b.op == opConst && b.kind == Int {
		if exact := float64(b.value.bits); b.value.bits > -1<<53 && b.value.bits < 1<<53 {
			b = constant(DoubleValue(exact))
		}
	}
	return &expr{op: opCompare, kind: Bool, args: []*expr{a, b}, mask: mask}
}

func mirrored(mask order) order {
	turned := mask & equal
	if mask&less != 0 {
		turned |= greater
	}
	if mask&greater != 0 {
		turned |= less
	}
	return turned
}

// flat takes the arguments of nested ands into one: their answer is the same, since the first error and any unknown count wherever they are.
func flat(op opcode, args []*expr) []*expr {
	var all []*expr
	for _, a := range args {
		if a.op == op {
			all = append(all, a.args...)
		} else {
			all = append(all, a)
		}
	}
	return all
}

// adding tells joining strings from sums.
func adding(x *expr) *expr {
	if x.kind == String {
		return &expr{op: opJoin, kind: String, args: flat(opJoin, x.args)}
	}
	return x
}

// converting drops conversions to the same type and evaluates those of literals. string(timestamp) is left to cel-go: it shows the zone a literal
// was written in, which our values do not keep.
func converting(x *expr) *expr {
	from := x.args[0]
	switch {
	case from.kind == x.kind:
		return from
	case from.kind == Timestamp && x.kind == String:
		return nil
	case from.op == opConst && from.kind == String:
		if v, s := parse(from.value.text, x.kind); s == known {
			return constant(v)
		}
	}
	return x
}

// parse converts a string as cel-go does.
func parse(text string, want Type) (Value, state) {
	out := types.String(text).ConvertToType(celTypeValue(want))
	if types.IsError(out) {
		return Value{}, fails(NotConverted)
	}
	v := fromCEL(out)
	if v.Missing() { // a time that cel-go accepts and a Value cannot hold
		return v, fails(TimestampOverflow)
	}
	return v, known
}

func celTypeValue(t Type) *types.Type {
	switch t {
	case Bool:
		return types.BoolType
	case Int:
		return types.IntType
	case Double:
		return types.DoubleType
	case Timestamp:
		return types.TimestampType
	case Duration:
		return types.DurationType
	}
	return types.StringType
}

// durationText is the duration as cel-go writes it.
func durationText(d time.Duration) string {
	out, _ := types.Duration{Duration: d}.ConvertToType(types.StringType).Value().(string)
	return out
}

// doubleText is the number as cel-go writes it.
func doubleText(f float64) string {
	out, _ := types.Double(f).ConvertToType(types.StringType).Value().(string)
	return out
}
