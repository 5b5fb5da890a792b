package archtest

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

var levelNames = [...]string{"words", "nouns", "platform", "use cases", "gateways", "the whole"}

func (l level) String() string { return fmt.Sprintf("level %d, %s", int(l), levelNames[l]) }

// refuse says why f, in a package that stands at, may not import what; or nothing.
func (t *tree) refuse(at place, f *file, what string) string {
	inside, ours := strings.CutPrefix(what, t.module+"/")
	switch {
	case ours:
		return refuseOurs(at, f, inside)
	case !strings.Contains(strings.Split(what, "/")[0], "."), f.test: // the standard library; any library in tests
		return ""
	case slices.ContainsFunc(at.libs, func(lib string) bool { return lib == "*" || within(what, lib) }):
		return ""
	}
	return fmt.Sprintf("%s (%s) may not use the library %s; put what needs it behind internal/platform or a gateway", at.unit, at.level, what)
}

func refuseOurs(at place, f *file, dir string) string {
	to, ok := classify(dir)
	switch {
	case !ok:
		return fmt.Sprintf("imports %s, which is in no level", dir)
	case to.unit == at.unit:
		return ""
	case strings.HasSuffix(dir, "test") && dir != to.path && !f.test && !strings.HasSuffix(path.Dir(f.path), "test"):
		return fmt.Sprintf("%s is for tests alone", dir)
	case f.test && to.level <= platform:
		return ""
	case at.only != nil:
		return refuseOutside(at, dir)
	case to.level < at.level, at.free, allowedEdge(at.unit, to.unit):
		return ""
	case to.level == at.level:
		return fmt.Sprintf("%s may not import %s: both are at %s, and no edge between them is listed in internal/archtest/table.go", at.unit, to.unit, at.level)
	}
	return fmt.Sprintf("%s (%s) may not import %s (%s): imports go down", at.unit, at.level, to.unit, to.level)
}

func refuseOutside(at place, dir string) string {
	if slices.ContainsFunc(at.only, func(p string) bool { return within(dir, p) }) {
		return ""
	}
	return fmt.Sprintf("%s may import nothing of the program but %s", at.unit, strings.Join(at.only, ", "))
}

func within(dir, folder string) bool { return dir == folder || strings.HasPrefix(dir, folder+"/") }
