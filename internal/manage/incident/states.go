package incident

import (
	"fmt"
	"slices"
	"strings"

	"twoweave/internal/access"
)

// State is where an incident stands.
type State string

const (
	None      State = ""           // before it exists
	Running   State = "running"    // 处置中
	StoodDown State = "stood-down" // 已解除: the emergency is over, what is left is being finished
	Closed    State = "closed"     // 已归档, with an after-action text
)

// States are all states of an existing incident.
var States = []State{Running, StoodDown, Closed}

// TaskState is how far a task is.
type TaskState string

const (
	NoTask       TaskState = ""
	Given        TaskState = "given"
	Acknowledged TaskState = "acknowledged"
	Done         TaskState = "done"
	Impossible   TaskState = "impossible"
	Checked      TaskState = "checked"
	Withdrawn    TaskState = "withdrawn"
)

// TaskStates are all states of an existing task.
var TaskStates = []TaskState{Given, Acknowledged, Done, Impossible, Checked, Withdrawn}

// Open says whether the task still needs somebody: the one who does it, or the one who checks.
func (s TaskState) Open() bool { return s != NoTask && s != Checked && s != Withdrawn }

// CommandKind is what can be done to an incident or one of its tasks.
type CommandKind string

const (
	OpenIt    CommandKind = "open"
	Offer     CommandKind = "offer"   // command, to another person
	Accept    CommandKind = "accept"  // command, as offered
	Decline   CommandKind = "decline" // by the person to whom it was offered, or take the offer back
	Gather    CommandKind = "gather"  // cases
	Release   CommandKind = "release" // cases
	Write     CommandKind = "report"  // a situation report
	StandDown CommandKind = "stand-down"
	Close     CommandKind = "close"
	Reopen    CommandKind = "reopen"

	Give        CommandKind = "give" // a task
	Acknowledge CommandKind = "acknowledge"
	Supply      CommandKind = "supply" // note a resource
	Finish      CommandKind = "done"
	GiveUp      CommandKind = "impossible"
	Check       CommandKind = "check"
	Withdraw    CommandKind = "withdraw"

	// What the program does by itself.
	ReportLate CommandKind = "report-late" // the next situation report is due
	Remind     CommandKind = "remind"      // a task is late
	Escalate   CommandKind = "escalate"    // and still is, some minutes later
)

// Commands are what people can do to an incident that exists, TaskCommands to one of its tasks.
var (
	Commands     = []CommandKind{Offer, Accept, Decline, Gather, Release, Write, Give, StandDown, Close, Reopen}
	TaskCommands = []CommandKind{Acknowledge, Supply, Finish, GiveUp, Check, Withdraw}
)

// move is one line of the incident's table, taskMove one of its tasks'.
type move struct {
	command CommandKind
	from    []State
	to      State // Same: it stays as it is
	leaves  FactKind
	asks    access.Action
}

type taskMove struct {
	command CommandKind
	during  []State // of the incident
	from    []TaskState
	to      TaskState // "" : it stays as it is
	leaves  FactKind
	asks    access.Action
}

// Same stands in the table where the incident stays as it is.
const Same State = "same"

var (
	unborn    = []State{None}
	running   = []State{Running}
	unsettled = []State{Running, StoodDown}
	todo      = []TaskState{Given, Acknowledged}
	ended     = []TaskState{Done, Impossible}
)

// table is what can happen to an incident. Read a line as: given this command, an incident that is so becomes so. What has no line is refused.
var table = []move{
	{OpenIt, unborn, Running, FactOpened, access.OpenIncident},
	{Offer, unsettled, Same, FactOffered, access.CommandIncident},
	{Accept, unsettled, Same, FactPassed, access.CommandIncident},
	{Decline, unsettled, Same, FactKept, access.CommandIncident},
	{Gather, running, Same, FactGathered, access.CommandIncident},
	{Release, unsettled, Same, FactReleased, access.CommandIncident},
	{Write, unsettled, Same, FactReported, access.ReportIncident},
	{ReportLate, running, Same, FactLate, access.RecordIncident},
	{Give, running, Same, FactGiven, access.CommandIncident},
	{StandDown, running, StoodDown, FactStoodDown, access.CommandIncident},
	{Close, []State{StoodDown}, Closed, FactClosed, access.CommandIncident},
	{Reopen, []State{StoodDown, Closed}, Running, FactReopened, access.CommandIncident},
}

