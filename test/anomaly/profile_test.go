package anomaly_test

import (
	"math"
	"testing"
	"time"
)

// tiny is a hundred rows with windows at 40 to 49 and 70 to 79; the first fifteen are probation.
func tiny() []series {
	s := series{name: "tiny", values: make([]float64, 100), windows: []span{{40, 49}, {70, 79}}}
	for i := range s.values {
		s.times = append(s.times, monday.Add(time.Duration(i)*time.Minute))
	}
	return []series{s}
}

// alarms are scores of one at the rows, of zero elsewhere.
func alarms(rows ...int) [][]float64 {
	scores := make([]float64, 100)
	for _, i := range rows {
		scores[i] = 1
	}
	return [][]float64{scores}
}

func TestProfile(t *testing.T) {
	t.Parallel()
	worth := func(place float64) float64 { return 2/(1+math.Exp(5*place)) - 1 }
	for name, c := range map[string]struct {
		rows []int
		want float64
	}{
		"silence":                                {nil, -2},
		"perfect":                                {[]int{40, 70}, 2},
		"probation does not count":               {[]int{3, 14, 40, 70}, 2},
		"the earliest counts":                    {[]int{44, 48, 70}, worth(-0.6)/worth(-1) + 1},
		"before every window":                    {[]int{20, 40, 70}, 2 - 0.11},
		"just after a window":                    {[]int{40, 50, 70}, 2 + 0.11*worth(1.0/9)},
		"long after one":                         {[]int{40, 70, 99}, 2 + 0.11*worth(20.0/9)},
		"each alarm outside costs":               {[]int{20, 21, 22, 40, 70}, 2 - 0.33},
		"the window before counts, not the next": {[]int{40, 69, 70}, 2 + 0.11*worth(20.0/9)},
	} {
		all := tiny()
		if got := at(all, judged(all, alarms(c.rows...)), 0.5).raw[0]; math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestNormalisedScoreIsZeroForSilenceAndAHundredForPerfection(t *testing.T) {
	t.Parallel()
	all := tiny()
	for want, rows := range map[float64][]int{0: nil, 100: {40, 70}} {
		if got := at(all, judged(all, alarms(rows...)), 0.5).total(all); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v: %v, want %v", rows, got, want)
		}
	}
}

// No other threshold has a better score than the best.
func TestBestThreshold(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		m := &maker{Rand: newRand(seed)}
		all, scores := tiny(), make([]float64, 100)
		for i := range scores {
			scores[i] = float64(m.IntN(30)) / 30
		}
		rows := judged(all, [][]float64{scores})
		top := at(all, rows, best(all, rows)).total(all)
		for _, threshold := range append(scores, 1.1) {
			if got := at(all, rows, threshold).total(all); got > top+1e-9 {
				t.Fatalf("seed %d: %v at %v, more than the best %v", seed, got, threshold, top)
			}
		}
	}
}
