package archtest

import (
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	minComment   = 120 // characters
	minSentences = 2
)

// drawers are names that say nothing about what is inside.
var drawers = []string{"util", "utils", "common", "helper", "helpers", "misc", "shared", "lib"}

func (t *tree) checkName(dir string) {
	if slices.Contains(drawers, path.Base(dir)) {
		t.add(dir, nil, "the package's name says nothing; name it after what it provides")
	}
}

var sentenceEnd = regexp.MustCompile(`[.!?:](\s|$)`)

func (t *tree) checkComment(dir string, p *pkg) {
	longest, code := "", false
	for _, f := range p.files {
		if f.test {
			continue
		}
		code = true
		if text := strings.TrimSpace(f.ast.Doc.Text()); len(text) > len(longest) {
			longest = text
		}
	}
	if code && (len(longest) < minComment || len(sentenceEnd.FindAllString(longest, -1)) < minSentences) {
		t.add(dir, nil, "the package comment would not teach a newcomer: say in at least two sentences what the package is for, what it promises and what it never does")
	}
}

// checkCalls looks for reading the machine's clock, sleeping, and skipping tests.
func (t *tree) checkCalls(at place, f *file) {
	timeName := importName(f.ast, "time")
	allowed := slowGuards(f)
	ast.Inspect(f.ast, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if !ok {
			return true
		}
		switch {
		case x.Name == timeName && timeName != "":
			t.checkTime(at, f, sel)
		case f.test && isTestValue(x.Name) && strings.HasPrefix(sel.Sel.Name, "Skip") && !allowed(sel):
			t.add(f.path, sel, "a skipped test shows nothing and nobody sees it: fail and say what to install, or, when it is too long for every day, return to the TWOWEAVE_SLOW guard: if os.Getenv(\"TWOWEAVE_SLOW\") == \"\" { t.Skip(…) }")
		}
		return true
	})
}

func (t *tree) checkTime(at place, f *file, sel *ast.SelectorExpr) {
	switch sel.Sel.Name {
	case "Sleep":
		t.add(f.path, sel, "time.Sleep waits for time where it should wait for an event; use clock.Clock.Wait, or a channel in a test")
	case "Now", "Since", "Until":
		if !f.test && at.unit != "internal/base/clock" && !within(at.unit, "cmd") {
			t.add(f.path, sel, "time."+sel.Sel.Name+" reads the machine's clock; take a clock.Clock, so that tests and replays can set the time")
		}
	}
}

// importName is the name by which f knows the package, or nothing when it does not import it.
func importName(f *ast.File, what string) string {
	for _, imp := range f.Imports {
		if imp.Path.Value != strconv.Quote(what) {
			continue
		}
		if imp.Name != nil {
			return imp.Name.Name
		}
		return path.Base(what)
	}
	return ""
}

func isTestValue(name string) bool { return slices.Contains([]string{"t", "tb", "b", "f"}, name) }

// slowGuards tells whether a node stands in an if whose condition asks for TWOWEAVE_SLOW: such a test runs in `make slow`.
func slowGuards(f *file) func(ast.Node) bool {
	var guards []*ast.IfStmt
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if s, ok := n.(*ast.IfStmt); ok && asksForSlow(s.Cond) {
			guards = append(guards, s)
		}
		return true
	})
	return func(n ast.Node) bool {
		return slices.ContainsFunc(guards, func(s *ast.IfStmt) bool { return s.Body.Pos() <= n.Pos() && n.End() <= s.Body.End() })
	}
}

func asksForSlow(cond ast.Expr) (yes bool) {
	ast.Inspect(cond, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		yes = yes || ok && lit.Value == `"TWOWEAVE_SLOW"`
		return !yes
	})
	return yes
}
