// Package geofence says whether a moving thing is inside fences on the map.
//
// A subject's positions are the places of its events; an event without a place says nothing. The newest position is the one with the greatest time; of
// several at one moment, the one that came last.
//
//	            ┌──────────── fence ────────────┐
//	   1 ●──────┼──▶ 2 ●──────▶ 3 ●─────────────┼──▶ 4 ●──────▶ 5 ●
//	            └───────────────────────────────┘
//	inside no          yes         yes                 no           no
//	left   no          no          no                  yes          yes, until it is inside again
//
// # What it measures
//
//   - inside: the newest position is in a fence.
//   - left: it is in none, but an earlier position was.
//   - fence: the name of the first fence, in the order of the config, that the newest position is in; missing when it is in none.
//
// From these the scenario makes what it wants: with "when: inside" an episode starts when the thing enters and ends when it leaves, or goes straight into a
// fence and on into the next one without an end; with "for: 5m" beside it the thing must stay as long (it dwells); with "when: left" and "until: inside" the
// episode starts when it leaves.
//
// A position on the border is inside. A polygon's sides are straight on a map whose axes are longitude and latitude; a circle is all within its metres on
// the WGS 84 ellipsoid.
//
// # Late data
//
// A position is judged at its own time if it is the newest. One that is older than the newest is not judged, with one exception: when it is inside, and the thing
// was not known to have been, left becomes true, and that is judged at the time of the newest. What is measured is therefore
// the same in whichever order the positions come.
//
//	arrives   1 (12:00, outside), 3 (12:10, outside), then 2 (12:05, inside): left, judged at 12:10; inside was never judged
//
// # Size
//
// About 40 bytes. A thing whose newest position is Memory older than the next is new again: nothing is known of where it was before. A changed scenario knows
// nothing of before its activation, so that for it a thing has left only a fence that it was in since.
package geofence
