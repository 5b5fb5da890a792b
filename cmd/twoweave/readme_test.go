package main

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"twoweave/internal/manage/event"
	"twoweave/internal/reform/pack"
	"twoweave/packs"
)

const repository = "../../"

// guides are the texts that tell people what to type and where to look.
func guides(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, pattern := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/*.md", "packs/*.md"} {
		names, err := filepath.Glob(repository + pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			found[strings.TrimPrefix(name, repository)] = string(text)
		}
	}
	if found["README.md"] == "" {
		t.Fatal("there is no README.md")
	}
	return found
}

// TestGuidesNameCommandsThatExist parses every command line of the program, and every target of make, in the guides' code.
func TestGuidesNameCommandsThatExist(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile(repository + "Makefile")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for name, text := range guides(t) {
		for _, line := range commandLines(text) {
			lines++
			words := shellWords(line)
			if words[0] == "make" {
				for _, target := range words[1:] {
					if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(target) + `:`).Match(makefile) {
						t.Errorf("%s: %q: the Makefile has no target %s", name, line, target)
					}
				}
				continue
			}
			if problem := checkCommand(words[1:]); problem != "" {
				t.Errorf("%s: %q: %s", name, line, problem)
			}
		}
	}
	for _, wrong := range []string{"serve --nope", "sing", "account add --colour red", "replay --map packs/nowhere/maps/x.yaml FILE.csv"} {
		if checkCommand(shellWords(wrong)) == "" {
			t.Errorf("%q passes for a command line", wrong)
		}
	}
	if lines < 8 {
		t.Errorf("only %d command lines were found in the guides; the search for them is broken", lines)
	}
}

var (
	codeBlock = regexp.MustCompile("(?ms)^```[a-z]*\n(.*?)^```")
	codeWord  = regexp.MustCompile("`([^`\n]+)`")
	program   = regexp.MustCompile(`^(\./twoweave|twoweave|go run \./cmd/twoweave) `)
)

// commandLines are the lines of code that run the program or make; the program is the first word of each.
func commandLines(text string) []string {
	var code []string
	for _, block := range codeBlock.FindAllStringSubmatch(text, -1) {
		code = append(code, strings.Split(strings.ReplaceAll(block[1], "\\\n", " "), "\n")...)
	}
	for _, word := range codeWord.FindAllStringSubmatch(codeBlock.ReplaceAllString(text, ""), -1) {
		code = append(code, word[1])
	}
	var lines []string
	for _, line := range code {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "$ "))
		switch {
		case program.MatchString(line):
			lines = append(lines, program.ReplaceAllString(line, "twoweave "))
		case strings.HasPrefix(line, "make ") && !strings.ContainsAny(line, "=|"):
			lines = append(lines, line)
		}
	}
	return lines
}

// shellWords splits as far as guides need it: blanks, and quotes around words.
func shellWords(line string) []string {
	var words []string
	for _, m := range regexp.MustCompile(`"([^"]*)"|'([^']*)'|(\S+)`).FindAllStringSubmatch(line, -1) {
		words = append(words, m[1]+m[2]+m[3])
	}
	if i := slices.Index(words, "#"); i >= 0 {
		words = words[:i]
	}
	return words
}

// checkCommand says what is wrong with a command line: the command, a flag, a value, or a file of the repository that it names.
func checkCommand(args []string) string {
	if len(args) == 0 || args[0] == "help" || strings.HasPrefix(args[0], "COMMAND") {
		return ""
	}
	i := slices.IndexFunc(commands(), func(c command) bool { return c.name == args[0] })
	if i < 0 {
		return "there is no such command"
	}
	flags := commands()[i].flagSet(io.Discard)
	for rest := plain(args[1:]); len(rest) > 0; rest = flags.Args()[1:] { // flags may stand behind a verb as well
		if err := flags.Parse(rest); err != nil && err != flag.ErrHelp {
			return err.Error()
		}
		if flags.NArg() == 0 {
			break
		}
	}
	for _, arg := range args {
		if strings.HasPrefix(arg, "packs/") && !strings.ContainsAny(arg, "*") && !exists(arg) {
			return arg + " is not in the repository"
		}
	}
	return ""
}

// plain drops what a synopsis has and a command line has not: brackets and what is optional in them.
func plain(args []string) []string {
	var kept []string
	for _, arg := range args {
		if !strings.ContainsAny(arg, "[]|…") {
			kept = append(kept, arg)
		}
	}
	return kept
}

func exists(path string) bool {
	_, err := os.Stat(repository + path)
	return err == nil
}

var (
	link   = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)
	inPack = regexp.MustCompile("`my-pack/([^` ]+)`")
)

// TestGuidesPointAtFilesThatExist follows the guides' links within the repository, and files of the pack that a guide copies.
func TestGuidesPointAtFilesThatExist(t *testing.T) {
	t.Parallel()
	for name, text := range guides(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if target := m[1]; !strings.Contains(target, "://") && !exists(filepath.Join(filepath.Dir(name), target)) {
				t.Errorf("%s points at %s, which does not exist", name, target)
			}
		}
		for _, m := range inPack.FindAllStringSubmatch(text, -1) {
			if path := "packs/" + packs.Demo + "/" + m[1]; !exists(path) {
				t.Errorf("%s names my-pack/%s, but there is no %s to copy", name, m[1], path)
			}
		}
	}
}

// TestReadmeEventIsTaken checks the event that the README has people send against the content of the demonstration.
func TestReadmeEventIsTaken(t *testing.T) {
	t.Parallel()
	m := regexp.MustCompile(`(?s)-d \\\s+'(\{.*?\})'\n`).FindStringSubmatch(guides(t)["README.md"])
	if m == nil {
		t.Fatal("the README has no event for curl to send")
	}
	e, problems := event.FromJSON([]byte(m[1]))
	if problems != nil {
		t.Fatal(problems)
	}
	folder, err := packs.FS(packs.Demo)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pack.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	set, err := pack.Combine(p)
	if err != nil {
		t.Fatal(err)
	}
	typ := set.Types[e.Type]
	if typ == nil {
		t.Fatalf("the pack has no event type %s", e.Type)
	}
	if problems := typ.Validate(e.Data); problems != nil {
		t.Error(problems)
	}
	if _, known := set.Directory.Area(e.Area); !known {
		t.Errorf("the pack has no area %s", e.Area)
	}
}
