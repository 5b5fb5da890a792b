package rule

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
)

// checked is a text that was parsed and type-checked in an environment: the one form that closures, kernels and constants are made from.
type checked struct {
	env    *Env
	source string
	text   []rune // of source; positions of the checker count these
	tree   *cel.Ast
	result Type
}

// check parses and type-checks src, which must be of the type want.
func (e *Env) check(src string, want Type) (*checked, error) {
	if err := admitText(src); err != nil {
		return nil, err
	}
	parsed, issues := e.checker.Parse(src)
	if issues.Err() != nil {
		return nil, join(e.translate(issues, nil))
	}
	root := parsed.NativeRep()
	if err := e.admitTree(root); err != nil {
		return nil, err
	}
	tree, issues := e.checker.Check(parsed)
	if issues.Err() != nil {
		if unknown := e.undeclared(root); len(unknown) > 0 {
			return nil, join(unknown)
		}
		return nil, join(e.translate(issues, root))
	}
	if got := tree.OutputType(); typeOf(got) != want {
		return nil, &Error{Line: 1, Column: 1, Message: fmt.Sprintf("the rule must be of type %s; it is of type %s", want, cel.FormatCELType(got))}
	}
	if err := e.admitZones(tree.NativeRep()); err != nil {
		return nil, err
	}
	return &checked{env: e, source: src, text: []rune(src), tree: tree, result: want}, nil
}

// admitText bounds what the parser gets to see.
func admitText(src string) error {
	refuse := func(format string, args ...any) error {
		return &Error{Line: 1, Column: 1, Message: fmt.Sprintf(format, args...)}
	}
	switch {
	case len(src) > MaxLength:
		return refuse("the rule is %d bytes long; at most %d are allowed", len(src), MaxLength)
	case !utf8.ValidString(src):
		return refuse("the rule is not valid UTF-8")
	case strings.TrimSpace(src) == "":
		return refuse("the rule is empty; a condition such as data.level_cm >= 15.0 is expected")
	}
	return nil
}

// admitTree bounds what the checker and the compilers get to see.
func (e *Env) admitTree(tree *ast.AST) error {
	if n := ast.NodeCount(tree); n > MaxNodes {
		return &Error{Line: 1, Column: 1, Message: fmt.Sprintf("the rule has %d parts; at most %d are allowed", n, MaxNodes)}
	}
	if d := ast.Heights(tree)[tree.Expr().ID()]; d > MaxDepth {
		return &Error{Line: 1, Column: 1, Message: fmt.Sprintf("the rule is nested %d deep; at most %d is allowed", d, MaxDepth)}
	}
	return nil
}

// translate makes our errors of the parser's, or with the tree of the checker's.
func (e *Env) translate(issues *cel.Issues, tree *ast.AST) []*Error {
	var all []*Error
	for _, i := range issues.Errors() {
		message := strings.TrimSuffix(i.Message, " (in container '')")
		if tree != nil {
			message += hint(e.checker, tree, i.ExprID)
		}
		all = append(all, at(i.Location, message))
	}
	return all
}

func at(place common.Location, message string) *Error {
	return &Error{Line: max(1, place.Line()), Column: max(1, place.Column()+1), Message: message}
}

// undeclared finds the names in a tree that are no variables.
func (e *Env) undeclared(tree *ast.AST) []*Error {
	w := nameWalk{env: e, info: tree.SourceInfo(), local: map[string]int{}}
	w.visit(tree.Expr())
	return w.found
}

// nameWalk visits names with the variables of comprehensions in scope.
type nameWalk struct {
	env   *Env
	info  *ast.SourceInfo
	local map[string]int
	found []*Error
}

func (w *nameWalk) visit(e ast.Expr) {
	if name, ok := dotted(e); ok {
		w.name(e, name)
		return
	}
	switch e.Kind() {
	case ast.SelectKind:
		w.visit(e.AsSelect().Operand())
	case ast.CallKind:
		if e.AsCall().IsMemberFunction() {
			w.visit(e.AsCall().Target())
		}
		w.all(e.AsCall().Args())
	case ast.ListKind:
		w.all(e.AsList().Elements())
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			w.visit(entry.AsMapEntry().Key())
			w.visit(entry.AsMapEntry().Value())
		}
	case ast.ComprehensionKind:
		w.comprehension(e.AsComprehension())
	}
}

func (w *nameWalk) all(list []ast.Expr) {
	for _, e := range list {
		w.visit(e)
	}
}

func (w *nameWalk) comprehension(c ast.ComprehensionExpr) {
	w.visit(c.IterRange())
	w.visit(c.AccuInit())
	inner := []string{c.IterVar(), c.AccuVar()}
	if c.HasIterVar2() {
		inner = append(inner, c.IterVar2())
	}
	for _, name := range inner {
		w.local[name]++
	}
	w.visit(c.LoopCondition())
	w.visit(c.LoopStep())
	w.visit(c.Result())
	for _, name := range inner {
		w.local[name]--
	}
}

// name notes a dotted name unless it, or a beginning of it, is declared.
func (w *nameWalk) name(e ast.Expr, name string) {
	root, _, _ := strings.Cut(name, ".")
	if w.local[root] > 0 || strings.HasPrefix(root, "@") || isTypeName(root) {
		return
	}
	for known := name; known != ""; known = known[:max(0, strings.LastIndexByte(known, '.'))] {
		if _, ok := w.env.slots[known]; ok {
			return
		}
	}
	for e.Kind() == ast.SelectKind { // the name starts where its first word does
		e = e.AsSelect().Operand()
	}
	message, allowed := suggest(name, w.env.names)
	problem := at(w.info.GetStartLocation(e.ID()), message)
	problem.Allowed = allowed
	w.found = append(w.found, problem)
}

// dotted is the name that a chain of selections spells.
func dotted(e ast.Expr) (string, bool) {
	switch e.Kind() {
	case ast.IdentKind:
		return e.AsIdent(), true
	case ast.SelectKind:
		if s := e.AsSelect(); !s.IsTestOnly() {
			if prefix, ok := dotted(s.Operand()); ok {
				return prefix + "." + s.FieldName(), true
			}
		}
	}
	return "", false
}

// isTypeName knows CEL's names of types, which are values too.
func isTypeName(word string) bool {
	switch word {
	case "bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type", "google":
		return true
	}
	return false
}
