// Package incident is the emergency in progress: who commands it, what was ordered to whom and until when, which cases belong to it, what was reported.
//
// An incident is nothing but its facts, in order. Each fact says who, when and what; none is ever changed, so that the log is the record that an inquiry
// reads afterwards. What the screens show is Fold of them. Decide turns a command into the next fact or refuses it with the reason; Apply adds a fact.
//
// # Three states, and tasks with their own
//
// An incident is running, then stood down, then closed with an after-action text; from either it can be reopened. Its tasks go their own way beside that: given,
// acknowledged, done or found impossible, checked by somebody who did not do them, or withdrawn. Whoever stands an incident down, or closes it, names the
// tasks that are left open: none is forgotten silently. The state tables in states.go say all moves; what has no line there is refused.
//
// # Clocks
//
// A task is due after so many urgent hours, which run day and night, or by a time. When it is late the persons concerned are reminded, and some minutes after
// that the duty room is called. The next situation report has a due time, too. Clocks run while the incident is running, and are still once it is stood down;
// when it is reopened they run on, and what is late then reminds and calls anew.
//
// # Who saw what
//
// Every command names the version of the incident that the actor saw. A command on a task is refused as a Conflict when that task has changed since; any other when
// somebody commanded or reported since. What units do with other tasks disturbs nobody.
//
// The package is pure: no I/O, and no clock but the one passed in. Cases are ids to it; gathering changes neither who is responsible for a case nor its clocks.
package incident
