package access_test

import (
	"testing"

	"twoweave/internal/access"
)

// The answers a supervisor would expect, written apart from the table.
func TestDecide(t *testing.T) {
	t.Parallel()
	own := access.Thing{Kind: "case", Unit: "street-1", Handler: "worker-1"}
	other := access.Thing{Kind: "case", Unit: "street-2", Handler: "worker-2"}
	for _, c := range []struct {
		name    string
		role    access.Role
		action  access.Action
		thing   access.Thing
		purpose access.Purpose
		allow   bool
	}{
		{"a field worker starts a case of the own unit", access.FieldWorker, access.StartCase, own, access.Casework, true},
		{"a field worker leaves other units' cases alone", access.FieldWorker, access.StartCase, other, access.Casework, false},
		{"a field worker does not see other units' cases", access.FieldWorker, access.ReadCase, other, access.Supervision, false},
		{"a field worker does not close", access.FieldWorker, access.CloseCase, own, access.Casework, false},
		{"a verifier verifies another's work", access.Verifier, access.VerifyCase, other, access.Casework, true},
		{"a verifier does not verify the own work", access.Verifier, access.VerifyCase, own, access.Casework, false},
		{"an operator files", access.Operator, access.FileCase, own, access.Casework, true},
		{"an operator does not dispatch", access.Operator, access.DispatchCase, own, access.Casework, false},
		{"a dispatcher does", access.Dispatcher, access.DispatchCase, own, access.Casework, true},
		{"watching is no reason to change", access.Operator, access.FileCase, own, access.Supervision, false},
		{"a device sends", access.Device, access.SendEvent, access.Thing{}, access.Signalling, true},
		{"a device sees nothing", access.Device, access.ReadSigns, access.Thing{}, access.Supervision, false},
		{"a viewer sees figures", access.Viewer, access.ReadSigns, access.Thing{}, access.Supervision, true},
		{"a viewer sees no case", access.Viewer, access.ReadCase, own, access.Supervision, false},
		{"only admins and the program activate packs", access.Operator, access.ActivatePack, access.Thing{}, access.Operation, false},
		{"an operator proposes an emergency", access.Operator, access.OrderState, access.Thing{Kind: "order"}, access.Ordering, true},
		{"an operator confirms none", access.Operator, access.ConfirmEmergency, access.Thing{Kind: "order", By: "somebody"}, access.Ordering, false},
		{"a dispatcher confirms another's emergency", access.Dispatcher, access.ConfirmEmergency, access.Thing{Kind: "order", By: "somebody"}, access.Ordering, true},
		{"a dispatcher does not confirm the own one", access.Dispatcher, access.ConfirmEmergency, access.Thing{Kind: "order", By: "worker-1"}, access.Ordering, false},
		{"nor does an admin", access.Admin, access.ConfirmEmergency, access.Thing{Kind: "order", By: "worker-1"}, access.Ordering, false},
		{"a field worker silences nothing", access.FieldWorker, access.OrderSilence, access.Thing{Kind: "order"}, access.Ordering, false},
		{"a viewer reads no orders", access.Viewer, access.ReadOrders, access.Thing{Kind: "order"}, access.Ordering, false},
		{"a case without a unit is no field worker's", access.FieldWorker, access.ReadCase, access.Thing{Kind: "case"}, access.Casework, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			actor := access.Actor{ID: "worker-1", Roles: []access.Role{c.role}, Unit: "street-1"}
			d := access.Decide(access.Request{Actor: actor, Action: c.action, Thing: c.thing, Purpose: c.purpose})
			if d.Allow != c.allow {
				t.Errorf("allow = %v (%s, %s), want %v", d.Allow, d.Rule, d.Reason, c.allow)
			}
			if !d.Allow && d.Reason == "" {
				t.Error("a refusal must say why")
			}
		})
	}
}

func TestNobodyMayDoAnythingUnnamed(t *testing.T) {
	t.Parallel()
	for _, role := range append(access.Roles, access.System) {
		a := access.Actor{ID: "x", Roles: []access.Role{role}}
		if access.Decide(access.Request{Actor: a, Action: "case.burn", Purpose: access.Casework}).Allow {
			t.Errorf("%s may do an action that is in no row", role)
		}
	}
	if access.Decide(access.Request{Action: access.ReadSigns, Purpose: access.Supervision}).Allow {
		t.Error("someone without a role may look")
	}
}
