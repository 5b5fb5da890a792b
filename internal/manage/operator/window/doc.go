// Package window measures the events of a sliding or a tumbling window: how many, how much, how many different ones.
//
// # Panes
//
// Time is cut into panes, aligned to 1970. A machine keeps for each pane what its measure needs (a count; a sum; the least number; a sketch), and no
// event. What a window measures is put together from its panes anew each time, the oldest first, so that sums do not drift, and a machine that was written and
// read back measures the same to the last bit.
//
// # Sliding
//
// What is judged is the newest moment the subject has seen, the head: the time of its newest event, or a later moment at which something was due. The window
// is the pane that the head is in, and as many whole panes before it as Over needs, at most 60.
//
//	Over = 60s, panes of 1s (drawn wider)
//
//	        leaves   whole panes that make up Over           running
//	     |    x    |    a    |    b    |   ...   |    c    |    d  ^      |
//	               |<------------- window -----------------------> head
//	             from                                              e next: at the end of the running pane, a's pane leaves
//
// So an event counts for at least Over, and for less than Over and two panes. Where the pane is a part of Over, as with every length that people write
// (see below), it is Over to Over and one pane. The measure changes with each event and when a pane leaves (Due); it is judged at both. Another thing that comes with time
// is full, Over after the subject's first event.
//
// A pane is as wide as the first of these of which 60 make up Over: 20, 25, 40, 50, 100, 125, 200, 250, 500 ms; 1, 2, 3, 4, 5, 6, 10, 12, 15, 20,
// 30 s; as many minutes; 1, 2, 3, 4, 6, 8, 12, 24 h; 48 h.
//
//	Over   1m   5m   10m   15m   30m   1h   6h   12h   24h   7d   14d   30d   90d
//	pane   1s   5s   10s   15s   30s   1m   6m   12m   30m   3h   6h    12h   48h
//
// Late data: an older event that is still inside belongs to its own pane, and the measure is judged again, at the head. One from before the
// window changes nothing (but may make it full).
//
//	head 70.2, window from 10.0:   arrives 55.0 -> counted, judged again at 70.2        arrives 9.9 -> nothing
//
// # Tumbling
//
// Windows stand one beside the other, each Over long, aligned to 1970 in UTC: those of 24h begin at midnight UTC, which is 8 o'clock in the morning in
// Shanghai. Another alignment is not offered. A window is closed when log time, or the newest of the subject's events, has reached its end and, beyond it, the lateness of its
// event types (but at most 57 windows); then it is judged, once, at its end. Several may be open at a time.
//
//	Over = 15m, lateness 5m
//
//	event time    |  12:00    a  b     | 12:15  c           | 12:30              |
//	log time                                   12:20                12:35                12:50
//	                                  a b and what came late        c                    nothing: judged once more, as empty
//	                                  judged, at 12:15              judged, at 12:30     judged, at 12:45
//
// An empty window is judged when the one before was not empty, so that what has stopped can end; further empty ones would say the same. An event of a closed
// window is too late for it and changes nothing.
//
// # What it measures
//
// value is the measure, count the number of events in the window. An event that has not what is measured (no number, none that is finite; no text) is no event
// here: it is not counted, and the head does not move to it. Of nothing, avg, min, max and percentiles are missing; count, sum, rate and distinct are 0.
//
//   - rate is the sum (without of, the count) divided by Over in hours, whatever part of the running pane has passed.
//   - distinct is exact while all panes of the window have few texts (128 each, 1024 together). Beyond that it is an estimate, with a standard error of 3.3 %.
//     Texts are told apart by 64 bits of hash.
//   - pN is the nearest rank: at least N of 100 numbers are not greater. Numbers are sorted into bins; the answer is the least number of the right bin, which is
//     never too great, exact when the numbers in the bin are equal, and else less than 0.8 % too small (of its amount; with numbers below 0, too great in amount).
//     A pane has 256 bins: when its numbers fall into more, bins are joined two by two, and the error doubles: 0.8 % for numbers of any spread while they are
//     at most 256, 1.6 % within a factor of 16, 3.2 % within 256, 6.3 % within 65,536. As measured by the window, it is the error of its coarsest pane.
//
// full is true when the first event of the subject lies at least Over before the moment judged: the window was watched as a whole. A subject
// that was silent for more than 2 Over begins anew. (After an activation that changed the window, it is full once the subject was heard of for Over since then.)
//
// # Size
//
// A machine is 96 bytes and its panes, from the first that is not empty to the last: a count is 1 byte while none is above 255, then 2, then 4; a number is 8
// bytes. So with avg and 61 filled panes, about 670 bytes. A distinct pane is at most 1 KB, a percentile pane at most 4 KB, and both only as large as
// what is in them.
package window
