package rule

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// Comparison is an operator of a rule's text that decides something, and what could stand there by mistake. Tests of packs put one in place of the other
// and expect some test to notice.
type Comparison struct {
	Offset, Length int      // bytes of Source
	Alternatives   []string // each type-checks in its place
}

// Comparisons are the comparisons and logical operators of a rule in the order of its text: < beside <=, > beside >=, == beside !=, && beside ||; a !
// may be missing, and the two branches of a condition ? a : b may be the wrong way round. What macros add is not in the text and not among them.
func (p *Program) Comparisons() []Comparison {
	w := comparisonWalk{checked: p.checked, tree: p.checked.tree.NativeRep()}
	ast.PreOrderVisit(w.tree.Expr(), ast.NewExprVisitor(w.visit))
	slices.SortFunc(w.found, func(a, b Comparison) int { return a.Offset - b.Offset })
	return slices.CompactFunc(w.found, func(a, b Comparison) bool { return a.Offset == b.Offset }) // macros can repeat a part
}

type comparisonWalk struct {
	checked *checked
	tree    *ast.AST
	found   []Comparison
}

// written is how an operator is written, and what stands for it.
func written(function string) (text, alternative string) {
	switch function {
	case operators.Less:
		return "<", "<="
	case operators.LessEquals:
		return "<=", "<"
	case operators.Greater:
		return ">", ">="
	case operators.GreaterEquals:
		return ">=", ">"
	case operators.Equals:
		return "==", "!="
	case operators.NotEquals:
		return "!=", "=="
	case operators.LogicalAnd:
		return "&&", "||"
	case operators.LogicalOr:
		return "||", "&&"
	case operators.LogicalNot:
		return "!", ""
	case operators.Conditional:
		return "?", ""
	}
	return "", ""
}

func (w *comparisonWalk) visit(e ast.Expr) {
	if e.Kind() != ast.CallKind {
		return
	}
	text, alternative := written(e.AsCall().FunctionName())
	offset, ok := w.offset(e)
	if text == "" || !ok || !strings.HasPrefix(w.checked.source[offset:], text) {
		return
	}
	if text == "?" {
		w.branches(offset)
		return
	}
	w.found = append(w.found, Comparison{Offset: offset, Length: len(text), Alternatives: []string{alternative}})
}

// offset is where the operator of a call stands: the parser keeps that as the call's own place.
func (w *comparisonWalk) offset(e ast.Expr) (int, bool) {
	place, ok := w.tree.SourceInfo().GetOffsetRange(e.ID())
	if !ok || place.Start < 0 || int(place.Start) > len(w.checked.text) {
		return 0, false
	}
	return len(string(w.checked.text[:place.Start])), true
}

// branches finds the two branches after the ? at offset. The first goes to the colon, since a condition in it stands in parentheses; the second to the
// end of what encloses them.
func (w *comparisonWalk) branches(offset int) {
	src := w.checked.source
	colon := endOf(src, offset+1, ":")
	if colon == len(src) {
		return
	}
	end := endOf(src, colon+1, ",")
	first, second := strings.TrimSpace(src[offset+1:colon]), strings.TrimSpace(src[colon+1:end])
	w.found = append(w.found, Comparison{Offset: offset + 1, Length: end - offset - 1, Alternatives: []string{"(" + second + ") : (" + first + ")"}})
}

// endOf is where, from the offset on and outside all parentheses, quotes and comments, one of stop or the end of an enclosing bracket comes; the
// text's end when none does.
func endOf(src string, offset int, stop string) int {
	depth := 0
	for i := offset; i < len(src); i++ {
		switch c := src[i]; {
		case strings.HasPrefix(src[i:], "//"):
			i += len(lineOf(src[i:])) - 1
		case quotedLength(src[i:]) > 0:
			i += quotedLength(src[i:]) - 1
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case depth == 0 && (strings.IndexByte(stop, c) >= 0 || strings.IndexByte(")]}", c) >= 0):
			return i
		case strings.IndexByte(")]}", c) >= 0:
			depth--
		}
	}
	return len(src)
}

// lineOf is the text up to the end of its first line.
func lineOf(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
