package detect

import (
	"testing"
)

const (
	chainWithin = 60
	chainHold   = 30
	chainRule   = "operator: sequence\nwhere: data.cm < 15.0\nalso: [{on: meter, subject: data.who}, {on: door, subject: data.who, where: data.cm >= 9.0}]\n" +
		"sequence: {within: 60s}\nhold: 30s"
)

// chaining is a person's part of the log.
type chaining struct {
	*keyedLog
	items []int
}

// chainSteps are what a chain is made of: a low door, a meter, a high door; some doors are both.
var chainSteps = []func(a keyedItem) bool{
	func(a keyedItem) bool { return a.typ == "door" && a.cm != 0 && a.cm < 15 },
	func(a keyedItem) bool { return a.typ == "meter" },
	func(a keyedItem) bool { return a.typ == "door" && a.cm >= 9 },
}

// chained says which events are an input.
func chained(a keyedItem) bool { return chainSteps[0](a) || chainSteps[1](a) || chainSteps[2](a) }

func (o chaining) step(i, step int) bool { return chainSteps[step](o.all[i]) }

// complete tries all chains of what has come up to an event that it is in.
func (o chaining) complete(i int) bool {
	var come []int
	for _, j := range o.items {
		if j <= i && !o.all[j].tick {
			come = append(come, j)
		}
	}
	for _, a := range come {
		for _, b := range come {
			for _, c := range come {
				if o.chain(a, b, c) && (a == i || b == i || c == i) {
					return true
				}
			}
		}
	}
	return false
}

func (o chaining) chain(a, b, c int) bool {
	return o.step(a, 0) && o.step(b, 1) && o.step(c, 2) && o.compare(a, b) < 0 && o.compare(b, c) < 0 && o.time(c)-o.time(a) <= chainWithin
}

// judged says whether an event is judged, at which moment and how.
func (o chaining) judged(i int) (at int, complete, is bool) {
	if o.all[i].tick {
		return 0, false, false
	}
	at, _ = o.newest(o.items, i+1)
	complete = o.complete(i)
	return at, complete, complete || o.time(i) == at
}

// chainEnd is what ends an episode: the item, the moment, and whether the item decided it itself.
type chainEnd struct {
	by, at, count int
	event         bool
}

// end finds the end of the episode that starts with an item: time that was held is over, or an event was judged not to complete.
func (o chaining) end(start, began int, untilNot bool) (chainEnd, bool) {
	held, count := began, 1
	for _, i := range o.items {
		if i <= start {
			continue
		}
		if o.reached(i) >= held+chainHold {
			return chainEnd{i, held + chainHold, count, false}, true
		}
		at, complete, judged := o.judged(i)
		if judged && complete {
			held, count = max(held, at), count+1
		}
		if judged && !complete && untilNot {
			return chainEnd{i, at, count + 1, true}, true
		}
	}
	return chainEnd{}, false
}

func chains(l *keyedLog, items []int, untilNot bool) (all []found) {
	o := chaining{l, items}
	ended, from := -1<<60, 0
	for n := 1; ; n++ {
		start := firstItem(o.items, from, func(i int) bool {
			at, complete, judged := o.judged(i)
			return judged && complete && at > ended
		})
		if start < 0 {
			return all
		}
		began, _, _ := o.judged(start)
		all = append(all, found{start, 0, startedLine(n, began, 1)})
		e, is := o.end(start, began, untilNot)
		if !is {
			return all
		}
		ended, from = e.at, e.by
		if e.event {
			from++
		}
		all = append(all, found{e.by, e.at, endedLine(n, e.at, began, e.count)})
	}
}

func TestSequenceFindsWhatTheOracleFinds(t *testing.T) {
	t.Parallel()
	checkKeyed(t, chainRule, chained, func(l *keyedLog, items []int) []found { return chains(l, items, false) })
}

func TestSequenceThatEndsWithTheNextEventFindsWhatTheOracleFinds(t *testing.T) {
	t.Parallel()
	checkKeyed(t, chainRule+"\nuntil: '!complete'", chained, func(l *keyedLog, items []int) []found { return chains(l, items, true) })
}
