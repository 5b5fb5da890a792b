package detect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/geo"
	"twoweave/internal/manage/event"
)

// What the oracles of the operators that look at places (cluster, geofence) have in common: the keyed log with a place for each event, and episodes as
// sentences about the list of all judgements.

// sighting is an item with a place along a street and the thing that was there.
type sighting struct {
	keyedItem
	metres int // nowhere
	thing  string
}

const nowhere = -1

func (s sighting) place() *geo.Point {
	if s.metres == nowhere {
		return nil
	}
	return &geo.Point{Lon: 121.5 + float64(s.metres)/95304.36, Lat: 31.2}
}

func (s sighting) event() event.Event {
	e := s.keyedItem.event()
	e.Place, e.Subject = s.place(), s.thing
	return e
}

// drawSightings gives each item of a log a place. A crowded log has more events in less time, fewer of which are repeats.
func drawSightings(t *rapid.T, metres ...int) (all []sighting) {
	crowded := rapid.Bool().Draw(t, "crowded")
	for i, a := range drawKeyed(t) {
		if crowded {
			a.stamp, a.t, a.cm = a.stamp/4, a.t/4, max(a.cm, 9+i%8)
			if a.key > 20 {
				a.key = 1000 + i
			}
		}
		s := sighting{keyedItem: a, metres: nowhere}
		if !a.tick {
			s.typ = "door"
			s.thing = rapid.SampledFrom([]string{"a", "b", ""}).Draw(t, "thing")
			if rapid.IntRange(0, 11).Draw(t, "placed") > 0 {
				s.metres = rapid.SampledFrom(metres).Draw(t, "metres")
			}
		}
		all = append(all, s)
	}
	return all
}

// places is the log with places.
type places struct {
	*keyedLog
	seen []sighting
}

func newPlaces(all []sighting) *places {
	var items []keyedItem
	for _, s := range all {
		items = append(items, s.keyedItem)
	}
	return &places{newKeyedLog(items), all}
}

// step is one item as a subject meets it: what is due by then happens first; then it is judged, or not.
type step struct {
	by      int // the item
	reach   int // what is due by then has happened
	verdict *verdict
}

// verdict is one judgement.
type verdict struct {
	at           int
	holds, fails bool
	n            int // the evidence that an episode begins with
}

// saga is all that a subject meets, in the order of the log.
type saga struct {
	subject string
	steps   []step
	full    int // the scenario's for
	hold    int
}

// saga is what a subject meets beside the ticks, with them.
func (p *places) saga(subject string, own []step, full, hold int) saga {
	for i, a := range p.all {
		if a.tick {
			own = append(own, step{by: i, reach: p.clocks[i]})
		}
	}
	slices.SortFunc(own, func(a, b step) int { return cmp.Compare(a.by, b.by) })
	return saga{subject: subject, steps: own, full: full, hold: hold}
}

// first is the first step from a place on that is as wanted; the number of all when there is none.
func (s saga) first(from int, wanted func(step) bool) int {
	for k := from; k < len(s.steps); k++ {
		if wanted(s.steps[k]) {
			return k
		}
	}
	return len(s.steps)
}

// newest is the newest moment of judgements, of those that hold or of all, among steps.
func newest(steps []step, holding bool) int {
	at := -1 << 60
	for _, x := range steps {
		if x.verdict != nil && (x.verdict.holds || !holding) {
			at = max(at, x.verdict.at)
		}
	}
	return at
}

func doesHold(x step) bool { return x.verdict != nil && x.verdict.holds }
func doesFail(x step) bool { return x.verdict != nil && x.verdict.fails }

// episodes are what must be found about a subject.
func (s saga) episodes() (all []found) {
	known := s.first(0, doesHold) // before that there is nothing to be older than
	ended, from := -1<<60, 0
	for n := 1; ; n++ {
		start, fire := s.start(from, ended)
		if fire == len(s.steps) {
			return all
		}
		since := s.steps[start].verdict.at
		began, count := since+s.full, s.evidence(start, fire)
		all = append(all, found{s.steps[fire].by, began, fmt.Sprintf("started %s#%d at %d since %d n=%d", s.subject, n, began, since, count)})
		stop, byHold := s.stop(known, start, fire)
		if stop == len(s.steps) {
			return all
		}
		x := s.steps[stop]
		count = s.evidence(start, max(stop, start+1))
		if from = stop; byHold {
			ended = newest(s.steps[start:stop], true) + s.hold
		} else {
			ended, count, from = max(x.verdict.at, began), count+1, stop+1
		}
		all = append(all, found{x.by, ended, fmt.Sprintf("ended %s#%d at %d since %d n=%d", s.subject, n, ended, since, count)})
	}
}

