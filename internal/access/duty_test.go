package access_test

import (
	"testing"

	"twoweave/internal/access"
)

// Who may be asked in the duty room; whether somebody is on duty, the roster says.
func TestTheDutyRoom(t *testing.T) {
	t.Parallel()
	own := access.Thing{Kind: "handover", Unit: "street-1", By: "somebody"}
	mine := access.Thing{Kind: "handover", Unit: "street-1", By: "me"}
	other := access.Thing{Kind: "handover", Unit: "street-2", By: "somebody"}
	centre := access.Thing{Kind: "handover", By: "somebody"}
	for _, c := range []struct {
		name   string
		role   access.Role
		action access.Action
		thing  access.Thing
		allow  bool
	}{
		{"a field worker sees who is on duty", access.FieldWorker, access.ReadRoster, access.Thing{Kind: "roster"}, true},
		{"a viewer does not", access.Viewer, access.ReadRoster, access.Thing{Kind: "roster"}, false},
		{"a device does not", access.Device, access.ReadRoster, access.Thing{Kind: "roster"}, false},
		{"a dispatcher sets deputies everywhere", access.Dispatcher, access.KeepRoster, other, true},
		{"a field worker in the own unit", access.FieldWorker, access.KeepRoster, own, true},
		{"and in no other", access.FieldWorker, access.KeepRoster, other, false},
		{"nor in the centre", access.FieldWorker, access.KeepRoster, centre, false},
		{"an operator sets none", access.Operator, access.KeepRoster, own, false},
		{"an operator hands over", access.Operator, access.HandOver, centre, true},
		{"a field worker hands over the own unit's post", access.FieldWorker, access.HandOver, own, true},
		{"not another's", access.FieldWorker, access.HandOver, other, false},
		{"an admin has no shift", access.Admin, access.HandOver, centre, false},
		{"a verifier accepts", access.Verifier, access.AcceptShift, centre, true},
		{"nobody accepts the own shift", access.Verifier, access.AcceptShift, mine, false},
		{"a field worker accepts in the own unit", access.FieldWorker, access.AcceptShift, own, true},
		{"not the own shift", access.FieldWorker, access.AcceptShift, mine, false},
		{"not another unit's", access.FieldWorker, access.AcceptShift, other, false},
		{"a field worker answers a call", access.FieldWorker, access.AcknowledgeCall, other, true},
		{"a viewer is not called", access.Viewer, access.AcknowledgeCall, own, false},
		{"the program calls", access.System, access.PlaceCall, own, true},
		{"persons call by telephone", access.Dispatcher, access.PlaceCall, own, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			actor := access.Actor{ID: "me", Roles: []access.Role{c.role}, Unit: "street-1"}
			d := access.Decide(access.Request{Actor: actor, Action: c.action, Thing: c.thing, Purpose: access.OnDuty})
			if d.Allow != c.allow || !d.Allow && d.Reason == "" {
				t.Errorf("allow = %v (%s, %s), want %v", d.Allow, d.Rule, d.Reason, c.allow)
			}
			if access.Decide(access.Request{Actor: actor, Action: c.action, Thing: c.thing, Purpose: access.Casework}).Allow {
				t.Error("casework is not the purpose of the duty room")
			}
		})
	}
}
