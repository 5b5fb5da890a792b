// Package incidentdesk is the command post: incidents are opened, commanded, reported on and ended here.
//
// # The way of a command
//
// Open begins an incident; Do carries out every other command. Each asks access, lets package incident decide, and keeps in one transaction: the fact of the log, the
// incident by compare-and-set on its version, which cases it holds, its timer, what persons are told and who is called, the audit fact, and the answer under the
// caller's idempotency key. A refused command changes nothing but leaves an audit fact. A command repeated with the same key by the same actor gets the
// first answer, also when that was a refusal. A Conflict carries the incident as it is now; its message says who changed what.
//
// # Cases
//
// A case is in at most one incident that is not closed; the store keeps that under concurrency. Gathering changes nothing about the case itself: its unit, its limit
// and its log stay as they are. A closed incident keeps its cases as its record, and lets others gather them; when it is reopened, those are no longer its own.
//
// # Telling and calling
//
// Room brings texts to persons and calls units by their ladders of duty. A task for a unit calls the unit until somebody acknowledges the task; one for a person is
// a message. A late task reminds who has it and the commander, and EscalateAfter later the centre's duty room is called. A situation report that is late
// reminds the commander.
//
// # Who sees what
//
// Who may read incidents sees all of them. Everybody else sees the tasks that were given to the own unit or to oneself, and of their incidents no more than the
// heading.
package incidentdesk
