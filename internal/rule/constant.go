package rule

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
)

// ConstantKind is what a literal stands for.
type ConstantKind uint8

const (
	BoolConstant ConstantKind = iota + 1
	IntConstant
	DoubleConstant
	StringConstant
	TimestampConstant // the text in timestamp("…")
	DurationConstant  // the text in duration("…")
	PatternConstant   // the text in matches("…")
	ZoneConstant      // the text in getHours("…") and its like
)

// Constant is a literal in a rule's text. Tests of packs shift each a little and expect some test to notice.
type Constant struct {
	Offset, Length int // bytes of Source; a minus before a number and the quotes of a text are in it
	Kind           ConstantKind
	Value          Value
	Compared       bool // it is a part of one side of a comparison, or of the list behind "in"
}

// Constants are the literals of a rule in the order of its text. Bytes, unsigned numbers and null are not among them.
func (p *Program) Constants() []Constant {
	w := constantWalk{checked: p.checked, tree: p.checked.tree.NativeRep(), seen: map[int]bool{}}
	w.visit(w.tree.Expr(), 0, false)
	slices.SortFunc(w.found, func(a, b Constant) int { return a.Offset - b.Offset })
	return w.found
}

type constantWalk struct {
	checked *checked
	tree    *ast.AST
	seen    map[int]bool // offsets: macros can repeat a part
	found   []Constant
}

// visit finds literals in e. role is the kind of a text that stands here, 0 for an ordinary one.
func (w *constantWalk) visit(e ast.Expr, role ConstantKind, compared bool) {
	switch e.Kind() {
	case ast.LiteralKind:
		w.literal(e, role, compared)
	case ast.SelectKind:
		w.visit(e.AsSelect().Operand(), 0, compared)
	case ast.CallKind:
		w.call(e.AsCall(), compared)
	case ast.ListKind:
		for _, item := range e.AsList().Elements() {
			w.visit(item, 0, compared)
		}
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			w.visit(entry.AsMapEntry().Key(), 0, compared)
			w.visit(entry.AsMapEntry().Value(), 0, compared)
		}
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		for _, part := range []ast.Expr{c.IterRange(), c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()} {
			w.visit(part, 0, false)
		}
	}
}

func (w *constantWalk) call(c ast.CallExpr, compared bool) {
	name := c.FunctionName()
	if c.IsMemberFunction() {
		w.visit(c.Target(), 0, compared)
	}
	for i, arg := range c.Args() {
		switch {
		case comparison(name) != 0 || name == operators.In:
			w.visit(arg, 0, true)
		case name == operators.LogicalAnd || name == operators.LogicalOr || name == operators.LogicalNot || name == operators.Conditional && i == 0:
			w.visit(arg, 0, false)
		default:
			w.visit(arg, roleOf(c), compared)
		}
	}
}

// roleOf is what a text given to a function stands for.
func roleOf(c ast.CallExpr) ConstantKind {
	switch {
	case c.FunctionName() == overloads.TypeConvertTimestamp:
		return TimestampConstant
	case c.FunctionName() == overloads.TypeConvertDuration:
		return DurationConstant
	case c.FunctionName() == overloads.Matches:
		return PatternConstant
	case isZoned(c):
		return ZoneConstant
	}
	return 0
}

func (w *constantWalk) literal(e ast.Expr, role ConstantKind, compared bool) {
	value := fromCEL(e.AsLiteral())
	place, ok := w.tree.SourceInfo().GetOffsetRange(e.ID())
	if !ok || value.Missing() || int(place.Start) > len(w.checked.text) {
		return
	}
	offset, length := spanOf(w.checked.source, len(string(w.checked.text[:place.Start])), value)
	if length == 0 || w.seen[offset] {
		return
	}
	w.seen[offset] = true
	c := Constant{Offset: offset, Length: length, Kind: ConstantKind(value.kind), Value: value, Compared: compared}
	if value.kind == String && role != 0 {
		c.Kind = role
	}
	if role == TimestampConstant || role == DurationConstant {
		if v, s := parse(value.text, Type(role)); s == known && value.kind == String {
			c.Value = v
		}
	}
	w.found = append(w.found, c)
}

// spanOf finds the literal that starts at offset; length 0 when none does, as for what macros add.
func spanOf(src string, offset int, v Value) (start, length int) {
	rest := src[offset:]
	switch v.kind {
	case Bool:
		if word := strconv.FormatBool(v.Bool()); strings.HasPrefix(rest, word) {
			return offset, len(word)
		}
	case String:
		return offset, quotedLength(rest)
	case Int, Double:
		negative := v.kind == Int && v.bits < 0 || v.kind == Double && math.Signbit(v.Double())
		if before := strings.TrimRight(src[:offset], " \t\r\n\f"); negative && !strings.HasPrefix(rest, "-") && strings.HasSuffix(before, "-") {
			offset = len(before) - 1
			rest = src[offset:]
		}
		return offset, numberLength(rest)
	}
	return offset, 0
}

// numberLength scans a number with an optional minus.
func numberLength(s string) int {
	i := 0
	if strings.HasPrefix(s, "-") {
		i = len(s) - len(strings.TrimLeft(s[1:], " \t\r\n\f"))
	}
	if strings.HasPrefix(s[i:], "0x") || strings.HasPrefix(s[i:], "0X") {
		return i + 2 + digits(s[i+2:], "0123456789abcdefABCDEF")
	}
	const decimal = "0123456789"
	start := i
	i += digits(s[i:], decimal)
	if i+1 < len(s) && s[i] == '.' && digits(s[i+1:], decimal) > 0 {
		i += 1 + digits(s[i+1:], decimal)
	}
	if i == start {
		return 0
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		sign := 1
		if i+1 < len(s) && (s[i+1] == '+' || s[i+1] == '-') {
			sign = 2
		}
		if n := digits(s[min(len(s), i+sign):], decimal); n > 0 {
			i += sign + n
		}
	}
	return i
}

func digits(s, allowed string) int { return len(s) - len(strings.TrimLeft(s, allowed)) }

// quotedLength scans a text with its quotes: one or three of ' or ", raw with r before them.
func quotedLength(s string) int {
	i := 0
	raw := s != "" && (s[0] == 'r' || s[0] == 'R')
	if raw {
		i++
	}
	quote := ""
	for _, q := range []string{`"""`, `'''`, `"`, `'`} {
		if strings.HasPrefix(s[i:], q) {
			quote = q
			break
		}
	}
	if quote == "" {
		return 0
	}
	for i += len(quote); i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], quote):
			return i + len(quote)
		case s[i] == '\\' && !raw:
			i++
		}
	}
	return 0
}
