package archtest

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Problem is one breach of a rule.
type Problem struct {
	Path string // file or folder from the root
	Line int    // 0: the whole of it
	Text string // what is wrong and what would be right
}

// String is the problem as compilers write it.
func (p Problem) String() string {
	if p.Line == 0 {
		return p.Path + ": " + p.Text
	}
	return fmt.Sprintf("%s:%d: %s", p.Path, p.Line, p.Text)
}

// Check reads every Go file of the module at root, nested modules and testdata left out, and lists what breaks the rules, in order of
// place. An error means that it could not look: no module there, or a file that is no Go.
func Check(root string) ([]Problem, error) {
	module, err := modulePath(root)
	if err != nil {
		return nil, err
	}
	t := &tree{root: root, module: module, fset: token.NewFileSet(), packages: map[string]*pkg{}}
	if err := filepath.WalkDir(root, t.visit); err != nil {
		return nil, err
	}
	for dir, p := range t.packages {
		t.checkPackage(dir, p)
	}
	slices.SortFunc(t.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Text, b.Text))
	})
	return t.problems, nil
}

type tree struct {
	root, module string
	fset         *token.FileSet
	packages     map[string]*pkg // by folder from the root
	problems     []Problem
}

type pkg struct {
	files []*file
}

type file struct {
	path string // from the root
	test bool
	ast  *ast.File
}

func modulePath(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "module "); ok {
			return strings.TrimSpace(name), nil
		}
	}
	return "", fmt.Errorf("%s/go.mod names no module", root)
}

func (t *tree) visit(at string, d fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(t.root, at)
	if err != nil {
		return err
	}
	rel = filepath.ToSlash(rel)
	if d.IsDir() {
		return skip(at, rel, d.Name())
	}
	if !strings.HasSuffix(rel, ".go") {
		return nil
	}
	return t.read(at, rel)
}

func skip(at, rel, name string) error {
	if rel == "." {
		return nil
	}
	hidden := strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
	_, err := os.Stat(filepath.Join(at, "go.mod"))
	if hidden || err == nil || name == "testdata" || name == "node_modules" || name == "vendor" {
		return fs.SkipDir
	}
	return nil
}

func (t *tree) read(at, rel string) error {
	parsed, err := parser.ParseFile(t.fset, at, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	dir := path.Dir(rel)
	if t.packages[dir] == nil {
		t.packages[dir] = &pkg{}
	}
	f := &file{path: rel, test: strings.HasSuffix(rel, "_test.go"), ast: parsed}
	t.packages[dir].files = append(t.packages[dir].files, f)
	return nil
}

func (t *tree) checkPackage(dir string, p *pkg) {
	at, ok := classify(dir)
	if !ok {
		t.add(dir, nil, "this package is in no level; give it a line in internal/archtest/table.go, at the level that it belongs to")
		return
	}
	t.checkName(dir)
	t.checkComment(dir, p)
	for _, f := range p.files {
		for _, imp := range f.ast.Imports {
			if why := t.refuse(at, f, strings.Trim(imp.Path.Value, `"`)); why != "" {
				t.add(f.path, imp, why)
			}
		}
		t.checkCalls(at, f)
	}
}

func (t *tree) add(at string, n ast.Node, text string) {
	line := 0
	if n != nil {
		line = t.fset.Position(n.Pos()).Line
	}
	t.problems = append(t.problems, Problem{at, line, text})
}
