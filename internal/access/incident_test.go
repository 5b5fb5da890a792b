package access_test

import (
	"testing"

	"twoweave/internal/access"
)

// Who may be asked in the command post, written by hand. The letters: r reads, o opens, c commands, w writes reports, s notes resources anywhere, and of tasks:
// u does the own unit's, m those given to oneself.
func TestTheCommandPost(t *testing.T) {
	t.Parallel()
	may := map[access.Role]string{access.Operator: "rwm", access.Dispatcher: "rocwsm", access.Verifier: "rm", access.Admin: "rocwsm", access.FieldWorker: "um", access.Viewer: "", access.Device: "", access.System: ""}
	things := map[byte]access.Thing{'u': {Kind: "incident", ID: "x", Unit: "street-1"}, 'm': {Kind: "incident", ID: "x", Handler: "me"}, 'n': {Kind: "incident", ID: "x", Unit: "street-2", Handler: "you"}}
	letters := map[byte]access.Action{'r': access.ReadIncident, 'o': access.OpenIncident, 'c': access.CommandIncident, 'w': access.ReportIncident}
	for role, rights := range may {
		has := func(letter byte) bool {
			for i := range rights {
				if rights[i] == letter {
					return true
				}
			}
			return false
		}
		actor := access.Actor{ID: "me", Roles: []access.Role{role}, Unit: "street-1"}
		check := func(action access.Action, thing access.Thing, want bool) {
			r := access.Request{Actor: actor, Action: action, Thing: thing, Purpose: access.Commanding}
			if d := access.Decide(r); d.Allow != want || !d.Allow && d.Reason == "" {
				t.Errorf("%s %s on %+v: %+v, want %v", role, action, thing, d, want)
			}
			if r.Purpose = access.Casework; access.Decide(r).Allow {
				t.Errorf("%s %s for casework", role, action)
			}
		}
		for letter, action := range letters {
			check(action, things['n'], has(letter))
		}
		for whose, thing := range things {
			check(access.DoTask, thing, has(whose))
			check(access.SupplyTask, thing, has(whose) || has('s'))
		}
		check(access.RecordIncident, things['n'], role == access.System)
	}
}
