package access_test

import (
	"testing"

	"twoweave/internal/access"
)

// Administrators alone read the audit, for supervision and nothing else; the alarm is nobody's to do.
func TestWhoReadsTheAudit(t *testing.T) {
	t.Parallel()
	for _, role := range []access.Role{access.Viewer, access.Operator, access.Dispatcher, access.FieldWorker, access.Verifier, access.Admin, access.Device, access.Peer, access.System} {
		for _, purpose := range []access.Purpose{access.Supervision, access.Casework, access.Operation, access.SigningIn, ""} {
			r := access.Request{Actor: access.Actor{ID: "x", Roles: []access.Role{role}}, Action: access.ReadAudit, Purpose: purpose, Thing: access.Thing{Kind: "audit"}}
			if got := access.Decide(r); got.Allow != (role == access.Admin && purpose == access.Supervision) {
				t.Errorf("%s for %q: %+v", role, purpose, got)
			}
			for _, r.Action = range access.Flags {
				if access.Decide(r).Allow {
					t.Errorf("%s raises %s", role, r.Action)
				}
			}
		}
	}
}
