package access_test

import (
	"testing"

	"twoweave/internal/access"
)

// Who sees and changes the city's own content.
func TestTheCityContent(t *testing.T) {
	t.Parallel()
	reads := map[access.Role]bool{access.Operator: true, access.Dispatcher: true, access.Verifier: true, access.Admin: true}
	for _, role := range []access.Role{access.Viewer, access.Operator, access.Dispatcher, access.FieldWorker, access.Verifier, access.Admin, access.Device, access.System} {
		for action, want := range map[access.Action]bool{access.ReadCity: reads[role], access.KeepCity: role == access.Admin} {
			r := access.Request{Actor: access.Actor{ID: "x", Roles: []access.Role{role}}, Action: action, Purpose: access.Operation, Thing: access.Thing{Kind: "city"}}
			if got := access.Decide(r); got.Allow != want {
				t.Errorf("%s %s: %+v", role, action, got)
			}
			if r.Purpose = access.Casework; access.Decide(r).Allow {
				t.Errorf("%s %s for casework", role, action)
			}
		}
	}
}
