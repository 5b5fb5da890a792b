package detect

import (
	"slices"
	"testing"
)

// windowing is a window of a person's part of the log, in seconds: every measure is taken anew from the complete list of what has arrived.
type windowing struct {
	*keyedLog
	items       []int
	over, width int
	tumbling    bool
	bare        bool // nothing but the events themselves is measured
	judge       func(w *windowing, events []int, full bool) (holds, fails bool)
}

const windowWait = 30 // the lateness of the type door

// windowVerdict is one judgement of a window.
type windowVerdict struct {
	by, due int // the item that gave rise to it; the order within a tick
	at      int
	holds   bool
	fails   bool // neither when a value is missing
	event   bool // it was the item itself, not the time that it brought
}

// whole is how many whole panes make up the window.
func (w *windowing) whole() int { return (w.over + w.width - 1) / w.width }

// pane is the number of a moment's pane; no moment of these logs is before zero - 10,000 s.
func (w *windowing) pane(t int) int { return (t+10_000_000*w.width)/w.width - 10_000_000 }

// began is the time of a person's first event since the last silence of more than two windows.
func (w *windowing) began(events []int) (first int) {
	newest := 0
	for k, i := range events {
		t := w.time(i)
		if k == 0 || t > newest+2*w.over {
			first, newest = t, t
		}
		first, newest = min(first, t), max(newest, t)
	}
	return first
}

// within are the events of some panes.
func (w *windowing) within(events []int, from, to int) (in []int) {
	for _, i := range events {
		if p := w.pane(w.time(i)); from <= p && p <= to {
			in = append(in, i)
		}
	}
	return in
}

// sliding is a judgement at a head.
func (w *windowing) sliding(v windowVerdict, events []int) windowVerdict {
	now := w.pane(v.at)
	full := v.at >= w.began(events)+w.over
	v.holds, v.fails = w.judge(w, w.within(events, now-w.whole(), now), full)
	return v
}

// next is the next moment after a head at which an event leaves, or the window is full.
func (w *windowing) next(events []int, head int) (due int) {
	due = 1 << 60
	for _, i := range events {
		if leaves := (w.pane(w.time(i)) + w.whole() + 1) * w.width; leaves > head {
			due = min(due, leaves)
		}
	}
	if full := w.began(events) + w.over; len(events) > 0 && full > head {
		due = min(due, full)
	}
	return due
}

func (w *windowing) slide() (all []windowVerdict) {
	var events []int
	head := -1 << 40
	for _, i := range w.items {
		for due := w.next(events, head); due <= w.reached(i); due = w.next(events, head) {
			head = due
			all = append(all, w.sliding(windowVerdict{by: i, due: due, at: due}, events))
		}
		if !w.takes(i) {
			continue
		}
		before := len(events) > 0 && head >= w.began(events)+w.over
		events = append(events, i)
		if head = max(head, w.time(i)); w.pane(w.time(i)) >= w.pane(head)-w.whole() || !before && head >= w.began(events)+w.over {
			all = append(all, w.sliding(windowVerdict{by: i, at: head, event: true}, events))
		}
	}
	return all
}

// closing is the next tumbling window that is closed: one with events, or the one after the last that was closed, if that had some.
func (w *windowing) closing(events []int, closed int) (pane int, some bool) {
	pane = 1 << 40
	for _, i := range events {
		switch p := w.pane(w.time(i)); {
		case p >= closed:
			pane = min(pane, p)
		case p == closed-1:
			pane = closed
		}
	}
	return pane, pane < 1<<40
}

func (w *windowing) tumble() (all []windowVerdict) {
	var events []int
	closed := -1 << 40
	for _, i := range w.items {
		for {
			pane, some := w.closing(events, closed)
			end := (pane + 1) * w.width
			if !some || end+windowWait > w.reached(i) {
				break
			}
			closed = pane + 1
			v := windowVerdict{by: i, due: end + windowWait, at: end}
			v.holds, v.fails = w.judge(w, w.within(events, pane, pane), end >= w.began(events)+w.over)
			all = append(all, v)
		}
		if w.takes(i) && w.pane(w.time(i)) >= closed && !w.past(events, i) {
			events = append(events, i)
		}
	}
	return all
}

// past says that an event's window was closed, though nothing was in it, when a newer event came.
func (w *windowing) past(events []int, i int) bool {
	return slices.ContainsFunc(events, func(k int) bool { return (w.pane(w.time(i))+1)*w.width+windowWait <= w.time(k) })
}

