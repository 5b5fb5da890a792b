package anomaly_test

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// series is one labelled series: values in the order of their times, and the windows in which an anomaly is to be noticed.
type series struct {
	name    string
	times   []time.Time
	values  []float64
	windows []span
}

// span is a window's first and last row.
type span struct{ first, last int }

// The standard profile of the Numenta Anomaly Benchmark: what an alarm in a window is worth, what one outside costs, what a window without one costs.
const (
	hit   = 1.0
	wrong = 0.11
	miss  = 1.0
)

// scaled is the benchmark's worth of an alarm at a place relative to a window: -1 is its beginning, 0 its end, beyond 3 an alarm has nothing to do with it.
func scaled(place float64) float64 {
	if place > 3 {
		return -1
	}
	return 2/(1+math.Exp(5*place)) - 1
}

// probation is how many first rows are not judged: 15 percent, of at most 5000.
func probation(rows int) int { return int(math.Floor(0.15 * float64(min(rows, 5000)))) }

// alarm is a row as the sweep over thresholds sees it: what an alarm there is worth, and for which window, -1 outside of all.
type alarm struct {
	score  float64
	series int
	window int
	worth  float64
}

// judged is every row after probation of all series.
func judged(all []series, scores [][]float64) (rows []alarm) {
	for k, s := range all {
		previous, next := -1, 0
		for i := range s.values {
			for next < len(s.windows) && i > s.windows[next].last {
				previous, next = next, next+1
			}
			a := alarm{score: scores[k][i], series: k, window: -1}
			switch {
			case next < len(s.windows) && i >= s.windows[next].first:
				w := s.windows[next]
				a.window, a.worth = next, hit*scaled(-float64(w.last-i+1)/float64(w.last-w.first+1))/scaled(-1)
			case previous < 0:
				a.worth = -wrong
			default:
				w := s.windows[previous]
				a.worth = wrong * scaled(float64(i-w.last)/float64(w.last-w.first))
			}
			if i >= probation(len(s.values)) {
				rows = append(rows, a)
			}
		}
	}
	return rows
}

// result is what a detector is given at a threshold: for each series, and normalised for all: 0 is worth as much as silence, 100 as perfect.
type result struct {
	threshold float64
	raw       []float64 // by series
	hits      []int
	falses    []int
}

func windowsOf(all []series) (n int) {
	for _, s := range all {
		n += len(s.windows)
	}
	return n
}

// total is the normalised score: 100 × (score − null) / (perfect − null). The null detector misses every window and raises no alarm.
func (r result) total(all []series) float64 {
	sum := 0.0
	for _, v := range r.raw {
		sum += v
	}
	n := float64(windowsOf(all))
	return 100 * (sum + miss*n) / (hit*n + miss*n)
}

// at is the result at a threshold: rows scoring at least as much are alarms, and of a window the earliest counts.
func at(all []series, rows []alarm, threshold float64) result {
	r := result{threshold: threshold, raw: make([]float64, len(all)), hits: make([]int, len(all)), falses: make([]int, len(all))}
	type key struct{ series, window int }
	seen := map[key]bool{}
	for _, a := range rows {
		if a.score < threshold {
			continue
		}
		k := key{a.series, a.window}
		switch {
		case a.window < 0:
			r.raw[a.series] += a.worth
			r.falses[a.series]++
		case !seen[k]:
			seen[k] = true
			r.raw[a.series] += a.worth
			r.hits[a.series]++
		}
	}
	for k, s := range all {
		r.raw[k] -= miss * float64(len(s.windows)-r.hits[k])
	}
	return r
}

// best is the threshold, one for all series, with the greatest score, as the benchmark chooses it.
func best(all []series, rows []alarm) float64 {
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b alarm) int { return -cmp.Compare(a.score, b.score) })
	type key struct{ series, window int }
	gained := map[key]float64{}
	sum, top, threshold := 0.0, 0.0, 1.1
	for i, a := range sorted {
		if a.window < 0 {
			sum += a.worth
		} else {
			k := key{a.series, a.window}
			before, ok := gained[k]
			if !ok {
				before = -miss
			}
			gained[k] = max(before, a.worth)
			sum += gained[k] - before
		}
		if (i+1 == len(sorted) || sorted[i+1].score != a.score) && sum > top {
			top, threshold = sum, a.score
		}
	}
	return threshold
}
