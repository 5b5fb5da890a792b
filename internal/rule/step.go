package rule

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/parser"
)

// Step is a part of a rule with its value for one row.
type Step struct {
	Text  string `json:"text"`
	Value string `json:"value"` // as CEL writes it; "missing" for a variable without a value, "unknown" for what needs one, or why it failed
	Depth int    `json:"depth"` // 0 = the whole rule
}

// Steps are a rule's parts with their values for a row: the whole first, then what it consists of, each before its own parts. Literals are left out. The
// parts of a macro's loop have no value of their own; the variables in it do. It is slow: each part is compiled and evaluated by itself.
func (p *Program) Steps(r *Row) []Step {
	w := stepWalk{checked: p.checked, tree: p.checked.tree.NativeRep(), row: r}
	w.visit(w.tree.Expr(), 0)
	return w.steps
}

type stepWalk struct {
	checked *checked
	tree    *ast.AST
	row     *Row
	steps   []Step
}

func (w *stepWalk) visit(e ast.Expr, depth int) {
	if e.Kind() == ast.LiteralKind {
		return
	}
	step := Step{Text: w.text(e), Depth: depth}
	if kind := typeOf(w.tree.GetType(e.ID())); kind != 0 && step.Text != "" {
		step.Value = w.value(e, step.Text, kind)
	}
	inner := depth
	if step.Value != "" {
		w.steps = append(w.steps, step)
		inner++
	}
	from := len(w.steps)
	for _, part := range w.parts(e) {
		w.visit(part, inner)
	}
	w.once(from, inner)
}

// once drops what stands twice among the parts of one whole.
func (w *stepWalk) once(from, depth int) {
	seen := map[string]bool{}
	kept := w.steps[:from]
	skipping := false
	for _, s := range w.steps[from:] {
		if s.Depth == depth {
			skipping = seen[s.Text]
			seen[s.Text] = true
		}
		if !skipping {
			kept = append(kept, s)
		}
	}
	w.steps = kept
}

// text is a part as CEL writes it, in one line.
func (w *stepWalk) text(e ast.Expr) string {
	text, err := parser.Unparse(e, w.tree.SourceInfo())
	if err != nil {
		return ""
	}
	return strings.ReplaceAll(text, "\n", " ")
}

func (w *stepWalk) value(e ast.Expr, text string, kind Type) string {
	program, err := w.checked.env.CompileTyped(text, kind)
	if err != nil {
		return ""
	}
	v, err := program.EvalValue(w.row)
	switch {
	case err != nil:
		return err.Error()
	case v.Missing() && (e.Kind() == ast.IdentKind || e.Kind() == ast.SelectKind):
		return "missing"
	case v.Missing():
		return "unknown"
	}
	return v.String()
}

// parts are what a part consists of. A chain of && or || is one whole with many parts.
func (w *stepWalk) parts(e ast.Expr) []ast.Expr {
	switch e.Kind() {
	case ast.CallKind:
		c := e.AsCall()
		if name := c.FunctionName(); name == operators.LogicalAnd || name == operators.LogicalOr {
			return w.chain(e, name)
		}
		if c.IsMemberFunction() {
			return append([]ast.Expr{c.Target()}, c.Args()...)
		}
		return c.Args()
	case ast.ListKind:
		return e.AsList().Elements()
	case ast.ComprehensionKind:
		return w.variables(e)
	}
	return nil
}

func (w *stepWalk) chain(e ast.Expr, name string) []ast.Expr {
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != name {
		return []ast.Expr{e}
	}
	var all []ast.Expr
	for _, arg := range e.AsCall().Args() {
		all = append(all, w.chain(arg, name)...)
	}
	return all
}

// variables are the rule's own variables anywhere in a part.
func (w *stepWalk) variables(e ast.Expr) []ast.Expr {
	var all []ast.Expr
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(part ast.Expr) {
		if ref, ok := w.tree.ReferenceMap()[part.ID()]; ok && slices.Contains(w.checked.env.names, ref.Name) {
			all = append(all, part)
		}
	}))
	return all
}
