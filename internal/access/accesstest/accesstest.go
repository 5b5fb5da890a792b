// Package accesstest reads docs/access.md, the table of who may do what that is written by hand, for the tests that hold the program against it: those of the pure
// decisions in internal/access, and those that send requests to a running program.
//
// It says in its own words what the table's words mean, and never asks internal/access: a mistake there must not look right here. It never changes anything.
package accesstest

import (
	"os"
	"slices"
	"strings"
	"testing"

	"twoweave/internal/access"
)

// Line is one line of the table of actions.
type Line struct {
	Action   access.Action
	Purposes []access.Purpose
	Cells    []string // in the order of Columns
}

// Cell is what the line says of a role.
func (l Line) Cell(role access.Role) string { return l.Cells[slices.Index(Columns, role)] }

// Columns are the roles in the order of the table's columns.
var Columns = []access.Role{access.Viewer, access.Operator, access.Dispatcher, access.FieldWorker, access.Verifier, access.Admin, access.Device, access.Peer, access.System}

// Words are what the cells mean, apart from how the program says it.
var Words = map[string]func(me access.Actor, t access.Thing) bool{
	"·":                    func(access.Actor, access.Thing) bool { return false },
	"yes":                  func(access.Actor, access.Thing) bool { return true },
	"own unit":             ownUnit,
	"own or involved unit": func(me access.Actor, t access.Thing) bool { return ownUnit(me, t) || involved(me, t) },
	"own post":             ownUnit,
	"own task":             func(me access.Actor, t access.Thing) bool { return t.Handler == me.ID },
	"own or own unit's task": func(me access.Actor, t access.Thing) bool {
		return t.Handler == me.ID || ownUnit(me, t) || involved(me, t)
	},
	"own figures":             func(me access.Actor, t access.Thing) bool { return t.By == me.ID || ownUnit(me, t) },
	"not own work":            func(me access.Actor, t access.Thing) bool { return t.Handler != me.ID },
	"not own wish":            notBy,
	"not own proposal":        notBy,
	"not own shift":           notBy,
	"not oneself":             notBy,
	"own post, not own shift": func(me access.Actor, t access.Thing) bool { return ownUnit(me, t) && notBy(me, t) },
}

func ownUnit(me access.Actor, t access.Thing) bool { return me.Unit != "" && t.Unit == me.Unit }
func involved(me access.Actor, t access.Thing) bool {
	return me.Unit != "" && slices.Contains(t.Units, me.Unit)
}
func notBy(me access.Actor, t access.Thing) bool { return t.By != me.ID }

// Route is a way into the program, with the command that comes by it where there are several.
type Route struct {
	Method, Path, Command string
	Action                access.Action
}

func (r Route) String() string { return strings.TrimSpace(r.Method + " " + r.Path + " " + r.Command) }

// Actions reads the table of actions.
func Actions(t testing.TB, file string) (all []Line) {
	t.Helper()
	for _, cells := range rows(t, file, "## Actions\n") {
		if len(cells) != 3+len(Columns) {
			t.Fatalf("%s: the line of %s has %d cells", file, cells[0], len(cells))
		}
		line := Line{Action: access.Action(cells[0]), Cells: cells[3:]}
		for _, p := range strings.Split(cells[2], ", ") {
			line.Purposes = append(line.Purposes, access.Purpose(p))
		}
		for i, cell := range line.Cells {
			if Words[cell] == nil {
				t.Fatalf("%s: %s, %s: %q is no word of it", file, line.Action, Columns[i], cell)
			}
		}
		all = append(all, line)
	}
	return all
}

// Routes reads the table of routes.
func Routes(t testing.TB, file string) (all []Route) {
	t.Helper()
	for _, cells := range rows(t, file, "## Routes\n") {
		for i, text := range strings.Split(cells[1], "`") {
			if i%2 == 0 {
				continue
			}
			part := strings.Fields(text)
			r := Route{Method: part[0], Path: part[1], Action: access.Action(cells[0])}
			if len(part) > 2 {
				r.Command = part[2]
			}
			all = append(all, r)
		}
	}
	return all
}

// rows are the cells of the first table below a heading.
func rows(t testing.TB, file, heading string) (all [][]string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), heading)
	_, rest, table := strings.Cut(rest, "|---|")
	if !found || !table {
		t.Fatalf("%s has no table below %q", file, heading)
	}
	for _, line := range strings.Split(rest, "\n")[1:] {
		if !strings.HasPrefix(line, "|") {
			break
		}
		cells := strings.Split(strings.Trim(line, "| "), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		all = append(all, cells)
	}
	return all
}
