package access_test

import (
	"testing"

	"twoweave/internal/access"
)

// Who sees the figures of work: the centre all, a field worker the own ones and those of the own unit, nobody else any.
func TestTheFiguresOfWork(t *testing.T) {
	t.Parallel()
	all := map[access.Role]bool{access.Operator: true, access.Dispatcher: true, access.Verifier: true, access.Admin: true}
	things := map[string]access.Thing{"all": {}, "own": {By: "x"}, "own unit": {Unit: "u"}, "another's": {By: "y"}, "another unit's": {Unit: "v"}}
	for _, role := range []access.Role{access.Viewer, access.Operator, access.Dispatcher, access.FieldWorker, access.Verifier, access.Admin, access.Device, access.System} {
		for name, thing := range things {
			want := all[role] || role == access.FieldWorker && (name == "own" || name == "own unit")
			r := access.Request{Actor: access.Actor{ID: "x", Unit: "u", Roles: []access.Role{role}}, Action: access.ReadAppraisal, Purpose: access.Supervision, Thing: thing}
			r.Thing.Kind = "appraisal"
			if got := access.Decide(r); got.Allow != want {
				t.Errorf("%s looks at %s: %+v", role, name, got)
			}
			if r.Purpose = access.Casework; access.Decide(r).Allow {
				t.Errorf("%s looks at %s for casework", role, name)
			}
		}
	}
}
