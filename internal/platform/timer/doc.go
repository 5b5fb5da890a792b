// Package timer keeps promises about time: "escalate this case at 10:15", set in the transaction that makes the promise and kept by a Runner.
//
// A timer is a row, unique by kind and key. Set and Cancel belong to the caller's transaction: if that does not commit, nothing was set. When a timer
// is due a Runner deletes the row and calls the handler of its kind, both in one transaction: the handler's changes are made exactly once,
// whatever crashes, and also when several Runners work on one database. A handler may be called more than once (see sqldb.DB.Update), so all that it does it does
// through its Tx.
//
// A handler that fails, or panics, takes back its changes and keeps its timer: it is tried again after a wait that grows from a second to five
// minutes, for ever, with the error in the log and in the row. It holds up nobody else. A kind without a handler counts as failing.
//
// Timers of one key run in the order of their due times, as long as none fails; others in no order. A timer never runs early; how late depends on
// Wake and on the load. Times are those of the clock given to the Runner. Long waits in event time, as detection has them, are not timers of this kind.
package timer
