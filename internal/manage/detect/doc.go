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
//   - capped when its sender has had more events of the type in this minute of log time than the type's cap allows; it is not remembered,
//   - a duplicate, or a conflict when its body differs, when its key (sender, source, id) came at most the type's Dedup of log time ago,
//   - late when it is more than the type's Lateness behind log time,
//   - dead when its data cannot be read or every rule of its type failed on it,
//   - evaluated otherwise.
//
// A late event's key is remembered too. Keys are remembered in each partition, so the same id under another partition key is another event.
//
// Keyed copies (ADR 3) are judged likewise, by themselves, and are no events in the sums. A copy is shown to keyed scenarios alone, and of these to those
// whose key belongs to the partition; an event itself to the others.
//
// # Episodes
//
// A scenario sees, subject by subject, the events of its inputs for which Where is true. What it asks for is judged (When, Until) at moments of event
// time: with match and sustain at each event's time; with the other operators when the operator says so, which is after an event or as time passes, at the
// newest moment that the subject's measure is about. When without until starts an episode; until ends one. An empty Until is !When. A rule that
// meets a missing value is neither. Between the two lies the hysteresis. A subject's episodes are numbered from 1; the number survives the
// scenario's removal, so that no identity is used twice. A subject without an episode for 90 days is forgotten; whoever is new afterwards, or comes back, is
// numbered after the greatest number of those forgotten.
//
// A judgement is older when its moment is before the newest moment judged for the subject. Older judgements never end anything and never
// cancel anything; they are counted as evidence when When is true. Nothing that was said is taken back. (A window, say, that an older event changes is judged
// again at its newest moment, which is not older.)
//
//   - Without For, a judgement that starts opens an episode at its moment, an older one too, unless that is not after the last episode's end. (With
//     match, a subject that never had an episode has no state, so nothing is older.)
//   - With For, a judgement that starts, and is not older, makes the condition pending since its moment. One that ends, at a moment before since + For,
//     cancels. The episode starts at since + For.
//   - With Hold, an episode ends at the newest moment at which the condition was judged to hold + Hold, if nothing ended it before.
//
// What is due as time passes (For is full, Hold is over, the operator measures anew) happens with the first tick with which log time reaches its moment, or
// with an event of the same subject at or after it, before that event itself is looked at: an event that ends at just that moment finds the episode
// full and ends it. What is due in one tick happens in the order of (moment, scenario, subject). Stamps of batches advance log time but bring nothing about, so
// that an event that ends, in the same batch, is still heard. An episode ends at its ending moment, never before its start.
//
// A cluster's subject is the cluster: the label that its field gives it, after its key and an @ when the scenario has a subject. Whoever comes near joins it.
//
// # Orders
//
// City states and silences are control messages: in force from their position in the log on. A judgement sees the state of the area of its newest event at
// log time, and the limits that belong to it. What was judged before an order is not judged again because of it. A silence that covers the moment at which
// an episode would start keeps it from starting (Silenced); what was pending is forgotten. When the silence ends or is taken back, a subject
// that is measured is judged again, with the next tick; with match and sustain the next event decides.
//
// # Activations
//
// A pack activation leaves the states of a scenario whose Window hash is the same. One that changed fills its own states beside the old one, finding nothing, for
// Compiled.Span of log time; until then the old one stays in force. With the first tick at or after that moment, after what was due, it takes over: an episode that
// the old one has open goes on when the condition holds for the new one too, if not yet For long, or when that has judged nothing of the subject yet; otherwise it
// ends now. One that only the new one has open starts now. A change that needs no span (match) takes effect at once. A scenario that is gone has its open
// episodes ended at log time.
//
// # Indicators
//
// An indicator measures the events of its type for which Where holds, by area: over the panes of its window, the running one included, or the latest
// reading of each subject. A number of more than 1e100 is no measurement. A pane is a minute of the events' own time, n minutes for a window of n hours. With
// each tick every value that changed comes out, and each at least once a minute, as a partial value of this partition (see package indicator): where events of
// one area are spread over partitions, whoever receives the samples merges them. Keyed copies are not measured. What an indicator of another definition has gathered goes with it.
//
// # Bounds
//
// A type's cap bounds what one sender, and new subjects, may cost in a minute (Capped, NewCapped). A partition holds at most
// MaxSubjects states and keys of clusters together, and MaxKeys keys of each dedup horizon; what that costs is counted in Accounting (Overflow, Forgotten), never
// silent. A state holds at most scenario.MaxEvidence readings, or as many as the scenario's Evidence says when that is more, and about 64 KB of their data (plus
// the newest one's).
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
