package access_test

import (
	"testing"

	"twoweave/internal/access"
)

// Who puts photos to which case.
func TestPhotosOfCases(t *testing.T) {
	t.Parallel()
	own := access.Thing{Kind: "case", ID: "c", Unit: "street-1"}
	involved := access.Thing{Kind: "case", ID: "c", Unit: "water", Units: []string{"street-1"}}
	other := access.Thing{Kind: "case", ID: "c", Unit: "street-2"}
	none := access.Thing{Kind: "case", ID: "c"}
	for _, c := range []struct {
		name  string
		role  access.Role
		thing access.Thing
		allow bool
	}{
		{"a field worker to the own unit's case", access.FieldWorker, own, true},
		{"to one that the own unit has a part in", access.FieldWorker, involved, true},
		{"not to another unit's", access.FieldWorker, other, false},
		{"nor to nobody's", access.FieldWorker, none, false},
		{"an operator to any", access.Operator, other, true},
		{"a verifier to any", access.Verifier, none, true},
		{"a dispatcher takes none", access.Dispatcher, own, false},
		{"an admin takes none", access.Admin, own, false},
		{"a viewer takes none", access.Viewer, own, false},
		{"a device takes none", access.Device, own, false},
		{"the program takes none", access.System, own, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := access.Request{Actor: access.Actor{ID: "me", Roles: []access.Role{c.role}, Unit: "street-1"}, Action: access.AddPhoto, Thing: c.thing, Purpose: access.Casework}
			if d := access.Decide(r); d.Allow != c.allow || !d.Allow && d.Reason == "" {
				t.Errorf("allow = %v (%s, %s), want %v", d.Allow, d.Rule, d.Reason, c.allow)
			}
			if r.Purpose = access.Supervision; access.Decide(r).Allow {
				t.Error("watching is no reason to add a photo")
			}
		})
	}
}
