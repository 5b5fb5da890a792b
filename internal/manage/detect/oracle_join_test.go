package detect

import (
	"slices"
	"testing"
)

const joinWithin = 20

// joinRule: the newest low door event and the newest meter event lie near each other, and the meter shows more.
const joinRule = "operator: join\nwhere: data.cm < 15.0\nalso: [{on: meter, subject: data.who}]\njoin: {within: 20s}\nwhen: both && data.cm < other.data.cm"

// joinVerdict is one judgement of a join.
type joinVerdict struct {
	by, due int // the item that gave rise to it; the order within a tick
	at      int
	holds   bool
	fails   bool // neither when a value is missing
	event   bool // it was the item itself, not the time that it brought
}

// joining is a person's part of the log.
type joining struct {
	*keyedLog
	items []int
}

// joined says which events are an input: each type has its side.
func joined(a keyedItem) bool { return a.typ == "meter" || a.cm != 0 && a.cm < 15 }

func (o joining) of(i int, side string) bool { return !o.all[i].tick && o.all[i].typ == side }

// top is the newest event of a side before an item; -1 for none.
func (o joining) top(side string, before int) int {
	best := -1
	for _, i := range o.items {
		if i < before && o.of(i, side) && (best < 0 || o.compare(i, best) > 0) {
			best = i
		}
	}
	return best
}

func (o joining) leaves(i int) int { return o.time(i) + joinWithin + keyedLate }

// gone says that an event has left its side with the items before one.
func (o joining) gone(i, before int) bool {
	return firstItem(o.items, i+1, func(k int) bool { return k < before && o.reached(k) > o.leaves(i) }) >= 0
}

// departs are the moments, in order, at which events leave their sides with item i.
func (o joining) departs(i int) (moments []int) {
	for _, side := range []string{"door", "meter"} {
		if x := o.top(side, i); x >= 0 && !o.gone(x, i) && o.reached(i) > o.leaves(x) {
			moments = append(moments, o.leaves(x))
		}
	}
	slices.Sort(moments)
	return slices.Compact(moments)
}

// pair judges the two sides as they are once item i is there, and nothing has left since.
func (o joining) pair(i int) (holds, fails bool) {
	door, meter := o.top("door", i+1), o.top("meter", i+1)
	for _, x := range []int{door, meter} {
		if x < 0 || o.gone(x, i+1) {
			return false, true
		}
	}
	if d := o.time(door) - o.time(meter); d > joinWithin || d < -joinWithin {
		return false, true
	}
	less, known := o.all[door].cm < o.all[meter].cm, o.all[meter].cm != 0
	return known && less, known && !less
}

func (o joining) verdicts() (all []joinVerdict) {
	at := -1 << 60
	for _, i := range o.items {
		for _, moment := range o.departs(i) {
			at = max(at, moment)
			all = append(all, joinVerdict{by: i, due: moment, at: at, fails: true})
		}
		for _, side := range []string{"door", "meter"} {
			if o.of(i, side) && o.top(side, i+1) == i {
				at = max(at, o.time(i))
				v := joinVerdict{by: i, at: at, event: true}
				v.holds, v.fails = o.pair(i)
				all = append(all, v)
			}
		}
	}
	return all
}

// joins finds the episodes: each from a judgement that holds to the next that fails.
func joins(l *keyedLog, items []int) (all []found) {
	o := joining{l, items}
	verdicts, ended := o.verdicts(), -1<<60
	for n := 1; ; n++ {
		start := slices.IndexFunc(verdicts, func(v joinVerdict) bool { return v.holds && v.at > ended })
		if start < 0 {
			return all
		}
		from := verdicts[start]
		all = append(all, found{from.by, 0, startedLine(n, from.at, 1)})
		verdicts = verdicts[start:]
		stop := slices.IndexFunc(verdicts, func(v joinVerdict) bool { return v.fails })
		if stop < 0 {
			return all
		}
		last, count := verdicts[stop], 0
		for _, v := range verdicts[:stop] {
			if v.holds {
				count++
			}
		}
		if last.event {
			count++
		}
		ended = last.at
		all = append(all, found{last.by, last.due, endedLine(n, ended, from.at, count)})
		verdicts = verdicts[stop+1:]
	}
}

func TestJoinFindsWhatTheOracleFinds(t *testing.T) {
	t.Parallel()
	checkKeyed(t, joinRule, joined, joins)
}
