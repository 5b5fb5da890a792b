package access

import "slices"

// What is done about an incident.
const (
	ReadIncident    Action = "incident.read"
	OpenIncident    Action = "incident.open"
	CommandIncident Action = "incident.command" // give and check tasks, gather cases, pass command on, stand down
	ReportIncident  Action = "incident.report"  // write a situation report
	DoTask          Action = "incident.task"    // see, acknowledge and do what was ordered to the own unit, or to oneself
	SupplyTask      Action = "incident.supply"  // note a resource on a task
	RecordIncident  Action = "incident.record"  // what the program's clocks say
)

// Commanding is the purpose of all work on an incident.
const Commanding Purpose = "command"

var ownTask = &condition{"own task", func(r Request) (bool, why) {
	return r.Thing.Handler != "" && r.Thing.Handler == r.Actor.ID, why{"access.other-person-task", "the task was given to somebody else"}
}}

var ownUnitTask = &condition{"own or own unit's task", func(r Request) (bool, why) {
	if ok, _ := ownTask.holds(r); ok {
		return true, why{}
	}
	mine := r.Actor.Unit != "" && (r.Thing.Unit == r.Actor.Unit || slices.Contains(r.Thing.Units, r.Actor.Unit))
	return mine, why{"access.other-unit-task", "the task was given to another unit"}
}}

var command = []Purpose{Commanding}

// incidents are the rows of the command post. Who is in command, and whether a task may still be done, the incident says.
var incidents = []row{
	{Operator, ReadIncident, command, nil},
	{Dispatcher, ReadIncident, command, nil},
	{Verifier, ReadIncident, command, nil},
	{Admin, ReadIncident, command, nil},

	{Dispatcher, OpenIncident, command, nil},
	{Admin, OpenIncident, command, nil},
	{Dispatcher, CommandIncident, command, nil},
	{Admin, CommandIncident, command, nil},
	{Operator, ReportIncident, command, nil},
	{Dispatcher, ReportIncident, command, nil},
	{Admin, ReportIncident, command, nil},

	{FieldWorker, DoTask, command, ownUnitTask},
	{Operator, DoTask, command, ownTask},
	{Dispatcher, DoTask, command, ownTask},
	{Verifier, DoTask, command, ownTask},
	{Admin, DoTask, command, ownTask},
	{FieldWorker, SupplyTask, command, ownUnitTask},
	{Operator, SupplyTask, command, ownTask},
	{Dispatcher, SupplyTask, command, nil},
	{Verifier, SupplyTask, command, ownTask},
	{Admin, SupplyTask, command, nil},

	{System, RecordIncident, command, nil},
}
