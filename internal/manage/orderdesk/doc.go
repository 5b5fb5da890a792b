// Package orderdesk is where city states and silences are ordered: by persons, two of them for an emergency, and by findings whose scenario says so.
//
// # The way of an order
//
// A person gives an order (Give), for an emergency another person confirms it (Confirm), and somebody ends it (End), unless it runs out. Each command asks
// access, lets package order decide, and keeps in one transaction: the order by compare-and-set on its version, its timer, the message that is to be
// placed in the log, the audit fact, and the answer under the caller's idempotency key. A refused command changes nothing but leaves an audit fact. A command
// repeated with the same key by the same actor gets the first answer, also when that was a refusal.
//
// Raise, Quiet and Unquiet do the same for a finding, in the transaction that keeps the finding. An automatic order needs no person, only raises, and always
// expires; one that would raise nothing is kept as ignored. Its times are the finding's, that is, the log's: never the machine's.
//
// # Placing
//
// What detection obeys is the log, never the records here. A command leaves its control message in the outbox; the relay brings it to the Publisher
// of this package, which appends it to the log and writes the position back. A crash at any point leads to a message that comes again under its id, and an
// order.Table that is told the same twice holds the same. The end of an order is placed after the order. Should a program that was frozen for longer than
// the bus remembers ids place an order after its end, it finds that out when it writes the position back, and the end is placed once more.
//
// # What it never does
//
// It changes no threshold and opens no case, and it never ends an emergency by itself before its time. Expiry in the log is by log time; the timer here only
// tells people.
package orderdesk
