package anomaly_test

import (
	"math"
	"slices"
	"testing"

	"twoweave/internal/manage/operator"
	"twoweave/internal/manage/operator/anomaly"
	"twoweave/internal/rule"
)

// threshold is the score from which on a value is an alarm: the same for every series, and not chosen on any.
const threshold = 0.5

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

// The scores published with the benchmark for its baseline, at the threshold chosen on all of its 58 series: 1, as its files write it, in twelve digits.
func TestBaselineIsTheBenchmarks(t *testing.T) {
	t.Parallel()
	all := public(t)
	got := at(all, judged(all, baseline(all)), publishedThreshold).raw
	for i, want := range []float64{-2, -1, 3.47059145681} {
		if math.Abs(got[i]-want) > 1e-9 {
			t.Errorf("%s: %v, published %v", all[i].name, got[i], want)
		}
	}
}

const publishedThreshold = 1 - 5e-13

func TestPublicSeries(t *testing.T) {
	t.Parallel()
	all := public(t)
	mine, theirs := judged(all, detect(all)), judged(all, baseline(all))
	report(t, all, at(all, mine, threshold), at(all, theirs, publishedThreshold))
}

func report(t *testing.T, all []series, mine, theirs result) {
	t.Logf("%-45s %19s %19s", "series", "anomaly", "windowed Gaussian")
	for i, s := range all {
		t.Logf("%-45s %7.2f %d/%d, %3d false %7.2f %d/%d, %3d false", s.name,
			mine.raw[i], mine.hits[i], len(s.windows), mine.falses[i], theirs.raw[i], theirs.hits[i], len(s.windows), theirs.falses[i])
	}
	t.Logf("%-45s %7.2f             %7.2f", "normalised", mine.total(all), theirs.total(all))
}

// whole is both corpora as one.
func whole(t testing.TB) []series { return slices.Concat(public(t), made(1)) }
