// Package absence notices that nothing has come for too long.
//
// Every event of every input is a sign of life, and the newest one counts. When log time has reached its time plus Gap, and nothing newer has come, the
// subject is absent, as from that moment. The next newer event ends it.
//
//	Gap = 30
//
//	log time   0    10        20        30        40        50        60        70
//	           |----|---------|---------|---------|---------|---------|---------|---
//	events      \    \a 10                     \b 38                           \c 66
//	absent      ..false.......................|true.|false.......................|true
//	                                          40                                (68: no)
//	                                          a + Gap
//
// # What it measures
//
// absent: false at an event, true at newest + Gap, in between as it was. A subject that never sent anything has no state: it is unknown, and
// nothing is found about it. Whoever wants to hear of a sensor that never spoke lets the register send a first event for it.
//
// # Time
//
// Absence is told by ticks alone. While the program does not run there are no ticks, and what arrives before the first tick afterwards is heard first: our own
// silence is nobody else's. It is told as of newest + Gap, however late the tick.
//
// # Late data
//
// An event before the newest one says nothing new and changes nothing. One that is newer counts, though it come late:
//
//   - before absence was told, it moves the moment at which that will be;
//
//   - afterwards it ends the absence, at the moment at which that began, since what was said stands, and the moments of judgement do not go back. If it is so
//     old that with it, too, Gap was over when absence was told, the absence goes on: whoever sends what was kept while away, oldest first, is back
//     with the first event that is recent enough.
//
//     Gap = 30, lateness 40
//
//     times      a 10 ..... x 15 ..... y 38
//     log time   10         |          |        a told: absent at 40, by the tick at 40
//     55         x arrives  |        15 + 30 = 45 is after 40: absent ends, at 40
//     56         tick       |        absent again, as of 45; told at 56
//     57                    y        38 + 30 = 68 is after 56: absent ends, at 45
//
// # Size
//
// At most 32 bytes for a subject, however many events it sends.
package absence
