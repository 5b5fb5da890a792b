// Command accessmutants takes away each question that the program puts to access, one at a time, and runs the tests that hold the program against docs/access.md: at
// least one of them must then fail. The sources stay as they are: the changed file is laid over them for one build. It is run by make mutants and takes about half an
// hour; a number begins at that one.
package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// asks are the questions, and what is asked instead: the same, always allowed.
var asks = []struct {
	question *regexp.Regexp
	instead  string
}{
	{regexp.MustCompile(`\baccess\.Ask\(`), "access.AskMutant("},
	{regexp.MustCompile(`\baccess\.Decide\(`), "access.DecideMutant("},
	{regexp.MustCompile(`:= permit\(ctx, `), ":= permitMutant(ctx, "},
	{regexp.MustCompile(`\br\.may\(`), "r.mayMutant("},
}

// added are the functions behind the questions that are asked instead.
var added = map[string]string{
	"internal/access/access.go": `
func AskMutant(now time.Time, r Request) (Audit, error) {
	a, _ := Ask(now, r)
	a.Decision.Allow, a.Decision.Rule = true, "mutant"
	return a, nil
}

func DecideMutant(r Request) Decision {
	d := Decide(r)
	d.Allow, d.Rule = true, "mutant"
	return d
}
`,
	"internal/gateway/api/api.go":      "\nfunc permitMutant(context.Context, access.Action, access.Thing) error { return nil }\n",
	"internal/manage/casedesk/list.go": "\nfunc (r Reader) mayMutant(access.Action, access.Thing) error { return nil }\n",
}

// certain are questions whose answer is always yes, because who asks is always the same: the program itself, or a peer as such. They are asked for the audit's sake,
// and to take one away changes nothing that a test could see.
var certain = []*regexp.Regexp{
	regexp.MustCompile(`about\(finder, `),
	regexp.MustCompile(`Actor: p\.Actor\(""\), Action: access\.SendOrder`),
	regexp.MustCompile(`Action: access\.KeepSelf, Thing: access\.Thing\{Kind: ("second-factor"|"passphrase", ID: "change")`), // whoever has a passphrase may keep it
}

// tests are run one after the other until one fails.
var tests = [][]string{
	{"-run", "TestEveryRouteLetsInWhomTheTableSays", "./internal/app"},
	{"./internal/gateway/...", "./internal/flow", "./internal/platform/identity"},
	{"./internal/records/manage"},
}

// mutant is one question that is not asked.
type mutant struct {
	file string
	line int
	text string
	with string // the file's contents
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "accessmutants:", err)
		os.Exit(1)
	}
}

func run() error {
	if err := os.Chdir(".."); err != nil { // tools is a module of its own
		return err
	}
	folder, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	all, err := mutants()
	if err != nil {
		return err
	}
	first, survived := 1, 0
	if len(os.Args) > 1 {
		if first, err = strconv.Atoi(os.Args[1]); err != nil || first < 1 || first > len(all) {
			return fmt.Errorf("begin at which of the %d mutants? %q is no number of one", len(all), os.Args[1])
		}
	}
	for i, m := range all {
		if i+1 < first {
			continue
		}
		began := time.Now()
		by, err := m.kill(folder)
		if err != nil {
			return err
		}
		if by == "" && !m.certain() {
			survived++
			by = "SURVIVED"
		}
		if by == "" {
			by = "always yes"
		}
		fmt.Printf("%2d of %d  %s:%d  %-60.60s  %s (%s)\n", i+1, len(all), m.file, m.line, m.text, by, time.Since(began).Round(time.Second))
	}
	tried := len(all) - first + 1
	fmt.Printf("mutants %d, caught %d\n", tried, tried-survived)
	if survived > 0 {
		return fmt.Errorf("%d questions are missed by no test", survived)
	}
	return nil
}

// certain says whether the question could only be answered with yes.
func (m mutant) certain() bool {
	return slices.ContainsFunc(certain, func(c *regexp.Regexp) bool { return c.MatchString(m.text) })
}

// mutants are all questions in the sources, but those of tests and of access itself.
func mutants() (all []mutant, err error) {
	err = filepath.WalkDir("internal", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "desktest/") || strings.HasPrefix(path, "internal/access/") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, a := range asks {
			for _, at := range a.question.FindAllIndex(text, -1) {
				all = append(all, mutated(filepath.ToSlash(path), string(text), at, a.instead))
			}
		}
		return nil
	})
	return all, err
}

func mutated(path, text string, at []int, instead string) mutant {
	line := strings.Count(text[:at[0]], "\n")
	return mutant{file: path, line: line + 1, text: strings.TrimSpace(strings.Split(text, "\n")[line]), with: text[:at[0]] + instead + text[at[1]:]}
}

// kill runs the tests over the mutant and says which one failed; empty when none did.
func (m mutant) kill(folder string) (by string, err error) {
	over := map[string]string{}
	for file, more := range added {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		over[file] = string(text) + more
	}
	over[m.file] = m.with + added[m.file]
	replace := map[string]string{}
	for file, text := range over {
		there, err := filepath.Abs(file)
		if err != nil {
			return "", err
		}
		replace[there] = filepath.Join(folder, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(replace[there], []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	laid := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(laid, overlay, 0o600); err != nil {
		return "", err
	}
	if out, err := exec.Command("go", "build", "-overlay", laid, "./...").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s:%d does not build without its question: %s", m.file, m.line, out)
	}
	return firstFailure(laid), nil
}

var failed = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

func firstFailure(overlay string) string {
	for _, t := range tests {
		out, err := exec.Command("go", append([]string{"test", "-overlay", overlay}, t...)...).CombinedOutput()
		if err == nil {
			continue
		}
		if name := failed.FindSubmatch(out); name != nil {
			return string(name[1])
		}
		return "tests that do not run: " + string(out[:min(len(out), 300)])
	}
	return ""
}
