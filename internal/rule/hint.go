package rule

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// hint says what is allowed at a call that the checker refused; empty when there is nothing to add.
func hint(checker *cel.Env, tree *ast.AST, id int64) string {
	function := ""
	ast.PreOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.ID() == id && e.Kind() == ast.CallKind {
			function = e.AsCall().FunctionName()
		}
	}))
	switch function {
	case "":
		return ""
	case operators.Equals, operators.NotEquals:
		return "; both sides must be of one type: a double is written 1.0, int() and double() convert"
	case operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo, operators.Negate:
		return "; numbers must be of one type: a double is written 1.0, int() and double() convert"
	case operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return "; numbers can be ordered with numbers, other values with those of their type"
	case operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Conditional:
		return "; a condition is of type bool, and what a ? b : c chooses between is of one type"
	case operators.In:
		return "; a list must hold values of the type that is looked for"
	}
	if !checker.HasFunction(function) {
		return "; allowed are size, startsWith, endsWith, contains, matches, has, the get… functions of times, conversions such as int(x), and exists, all, " +
			"exists_one, map and filter of lists"
	}
	return "; the function exists for other types"
}
