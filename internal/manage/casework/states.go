package casework

import (
	"fmt"
	"slices"
	"strings"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
)

// State is where a case stands in the loop. States are added or deprecated, never changed.
type State string

const (
	None       State = ""           // before it exists
	Screening  State = "screening"  // 待复核: an alarm that a person looks at before it counts
	Warned     State = "warned"     // 已预警: its owner was told first
	Checking   State = "checking"   // 核实: somebody goes and looks whether the report is so
	Accepted   State = "accepted"   // 受理
	Filed      State = "filed"      // 立案
	Dispatched State = "dispatched" // 派遣
	Handling   State = "handling"   // 处置
	Suspended  State = "suspended"  // 挂起: its clock stands, with approval
	Returned   State = "returned"   // 退回: the unit says that it is not its matter
	Handled    State = "handled"    // 已处置
	Verified   State = "verified"   // 核查
	Closed     State = "closed"     // 结案
	Averted    State = "averted"    // 自行纠正: its owner put it right after the warning
	Voided     State = "voided"     // 作废: not a matter, with the reason
	Merged     State = "merged"     // 并案: part of another case
)

// States are all states of an existing case: those of the loop in its order, then the ends beside it.
var States = []State{Screening, Warned, Checking, Accepted, Filed, Dispatched, Handling, Suspended, Returned, Handled, Verified, Closed, Averted, Voided, Merged}

// OpenStates are those in which the matter still needs somebody.
var OpenStates = []State{Screening, Warned, Checking, Accepted, Filed, Dispatched, Handling, Suspended, Returned, Handled, Verified}

// Same and Back stand in the table where the next state is not one of its own: the case stays as it is, or is again what it was before.
const (
	Same State = "same"
	Back State = "back"
)

// CommandKind is what can be done to a case.
type CommandKind string

const (
	Take          CommandKind = "take"           // a report by the public is taken
	Report        CommandKind = "report"         // a field worker's own report
	Confirm       CommandKind = "confirm"        // it is so: by a second look at an alarm, or on site
	Check         CommandKind = "check"          // have somebody look on site before filing
	File          CommandKind = "file"           //
	Void          CommandKind = "void"           //
	Merge         CommandKind = "merge"          // into another case
	Dispatch      CommandKind = "dispatch"       //
	Start         CommandKind = "start"          //
	Return        CommandKind = "return"         // to the centre: not our matter
	Arbitrate     CommandKind = "arbitrate"      // says whose matter it is
	Involve       CommandKind = "involve"        // other units, beside the one that leads
	Contribute    CommandKind = "contribute"     // an involved unit has done its part
	Advance       CommandKind = "advance"        // one phase of the limit is reached, the next one begins
	AskSuspension CommandKind = "ask-suspension" //
	AskExtension  CommandKind = "ask-extension"  //
	Suspend       CommandKind = "suspend"        // as was asked
	Extend        CommandKind = "extend"         // as was asked
	Decline       CommandKind = "decline"        // what was asked
	Resume        CommandKind = "resume"         //
	Finish        CommandKind = "finish"         //
	Settle        CommandKind = "settle"         // a light matter, on the spot
	Rework        CommandKind = "rework"         // verification failed
	Verify        CommandKind = "verify"         //
	Close         CommandKind = "close"          //
	Reopen        CommandKind = "reopen"         //
	Urge          CommandKind = "urge"           // 督办
	Rate          CommandKind = "rate"           // what the reporter says of how it was settled
	Attach        CommandKind = "attach"         // one more report of the same matter
	Undo          CommandKind = "undo"           // the own last command, within minutes
	// What the program does by itself.
	Open     CommandKind = "open"     // a detection started an episode
	Screen   CommandKind = "screen"   // likewise, and a person is to look first
	Warn     CommandKind = "warn"     // likewise, and its owner is told first
	Persist  CommandKind = "persist"  // the warning's time is over and nothing has changed
	Recover  CommandKind = "recover"  // the episode ended
	Remind   CommandKind = "remind"   // the limit is near
	Escalate CommandKind = "escalate" // the limit has passed
	Join     CommandKind = "join"     // another case was merged into this one
	Part     CommandKind = "part"     // and was taken out again
)

