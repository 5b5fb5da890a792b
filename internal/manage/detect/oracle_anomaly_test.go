package detect

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/manage/operator/anomaly/anomalytest"
)

const anomalyRule = "operator: anomaly\nanomaly: {of: data.cm}\nwhen: score >= 0.5\nuntil: score < 0.2"

// drawAnomalies makes a log in which one person has enough readings to be judged. They are shuffled, late, ahead, repeated, contradictory and in part without
// a number; most lie near each other, and some do not. It is drawn evenly, from a seed: where small numbers are likelier, nothing is ordinary.
func drawAnomalies(t *rapid.T) (all []keyedItem) {
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	here, elsewhere := persons()
	stamp, key, calm := 0, 0, r.IntN(4)
	for m := range 10 + r.IntN(150) {
		stamp += []int{1, 10, 10, 10, 10, 31, -5, 60}[r.IntN(8)]
		head := keyedItem{msg: m, stamp: stamp, copied: true, again: r.IntN(30) == 0}
		if head.tick = r.IntN(9) == 0; head.tick {
			all = append(all, head)
			continue
		}
		for n := range 1 + r.IntN(3) {
			a := head
			a.n, a.typ = n, "door"
			key++
			if a.key = key; r.IntN(12) == 0 {
				a.key, a.body = 1+r.IntN(key), r.IntN(4)/3
			}
			a.who = []string{here[0], here[0], here[0], here[0], here[0], here[1], elsewhere}[r.IntN(7)]
			a.t = stamp - []int{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 7, 30, 31, -5}[r.IntN(16)]
			if r.IntN(150) == 0 {
				a.t = stamp + []int{290, 400}[r.IntN(2)] // all others are older for a while
			}
			a.cm = 20 + r.IntN(2*calm+1) - calm
			if odd := r.IntN(60); odd < 4 {
				a.cm = []int{0, 90, 45, 1}[odd]
			}
			all = append(all, a)
		}
	}
	return all
}

// scoredItem is a value of a person that was scored, and by which item.
type scoredItem struct {
	item  int
	score float64
}

// scored are the scores of a person's values by the definition: of those with a number, and no older than one before.
func (l *keyedLog) scored(items []int) (all []scoredItem) {
	var values []anomalytest.Value
	for _, i := range items {
		at := zero.Add(time.Duration(l.time(i)) * time.Second).UnixMicro()
		if l.all[i].tick || l.all[i].cm == 0 || len(values) > 0 && at < values[len(values)-1].At {
			continue
		}
		values, all = append(values, anomalytest.Value{At: at, X: float64(l.all[i].cm)}), append(all, scoredItem{item: i})
	}
	for n, j := range anomalytest.Judge(0, 0, values) {
		all[n].score = j.Score
	}
	return all
}

// anomalies finds the episodes: each begins with an alarm after the end of the one before, and ends with the first value that is ordinary again.
func anomalies(l *keyedLog, items []int) (all []found) {
	scored, ended := l.scored(items), -1<<60
	for n, from := 1, 0; ; n++ {
		start := nextScored(scored, from, func(s scoredItem) bool { return s.score >= 0.5 && l.time(s.item) > ended })
		if start < 0 {
			return all
		}
		at := l.time(scored[start].item)
		all = append(all, found{scored[start].item, 0, startedLine(n, at, 1)})
		stop := nextScored(scored, start+1, func(s scoredItem) bool { return s.score < 0.2 })
		if stop < 0 {
			return all
		}
		count := 1
		for _, s := range scored[start:stop] {
			if s.score >= 0.5 {
				count++
			}
		}
		ended, from = l.time(scored[stop].item), stop+1
		all = append(all, found{scored[stop].item, 0, endedLine(n, ended, at, count)})
	}
}

func nextScored(all []scoredItem, from int, wanted func(scoredItem) bool) int {
	if k := slices.IndexFunc(all[from:], wanted); k >= 0 {
		return from + k
	}
	return -1
}

func TestAnomalyFindsWhatTheOracleFinds(t *testing.T) {
	t.Parallel()
	set := keyedSet(t, anomalyRule)
	rounds, lines := hundreds(), 0
	for range rounds {
		rapid.Check(t, func(rt *rapid.T) {
			all := drawAnomalies(rt)
			l := newKeyedLog(all)
			got, account := streamKeyed(rt, set, all)
			input := func(a keyedItem) bool { return a.typ == "door" }
			want := l.lines(func(who string) []found { return anomalies(l, l.about(who, input)) })
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
