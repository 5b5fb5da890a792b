package access_test

import (
	"testing"

	"twoweave/internal/access"
)

// Who may be asked about work orders of other systems.
func TestTheExchange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		role   access.Role
		action access.Action
		allow  bool
	}{
		{"a peer sends orders", access.Peer, access.SendOrder, true},
		{"and does not look at the page", access.Peer, access.ReadExchange, false},
		{"nobody else sends them", access.Operator, access.SendOrder, false},
		{"nor a device", access.Device, access.SendOrder, false},
		{"nor the program", access.System, access.SendOrder, false},
		{"an operator sees them", access.Operator, access.ReadExchange, true},
		{"a dispatcher too", access.Dispatcher, access.ReadExchange, true},
		{"and an administrator", access.Admin, access.ReadExchange, true},
		{"a field worker does not", access.FieldWorker, access.ReadExchange, false},
		{"nor a viewer", access.Viewer, access.ReadExchange, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := access.Request{Actor: access.Actor{ID: "me", Roles: []access.Role{c.role}}, Action: c.action, Purpose: access.Exchange}
			if d := access.Decide(r); d.Allow != c.allow || !d.Allow && d.Reason == "" {
				t.Errorf("allow = %v (%s, %s), want %v", d.Allow, d.Rule, d.Reason, c.allow)
			}
			if r.Purpose = access.Casework; access.Decide(r).Allow {
				t.Error("casework is not the purpose of the exchange")
			}
		})
	}
}

// A peer may do to cases nothing but what its second role lets it.
func TestAPeerIsNoOperatorByItself(t *testing.T) {
	t.Parallel()
	for _, action := range []access.Action{access.TakeCase, access.UrgeCase, access.VoidCase, access.StartCase, access.FinishCase, access.ReturnCase, access.ReadCase} {
		r := access.Request{Actor: access.Actor{ID: "p", Roles: []access.Role{access.Peer}, Unit: "u"}, Action: action, Purpose: access.Casework, Thing: access.Thing{Unit: "u"}}
		if access.Decide(r).Allow {
			t.Errorf("a peer without a second role may %s", action)
		}
	}
}
