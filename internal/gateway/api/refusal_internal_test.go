package api

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
)

// at is which argument of a call is the code of a message, and form the one that is its words.
var at = map[string]int{"Say": 2, "Wrong": 1, "refuse": 1, "notPossible": 0, "bad": 0, "add": 1, "fail": 1}

// sources visits every call that makes a coded message, and every text, in the program's own sources.
func sources(t *testing.T, call func(code, form string, pos token.Position), text func(string)) {
	t.Helper()
	for _, root := range []string{"../../access", "../../base/fault", "../../manage", "../../platform/command"} {
		if err := filepath.WalkDir(root, visit(token.NewFileSet(), call, text)); err != nil {
			t.Fatal(err)
		}
	}
}

func visit(files *token.FileSet, call func(code, form string, pos token.Position), text func(string)) fs.WalkDirFunc {
	return func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s := literal(n); s != "" {
				text(s)
			}
			c, is := n.(*ast.CallExpr)
			if !is {
				return true
			}
			if i, coded := at[nameOf(c.Fun)]; coded && len(c.Args) > i {
				form := ""
				if len(c.Args) > i+1 {
					form = literal(c.Args[i+1])
				}
				if code := literal(c.Args[i]); code != "" {
					call(code, form, files.Position(c.Pos()))
				}
			}
			return true
		})
		return nil
	}
}

func nameOf(fn ast.Expr) string {
	switch x := fn.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	}
	return ""
}

func literal(n ast.Node) string {
	if b, is := n.(*ast.BasicLit); is && b.Kind == token.STRING {
		s, _ := strconv.Unquote(b.Value)
		return s
	}
	return ""
}

var dotted = regexp.MustCompile(`^[a-z]+(\.[a-z-]+)+$`)

// Every coded message of the program can be said in Chinese, names no more than varies in it, and nothing in the catalogue is of no use.
func TestEveryCodedRefusalIsSaidInChinese(t *testing.T) {
	t.Parallel()
	used, found := map[string]bool{}, 0
	sources(t, func(code, form string, pos token.Position) {
		if code != "input" && code != "text" && !dotted.MatchString(code) {
			return // a call of another kind
		}
		found++
		said, known := chinese[fault.Code(code)]
		if !known {
			t.Errorf("%s: %s has no Chinese", pos, code)
		}
		for _, m := range gap.FindAllStringSubmatch(said, -1) {
			if n, _ := strconv.Atoi(m[1]); form != "" && n > strings.Count(form, "%") {
				t.Errorf("%s: %s names what %q does not have: %s", pos, code, form, m[0])
			}
		}
	}, func(s string) { used[s] = true })
	for code := range chinese {
		if !used[string(code)] {
			t.Errorf("%s is used nowhere", code)
		}
	}
	if found < 100 {
		t.Errorf("only %d coded messages were found", found)
	}
}

func TestAProblemIsSaidInTheCallersLanguage(t *testing.T) {
	t.Parallel()
	a := &API{o: Options{Words: func(_ lang.Tag, key string) string {
		return map[string]string{"state.handling": "处置", "cmd.close": "结案"}[key]
	}}}
	notPossible := fault.New(fault.Invalid, "", "close is not possible: the case is handling")
	notPossible.Coded = fault.Coded{Code: "case.not-possible", Params: []string{"close", "handling"}}
	for _, c := range []struct {
		language, want string
		err            error
	}{
		{"zh-CN,zh;q=0.9", "案件现为“处置”，不能“结案”", notPossible},
		{"en, zh;q=0.5", "close is not possible: the case is handling", notPossible},
		{"", "close is not possible: the case is handling", notPossible},
		{"fr, zh-TW", "指挥是移交给 值班长 的", fault.Wrap("desk", fault.Say(fault.Denied, "", "incident.offered-other", "command was offered to %s", "值班长 / Duty officer"))},
		{"zh", "a message without a code", fault.New(fault.Invalid, "", "a message without a code")},
		{"zh", "案件已被他人更新，现为“”，请查看后再操作", fault.Say(fault.Conflict, "", "case.changed", "a message of an older program")},
	} {
		ctx := context.WithValue(t.Context(), languageKey, languageOf(c.language))
		if got := a.translate(ctx, problemOf(c.err)); got.Detail != c.want || got.Kind != fault.KindOf(c.err).String() {
			t.Errorf("%q: %q, want %q", c.language, got.Detail, c.want)
		}
	}
	ctx := context.WithValue(t.Context(), languageKey, lang.Chinese)
	p := problemOf(fault.Invalidly("", fault.Wrong("why", "order.why", "is missing"), fault.Problem{Field: "x", Message: "plain"}))
	if q := a.translate(ctx, p); q.Problems[0].Message != "请填写理由" || q.Problems[1].Message != "plain" || p.Problems[0].Message != "is missing" {
		t.Errorf("%+v, of %+v", q.Problems, p.Problems)
	}
}
