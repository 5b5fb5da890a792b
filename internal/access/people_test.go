package access_test

import (
	"testing"

	"twoweave/internal/access"
)

// Everybody but devices chooses the own passphrase; administrators keep accounts, except the own one, and so does whoever works in the program's shell.
func TestWhoKeepsAccounts(t *testing.T) {
	t.Parallel()
	for _, role := range []access.Role{access.Viewer, access.Operator, access.Dispatcher, access.FieldWorker, access.Verifier, access.Admin, access.Device, access.Peer, access.System} {
		person := role != access.Device && role != access.Peer && role != access.System
		for action, want := range map[access.Action]bool{access.KeepSelf: person, access.ReadPeople: role == access.Admin, access.KeepPeople: role == access.Admin || role == access.System} {
			r := access.Request{Actor: access.Actor{ID: "x", Roles: []access.Role{role}}, Action: action, Purpose: access.SigningIn, Thing: access.Thing{Kind: "account", ID: "y", By: "y"}}
			if got := access.Decide(r); got.Allow != want {
				t.Errorf("%s by %s: %+v", action, role, got)
			}
			r.Thing.By = "x"
			if got := access.Decide(r); got.Allow != (want && (action != access.KeepPeople || role == access.System)) {
				t.Errorf("%s by %s on the own account: %+v", action, role, got)
			}
			if r.Thing.By, r.Purpose = "y", access.Casework; access.Decide(r).Allow {
				t.Errorf("%s by %s for casework", action, role)
			}
		}
	}
}
