// Package join holds the newest events of two streams beside each other.
//
// Each input has a side, and on each side stands its newest event: by time, and at the same time by place in the log. The two are a pair when their times lie at
// most Within apart.
//
//	Within = 10
//
//	time     0         10        20        30        40        50
//	         |---------|---------|---------|---------|---------|--
//	main          m1 5           m2 21
//	other                 o1 13       o2 26
//	both     .....|false..|true..|true.....|true ...       m1+o1 (8), m2+o1 (8), m2+o2 (5)
//
// # What it measures
//
// both: there is an event on each side and they are a pair. Sides gives the two events, so that rules can ask for the other's values. An event of both
// inputs stands on both sides, and is a pair with itself.
//
// # Time
//
// An event that takes its side is judged at the newest time seen. When log time has passed an event's time by more than Within plus the lateness, nothing that
// may still come can be a pair with it: it leaves its side, and both is false as from that moment (time + Within + lateness). An event older than one that
// has left does not come instead.
//
// # Late data
//
// Only the newest of a side counts. A late event that is newer than its side's takes its place, and may complete or part a pair; one that is older changes
// nothing, even if it would have been a pair with something.
//
//	main          m1 5           m2 21
//	other         o1 6
//	                      ^ x 13, main, comes after m2: older than m2, nothing changes
//	                      ^ y 13, other, comes after m2: newer than o1, takes its place; m2+y is a pair, judged at 21
//
// # Size
//
// Two events as they stand in the log, and the two decoded once a rule has asked for them.
package join
