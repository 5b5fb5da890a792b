// Package casedesk is the use case of network one: it opens cases from detections, carries out commands on them, lets their clocks run, and
// answers what screens ask.
//
// # What a command promises
//
// Do first asks access with actor and purpose, then casework whether the move is possible, and keeps everything that follows in one
// transaction: the case by compare-and-set on its version, its facts, its timers, the outgoing messages, the audit fact, and the answer under the
// caller's idempotency key. Either all of it is kept or none. A refused command changes nothing but leaves an audit fact too, in a transaction of its
// own. A command repeated with the same key, by the same actor, on the same route, with the same content gets the first answer, also when that was a
// refusal; the key with another content is a Conflict. Answers are kept for KeepAnswers.
//
// Open and Recover run in the caller's transaction, since the caller holds the fence of the detection that asks. Opening twice opens once: the case's
// id is derived from the detection's, and one detection episode is one case.
//
// # What a reader may see
//
// Every query asks access as well. Whose cases somebody sees is derived from access's decisions and becomes part of the SQL, so that lists, totals and
// pages agree. Looking at figures and cases leaves no audit fact; refused looks at a case and every look at personal values do.
//
// # What it never does
//
// It publishes nothing itself (messages leave through the outbox), decides nothing that casework or access decide, and holds no state but the city's
// names, which Use replaces as a whole.
package casedesk