// start finds where the condition of the next episode begins to hold, and where it has held for long enough.
func (s saga) start(from, ended int) (start, fire int) {
	for {
		start = s.first(from, func(x step) bool { return doesHold(x) && !doesFail(x) && x.verdict.at > ended })
		if start == len(s.steps) || s.full == 0 {
			return start, start
		}
		full := s.steps[start].verdict.at + s.full
		fire = s.first(start+1, func(x step) bool { return x.reach >= full })
		cancel := s.first(start+1, doesFail)
		if cancel >= fire {
			return start, fire
		}
		from = cancel + 1
	}
}

// stop finds where an episode ends: by a judgement that is not older, or because nothing held for too long.
func (s saga) stop(known, start, fire int) (stop int, byHold bool) {
	for k := max(fire, start+1); k < len(s.steps); k++ {
		x := s.steps[k]
		if s.hold > 0 && x.reach >= newest(s.steps[start:k], true)+s.hold {
			return k, true
		}
		if doesFail(x) && x.verdict.at >= newest(s.steps[known:k], false) {
			return k, false
		}
	}
	return len(s.steps), false
}

// evidence counts the readings between the beginning of a condition and a later step.
func (s saga) evidence(start, until int) int {
	n := s.steps[start].verdict.n
	for k := start + 1; k < until; k++ {
		if doesHold(s.steps[k]) {
			n++
		}
	}
	return n
}

// lines puts what must be found about all subjects in the order in which it must come out.
func (p *places) lines(all []saga) (lines []string) {
	type of struct {
		found
		subject string
	}
	var everything []of
	for _, s := range all {
		for _, f := range s.episodes() {
			everything = append(everything, of{f, s.subject})
		}
	}
	slices.SortStableFunc(everything, func(a, b of) int {
		if a.index == b.index && p.all[a.index].tick {
			return cmp.Or(a.due-b.due, cmp.Compare(a.subject, b.subject))
		}
		return a.index - b.index
	})
	for _, f := range everything {
		lines = append(lines, fmt.Sprintf("%d: %s", p.all[f.index].msg, f.line))
	}
	return lines
}

// streamPlaces runs the sightings through a partition.
func streamPlaces(t rapid.TB, p *Partition, all []sighting) (lines []string, account Accounting) {
	sec := func(t time.Time) int { return int(t.Sub(zero) / time.Second) }
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
			lines = append(lines, fmt.Sprintf("%d: %s %s#%d at %d since %d n=%d",
				head.msg, d.Change, d.Subject, d.Episode, sec(d.At), sec(d.Since), int64(len(d.Evidence))+d.More))
		}
	}
	return lines, p.Accounting()
}

// checkPlaces compares a partition with an oracle on many logs: 10,000 with TWOWEAVE_SLOW=1. tell gives the sagas of all subjects.
func checkPlaces(t *testing.T, scenario string, metres []int, tell func(p *places) []saga) {
	t.Helper()
	set := keyedSet(t, scenario)
	rounds, lines := hundreds(), 0
	for range rounds {
		rapid.Check(t, func(rt *rapid.T) {
			all := drawSightings(rt, metres...)
			p := newPlaces(all)
			got, account := streamPlaces(rt, New(0, set), all)
			want := p.lines(tell(p))
			if !slices.Equal(got, want) {
				rt.Fatalf("items %+v\ngot\n%s\nwant\n%s", all, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			lines += len(want)
			p.checkAccount(rt, account)
		})
	}
	if t.Logf("%d findings in %d00 logs", lines, rounds); lines < 5*rounds {
		t.Error("these are too few to show anything")
	}
}
