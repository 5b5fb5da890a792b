// Package sequence notices that things happened one after the other.
//
// The inputs are the steps, the main one first. A chain is one event for each step, all different, each after the one before by time, at the same time by place
// in the log, and the last one's time at most Within after the first one's. Other events may lie between them. An arriving event completes the sequence
// when it is in a chain of what has arrived so far.
//
//	Within = 20, three steps
//
//	time      0         10        20        30        40        50
//	          |---------|---------|---------|---------|---------|--
//	step 0        a 4                      e 27
//	step 1              b 10                     f 33
//	step 2    x 0              c 17   d 25            g 38
//	complete  no  no    no     yes    no   no    no   yes
//	                           a b c  (a b d: 21)     e f g
//
// # What it measures
//
// complete: true for the judgement of the event that completed it, and for that one only. How long an episode then stays open is said by the scenario's hold.
// An event may be of several steps; it is then at most one of them in a chain.
//
// # Late data
//
// It makes no difference in which order the events of a chain arrive, as long as they are not late: the last one to arrive completes it, whichever step
// it is. What is judged is always the newest moment. An event before that one which completes nothing is not judged, so that it ends nothing.
//
//	arrives   a 4, c 17, then b 10: b completes a b c, judged at 17
//
// # Size
//
// A new event may have any time as far back as the newest time seen less event.MaxAhead and the lateness; that stretch is open. Of each step are kept the
// open events, at most MaxOpen of them, the newest, and the newest one before the stretch. Each knows the newest beginning of a chain that leads to it, so
// that nothing is lost with the older ones: what arrives in the order of its times is always judged exactly, and so is everything while no step has
// more than MaxOpen events within the stretch. Beyond that an event may complete a chain unnoticed when it is late and one of its neighbours in
// the chain is older than the MaxOpen newest of its step. What is found is always there.
//
// A kept event takes 32 bytes.
package sequence
