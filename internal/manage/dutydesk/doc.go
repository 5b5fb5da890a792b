// Package dutydesk is the duty room: shifts are handed over, deputies stand in, and whoever is called answers or the next one is called.
//
// # Calls
//
// A call is something a person must know now: a case that was escalated, an order in force. Place makes one in the caller's transaction; its id is the
// caller's, so that what happens twice calls once. The persons at the first post of the unit's ladder are told. One of them acknowledges it, or passes it on;
// when nobody does within the post's time, the next post is called, and so on. A post without anybody on duty is told in the log and passed over. At the end
// of the ladder the call stays as unanswered, for all to see, until one of those who were called takes it after all, or it is withdrawn.
//
// Who is on duty is looked up when a post is called, not when the call is placed: the roster of the packs, the calendar, the deputies of that moment.
//
// # Hand-over
//
// Who leaves a post writes down what is open, and which cases; who comes accepts it. The two are different persons, and both are checked against the roster.
// What is not accepted in time is a call for the post above. It can still be accepted then, which withdraws the call.
//
// # Guarantees
//
// Each command asks access and keeps in one transaction: what it changed, by compare-and-set on its version, its timer, what persons are told, the entry
// of the log, the audit fact, and the answer under the caller's idempotency key. A refused command changes nothing but leaves an audit fact. A command
// repeated with the same key by the same actor gets the first answer, also when that was a refusal. Telling goes out through Teller, in that transaction.
//
// # What it never does
//
// It writes no roster: that is content. It does not look into cases: a case is an id to it. It routes nothing and closes nothing.
package dutydesk
