// Package ingest is the door of network one: it takes events that gateways have decoded and brings them into the log.
//
// An event goes through five steps. It is checked: the envelope, then its data against the schema of its event type. It is placed: its
// area is one the registry knows, or it is unplaced, which is counted and not refused. Its body is digested as received, so that a repeat
// can be told from a conflict later. Its personal values are sealed under the person's own key. Then it waits for its lane's next batch.
//
// A lane is one partition and one retention class. While a lane's append is on its way, later events gather in its next batch, so one sync of
// the disk covers many events under load and one event alone does not wait (group commit). At most 16 lanes append at a time.
//
// An event that keyed scenarios want by another key goes, as a keyed copy, into the lanes of those keys' partitions too (ADR 3).
//
// # What it promises
//
//   - Accept returns Accepted for an event only after the log has acknowledged the batch that holds it, and those that hold its keyed copies: accepted is
//     durable.
//   - Every event of a call gets exactly one outcome, in the order given.
//   - Events of one partition key and one retention class enter the log in the order in which they were accepted into the queue: the order
//     within a call, and the order of calls that follow one another.
//   - The queue is bounded. A call that does not fit is refused as a whole, with Exhausted, before any work is done for it.
//   - Stamps of this process never go backwards.
//   - The sums add up at any moment: received = accepted + refused + in doubt + waiting. Copies are no events in them.
//
// # What it never does
//
// It does not find duplicates: that is decided in the log's order, by detection. It never guesses what an append that failed has left
// behind: such events are in doubt, the sender sends them again, and the repeated id makes that safe. It never lets a personal value through
// unsealed: without a sealer, events of a type that has such values are refused.
package ingest
