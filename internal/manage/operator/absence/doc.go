// Package absence notices that nothing has come for too long.
//
// Every event of every input is a sign of life, and the newest one counts. When log time has reached its time plus Gap, and nothing newer has come, the
// subject is absent, as from that moment. The next newer event ends it. (Detection looks at what is due for a subject before each of its events, too: an event that
// comes after a gap tells the absence first, if no tick has.)
//
//	Gap = 30
//
//	time     0         10        20        30        40        50        60        70
//	         |---------|---------|---------|---------|---------|---------|---------|
//	events             a 10                             b 43                 c 64
//	absent   (unknown) |false........................|true|false......................
//	                                                 40 = a + Gap
//
// # What it measures
//
// absent: false at an event, true at newest + Gap, in between as it was. A subject that never sent anything has no state: it is unknown, and
// nothing is found about it. Whoever wants to hear of a sensor that never spoke lets the register send a first event for it.
//
// # Late data
//
// An event before the newest one says nothing new and changes nothing. One that is newer counts, though it come late: before absence was told it moves the moment at
// which that will be. Afterwards it ends the absence, since somebody is there after all, at the moment at which that began: what was said stands, and
// judgements do not go back. If Gap after it is over as well, absence is told again, as from then.
//
//	Gap = 30, lateness 40
//
//	log time   40   tick                nothing since a 10: absent as from 40
//	           41   w 9 arrives         before a: nothing changes
//	           44   x 39 arrives        newer than a: not absent, as from 40; the gap is over at 69
//	           69   tick                absent as from 69
//
//	           55   y 15 arrives        (instead of x) not absent, as from 40; the gap is over at 45
//	           56   tick                absent as from 45
//
// # Size
//
// At most 21 bytes written for a subject, however many events it sends.
package absence
