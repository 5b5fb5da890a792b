// Package bus is the program's log and its announcements, on NATS JetStream.
//
// It holds two streams. LOG is the truth that detection is computed from: batches of events in 64 partitions, one tick a second, and
// control messages, all in one total order, so that a tick or a control is one message that every partition sees at the same position.
// FACTS is what the program announces after it has committed: screens, webhooks and other processes follow it.
//
// The same client code speaks to a server inside this process (Options.URL empty) and to one outside. The embedded server listens on a random
// loopback port with credentials that are made at each start and never leave the process; what is published goes through memory, what is
// read goes through TCP, so that a slow reader cannot hold up an acknowledgement.
//
// # What it promises
//
//   - Durable on return. When an append or a publish returns nil, the message and the directory entry of the file that holds it have been
//     synced to the disk of the embedded server. With an external server durability is what that server is configured for (set
//     sync_interval: always, or three replicas); SyncMode says which.
//   - Once per id. Every message carries an id; the same id within the dedup window (two minutes) is stored once and gives the same
//     position. That makes the bus's own retries safe, and the caller's. Beyond the window the caller's own rules must hold.
//   - An error leaves the outcome open: the message may or may not be in the stream. Retrying with the same id settles it.
//   - Order. A reader gets messages in log order, each once per Read, across lost connections and server restarts. A reader that asks for
//     messages that retention has removed, or that the log does not have yet, is told so with a Conflict; it is never given a silent gap.
//   - Bounded. At most 16 messages of one Bus are on their way at a time; a caller beyond that waits, for as long as its context lets it.
//
// How the first promise was checked: a traced process and simulated power cuts (package synctrace; TWOWEAVE_SLOW=1 runs them). The server syncs
// a block file's bytes before it acknowledges, but not the folder that names a new block file; the bus does that before it returns. The
// server's own index ("index.db") is not synced and need not be: it is checked against the blocks and made again. After a
// write or sync that failed, the embedded server refuses the stream until the process is started again; Ready says so.
//
// # What it never does
//
// It never decides what to remove: Purge is called by whoever knows that every reader has a durable snapshot beyond that point. It never
// looks into a body. It keeps no position for a reader: readers keep their own, in their own transactions.
//
// All methods may be called from many goroutines.
package bus
