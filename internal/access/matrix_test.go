package access_test

import (
	"fmt"
	"slices"
	"testing"

	"twoweave/internal/access"
	"twoweave/internal/access/accesstest"
)

const book = "../../docs/access.md"

var allPurposes = []access.Purpose{access.Casework, access.Supervision, access.Operation, access.Signalling, access.Ordering, access.OnDuty, access.Commanding, access.Exchange, access.SigningIn, ""}

// things are all kinds of own and others' things: of the own unit, another, or none; with the own unit involved or not; handled, and wished for, by whoever acts
// or by somebody else.
func things(me access.Actor) (all []access.Thing) {
	for _, unit := range []string{"", "street-1", "street-2"} {
		for _, units := range [][]string{nil, {"street-3", "street-1"}, {"street-3"}} {
			for _, handler := range []string{"", me.ID, "somebody"} {
				for _, by := range []string{"", me.ID, "somebody"} {
					all = append(all, access.Thing{Kind: "case", ID: "1", Unit: unit, Units: units, Handler: handler, By: by})
				}
			}
		}
	}
	return all
}

// differs gives the first answer of a table to some roles that is not what the table written by hand says, and how many were compared.
func differs(table []access.Row, lines []accesstest.Line, roles ...access.Role) (n int, difference string) {
	for _, line := range lines {
		for _, role := range roles {
			for _, unit := range []string{"street-1", ""} {
				me := access.Actor{ID: "me", Roles: []access.Role{role}, Unit: unit}
				for _, thing := range things(me) {
					for _, purpose := range allPurposes {
						n++
						want := slices.Contains(line.Purposes, purpose) && accesstest.Words[line.Cell(role)](me, thing)
						d := access.DecideBy(table, access.Request{Actor: me, Action: line.Action, Thing: thing, Purpose: purpose})
						if d.Allow != want || !d.Allow && (d.Reason == "" || d.Code == "") {
							return n, fmt.Sprintf("%s of unit %q, %s of %+v for %q: %+v", role, unit, line.Action, thing, purpose, d)
						}
					}
				}
			}
		}
	}
	return n, ""
}

func TestTheTableIsWhatWasWrittenByHand(t *testing.T) {
	t.Parallel()
	lines := accesstest.Actions(t, book)
	for _, r := range access.Table {
		if _, action, _, _ := r.Is(); !slices.ContainsFunc(lines, func(l accesstest.Line) bool { return l.Action == action }) {
			t.Errorf("%s has no line for %s", book, action)
		}
	}
	n, difference := differs(access.Table, lines, accesstest.Columns...)
	if difference != "" {
		t.Error(difference)
	}
	t.Logf("%d actions, %d decisions", len(lines), n)
}

// Every row matters: without it, with any other condition or for other purposes, the table is no longer what was written by hand.
func TestEveryRowIsMissedWhenItIsChanged(t *testing.T) {
	t.Parallel()
	lines := accesstest.Actions(t, book)
	mutants := 0
	try := func(i int, what string, with ...access.Row) {
		mutants++
		role, action, _, _ := access.Table[i].Is()
		line := slices.IndexFunc(lines, func(l accesstest.Line) bool { return l.Action == action })
		changed := slices.Concat(access.Table[:i:i], with, access.Table[i+1:])
		if _, difference := differs(changed, lines[line:line+1], role); difference == "" {
			t.Errorf("nobody misses %s %s", access.Table[i].Name(), what)
		}
	}
	for i, r := range access.Table {
		_, _, purposes, only := r.Is()
		try(i, "when it is gone")
		try(i, "for every purpose", r.For(allPurposes))
		try(i, "for one purpose less", r.For(purposes[1:]))
		for _, c := range conditions() {
			if !sameMeaning(c, only) {
				try(i, "with another condition", r.With(c))
			}
		}
	}
	t.Logf("%d rows, %d mutants", len(access.Table), mutants)
}

// conditions are those of the table, and none.
func conditions() []*access.Condition {
	all := []*access.Condition{nil}
	for _, r := range access.Table {
		if _, _, _, c := r.Is(); !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all
}

// sameMeaning says whether two conditions hold for the same things and differ only in what they say to whom they refuse.
func sameMeaning(a, b *access.Condition) bool {
	me := access.Actor{ID: "me", Unit: "street-1"}
	return !slices.ContainsFunc(things(me), func(t access.Thing) bool {
		r := access.Request{Actor: me, Thing: t}
		return a.Holds(r) != b.Holds(r)
	})
}
