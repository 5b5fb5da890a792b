package pack

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
)

// checker gathers what is wrong with one entry; fields are dotted paths in its document.
type checker struct{ problems []fault.Problem }

func (c *checker) fail(field, format string, args ...any) {
	c.problems = append(c.problems, fault.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
}

var nameForm = regexp.MustCompile(`^[a-z0-9]+([.-][a-z0-9]+)*$`)

// name checks an identifier that appears in URLs, file names and rules.
func (c *checker) name(field, name string) {
	if len(name) > 64 || !nameForm.MatchString(name) {
		c.fail(field, "%q is not a name; allowed are up to 64 of a-z and 0-9, in words joined by - or .", name)
	}
}

func (c *checker) title(field string, t lang.Text) {
	if !t.Complete() {
		c.fail(field, "both languages are needed: zh and en")
	}
}

func (c *checker) oneOf(field, got string, allowed ...string) {
	if !slices.Contains(allowed, got) {
		c.fail(field, "%q is not allowed; allowed are %s", got, strings.Join(allowed, ", "))
	}
}

func digits(i int) string   { return strconv.Itoa(i) }
func stepPath(i int) string { return "steps." + digits(i) }

func checkHead(f *packFile) []fault.Problem {
	var c checker
	c.name("pack", f.Name)
	if f.Version < 1 {
		c.fail("version", "the version is a whole number from 1")
	}
	c.title("title", f.Title)
	if f.Licence == "" {
		c.fail("licence", "the licence is missing, for example Apache-2.0")
	}
	for i, name := range f.Without {
		if kind, id, _ := strings.Cut(name, "/"); !f.Amends || id == "" || !removable(EntryKind(kind)) {
			c.fail("without."+digits(i), "an amending pack goes without entries named as in rule/owner-power; kinds are %v, but not class", EntryKinds())
		}
	}
	return c.problems
}

var areaForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func checkAreas(f *areasFile) []fault.Problem {
	var c checker
	if f.Frame.Width < 0 || f.Frame.Height < 0 {
		c.fail("frame", "width and height are not below 0")
	}
	for i, a := range f.Areas {
		path := "areas." + digits(i)
		if !areaForm.MatchString(string(a.Code)) || a.Code == "unplaced" {
			c.fail(path+".code", "%q is not an area code; allowed are up to 64 letters, digits, - and _, but not the word unplaced", a.Code)
		}
		c.title(path+".name", a.Name)
		for j, p := range a.Shape {
			if p[0] < 0 || p[1] < 0 || p[0] > f.Frame.Width || p[1] > f.Frame.Height {
				c.fail(path+".shape."+digits(j), "the point %v is outside the frame of %v × %v", p, f.Frame.Width, f.Frame.Height)
			}
		}
	}
	return c.problems
}

func checkUnits(f *unitsFile) []fault.Problem {
	var c checker
	for i, u := range f.Units {
		path := "units." + digits(i)
		c.name(path+".unit", string(u.ID))
		c.name(path+".kind", u.Kind)
		c.title(path+".name", u.Name)
	}
	return c.problems
}
