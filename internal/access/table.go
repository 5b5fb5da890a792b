package access

import "slices"

const (
	SendEvent    Action = "event.send"
	ReadSelf     Action = "self.read" // the own account and inbox
	ReadSigns    Action = "sign.read"
	ReadCase     Action = "case.read"
	AcceptCase   Action = "case.accept"
	RecordCase   Action = "case.record" // evidence, recovery, reminders, escalation: what the program notes by itself
	FileCase     Action = "case.file"
	DispatchCase Action = "case.dispatch"
	StartCase    Action = "case.start"
	FinishCase   Action = "case.finish"
	VerifyCase   Action = "case.verify"
	CloseCase    Action = "case.close"

	TakeCase       Action = "case.take"   // a report by the public
	ReportCase     Action = "case.report" // a field worker's own
	ScreenCase     Action = "case.screen" // the second look at an alarm, or the visit for a report
	VoidCase       Action = "case.void"
	MergeCase      Action = "case.merge"
	ReturnCase     Action = "case.return"
	ArbitrateCase  Action = "case.arbitrate"
	ContributeCase Action = "case.contribute" // to what another unit leads
	AskCase        Action = "case.ask"        // for a suspension or an extension
	GrantCase      Action = "case.grant"      // or decline either
	ResumeCase     Action = "case.resume"
	SettleCase     Action = "case.settle" // on the spot
	ReopenCase     Action = "case.reopen"
	RateCase       Action = "case.rate" // in the reporter's words
	UrgeCase       Action = "case.urge"
	UndoCase       Action = "case.undo" // the own last command

	ReadClasses  Action = "class.read"
	ReadFindings Action = "detection.read"
	ReadPersonal Action = "personal.read" // the unsealed values about a person
	ReadMessages Action = "message.read"  // to whom something was told; addresses masked
	MendMessages Action = "message.mend"  // correct, send again, give up
	ReadMachine  Action = "machine.read"  // accounting, exceptions, packs
	ActivatePack Action = "pack.activate"
	MakeBackup   Action = "backup.make"

	ReadOrders       Action = "order.read"
	OrderState       Action = "state.order"       // special, or the proposal of an emergency; and ending either
	ConfirmEmergency Action = "emergency.confirm" // the second person's word
	OrderSilence     Action = "silence.order"
)

// row is one line of the table: this role may do this action for these purposes, if the condition holds.
type row struct {
	role     Role
	action   Action
	purposes []Purpose
	only     *condition
}

func (r row) name() string {
	if r.only == nil {
		return string(r.role) + " " + string(r.action)
	}
	return string(r.role) + " " + string(r.action) + " " + r.only.name
}

// condition narrows a row to some things.
type condition struct {
	name  string
	holds func(Request) (ok bool, not why)
}

var ownUnit = &condition{"own unit", func(r Request) (bool, why) {
	return r.Thing.Unit != "" && r.Thing.Unit == r.Actor.Unit, why{"access.other-unit", "the case belongs to another unit"}
}}

var anyUnit = &condition{"own or involved unit", func(r Request) (bool, why) {
	if ok, _ := ownUnit.holds(r); ok {
		return true, why{}
	}
	return r.Actor.Unit != "" && slices.Contains(r.Thing.Units, r.Actor.Unit), why{"access.other-unit", "the case belongs to another unit"}
}}

var notAsker = &condition{"not own wish", func(r Request) (bool, why) {
	return r.Thing.By != r.Actor.ID, why{"access.own-wish", "who asked for it does not grant it"}
}}

var notHandler = &condition{"not own work", func(r Request) (bool, why) {
	return r.Thing.Handler != r.Actor.ID, why{"access.own-work", "who handled a case does not verify it"}
}}

var notProposer = &condition{"not own proposal", func(r Request) (bool, why) {
	return r.Thing.By != r.Actor.ID, why{"access.own-proposal", "an emergency needs two persons: who proposed it does not confirm it"}
}}

var (
	work    = []Purpose{Casework}
	watch   = []Purpose{Casework, Supervision}
	operate = []Purpose{Operation}
	signal  = []Purpose{Signalling}
	order   = []Purpose{Ordering}
)

