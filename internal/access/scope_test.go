package access_test

import (
	"slices"
	"testing"

	"twoweave/internal/access"
)

// A scope takes away and never gives: over every role, action and purpose, what a narrowed key may do is what its roles may and its scope names.
func TestAScopeOnlyNarrows(t *testing.T) {
	t.Parallel()
	actions := map[access.Action]bool{}
	for _, row := range access.Table {
		_, action, _, _ := row.Is()
		actions[action] = true
	}
	for text, named := range map[string]func(access.Action) bool{
		"":                               func(access.Action) bool { return true },
		"*":                              func(access.Action) bool { return true },
		"case.read":                      func(a access.Action) bool { return a == access.ReadCase },
		"case.read, sign.read":           func(a access.Action) bool { return a == access.ReadCase || a == access.ReadSigns },
		"event.*":                        func(a access.Action) bool { return a == access.SendEvent },
		"event.send:river.level":         func(a access.Action) bool { return a == access.SendEvent },
		"event.send:river.*,people.kee*": func(a access.Action) bool { return a == access.SendEvent || a == access.KeepPeople },
	} {
		scope, err := access.ParseScope(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		for _, role := range slices.Concat(access.Roles, []access.Role{access.Peer, access.System}) {
			for action := range actions {
				for _, purpose := range []access.Purpose{access.Casework, access.Supervision, access.Operation, access.Signalling, access.Ordering, access.SigningIn} {
					r := access.Request{Actor: access.Actor{ID: "x", Unit: "u", Roles: []access.Role{role}}, Action: action, Purpose: purpose, Thing: access.Thing{Unit: "u"}}
					whole := access.Decide(r)
					r.Actor.Scope = scope
					if got := access.Decide(r); got.Allow != (whole.Allow && named(action)) || !got.Allow && got.Reason == "" {
						t.Errorf("%q: %s %s for %s: %+v; without a scope %+v", text, role, action, purpose, got, whole)
					}
				}
			}
		}
	}
}

func TestWhichTypesAScopeSends(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][3]bool{ // river.level, river.quality, lift.alarm
		"": {true, true, true}, "event.send": {true, true, true}, "event.*": {true, true, true}, "event.send:river.level": {true, false, false}, "event.send:river.*": {true, true, false},
		"event.send:river.level,event.send:lift.alarm": {true, false, true}, "case.read": {false, false, false},
	} {
		scope, err := access.ParseScope(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if got := [3]bool{scope.Sends("river.level"), scope.Sends("river.quality"), scope.Sends("lift.alarm")}; got != want {
			t.Errorf("%q sends %v, not %v", text, got, want)
		}
	}
}

func TestWrongScopes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"case.raed", "cases.*", "case.read:river.level", "event.send:", "case.read,nothing", ":", "event.*:river.level"} {
		if scope, err := access.ParseScope(text); err == nil {
			t.Errorf("%q is %v", text, scope)
		}
	}
}
