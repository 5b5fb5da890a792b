package anomaly_test

import (
	"bytes"
	"math"
	"os"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
	"twoweave/internal/manage/operator/anomaly"
	"twoweave/internal/manage/operator/anomaly/anomalytest"
	"twoweave/internal/rule"
)

const minute = int64(time.Minute / time.Microsecond)

func compiled(every, season time.Duration) operator.Operator {
	return (&anomaly.Config{Of: "x", Every: every, Season: season}).New(operator.Setting{Lateness: time.Minute})
}

// judgement is what a machine says of an event; score and expected are missing when there is none.
type judgement struct {
	at              int64
	ok              bool
	score, expected float64
}

func observe(m operator.Machine, at int64, x float64) (j judgement) {
	values := make([]rule.Value, 3)
	j.at, j.ok = m.Observe(operator.Event{At: at, Number: x})
	if !j.ok {
		return judgement{}
	}
	m.Measure(values)
	j.score, j.expected = values[0].Double(), values[2].Double()
	return j
}

// cycle writes the machine and reads it back.
func cycle(t rapid.TB, op operator.Operator, m operator.Machine) operator.Machine {
	body := m.Append(nil)
	r := wire.Reader{Rest: body}
	again := op.Read(&r)
	if !r.Done() || !bytes.Equal(again.Append(nil), body) {
		t.Fatalf("a state of %d bytes was not read as it was written", len(body))
	}
	return again
}

// arrival is one event as it comes; NaN is a missing number.
type arrival struct {
	at int64
	x  float64
}

// draw makes values of some character, with an oddity here and there, in part late, early, repeated or missing.
func draw(t *rapid.T) (all []arrival) {
	at := rapid.Int64Range(-1e15, 2e15).Draw(t, "start")
	step := rapid.SampledFrom([]int64{minute / 60, minute, 5 * minute, 60 * minute, 600 * minute}).Draw(t, "step")
	size := rapid.SampledFrom([]float64{1e-6, 1, 40, 1e9}).Draw(t, "size")
	shape := rapid.IntRange(0, 4).Draw(t, "shape")
	level := 10.0
	for i := range rapid.SampledFrom([]int{1, 5, 70, 90, 110, 130}).Draw(t, "values") {
		gap := rapid.SampledFrom([]int64{1, 1, 1, 1, 1, 1, 1, 0, 2, 5, -1, -3, 40, 4000}).Draw(t, "gap")
		at += gap * step
		x := math.NaN()
		switch noise := rapid.IntRange(-20, 20).Draw(t, "noise"); {
		case noise == 20 && shape != 4:
		case shape == 0:
			x = level + float64(noise)/10
		case shape == 1:
			x = level + 5*math.Sin(float64(i)/4) + float64(noise)/40
		case shape == 2:
			x = math.Floor(math.Abs(float64(noise)) / 8)
		case shape == 3:
			level += float64(noise) / 20
			x = level
		default:
			x = level
		}
		x += rapid.SampledFrom([]float64{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, -30}).Draw(t, "odd")
		all = append(all, arrival{at, x * size})
	}
	return all
}

// learned says which arrivals are learned: those that have a number and are not older than one before. from is the first that still matters: nothing from before a
// silence of 35 days does.
func learned(all []arrival) (which []int, from int) {
	for i, a := range all {
		n := len(which)
		if math.IsNaN(a.x) || n > 0 && a.at < all[which[n-1]].at {
			continue
		}
		if n > 0 && a.at-all[which[n-1]].at > 35*24*60*minute {
			from = n
		}
		which = append(which, i)
	}
	return which, from
}

func close(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b)) }

// rounds of 100 cases each: 10,000 cases with TWOWEAVE_SLOW=1.
func rounds() int {
	if os.Getenv("TWOWEAVE_SLOW") == "1" {
		return 100
	}
	return 40
}

func TestStreamingScoresWhatTheDefinitionScores(t *testing.T) {
	t.Parallel()
	alarms, values := 0, 0
	for range rounds() {
		rapid.Check(t, func(t *rapid.T) {
			for _, j := range agree(t) {
				if values++; j.Score >= 0.5 {
					alarms++
				}
			}
		})
	}
	if t.Logf("%d alarms in %d values", alarms, values); alarms*500 < values {
		t.Error("these are too few to show anything")
	}
}

// agree compares a machine, now and then written and read back, with the definition, and gives the definition's judgements.
func agree(t *rapid.T) []anomalytest.Judgement {
	every := rapid.SampledFrom([]time.Duration{0, 0, 5 * time.Minute}).Draw(t, "every")
	season := rapid.SampledFrom([]time.Duration{0, 0, 24 * time.Hour, 168 * time.Hour}).Draw(t, "season")
	all, op := draw(t), compiled(every, season)
	got, m, kept := make([]judgement, len(all)), op.New(), rapid.Uint64().Draw(t, "kept")
	for i, a := range all {
		got[i] = observe(m, a.at, a.x)
		if kept>>(i%64)&1 == 1 {
			m = cycle(t, op, m)
		}
	}
	which, from := learned(all)
	var known []anomalytest.Value
	for n, i := range which {
		if got[i].at != all[i].at || !got[i].ok {
			t.Fatalf("arrival %d was judged %+v", i, got[i])
		}
		if n >= from {
			known = append(known, anomalytest.Value{At: all[i].at, X: all[i].x})
		}
		all[i].at = math.MinInt64
	}
	for i, a := range all {
		if a.at != math.MinInt64 && got[i].ok {
			t.Fatalf("arrival %d, older or without a number, was judged %+v", i, got[i])
		}
	}
	judged := anomalytest.Judge(every, season, known)
	for n, want := range judged {
		if g := got[which[from+n]]; !close(g.score, want.Score) || !close(g.expected, want.Expected) {
			t.Fatalf("value %d of %+v: %+v, want %+v", n, known, g, want)
		}
	}
	return judged
}
