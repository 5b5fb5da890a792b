package anomaly_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"twoweave/internal/manage/operator"
	"twoweave/internal/manage/operator/anomaly"
	"twoweave/internal/rule"
)

const (
	// fixed is the score from which on a value is an alarm: one half, the same for every series. It is no free choice of this test, but the operator's numbers
	// were chosen with it in mind, on the public series and on the first made-up kinds; only the unseen kinds say how it does elsewhere.
	fixed = 0.5
	// publishedThreshold is the one that the benchmark chose for its baseline on all of its 58 series: 1, as its files write it, with twelve digits.
	publishedThreshold = 1 - 5e-13
	// lead is how many points the operator must be ahead.
	lead = 20
)

// detect scores series with the operator, with one setting for all.
func detect(all []series) (scores [][]float64) {
	op := (&anomaly.Config{Of: "data.value"}).New(operator.Setting{})
	values := make([]rule.Value, len(op.Vars()))
	for _, s := range all {
		m, row := op.New(), make([]float64, len(s.values))
		for i, x := range s.values {
			m.Observe(operator.Event{At: s.times[i].UnixMicro(), Number: x})
			m.Measure(values)
			row[i] = values[0].Double()
		}
		scores = append(scores, row)
	}
	return scores
}

// The benchmark publishes what its baseline got for each series: these are those of the three, from its file windowedGaussian_standard_scores.csv.
func TestScoresAreThePublishedOnes(t *testing.T) {
	t.Parallel()
	all := public(t)
	got := at(all, judged(all, baseline(all)), publishedThreshold).raw
	for i, want := range []float64{-2, -1, 3.47059145681} {
		if math.Abs(got[i]-want) > 1e-9 {
			t.Errorf("%s: %v, published %v", all[i].name, got[i], want)
		}
	}
}

// The threshold of a detector is chosen on a whole corpus, and which corpus makes a difference for the baseline. Its published results stand at the threshold
// chosen on all 58 series of the benchmark; the operator stands at one half.
func TestPublicSeries(t *testing.T) {
	t.Parallel()
	all := public(t)
	mine, theirs := judged(all, detect(all)), judged(all, baseline(all))
	a, b := at(all, mine, fixed), at(all, theirs, publishedThreshold)
	show(t, "the operator at one half, the baseline at the threshold published with the benchmark", all, a, b)
	ahead(t, all, a, b, lead)

	// With the threshold that is best for just these three the baseline is so good that no detector could be 20 points ahead of it.
	a, b = at(all, mine, best(all, mine)), at(all, theirs, best(all, theirs))
	show(t, "each at its best threshold for these three alone", all, a, b)
	ahead(t, all, a, b, 0)
}

// Each detector at the threshold that is best for the whole corpus there is here.
func TestWholeCorpus(t *testing.T) {
	t.Parallel()
	all := slices.Concat(public(t), made(101))
	mine, theirs := judged(all, detect(all)), judged(all, baseline(all))
	a, b := at(all, mine, best(all, mine)), at(all, theirs, best(all, theirs))
	show(t, "public and made-up series, each detector at its best threshold for all of them", all, a, b)
	ahead(t, all, a, b, lead)
}

// Made-up series of many kinds; the baseline even has the threshold that is best for just these.
func TestMadeSeries(t *testing.T) {
	t.Parallel()
	for seed := uint64(102); seed < 104; seed++ {
		all := made(seed)
		theirs := judged(all, baseline(all))
		a, b := at(all, judged(all, detect(all)), fixed), at(all, theirs, best(all, theirs))
		show(t, fmt.Sprintf("made-up series, seed %d", seed), all, a, b)
		ahead(t, all, a, b, lead)
	}
}

func ahead(t *testing.T, all []series, mine, theirs result, by float64) {
	t.Helper()
	if m, g := mine.total(all), theirs.total(all); m < g+by {
		t.Errorf("%.2f, and the baseline %.2f: less than %v points ahead", m, g, by)
	}
}

func show(t *testing.T, title string, all []series, mine, theirs result) {
	t.Helper()
	t.Logf("%s\n%-45s %23s %23s", title, "", fmt.Sprintf("anomaly at %.3f", mine.threshold), fmt.Sprintf("Gaussian at 1-%.0e", 1-theirs.threshold))
	for i, s := range all {
		t.Logf("%-45s %6.2f %2d/%d %3d false %6.2f %3d/%d %3d false", s.name,
			mine.raw[i], mine.hits[i], len(s.windows), mine.falses[i], theirs.raw[i], theirs.hits[i], len(s.windows), theirs.falses[i])
	}
	t.Logf("%-45s %6.2f %29.2f", "normalised", mine.total(all), theirs.total(all))
}

// What alarms cost where nothing happens: noise of three kinds, a year of values every five minutes.
func TestFalseAlarmsInNoise(t *testing.T) {
	t.Parallel()
	const n = 365 * aDay
	m := &maker{Rand: newRand(5)}
	var all []series
	for _, draw := range []func() float64{m.NormFloat64, m.ExpFloat64, func() float64 { return m.poisson(4) }} {
		m.s = series{}
		m.rows(n, fiveMinutes, func(int, float64) float64 { return draw() })
		all = append(all, m.s)
	}
	scores := detect(all)
	for k, name := range []string{"normal", "exponential", "counts"} {
		for _, threshold := range []float64{0.5, 0.6, 0.7} {
			alarms := 0
			for _, s := range scores[k] {
				if s >= threshold {
					alarms++
				}
			}
			t.Logf("%-12s score >= %.1f: %d alarms in %d values", name, threshold, alarms, n)
			if alarms > n/1000 {
				t.Errorf("%s: %d alarms in %d values", name, alarms, n)
			}
		}
	}
}