// tasks is what can happen to a task.
var tasks = []taskMove{
	{Acknowledge, unsettled, []TaskState{Given}, Acknowledged, FactAcknowledged, access.DoTask},
	{Supply, unsettled, todo, "", FactSupplied, access.SupplyTask},
	{Finish, unsettled, todo, Done, FactDone, access.DoTask},
	{GiveUp, unsettled, todo, Impossible, FactImpossible, access.DoTask},
	{Check, unsettled, ended, Checked, FactChecked, access.CommandIncident},
	{Withdraw, unsettled, todo, Withdrawn, FactWithdrawn, access.CommandIncident},
	{Remind, running, todo, "", FactReminded, access.RecordIncident},
	{Escalate, running, todo, "", FactEscalated, access.RecordIncident},
}

// ActionOf is what access must allow before the command is decided; false for a command that does not exist.
func ActionOf(k CommandKind) (access.Action, bool) {
	for _, m := range table {
		if m.command == k {
			return m.asks, true
		}
	}
	for _, m := range tasks {
		if m.command == k {
			return m.asks, true
		}
	}
	return "", false
}

// OnTask says whether a command is about one task that exists.
func OnTask(k CommandKind) bool {
	return slices.ContainsFunc(tasks, func(m taskMove) bool { return m.command == k })
}

// WhyNot says why the table refuses a command in a state; empty when it does not.
func WhyNot(from State, k CommandKind) string {
	if _, ok := find(from, k); ok {
		return ""
	}
	var next []string
	for _, m := range table {
		if m.asks != access.RecordIncident && slices.Contains(m.from, from) && !slices.Contains(next, string(m.command)) {
			next = append(next, string(m.command))
		}
	}
	return fmt.Sprintf("%s is not possible: the incident %s; possible is %s", k, stands(from), strings.Join(next, ", "))
}

// WhyNotTask is WhyNot for a command on a task.
func WhyNotTask(during State, from TaskState, k CommandKind) string {
	m, known := findTask(k)
	switch {
	case !known:
		return fmt.Sprintf("%q is no command on a task", k)
	case !slices.Contains(m.during, during):
		return fmt.Sprintf("%s is not possible: the incident %s", k, stands(during))
	case from == NoTask:
		return "there is no such task"
	case !slices.Contains(m.from, from):
		return fmt.Sprintf("%s is not possible: the task is %s", k, from)
	}
	return ""
}

func stands(s State) string {
	if s == None {
		return "does not exist yet"
	}
	return "is " + string(s)
}

func find(from State, k CommandKind) (move, bool) {
	for _, m := range table {
		if m.command == k && slices.Contains(m.from, from) {
			return m, true
		}
	}
	return move{}, false
}

func findTask(k CommandKind) (taskMove, bool) {
	for _, m := range tasks {
		if m.command == k {
			return m, true
		}
	}
	return taskMove{}, false
}

// Move is one line of either table, for those who read it.
type Move struct {
	Command CommandKind
	During  []State // of a task's move: how the incident stands
	From    []string
	To      string // empty: no change
	Fact    FactKind
	Roles   []access.Role
}

// Moves are both tables with who may do what: the incident's, then its tasks'.
func Moves() (incidents, ofTasks []Move) {
	for _, m := range table {
		line := Move{Command: m.command, From: names(m.from), Fact: m.leaves, Roles: access.RolesFor(m.asks)}
		if m.to != Same {
			line.To = string(m.to)
		}
		incidents = append(incidents, line)
	}
	ofTasks = append(ofTasks, Move{Command: Give, During: running, From: names([]TaskState{NoTask}), To: string(Given), Fact: FactGiven, Roles: access.RolesFor(access.CommandIncident)})
	for _, m := range tasks {
		ofTasks = append(ofTasks, Move{Command: m.command, During: m.during, From: names(m.from), To: string(m.to), Fact: m.leaves, Roles: access.RolesFor(m.asks)})
	}
	return incidents, ofTasks
}

func names[T ~string](all []T) []string {
	out := make([]string, len(all))
	for i, v := range all {
		out[i] = string(v)
	}
	return out
}
