package rule

import (
	"fmt"
	"maps"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
)

// presenceName is a variable that no text can name: whether another variable has a value.
func presenceName(name string) string { return "@has:" + name }

// presence is the macro has(data.x). CEL's own one looks into an object; our variables are single values with dotted names.
func presence(slots map[string]int) cel.Macro {
	return cel.GlobalMacro("has", 1, func(f cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
		name, ok := dotted(args[0])
		if !ok {
			return nil, f.NewError(args[0].ID(), "has() takes a variable, such as has(data.level_cm)")
		}
		if _, declared := slots[name]; !declared {
			message, _ := suggest(name, slices.Sorted(maps.Keys(slots)))
			return nil, f.NewError(args[0].ID(), fmt.Sprintf("in has(): %s", message))
		}
		return f.NewIdent(presenceName(name)), nil
	})
}
