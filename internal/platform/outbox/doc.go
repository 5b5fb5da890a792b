// Package outbox brings messages from a transaction to the bus: nothing is published before its cause is committed, and nothing committed
// stays unpublished.
//
// Put writes messages as rows in the caller's transaction. A Relay leases a batch of rows, publishes them in their order, and deletes those published. It is a queue,
// not a cursor: rows that were committed late are not passed over.
//
// Each message is published at least once. If a Relay dies between publishing and deleting, its lease runs out, and the row is published again under the
// same id; the bus recognises that. Since it does so for a few minutes only, a Relay first asks the bus for the last message of a subject, and takes what
// stands there already as published. Leases run out on the clock given to the Relay, which stops publishing when its own lease has.
//
// The messages of one subject are published in the order of Put, where order means: the second transaction began after the first had committed, or both
// are one transaction. A message that cannot be published waits, from a second to five minutes, and the later ones of its subject wait with it; other subjects
// go on. No message is ever dropped. Any number of Relays may work on one database.
package outbox
