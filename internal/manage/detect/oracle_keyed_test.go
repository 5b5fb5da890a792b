package detect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/manage/event"
	"twoweave/internal/reform/pack"
)

// What the oracles of the keyed operators (absence, sequence, join) have in common: a log of events and keyed copies of two types about several
// persons, and what becomes of each. Like the oracle of match and sustain they look at the complete list of what arrived.

const keyedTypes = `type: door
title: {zh: 门, en: Door}
kind: observation
key: subject
retention: 7d
lateness: 30s
dedup: 2m
schema: {type: object, properties: {cm: {type: number}, who: {type: string}}}
---
type: meter
title: {zh: 水表, en: Meter}
kind: observation
key: subject
retention: 7d
lateness: 70s
dedup: 1m
schema: {type: object, properties: {cm: {type: number}, who: {type: string}}}
`

var (
	keyedLateness = map[string]int{"door": 30, "meter": 70}
	keyedDedup    = map[string]int{"door": 120, "meter": 60}
)

const keyedLate = 70 // the greatest

// keyedSet is a set with one scenario, of the type door, about the person who.
func keyedSet(t testing.TB, text string) *pack.Set {
	t.Helper()
	head := "scenario: it\nversion: 1\ntitle: {zh: 试, en: Test}\ndomain: safety\nclass: ponding\nnote: assumed\nseverity: major\non: door\nsubject: data.who\n"
	p, err := pack.Read(fstest.MapFS{
		"pack.yaml":         {Data: []byte("pack: test\nversion: 1\ntitle: {zh: 试, en: Test}\nlicence: Apache-2.0\n")},
		"events/types.yaml": {Data: []byte(keyedTypes)},
		"classes/all.yaml":  {Data: []byte("class: ponding\ntitle: {zh: 积水, en: Ponding}\nsource: assumed\nunit: water\nlimit: 2h\nreminder: 30m\n")},
		"scenarios/it.yaml": {Data: []byte(head + text + "\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	set, err := pack.Combine(p)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// persons are two whose copies belong to partition 0, in order, and one whose copies do not.
func persons() (here []string, elsewhere string) {
	for i := 0; len(here) < 2 || elsewhere == ""; i++ {
		name := fmt.Sprintf("person-%03d", i)
		if event.PartitionOf(name) != 0 {
			elsewhere = name
		} else if len(here) < 2 {
			here = append(here, name)
		}
	}
	return here, elsewhere
}

// keyedItem is one thing that came, in the order of the log.
type keyedItem struct {
	msg, n int // events of one batch have the same msg
	stamp  int // seconds
	tick   bool
	copied bool // a keyed copy
	key    int  // identity of the event
	body   int
	typ    string
	who    string
	t      int  // of the event, seconds
	cm     int  // 0 = missing
	again  bool // before this message the partition is written and read back
}

func (a keyedItem) event() event.Event {
	data := fmt.Sprintf(`{"who":%q}`, a.who)
	if a.cm != 0 {
		data = fmt.Sprintf(`{"who":%q,"cm":%d}`, a.who, a.cm)
	}
	return event.Event{
		ID: fmt.Sprint(a.key), Source: "test", Type: event.TypeName(a.typ), Sender: "tester", Subject: "thing", Area: "middle",
		Time: zero.Add(time.Duration(a.t) * time.Second), Data: []byte(data), Body: uint64(a.body),
	}
}

// drawKeyed makes a log in which events are shuffled, late, ahead, repeated and contradictory.
func drawKeyed(t *rapid.T) (all []keyedItem) {
	here, elsewhere := persons()
	stamp := 0
	for m := range rapid.IntRange(1, 40).Draw(t, "messages") {
		stamp += rapid.SampledFrom([]int{0, 1, 1, 3, 3, 10, 10, 10, 31, 31, -5, 100, 400}).Draw(t, "step")
		head := keyedItem{msg: m, stamp: stamp, again: rapid.IntRange(0, 15).Draw(t, "again") == 0}
		kind := rapid.IntRange(0, 8).Draw(t, "kind")
		if head.tick, head.copied = kind < 3, kind < 8; head.tick {
			all = append(all, head)
			continue
		}
		for n := range rapid.IntRange(1, 3).Draw(t, "events") {
			a := head
			a.n, a.key, a.body = n, rapid.IntRange(0, 100).Draw(t, "key"), rapid.IntRange(0, 3).Draw(t, "body")/3
			a.typ = rapid.SampledFrom([]string{"door", "meter"}).Draw(t, "type")
			a.who = rapid.SampledFrom([]string{here[0], here[0], here[1], here[0], elsewhere}).Draw(t, "who")
			a.t = stamp - rapid.SampledFrom([]int{0, 0, 0, 1, 2, 7, 20, 30, 45, 70, 71, -20, -290, -400}).Draw(t, "back")
			a.cm = rapid.SampledFrom([]int{0, 5, 9, 12, 15, 20}).Draw(t, "cm")
			all = append(all, a)
		}
	}
	return all
}

// keyedLog is the list with what became of each item.
type keyedLog struct {
	all      []keyedItem
	clocks   []int // log time once the item is there
	outcomes []Outcome
}

func newKeyedLog(all []keyedItem) *keyedLog {
	l := &keyedLog{all: all}
	now := -1 << 60
	for i, a := range all {
		now = max(now, a.stamp)
		l.clocks = append(l.clocks, now)
		l.outcomes = append(l.outcomes, l.outcome(i))
	}
	return l
}

// outcome is what becomes of an item: its own kind (events, copies) of the same key decides whether it is a repeat.
func (l *keyedLog) outcome(i int) Outcome {
	a := l.all[i]
	if a.tick {
		return ""
	}
	for j := i - 1; j >= 0; j-- {
		b := l.all[j]
		if b.tick || b.key != a.key || b.copied != a.copied || l.outcomes[j] == Duplicate || l.outcomes[j] == Conflict {
			continue
		}
		if l.clocks[i]-l.clocks[j] > keyedDedup[b.typ] {
			break
		}
		if a.body == b.body {
			return Duplicate
		}
		return Conflict
	}
	if l.time(i) < l.clocks[i]-keyedLateness[a.typ] {
		return Late
	}
	return Evaluated
}

// time is an event's, clamped.
func (l *keyedLog) time(i int) int { return min(l.all[i].t, l.all[i].stamp+300) }

// about are the ticks and a person's events, which are the copies that were evaluated and are an input.
func (l *keyedLog) about(who string, input func(a keyedItem) bool) (items []int) {
	for i, a := range l.all {
		if a.tick || a.copied && a.who == who && l.outcomes[i] == Evaluated && input(a) {
			items = append(items, i)
		}
	}
	return items
}

// reached is the moment up to which an item brings about what is due for its subject, before it is looked at itself.
func (l *keyedLog) reached(i int) int {
	if l.all[i].tick {
		return l.clocks[i]
	}
	return l.time(i)
}

// newest is the newest time of the events among a person's items before i.
func (l *keyedLog) newest(items []int, before int) (at int, some bool) {
	for _, i := range items {
		if i < before && !l.all[i].tick && (!some || l.time(i) > at) {
			at, some = l.time(i), true
		}
	}
	return at, some
}

// compare orders events by time, then by place in the log.
func (l *keyedLog) compare(i, j int) int {
	return cmp.Or(cmp.Compare(l.time(i), l.time(j)), cmp.Compare(i, j))
}

// firstItem is the first of the items from a place on that is as wanted; -1 for none.
func firstItem(items []int, from int, wanted func(int) bool) int {
	for _, i := range items {
		if i >= from && wanted(i) {
			return i
		}
	}
	return -1
}

// lines puts what was found about each person in the order in which it must come out.
func (l *keyedLog) lines(find func(who string) []found) (lines []string) {
	here, _ := persons()
	var all []found
	for _, who := range here {
		for _, f := range find(who) {
			f.line = strings.Replace(f.line, "WHO", who, 1)
			all = append(all, f)
		}
	}
	slices.SortStableFunc(all, func(a, b found) int {
		if a.index == b.index && l.all[a.index].tick {
			return a.due - b.due
		}
		return a.index - b.index
	})
	for _, f := range all {
		lines = append(lines, fmt.Sprintf("%d: %s", l.all[f.index].msg, f.line))
	}
	return lines
}

func startedLine(n, at, count int) string {
	return fmt.Sprintf("started WHO#%d at %d since %d n=%d", n, at, at, count)
}

func endedLine(n, at, since, count int) string {
	return fmt.Sprintf("ended WHO#%d at %d since %d n=%d", n, at, since, count)
}

// streamKeyed runs the items through a partition.
func streamKeyed(t rapid.TB, set *pack.Set, all []keyedItem) (lines []string, account Accounting) {
	p := New(0, set)
	sec := func(t time.Time) string { return fmt.Sprint(t.Sub(zero).Seconds()) } // a fraction would show
	for i := 0; i < len(all); {
		head, at := all[i], zero.Add(time.Duration(all[i].stamp)*time.Second)
		if head.again {
			p = again(t, p, p.all())
		}
		var out Output
		if head.tick {
			out, i = p.Tick(seqOf(uint64(head.msg+1)), at), i+1
		} else {
			b := &event.Batch{Stamp: at, Copies: head.copied}
			for ; i < len(all) && all[i].msg == head.msg; i++ {
				b.Events = append(b.Events, all[i].event())
			}
			out = p.Events(seqOf(uint64(head.msg+1)), b)
		}
		for _, d := range out.Detections {
			lines = append(lines, fmt.Sprintf("%d: %s %s#%d at %s since %s n=%d",
				head.msg, d.Change, d.Subject, d.Episode, sec(d.At), sec(d.Since), int64(len(d.Evidence))+d.More))
		}
	}
	return lines, p.Accounting()
}

// checkKeyed compares a partition with an oracle on many logs: 10,000 with TWOWEAVE_SLOW=1. input says which events the scenario sees; find gets a person's items.
func checkKeyed(t *testing.T, scenario string, input func(a keyedItem) bool, find func(l *keyedLog, items []int) []found) {
	t.Helper()
	set := keyedSet(t, scenario)
	rounds, lines := hundreds(), 0
	for range rounds {
		rapid.Check(t, func(rt *rapid.T) {
			all := drawKeyed(rt)
			l := newKeyedLog(all)
			got, account := streamKeyed(rt, set, all)
			want := l.lines(func(who string) []found { return find(l, l.about(who, input)) })
			if !slices.Equal(got, want) {
				rt.Fatalf("items %+v\ngot\n%s\nwant\n%s", all, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			lines += len(want)
			l.checkAccount(rt, account)
		})
	}
	if t.Logf("%d findings in %d00 logs", lines, rounds); lines < 5*rounds {
		t.Error("these are too few to show anything")
	}
}

func (l *keyedLog) checkAccount(t *rapid.T, got Accounting) {
	var want Accounting
	for i, a := range l.all {
		switch {
		case a.tick:
		case a.copied:
			want.copied(l.outcomes[i])
		default:
			want.count(l.outcomes[i])
		}
	}
	if got.Copies != want.Copies || got.CopiesLost != want.CopiesLost || got.Evaluated != want.Evaluated || got.Events != want.Events {
		t.Fatalf("accounting %+v, want %+v", got, want)
	}
}
