package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// papers say what tests prove. Each test that they name stands behind the package that holds it: `platform/chain` (TestX, TestY).
var papers = []string{"docs/guarantees.md", "docs/threats.md", "docs/asvs.md"}

var (
	testFunction = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Z]\w*)\(`)
	testOrHome   = regexp.MustCompile("`([a-z]+(?:/[a-z]+)*)`|\\b((?:Test|Fuzz)[A-Z]\\w*)(…?)")
	endOfThought = regexp.MustCompile(`\n\n|\n\|`) // a paragraph, or a row of a table
)

// TestPapersNameTestsThatExist holds what the guarantees, the threats and the standard's list say is proved against the tests that there are.
func TestPapersNameTestsThatExist(t *testing.T) {
	t.Parallel()
	homes := testsByFolder(t)
	for _, paper := range papers {
		text, err := os.ReadFile(repository + paper)
		if err != nil {
			t.Fatal(err)
		}
		problems, named := wrongTests(string(text), homes)
		for _, p := range problems {
			t.Errorf("%s: %s", paper, p)
		}
		if named < 50 {
			t.Errorf("%s: only %d tests were found; the search for them is broken", paper, named)
		}
	}
	for _, wrong := range []string{"`internal/app` (TestNobodyWroteThis)", "`test/crash` (TestNobodyEntersWithoutASecretInServe)", "TestNobodyEntersWithoutASecretInServe", "`app` (TestNobodyWrote…)", "`app`\n\nTestSessionsEnd"} {
		if problems, _ := wrongTests(wrong, homes); len(problems) != 1 {
			t.Errorf("%q has the problems %q", wrong, problems)
		}
	}
}

var (
	requirementRow = regexp.MustCompile(`(?m)^\| ([\d. ]+) \| [^|]+ \| (T|C|no|–) \| (.+) \|$`)
	requirement    = regexp.MustCompile(`\d+\.\d+\.\d+`)
)

// asvsLevels1And2 are the requirements of levels 1 and 2 in OWASP ASVS 5.0.0.
const asvsLevels1And2 = 253

// TestTheStandardsListAddsUp counts the rows of docs/asvs.md: each requirement stands there once, and one that a test is said to show names the test.
func TestTheStandardsListAddsUp(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(repository + "docs/asvs.md")
	if err != nil {
		t.Fatal(err)
	}
	seen, counts := map[string]bool{}, map[string]int{}
	for _, row := range requirementRow.FindAllStringSubmatch(string(text), -1) {
		numbers := requirement.FindAllString(row[1], -1)
		counts[row[2]] += len(numbers)
		for _, n := range numbers {
			if seen[n] {
				t.Errorf("%s stands there twice", n)
			}
			seen[n] = true
		}
		if row[2] == "T" && !strings.Contains(row[3], "Test") {
			t.Errorf("%s: no test is named", row[1])
		}
	}
	want := fmt.Sprintf("Of %d requirements **%d** are met and shown by a test, **%d** are met in the code, **%d** are not met, **%d** do not apply.", asvsLevels1And2, counts["T"], counts["C"], counts["no"], counts["–"])
	if len(seen) != asvsLevels1And2 || !strings.Contains(string(text), want) {
		t.Errorf("%d requirements stand there; docs/asvs.md must say: %s", len(seen), want)
	}
}

// wrongTests are the tests of a text that the named package does not have, and how many tests are named.
func wrongTests(text string, homes map[string][]string) (problems []string, named int) {
	for _, thought := range endOfThought.Split(text, -1) {
		home := ""
		for _, m := range testOrHome.FindAllStringSubmatch(thought, -1) {
			if m[1] != "" {
				home = m[1]
				continue
			}
			named++
			if !hasTest(homes, home, m[2], m[3] != "") {
				problems = append(problems, "package `"+home+"` has no test "+m[2]+m[3])
			}
		}
	}
	return problems, named
}

func hasTest(homes map[string][]string, home, test string, begins bool) bool {
	for folder, tests := range homes {
		if home == "" || !strings.HasSuffix("/"+folder, "/"+home) {
			continue
		}
		if slices.ContainsFunc(tests, func(name string) bool { return name == test || begins && strings.HasPrefix(name, test) }) {
			return true
		}
	}
	return false
}

// testsByFolder are the names of all tests of the repository, by the folder of their package.
func testsByFolder(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, top := range []string{"cmd", "internal", "test", "tools"} {
		err := filepath.WalkDir(repository+top, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			folder := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), repository)
			for _, m := range testFunction.FindAllStringSubmatch(string(source), -1) {
				all[folder] = append(all[folder], m[1])
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}
