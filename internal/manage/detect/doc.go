// Package detect computes what the log says: episodes, indicator values, and what became of every event.
//
// # Partition: a function of the log
//
// A Partition is the state of one of the 64 partitions: a fold of the log's messages in their order. It does no I/O and reads no clock. The
// same messages give the same output, byte for byte, whatever was restarted or moved between them; everything else here rests on that.
//
// Time in a partition is log time: the greatest stamp of a batch or tick seen so far. An event's own time is clamped to its batch's stamp
// plus event.MaxAhead. In the order of the checks, an event is
//
//   - dead when no active pack has its type,
//   - a duplicate, or a conflict when its body differs, when its key (sender, source, id) came at most the type's Dedup of log time ago,
//   - late when it is more than the type's Lateness behind log time,
//   - dead when its data cannot be read or every rule of its type failed on it,
//   - evaluated otherwise.
//
// A late event's key is remembered too. Keys are remembered in each partition, so the same id under another partition key is another event.
//
// # Episodes
//
// A scenario sees the events of its type for which Where is true, subject by subject. An event starts an episode when When is true and Until
// is not; it ends one when Until is true. An empty Until is !When. A rule that meets a missing value is neither. Between the two lies the
// hysteresis. A subject's episodes are numbered from 1; the number survives the scenario's removal, so that no identity is used twice.
//
// An event is older when its time is before the newest event that the subject's state has seen. Older events never end anything and never
// cancel anything; they are counted as evidence when When is true. Nothing that was said is taken back.
//
//   - match: an event that starts opens an episode on arrival, an older one too, unless its time is not after the last episode's end. (A
//     subject that never had an episode has no state, so nothing is older.)
//   - sustain: an event that starts, and is not older, makes the condition pending since its time. An event that ends, at a time before since +
//     For, cancels. The episode starts at since + For, by the first tick with which log time reaches that moment, or by an event of the same
//     subject at or after it, before that event itself is looked at: an event that ends at just that moment finds the episode full and ends it. Due
//     episodes of one tick start in the order of (moment, scenario, subject). Stamps of batches advance log time but start nothing, so that
//     an event that ends, in the same batch, is still heard.
//
// An episode ends at its ending event's time, never before its start. A pack activation leaves the states of a scenario whose Window hash is the
// same; one that changed keeps its open episodes and forgets what was pending; one that is gone has its open episodes ended at log time.
//
// # Indicators
//
// An indicator counts events of one area in minutes of their own time; its value is the sum over the last Window whole minutes, the running one
// included. With each tick every value that changed comes out, and each at least once a minute.
//
// # Bounds
//
// A partition holds at most MaxSubjects states and MaxKeys keys of each dedup horizon; what that costs is counted in Accounting (Overflow,
// Forgotten), never silent. A state holds at most scenario.MaxEvidence readings and about 64 KB of their data (plus the newest one's).
//
// # Runner: who computes what, and what is kept
//
// A Runner computes the partitions that Owners lease to it, reading the log once for all of them. Each partition is strictly in order; several
// messages' outputs may be committed together, as one Commit with the last one's position. The output of message n is always committed before
// or with that of message n+1. Snapshots are taken between messages, when everything up to there is committed, and written in the
// background. What was committed already is recognised by position and not committed again; whoever lost a partition is told by the
// fence (ErrNotOwner), drops it, and has written nothing.
//
// The package never opens a case, never stores a series, and never deletes from the log; SafeSeq says up to where that is safe.
package detect
