package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/manage/event"
	"twoweave/internal/reform/pack"
)

// The oracle finds episodes without any running state: it looks at the complete list of what arrived, again and again, and reads the
// definitions in doc.go as sentences about that list.

// arrival is one thing that came, in the order of the log.
type arrival struct {
	msg   int // events of one batch have the same
	stamp int // seconds
	tick  bool
	key   int // identity of the event
	body  int
	sub   string
	t     int // of the event, seconds
	cm    int // 0 = missing
}

const (
	oracleLate  = 30
	oracleDedup = 120
)

type oracle struct{ all []arrival }

// clock is log time once message m is there.
func (o oracle) clock(m int) int {
	now := -1 << 60
	for _, a := range o.all {
		if a.msg <= m {
			now = max(now, a.stamp)
		}
	}
	return now
}

// registered says whether the event's key was remembered when it came: that is, no other with that key was in force.
func (o oracle) registered(i int) bool {
	_, known := o.original(i)
	return !known
}

// original is the event that is in force for the key of event i when that comes.
func (o oracle) original(i int) (int, bool) {
	for j := i - 1; j >= 0; j-- {
		if o.all[j].tick || o.all[j].key != o.all[i].key || !o.registered(j) {
			continue
		}
		return j, o.clock(o.all[i].msg)-o.clock(o.all[j].msg) <= oracleDedup
	}
	return 0, false
}

func (o oracle) outcome(i int) Outcome {
	if j, known := o.original(i); known {
		if o.all[j].body == o.all[i].body {
			return Duplicate
		}
		return Conflict
	}
	if o.all[i].t < o.clock(o.all[i].msg)-oracleLate {
		return Late
	}
	return Evaluated
}

// found is one line of what must come out, and where.
type found struct {
	index int // of the arrival that brought it out
	due   int // for the order within a tick
	line  string
}

// of is the indexes of the evaluated events about a subject.
func (o oracle) of(sub string) []int {
	var all []int
	for i, a := range o.all {
		if !a.tick && a.sub == sub && o.outcome(i) == Evaluated {
			all = append(all, i)
		}
	}
	return all
}

func (o oracle) starts(i int) bool { return o.all[i].cm >= 15 }
func (o oracle) stops(i int) bool  { return o.all[i].cm != 0 && o.all[i].cm < 10 }

// newest says whether no event among those given that came before i is later than it.
func (o oracle) newest(i int, among []int) bool {
	for _, j := range among {
		if j < i && o.all[j].t > o.all[i].t {
			return false
		}
	}
	return true
}

// holding counts the events between two arrivals for which the condition held.
func (o oracle) holding(among []int, from, to int) (n int) {
	for _, i := range among {
		if i >= from && i < to && o.starts(i) {
			n++
		}
	}
	return n
}

// match finds the episodes of the scenario high about a subject.
func (o oracle) match(sub string) (all []found) {
	events, ended, from := o.of(sub), -1<<60, 0
	first := len(o.all)
	for n := 1; ; n++ {
		start := o.first(events, from, func(i int) bool { return o.starts(i) && o.all[i].t > ended })
		if start < 0 {
			return all
		}
		first = min(first, start)
		seen := events[slices.Index(events, first):]
		stop := o.first(events, start+1, func(i int) bool { return o.stops(i) && o.newest(i, seen) })
		all = append(all, found{start, 0, fmt.Sprintf("started high %s#%d at %d since %d n=1", sub, n, o.all[start].t, o.all[start].t)})
		if stop < 0 {
			return all
		}
		ended, from = max(o.all[stop].t, o.all[start].t), stop+1
		all = append(all, found{stop, 0, fmt.Sprintf("ended high %s#%d at %d since %d n=%d", sub, n, ended, o.all[start].t, 1+o.holding(events, start, stop))})
	}
}

// sustain finds the episodes of a sustained scenario about a subject.
func (o oracle) sustain(name, sub string, full int, stops func(int) bool) (all []found) {
	events := o.of(sub)
	inOrder := slices.DeleteFunc(slices.Clone(events), func(i int) bool { return !o.newest(i, events) })
	ended, from := -1<<60, 0
	for n := 1; ; {
		start := o.first(inOrder, from, func(i int) bool { return o.starts(i) && o.all[i].t > ended })
		if start < 0 {
			return all
		}
		due := o.all[start].t + full
		byTick := slices.IndexFunc(o.all, func(a arrival) bool { return a.tick && a.msg > o.all[start].msg && o.clock(a.msg) >= due })
		byEvent := o.first(inOrder, start+1, func(i int) bool { return o.all[i].t >= due })
		fire := earliest(byTick, byEvent)
		cancel := o.first(inOrder, start+1, func(i int) bool { return stops(i) })
		if cancel >= 0 && (fire < 0 || cancel < fire) {
			from = cancel + 1
			continue
		}
		if fire < 0 {
			return all
		}
		all = append(all, found{fire, due, fmt.Sprintf("started %s %s#%d at %d since %d n=%d", name, sub, n, due, o.all[start].t, o.holding(events, start, fire))})
		stop := o.first(inOrder, fire, func(i int) bool { return stops(i) })
		if stop < 0 {
			return all
		}
		ended = max(o.all[stop].t, due)
		all = append(all, found{stop, due, fmt.Sprintf("ended %s %s#%d at %d since %d n=%d", name, sub, n, ended, o.all[start].t, 1+o.holding(events, start, stop))})
		from = stop + 1
		n++
	}
}