// episodes finds them in the judgements: each from one that holds to the next that fails.
func (w *windowing) episodes() (all []found) {
	verdicts := w.slide
	if w.tumbling {
		verdicts = w.tumble
	}
	n, count, ended := 0, 0, -1<<60
	var from *windowVerdict
	for _, v := range verdicts() {
		one := 0
		if v.event {
			one = 1
		}
		switch {
		case from == nil && v.holds && !v.fails && v.at > ended:
			n, count, from = n+1, one, &v
			all = append(all, found{v.by, v.due, startedLine(n, v.at, count)})
		case from != nil && v.fails:
			ended = v.at
			all = append(all, found{v.by, v.due, endedLine(n, v.at, from.at, count+one)})
			from = nil
		case from != nil && v.holds:
			count += one
		}
	}
	return all
}

func (w *windowing) values(events []int) (cm []int) {
	for _, i := range events {
		cm = append(cm, w.all[i].cm)
	}
	slices.Sort(cm)
	return cm
}

// takes says that an event has what is measured. Any other only brings about what is due.
func (w *windowing) takes(i int) bool { return !w.all[i].tick && (w.all[i].cm != 0 || w.bare) }

func checkWindow(t *testing.T, scenario string, w windowing) {
	t.Helper()
	checkKeyed(t, scenario, func(a keyedItem) bool { return a.typ == "door" }, func(l *keyedLog, items []int) []found {
		one := w
		one.keyedLog, one.items = l, items
		return one.episodes()
	})
}

func TestWindowOfMeansFindsWhatTheOracleFinds(t *testing.T) {
	t.Parallel()
	checkWindow(t, "operator: window\nwindow: {over: 60s, measure: avg, of: data.cm}\nwhen: value >= 14.0 && count >= 2\nuntil: value < 11.0 || count == 0",
		windowing{over: 60, width: 1, judge: func(w *windowing, events []int, _ bool) (bool, bool) {
			sum, n := 0, len(events)
			for _, cm := range w.values(events) {
				sum += cm
			}
			return n >= 2 && sum >= 14*n, n == 0 || sum < 11*n
		}})
}

func TestWindowThatIsFullFindsWhatTheOracleFinds(t *testing.T) {
	t.Parallel()
	checkWindow(t, "operator: window\nwindow: {over: 100s, measure: count}\nwhen: full && value < 2.0",
		windowing{over: 100, width: 2, bare: true, judge: func(_ *windowing, events []int, full bool) (bool, bool) {
			holds := full && len(events) < 2
			return holds, !holds
		}})
}

func TestWindowOfMediansFindsWhatTheOracleFinds(t *testing.T) {
	t.Parallel()
	checkWindow(t, "operator: window\nwindow: {over: 15m, measure: p50, of: data.cm}\nwhen: value >= 12.0",
		windowing{over: 900, width: 15, judge: func(w *windowing, events []int, _ bool) (bool, bool) {
			cm := w.values(events)
			if len(cm) == 0 {
				return false, false
			}
			median := cm[(len(cm)+1)/2-1]
			return median >= 12, median < 12
		}})
}

func TestWindowOfDistinctTextsFindsWhatTheOracleFinds(t *testing.T) {
	t.Parallel()
	checkWindow(t, "operator: window\nwindow: {over: 60s, measure: distinct, of: 'data.cm >= 15.0 ? \"high\" : data.cm >= 10.0 ? \"middle\" : \"low\"'}\nwhen: value >= 2.0 && count >= 3\nuntil: value < 2.0",
		windowing{over: 60, width: 1, judge: func(w *windowing, events []int, _ bool) (bool, bool) {
			seen := map[int]bool{}
			for _, cm := range w.values(events) {
				seen[min(cm, 15)/5] = true // 5 and 9; 12; 15 and 20
			}
			n := len(seen)
			return n >= 2 && len(events) >= 3, n < 2
		}})
}

func TestTumblingWindowsFindWhatTheOracleFinds(t *testing.T) {
	t.Parallel()
	checkWindow(t, "operator: window\nwindow: {over: 30s, measure: max, of: data.cm, kind: tumbling}\nwhen: value >= 15.0\nuntil: value < 15.0 || count == 0",
		windowing{over: 30, width: 30, tumbling: true, judge: func(w *windowing, events []int, _ bool) (bool, bool) {
			cm := w.values(events)
			most := slices.Max(append(cm, 0))
			return most >= 15, most < 15
		}})
}
