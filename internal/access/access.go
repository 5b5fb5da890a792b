// Package access decides who may do what to which thing, and why.
//
// A decision is pure: it follows from the actor, the action, the thing, the purpose and the table in table.go, which is written by hand so that
// someone who does not program can read it. Every command and query of the program asks here first, from gateways inwards there is no
// second place that decides. What is not in the table is refused. Each decision, allowed or not, can be kept as an audit fact.
package access

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"twoweave/internal/base/fault"
)

// Role is what someone is trusted with.
type Role string

const (
	Viewer      Role = "viewer"      // looks at the wall
	Operator    Role = "operator"    // supervision centre: accepts and files
	Dispatcher  Role = "dispatcher"  // command centre: sends a case to a unit
	FieldWorker Role = "fieldworker" // handles the cases of the own unit
	Verifier    Role = "verifier"    // supervision centre: checks on site and closes
	Admin       Role = "admin"       // keeps the program running
	Device      Role = "sender"      // sends events, nothing else
	System      Role = "system"      // the program itself: detections, timers
)

// Roles are all roles that an account may have, as the command line lists them.
var Roles = []Role{Viewer, Operator, Dispatcher, FieldWorker, Verifier, Admin, Device}

// Actor is whoever acts: an officer, a device or the program.
type Actor struct {
	ID    string
	Name  string
	Roles []Role
	Unit  string // the unit an officer belongs to; empty for the centre
	Scope Scope  // of the key that was shown; empty for people
}

// Has says whether the actor has a role.
func (a Actor) Has(r Role) bool { return slices.Contains(a.Roles, r) }

// Program is the actor for what the program does by itself.
func Program(part string) Actor {
	return Actor{ID: "system:" + part, Name: part, Roles: []Role{System}}
}

// Action is one thing that can be done.
type Action string

// Purpose is why it is done; a look at data needs one as much as a change does.
type Purpose string

const (
	Casework    Purpose = "casework"    // moving a case along the loop
	Supervision Purpose = "supervision" // watching the city and the work
	Operation   Purpose = "operation"   // keeping the program running
	Signalling  Purpose = "signalling"  // telling the city what happened
	Ordering    Purpose = "ordering"    // setting the city's state, and what is known and shall open no case
)

// Thing is what is acted upon; empty fields mean "not of one unit", "nobody's".
type Thing struct {
	Kind    string // case, event, detection, sign, ...
	ID      string
	Unit    string
	Units   []string // involved beside it
	Handler string   // who handled it, for rules that keep verifier and handler apart
	By      string   // who proposed or asked for it, for rules that want two persons
}

// Request is one question to access.
type Request struct {
	Actor   Actor
	Action  Action
	Thing   Thing
	Purpose Purpose
}

// Decision is the answer, with the row it comes from.
type Decision struct {
	Allow  bool
	Rule   string     // the row's name; "none" when no row fits
	Reason string     // for the person refused
	Code   fault.Code // of the reason
}

// Refusal is the Denied fault of a decision that does not allow.
func (d Decision) Refusal(op string) error {
	if d.Reason == "" {
		return fault.Say(fault.Denied, op, "access.unasked", "access was not asked")
	}
	f := fault.New(fault.Denied, op, "%s", d.Reason)
	f.Code = d.Code
	return f
}

// why is what a condition says to whom it refuses.
type why struct {
	code fault.Code
	text string
}

// Audit is the trace a decision leaves.
type Audit struct {
	At       time.Time
	Actor    string
	Roles    string
	Action   Action
	Thing    string
	Purpose  Purpose
	Decision Decision
}

// Decide answers a request from the table: the first row that fits allows; when none does, the nearest one tells what was missing.
func Decide(r Request) Decision { return decide(table, r) }

func decide(table []row, r Request) Decision {
	if !r.Actor.Scope.holds(r.Action) {
		return Decision{Rule: "none", Reason: fmt.Sprintf("the key's scope (%s) does not name %s", r.Actor.Scope, r.Action), Code: "access.scope"}
	}
	reason := why{"access.role", fmt.Sprintf("no rule lets %s do %s", describe(r.Actor.Roles), r.Action)}
	for _, row := range table {
		if row.action != r.Action || !r.Actor.Has(row.role) {
			continue
		}
		if !slices.Contains(row.purposes, r.Purpose) {
			reason = why{"access.purpose", fmt.Sprintf("%s is not for the purpose %q", row.name(), r.Purpose)}
			continue
		}
		if row.only == nil {
			return Decision{Allow: true, Rule: row.name()}
		}
		if ok, not := row.only.holds(r); !ok {
			reason = not
			continue
		}
		return Decision{Allow: true, Rule: row.name()}
	}
	return Decision{Rule: "none", Reason: reason.text, Code: reason.code}
}

// Ask decides a request and gives the trace it leaves, which is the caller's to keep. A refusal is a Denied fault as well.
func Ask(now time.Time, r Request) (Audit, error) {
	a := Audit{At: now, Actor: r.Actor.ID, Roles: list(r.Actor.Roles), Action: r.Action, Thing: r.Thing.String(), Purpose: r.Purpose, Decision: Decide(r)}
	if !a.Decision.Allow {
		return a, a.Decision.Refusal("access.Ask")
	}
	return a, nil
}

// Note is the trace of what no row of the table decides, such as that somebody has signed in.
func Note(now time.Time, who Actor, action Action, d Decision) Audit {
	return Audit{At: now, Actor: who.ID, Roles: list(who.Roles), Action: action, Thing: "session", Purpose: Operation, Decision: d}
}

func list(roles []Role) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return strings.Join(names, ",")
}

// String is the thing as traces name it: "case/ID", or its kind alone.
func (t Thing) String() string {
	if t.ID == "" {
		return t.Kind
	}
	return t.Kind + "/" + t.ID
}

// Known says whether any row of the table is about the action: a route whose action is unknown must not be mounted.
func Known(a Action) bool {
	return slices.ContainsFunc(table, func(r row) bool { return r.action == a })
}

func describe(roles []Role) string {
	if len(roles) == 0 {
		return "someone without a role"
	}
	return fmt.Sprint(roles)
}

// RolesFor are the roles that some row of the table lets do an action, in the table's order.
func RolesFor(a Action) []Role {
	var all []Role
	for _, row := range table {
		if row.action == a && !slices.Contains(all, row.role) {
			all = append(all, row.role)
		}
	}
	return all
}