// first is the first of the indexes from a place on that is as wanted; -1 for none.
func (o oracle) first(among []int, from int, wanted func(int) bool) int {
	for _, i := range among {
		if i >= from && wanted(i) {
			return i
		}
	}
	return -1
}

func earliest(a, b int) int {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}

// detections is everything in the order in which it must come out.
func (o oracle) detections(subjects []string) []string {
	notTrue := func(i int) bool { return o.all[i].cm != 0 && !o.starts(i) }
	var all []found
	for _, sub := range subjects { // a change of subject is the last tie-break of a tick
		all = append(all, o.match(sub)...)
	}
	for _, sub := range subjects {
		all = append(all, o.sustain("long", sub, 60, o.stops)...)
	}
	for _, sub := range subjects {
		all = append(all, o.sustain("steady", sub, 30, notTrue)...)
	}
	slices.SortStableFunc(all, func(a, b found) int {
		if a.index == b.index && o.all[a.index].tick {
			return a.due - b.due
		}
		return a.index - b.index
	})
	var lines []string
	for _, f := range all {
		lines = append(lines, fmt.Sprintf("%d: %s", o.all[f.index].msg, f.line))
	}
	return lines
}

// drawArrivals makes a log in which events are shuffled, late, repeated and contradictory.
func drawArrivals(t *rapid.T) (all []arrival) {
	stamp := 0
	n := rapid.IntRange(1, 60).Draw(t, "messages")
	for m := range n {
		stamp += rapid.SampledFrom([]int{0, 1, 3, 10, 31, -5, 100}).Draw(t, "step")
		if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
			all = append(all, arrival{msg: m, stamp: stamp, tick: true})
			continue
		}
		for range rapid.IntRange(1, 3).Draw(t, "events") {
			all = append(all, arrival{
				msg: m, stamp: stamp, key: rapid.IntRange(0, 200).Draw(t, "key"), body: rapid.IntRange(0, 3).Draw(t, "body") / 3,
				sub: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "subject"),
				t:   stamp - rapid.SampledFrom([]int{0, 0, 1, 2, 7, 20, 40, -20}).Draw(t, "back"),
				cm:  rapid.SampledFrom([]int{0, 5, 9, 12, 15, 20}).Draw(t, "cm"),
			})
		}
	}
	return all
}

// stream runs the arrivals through a partition.
func stream(p *Partition, all []arrival) (lines []string) {
	for i := 0; i < len(all); {
		msg, at := all[i].msg, zero.Add(time.Duration(all[i].stamp)*time.Second)
		var out Output
		if all[i].tick {
			out, i = p.Tick(seqOf(uint64(msg+1)), at), i+1
		} else {
			b := &event.Batch{Stamp: at}
			for ; i < len(all) && all[i].msg == msg; i++ {
				b.Events = append(b.Events, all[i].event())
			}
			out = p.Events(seqOf(uint64(msg+1)), b)
		}
		for _, d := range out.Detections {
			sec := func(t time.Time) int { return int(t.Sub(zero) / time.Second) }
			lines = append(lines, fmt.Sprintf("%d: %s %s %s#%d at %d since %d n=%d",
				msg, d.Change, d.Scenario, d.Subject, d.Episode, sec(d.At), sec(d.Since), int64(len(d.Evidence))+d.More))
		}
	}
	return lines
}

func (a arrival) event() event.Event {
	data := "{}"
	if a.cm != 0 {
		data = fmt.Sprintf(`{"cm":%d}`, a.cm)
	}
	return event.Event{
		ID: fmt.Sprint(a.key), Source: "test", Type: "level", Sender: "tester", Subject: a.sub, Area: "middle",
		Time: zero.Add(time.Duration(a.t) * time.Second), Data: []byte(data), Body: uint64(a.body),
	}
}

func TestStreamingFindsWhatTheOracleFinds(t *testing.T) {
	t.Parallel()
	set := setOf(t, "high", "long", "steady")
	for range hundreds() {
		rapid.Check(t, func(rt *rapid.T) { checkArrivals(rt, set) })
	}
}

// hundreds is how many times a hundred logs an oracle is asked: ten thousand at length.
func hundreds() int {
	if slow() {
		return 100
	}
	return 10
}

func checkArrivals(rt *rapid.T, set *pack.Set) {
	all := drawArrivals(rt)
	o, p := oracle{all}, New(0, set)
	got, want := stream(p, all), o.detections([]string{"a", "b"})
	if !slices.Equal(got, want) {
		rt.Fatalf("arrivals %+v\ngot\n%s\nwant\n%s", all, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	var account Accounting
	for i, a := range all {
		if !a.tick {
			account.count(o.outcome(i))
		}
	}
	if g := p.Accounting(); g.Evaluated != account.Evaluated || g.Duplicate != account.Duplicate || g.Conflict != account.Conflict ||
		g.Late != account.Late || g.Dead != 0 || g.Events != account.Events {
		rt.Fatalf("accounting %+v, want %+v", g, account)
	}
}
