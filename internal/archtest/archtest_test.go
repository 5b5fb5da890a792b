package archtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheTreeKeepsTheRules(t *testing.T) {
	t.Parallel()
	problems, err := Check("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
}

const comment = "// Package x is one of a small tree that keeps every rule of the house. It promises nothing, and stands here to be checked; it never runs.\n"

// good is a small tree that keeps every rule.
var good = map[string]string{
	"go.mod":                                 "module small\n",
	"internal/base/fault/fault.go":           comment + "package fault\n",
	"internal/base/clock/clock.go":           comment + "package clock\nimport \"time\"\nvar Now = time.Now\n",
	"internal/manage/event/event.go":         comment + "package event\nimport _ \"small/internal/base/fault\"\n",
	"internal/manage/scenario/scenario.go":   comment + "package scenario\nimport _ \"small/internal/manage/event\"\n",
	"internal/rule/rule.go":                  comment + "package rule\nimport _ \"cel.dev/cel-go/cel\"\n",
	"internal/platform/sqldb/db.go":          comment + "package sqldb\nimport _ \"example.org/any/library\"\n",
	"internal/platform/sqldb/sqldbtest/t.go": comment + "package sqldbtest\nimport _ \"small/internal/platform/sqldb\"\n",
	"internal/manage/detect/detect.go":       comment + "package detect\nimport _ \"small/internal/platform/sqldb\"\n",
	"internal/manage/detect/detect_test.go": "package detect\nimport (\n_ \"small/internal/platform/sqldb/sqldbtest\"\n_ \"example.org/any\"\n\"os\"\n\"testing\"\n)\n" +
		"func TestLong(t *testing.T) { if os.Getenv(\"TWOWEAVE_SLOW\") == \"\" { t.Skip(\"make slow runs it\") } }\n",
	"internal/manage/casedesk/desk.go": comment + "package casedesk\n",
	"internal/flow/flow.go":            comment + "package flow\nimport (\n_ \"small/internal/manage/detect\"\n_ \"small/internal/manage/casedesk\"\n)\n",
	"internal/gateway/api/api.go":      comment + "package api\n",
	"internal/gateway/web/web.go":      comment + "package web\n",
	"internal/demo/demo.go":            comment + "package demo\nimport _ \"small/internal/base/clock\"\n",
	"internal/app/app.go":              comment + "package app\nimport (\n_ \"small/internal/flow\"\n_ \"small/internal/demo\"\n)\n",
	"cmd/small/main.go":                comment + "package main\nimport (\n_ \"small/internal/app\"\n\"time\"\n)\nfunc main() { _ = time.Now() }\n",
	"tools/go.mod":                     "module small/tools\n",
	"tools/any/main.go":                "package main\nimport _ \"small/internal/app\"\n",
	"web/testdata/broken.go":           "no Go at all",
}

// plant writes the good tree with some files in place of, or beside, its own.
func plant(t *testing.T, changed map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for _, files := range []map[string]string{good, changed} {
		for name, text := range files {
			at := filepath.Join(root, name)
			if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return root
}

func TestAGoodTreeHasNoProblem(t *testing.T) {
	t.Parallel()
	problems, err := Check(plant(t, nil))
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

// breaches are one change each that must be seen, and what the problem must say.
var breaches = map[string]struct{ file, text, says string }{
	"up":                         {"internal/manage/event/bad.go", `import _ "small/internal/platform/sqldb"`, "imports go down"},
	"base uses a library":        {"internal/base/fault/bad.go", `import _ "example.org/lib"`, "may not use the library"},
	"base uses its neighbour":    {"internal/base/fault/bad.go", `import _ "small/internal/base/clock"`, "no edge"},
	"unlisted edge":              {"internal/manage/event/bad.go", `import _ "small/internal/manage/scenario"`, "no edge"},
	"library of another noun":    {"internal/manage/event/bad.go", `import _ "cel.dev/cel-go/cel"`, "may not use the library"},
	"library by a like name":     {"internal/rule/bad.go", `import _ "cel.dev/cel-gopher"`, "may not use the library"},
	"use case and use case":      {"internal/manage/detect/bad.go", `import _ "small/internal/manage/casedesk"`, "no edge"},
	"use case uses a library":    {"internal/manage/detect/bad.go", `import _ "example.org/lib"`, "may not use the library"},
	"gateway and gateway":        {"internal/gateway/web/bad.go", `import _ "small/internal/gateway/api"`, "no edge"},
	"flow and gateway":           {"internal/flow/bad.go", `import _ "small/internal/gateway/api"`, "no edge"},
	"demo and the program":       {"internal/demo/bad.go", `import _ "small/internal/manage/event"`, "nothing of the program but internal/base"},
	"app and command":            {"internal/flow/bad.go", `import _ "small/internal/app"`, "imports go down"},
	"test helper in the program": {"internal/manage/detect/bad.go", `import _ "small/internal/platform/sqldb/sqldbtest"`, "for tests alone"},
	"test above its level":       {"internal/manage/event/bad_test.go", `import _ "small/internal/manage/detect"`, "imports go down"},
	"unknown package":            {"internal/novel/bad.go", ``, "table.go"},
	"import of the unknown":      {"internal/app/bad.go", `import _ "small/internal/novel"`, "in no level"},
	"folder of a group":          {"internal/platform/bad.go", ``, "table.go"},
	"name that says nothing":     {"internal/base/util/bad.go", ``, "name says nothing"},
	"reads the clock":            {"internal/manage/detect/bad.go", "import \"time\"\nvar x = time.Now()", "clock.Clock"},
	"reads it by another name":   {"internal/manage/detect/bad.go", "import when \"time\"\nvar x = when.Since(when.Time{})", "clock.Clock"},
	"sleeps":                     {"cmd/small/bad.go", "import \"time\"\nfunc f() { time.Sleep(1) }", "time.Sleep"},
	"sleeps in a test":           {"internal/base/clock/bad_test.go", "import \"time\"\nfunc f() { time.Sleep(1) }", "time.Sleep"},
	"skips":                      {"internal/rule/bad_test.go", "import \"testing\"\nfunc TestX(t *testing.T) { t.Skip() }", "skipped test"},
	"skips beside the guard": {"internal/rule/bad_test.go",
		"import (\n\"os\"\n\"testing\"\n)\nfunc TestX(t *testing.T) { if os.Getenv(\"TWOWEAVE_SLOW\") != \"\" { } else { t.SkipNow() } }", "skipped test"},
}

func TestEachBreachIsSeen(t *testing.T) {
	t.Parallel()
	for name, c := range breaches {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := comment + "package " + filepath.Base(filepath.Dir(c.file)) + "\n" + c.text + "\n"
			problems, err := Check(plant(t, map[string]string{c.file: text}))
			if err != nil {
				t.Fatal(err)
			}
			if len(problems) != 1 || !strings.Contains(problems[0].String(), c.says) || !strings.HasPrefix(problems[0].String(), filepath.Dir(c.file)) {
				t.Errorf("got %v, want one that says %q", problems, c.says)
			}
		})
	}
}

func TestThinPackageCommentsAreSeen(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "// Package fault holds faults.\n",
		"// Package fault has one sentence, which is long enough to pass for a comment but goes on and on without ever saying what it promises at all\n",
		comment + "\n"} { // the last does not touch the package clause
		root := plant(t, map[string]string{"internal/base/fault/fault.go": text + "package fault\n"})
		problems, err := Check(root)
		if err != nil || len(problems) != 1 || !strings.Contains(problems[0].Text, "package comment") {
			t.Errorf("%q: %v, %v", text, problems, err)
		}
	}
}

func TestCheckSaysWhenItCannotLook(t *testing.T) {
	t.Parallel()
	if _, err := Check(t.TempDir()); err == nil {
		t.Error("no module, no error")
	}
	if _, err := Check(plant(t, map[string]string{"internal/rule/bad.go": "no Go"})); err == nil {
		t.Error("no Go, no error")
	}
}