// table is everything that is allowed. Read a line as: this role may do this, for these purposes, on these things.
var table = slices.Concat([]row{
	// Devices and gateways tell what happened; the program's operators may too, to try things out.
	{Device, SendEvent, signal, nil},
	{Operator, SendEvent, signal, nil},
	{Admin, SendEvent, signal, nil},

	// Everyone with an account sees who the program takes them for, and what it tells them.
	{Viewer, ReadSelf, watch, nil},
	{Operator, ReadSelf, watch, nil},
	{Dispatcher, ReadSelf, watch, nil},
	{FieldWorker, ReadSelf, watch, nil},
	{Verifier, ReadSelf, watch, nil},
	{Admin, ReadSelf, watch, nil},
	{Device, ReadSelf, watch, nil},

	// Everyone who works here sees the city's signs.
	{Viewer, ReadSigns, watch, nil},
	{Operator, ReadSigns, watch, nil},
	{Dispatcher, ReadSigns, watch, nil},
	{FieldWorker, ReadSigns, watch, nil},
	{Verifier, ReadSigns, watch, nil},
	{Admin, ReadSigns, watch, nil},

	// Cases: the centre sees all, a field worker those of the own unit. A viewer sees figures, not cases.
	{Operator, ReadCase, watch, nil},
	{Dispatcher, ReadCase, watch, nil},
	{Verifier, ReadCase, watch, nil},
	{Admin, ReadCase, watch, nil},
	{FieldWorker, ReadCase, watch, anyUnit},

	{Operator, ReadClasses, watch, nil},
	{Dispatcher, ReadClasses, watch, nil},
	{Verifier, ReadClasses, watch, nil},
	{Admin, ReadClasses, watch, nil},
	{FieldWorker, ReadClasses, watch, nil},

	// The loop. The program accepts what it detects and notes what its clocks say.
	{System, AcceptCase, work, nil},
	{System, RecordCase, work, nil},
	{Operator, FileCase, work, nil},
	{Dispatcher, DispatchCase, work, nil},
	{FieldWorker, StartCase, work, ownUnit},
	{FieldWorker, FinishCase, work, ownUnit},
	{Verifier, VerifyCase, work, notHandler},
	{Verifier, CloseCase, work, nil},
	{Operator, CloseCase, work, nil},

	// Beside the line.
	{Operator, TakeCase, work, nil},
	{System, TakeCase, work, nil},
	{FieldWorker, ReportCase, work, ownUnit},
	{Operator, ScreenCase, work, nil},
	{Verifier, ScreenCase, work, nil},
	{Operator, VoidCase, work, nil},
	{Verifier, VoidCase, work, nil},
	{Operator, MergeCase, work, nil},
	{FieldWorker, ReturnCase, work, ownUnit},
	{Dispatcher, ArbitrateCase, work, nil},
	{FieldWorker, ContributeCase, work, anyUnit},
	{FieldWorker, AskCase, work, ownUnit},
	{Dispatcher, GrantCase, work, notAsker},
	{FieldWorker, ResumeCase, work, ownUnit},
	{Dispatcher, ResumeCase, work, nil},
	{System, ResumeCase, work, nil},
	{FieldWorker, SettleCase, work, ownUnit},
	{Operator, ReopenCase, work, nil},
	{Operator, RateCase, work, nil},
	{System, RateCase, work, nil},
	{Operator, UrgeCase, work, nil},
	{Dispatcher, UrgeCase, work, nil},
	{Operator, UndoCase, work, nil},
	{Dispatcher, UndoCase, work, nil},
	{FieldWorker, UndoCase, work, ownUnit},
	{Verifier, UndoCase, work, nil},

	// What is behind a case.
	{Operator, ReadFindings, watch, nil},
	{Dispatcher, ReadFindings, watch, nil},
	{Verifier, ReadFindings, watch, nil},
	{Admin, ReadFindings, watch, nil},
	{Operator, ReadPersonal, work, nil},
	{FieldWorker, ReadPersonal, work, ownUnit},

	// City states and silences. An emergency takes two persons, the second from the command centre or an administrator; ending one takes one.
	{Operator, ReadOrders, order, nil},
	{Dispatcher, ReadOrders, order, nil},
	{Verifier, ReadOrders, order, nil},
	{Admin, ReadOrders, order, nil},
	{Operator, OrderState, order, nil},
	{Dispatcher, OrderState, order, nil},
	{Admin, OrderState, order, nil},
	{System, OrderState, order, nil},
	{Dispatcher, ConfirmEmergency, order, notProposer},
	{Admin, ConfirmEmergency, order, notProposer},
	{Operator, OrderSilence, order, nil},
	{Dispatcher, OrderSilence, order, nil},
	{Admin, OrderSilence, order, nil},
	{System, OrderSilence, order, nil},

	// The machine room.
	{Admin, ReadMachine, operate, nil},
	{Operator, ReadMachine, operate, nil},
	{Admin, ReadMessages, operate, nil},
	{Operator, ReadMessages, operate, nil},
	{Admin, MendMessages, operate, nil},
	{Operator, MendMessages, operate, nil},
	{Admin, ActivatePack, operate, nil},
	{System, ActivatePack, operate, nil},
	{System, MakeBackup, operate, nil},
}, dutyRoom, cityContent, incidents, casePhotos, figures, exchanges, people, auditing)