// Commands are what people can do to a case that exists, in the order of the loop.
var Commands = []CommandKind{
	Confirm, Check, File, Void, Merge, Dispatch, Start, Return, Arbitrate, Involve, Contribute, Advance, AskSuspension, AskExtension, Suspend, Extend,
	Decline, Resume, Finish, Settle, Rework, Verify, Close, Reopen, Urge, Rate, Undo,
}

// move is one line of the state table.
type move struct {
	command CommandKind
	from    []State
	to      State
	leaves  FactKind      // the fact that stays
	asks    access.Action // what access must allow
	meant   access.Role   // whose work it is; access decides, this only says so
}

var (
	unborn    = []State{None}
	running   = []State{Dispatched, Handling}
	unsettled = []State{Screening, Warned, Checking, Accepted, Filed, Returned}
)

// table is the closed loop. Read a line as: given this command, a case that is so becomes so. What has no line is refused.
var table = []move{
	// How a case begins.
	{Open, unborn, Accepted, FactAccepted, access.AcceptCase, access.System},
	{Screen, unborn, Screening, FactFlagged, access.AcceptCase, access.System},
	{Warn, unborn, Warned, FactWarned, access.AcceptCase, access.System},
	{Take, unborn, Accepted, FactTaken, access.TakeCase, access.Operator},
	{Report, unborn, Filed, FactReported, access.ReportCase, access.FieldWorker},

	// Before it is filed: a second look at an alarm, a visit for a report, a warning to its owner.
	{Confirm, []State{Screening}, Accepted, FactConfirmed, access.ScreenCase, access.Operator},
	{Check, []State{Accepted}, Checking, FactCheckOrdered, access.FileCase, access.Operator},
	{Confirm, []State{Checking}, Accepted, FactConfirmed, access.ScreenCase, access.Verifier},
	{Persist, []State{Warned}, Filed, FactPersisted, access.RecordCase, access.System},
	{File, []State{Accepted, Warned}, Filed, FactFiled, access.FileCase, access.Operator},
	{Void, unsettled, Voided, FactVoided, access.VoidCase, access.Operator},
	{Merge, append(slices.Clone(unsettled), running...), Merged, FactMerged, access.MergeCase, access.Operator},

	// The unit's work.
	{Dispatch, []State{Filed}, Dispatched, FactDispatched, access.DispatchCase, access.Dispatcher},
	{Start, []State{Dispatched}, Handling, FactStarted, access.StartCase, access.FieldWorker},
	{Return, running, Returned, FactReturned, access.ReturnCase, access.FieldWorker},
	{Arbitrate, []State{Returned}, Dispatched, FactArbitrated, access.ArbitrateCase, access.Dispatcher},
	{Involve, append([]State{Filed}, running...), Same, FactInvolved, access.DispatchCase, access.Dispatcher},
	{Contribute, running, Same, FactContributed, access.ContributeCase, access.FieldWorker},
	{Advance, []State{Handling}, Same, FactAdvanced, access.FinishCase, access.FieldWorker},
	{AskSuspension, []State{Handling}, Same, FactSuspensionAsked, access.AskCase, access.FieldWorker},
	{AskExtension, running, Same, FactExtensionAsked, access.AskCase, access.FieldWorker},
	{Suspend, []State{Handling}, Suspended, FactSuspended, access.GrantCase, access.Dispatcher},
	{Extend, running, Same, FactExtended, access.GrantCase, access.Dispatcher},
	{Decline, running, Same, FactDeclined, access.GrantCase, access.Dispatcher},
	{Resume, []State{Suspended}, Handling, FactResumed, access.ResumeCase, access.FieldWorker},
	{Finish, []State{Handling}, Handled, FactHandled, access.FinishCase, access.FieldWorker},
	{Settle, append([]State{Filed}, running...), Closed, FactSettled, access.SettleCase, access.FieldWorker},

	// Whether it is settled.
	{Rework, []State{Handled}, Dispatched, FactReworked, access.VerifyCase, access.Verifier},
	{Verify, []State{Handled}, Verified, FactVerified, access.VerifyCase, access.Verifier},
	{Close, []State{Verified}, Closed, FactClosed, access.CloseCase, access.Operator},
	{Reopen, []State{Closed}, Filed, FactReopened, access.ReopenCase, access.Operator},
	{Reopen, []State{Voided}, Accepted, FactReopened, access.ReopenCase, access.Operator},
	{Rate, []State{Closed}, Same, FactRated, access.RateCase, access.Operator},

	// At any time.
	{Urge, OpenStates, Same, FactUrged, access.UrgeCase, access.Operator},
	{Attach, OpenStates, Same, FactAttached, access.TakeCase, access.Operator},
	{Join, OpenStates, Same, FactJoined, access.MergeCase, access.Operator},
	{Part, OpenStates, Same, FactParted, access.MergeCase, access.Operator},
	{Undo, []State{Checking, Accepted, Filed, Dispatched, Handling, Returned, Suspended, Handled, Verified, Closed, Voided, Merged}, Back, FactUndone, access.UndoCase, access.Operator},

	// The condition that was detected is over. That is worth knowing in every state; it closes nothing but a matter of which only its owner was told.
	{Recover, []State{Warned}, Averted, FactRecovered, access.RecordCase, access.System},
	{Recover, slices.DeleteFunc(slices.Clone(States), func(s State) bool { return s == Warned }), Same, FactRecovered, access.RecordCase, access.System},

	// The unit's clock runs from dispatch until the matter is handled.
	{Remind, running, Same, FactReminded, access.RecordCase, access.System},
	{Escalate, running, Same, FactEscalated, access.RecordCase, access.System},
}

