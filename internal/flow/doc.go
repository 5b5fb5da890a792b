// Package flow is where a fact of one use case starts work in another.
//
// Its one thread so far runs from detection to casework. Commit is detection's sink: in one transaction it first moves the fence of the partition's progress, then
// keeps exceptions and detections, then lets the desk open a case for each episode that started and note on it when the episode ended, routed to the unit that answers for
// that kind of matter in that place. Either all of this is kept or none; an owner whose epoch is over gets detect.ErrNotOwner and keeps nothing. What comes twice
// is kept once. An episode of a scenario that raises the city's state, or quiets others, also gives its order at the order desk there.
//
// Signs is the wall's side of the same flow: the latest values of the city's indicators in memory, the open cases behind each of them counted in SQL, and both
// written to the series store as history. Losing the memory costs nothing but a minute, after which detection has told every value again. It merges what the
// partitions that this program computes know; where several programs share a log, each has only its own share of a sign that is measured from events.
//
// The package decides nothing about cases or detections itself and holds no other state.
package flow
