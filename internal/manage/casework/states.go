package casework

import (
	"fmt"
	"strings"

	"twoweave/internal/access"
)

// State is where a case stands in the loop. States are added or deprecated, never changed.
type State string

const (
	None       State = ""           // before it exists
	Accepted   State = "accepted"   // 受理
	Filed      State = "filed"      // 立案
	Dispatched State = "dispatched" // 派遣
	Handling   State = "handling"   // 处置
	Handled    State = "handled"    // 已处置
	Verified   State = "verified"   // 核查
	Closed     State = "closed"     // 结案
)

// States are all states of an existing case, in the order of the loop.
var States = []State{Accepted, Filed, Dispatched, Handling, Handled, Verified, Closed}

// CommandKind is what can be done to a case.
type CommandKind string

const (
	File     CommandKind = "file"
	Dispatch CommandKind = "dispatch"
	Start    CommandKind = "start"
	Finish   CommandKind = "finish"
	Verify   CommandKind = "verify"
	Close    CommandKind = "close"
	// What the program does by itself.
	Open     CommandKind = "open"     // a detection started an episode
	Recover  CommandKind = "recover"  // the episode ended
	Remind   CommandKind = "remind"   // the limit is near
	Escalate CommandKind = "escalate" // the limit has passed
)

// Commands are what people can do to a case, in the order of the loop.
var Commands = []CommandKind{File, Dispatch, Start, Finish, Verify, Close}

// move is one line of the state table.
type move struct {
	from    State
	command CommandKind
	to      State
	leaves  FactKind      // the fact that stays
	asks    access.Action // what access must allow
	meant   access.Role   // whose work it is; access decides, this only says so
}

// table is the closed loop. Read a line as: a case that is so, given this command, becomes so. What has no line is refused.
var table = []move{
	{None, Open, Accepted, FactAccepted, access.AcceptCase, access.System},
	{Accepted, File, Filed, FactFiled, access.FileCase, access.Operator},
	{Filed, Dispatch, Dispatched, FactDispatched, access.DispatchCase, access.Dispatcher},
	{Dispatched, Start, Handling, FactStarted, access.StartCase, access.FieldWorker},
	{Handling, Finish, Handled, FactHandled, access.FinishCase, access.FieldWorker},
	{Handled, Verify, Verified, FactVerified, access.VerifyCase, access.Verifier},
	{Verified, Close, Closed, FactClosed, access.CloseCase, access.Operator},

	// The condition that was detected is over. That is worth knowing in every state and closes nothing.
	{Accepted, Recover, Accepted, FactRecovered, access.RecordCase, access.System},
	{Filed, Recover, Filed, FactRecovered, access.RecordCase, access.System},
	{Dispatched, Recover, Dispatched, FactRecovered, access.RecordCase, access.System},
	{Handling, Recover, Handling, FactRecovered, access.RecordCase, access.System},
	{Handled, Recover, Handled, FactRecovered, access.RecordCase, access.System},
	{Verified, Recover, Verified, FactRecovered, access.RecordCase, access.System},
	{Closed, Recover, Closed, FactRecovered, access.RecordCase, access.System},

	// The clock runs from dispatch until the matter is handled.
	{Dispatched, Remind, Dispatched, FactReminded, access.RecordCase, access.System},
	{Handling, Remind, Handling, FactReminded, access.RecordCase, access.System},
	{Dispatched, Escalate, Dispatched, FactEscalated, access.RecordCase, access.System},
	{Handling, Escalate, Handling, FactEscalated, access.RecordCase, access.System},
}

// Next is the state a command leads to, and whether the table has such a line.
func Next(from State, k CommandKind) (State, bool) {
	m, ok := find(from, k)
	return m.to, ok
}

// ActionOf is what access must allow before the command is decided; false for a command that does not exist.
func ActionOf(k CommandKind) (access.Action, bool) {
	for _, m := range table {
		if m.command == k {
			return m.asks, true
		}
	}
	return "", false
}

// WhyNot says why the table refuses a command in a state, naming the state and what is allowed; empty when it does not refuse.
func WhyNot(from State, k CommandKind) string {
	if _, ok := find(from, k); ok {
		return ""
	}
	if _, ok := ActionOf(k); !ok {
		return fmt.Sprintf("%q is no command; the commands are %s", k, listCommands(Commands))
	}
	return fmt.Sprintf("%s is not possible: %s", k, whatNow(from))
}

func find(from State, k CommandKind) (move, bool) {
	for _, m := range table {
		if m.from == from && m.command == k {
			return m, true
		}
	}
	return move{}, false
}

// whatNow says where a case stands and what people can do next.
func whatNow(s State) string {
	if s == None {
		return "the case does not exist yet"
	}
	var next []string
	for _, m := range table {
		if m.from == s && m.meant != access.System {
			next = append(next, fmt.Sprintf("%s (by the %s)", m.command, m.meant))
		}
	}
	if len(next) == 0 {
		return fmt.Sprintf("the case is %s and nothing follows", s)
	}
	return fmt.Sprintf("the case is %s; next is %s", s, strings.Join(next, " or "))
}

func listCommands(kinds []CommandKind) string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}