// Next is the state a command leads to, and whether the table has such a line. For Undo it is Back: only the case's history knows.
func Next(from State, k CommandKind) (State, bool) {
	m, ok := find(from, k)
	if m.to == Same {
		return from, ok
	}
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

// NotPossible is the refusal of a command that WhyNot explains.
func NotPossible(from State, k CommandKind) error {
	f := fault.New(fault.Invalid, "casework.Decide", "%s", WhyNot(from, k))
	if f.Code = "case.no-command"; knows(k) {
		f.Coded = fault.Coded{Code: "case.not-possible", Params: []string{string(k), string(from)}}
	}
	return f
}

func knows(k CommandKind) bool {
	_, known := ActionOf(k)
	return known
}

func find(from State, k CommandKind) (move, bool) {
	for _, m := range table {
		if m.command == k && slices.Contains(m.from, from) {
			return m, true
		}
	}
	return move{}, false
}

// byFact is the line that leaves a fact of the kind on a case in the state.
func byFact(from State, kind FactKind) (move, bool) {
	for _, m := range table {
		if m.leaves == kind && slices.Contains(m.from, from) {
			return m, true
		}
	}
	return move{}, false
}

// whatNow says where a case stands and what people can do next to move it on.
func whatNow(s State) string {
	if s == None {
		return "the case does not exist yet"
	}
	var next []string
	for _, m := range table {
		if m.meant != access.System && m.to != Same && m.to != Back && slices.Contains(m.from, s) {
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

// Move is one line of the state table, for those who read it.
type Move struct {
	Command CommandKind
	From    []State
	To      State // or Same, or Back
	Fact    FactKind
	Roles   []access.Role // whom access lets, in its own order
}

// Moves is the state table with who may do what.
func Moves() []Move {
	all := make([]Move, len(table))
	for i, m := range table {
		all[i] = Move{Command: m.command, From: slices.Clone(m.from), To: m.to, Fact: m.leaves, Roles: access.RolesFor(m.asks)}
	}
	return all
}
