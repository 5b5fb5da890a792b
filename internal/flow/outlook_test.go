package flow_test

import (
	"context"
	"log/slog"
	"math"
	"testing"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/flow"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/platform/series"
)

// past is a stretch of history with one value a minute.
type past struct {
	ago, length time.Duration // from this long ago on
	value       func(minute int) float64
}

func steady(v float64) func(int) float64 { return func(int) float64 { return v } }

// remembered is a board over a real history, after Run has looked back.
func remembered(t *testing.T, all ...past) casedesk.Sign {
	t.Helper()
	c := clock.NewManual(noon)
	store, err := series.Open(t.TempDir(), series.Options{Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, p := range all {
		var samples []series.Sample
		for i := range int(p.length / time.Minute) {
			samples = append(samples, series.Sample{Name: flow.SeriesCity, Labels: map[string]string{"indicator": "calls"},
				At: noon.Add(-p.ago + time.Duration(i)*time.Minute), Value: p.value(i)})
		}
		if err := store.Append(t.Context(), samples); err != nil {
			t.Fatal(err)
		}
	}
	s := flow.NewSigns(flow.SignsOptions{Cases: &counter{}, History: store, Clock: c, Log: slog.New(slog.DiscardHandler)})
	s.Use(set(t).Indicators)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	defer func() { cancel(); <-done }()
	for {
		told := s.Changed()
		b, err := s.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if b.Signs[0].Before != nil || b.Signs[0].Normal != nil {
			return b.Signs[0]
		}
		<-told
	}
}

const week = 7 * 24 * time.Hour

func TestWhatIsUsualIsThisHourOfTheWeeksBefore(t *testing.T) {
	t.Parallel()
	hour := func(weeks int, value func(int) float64) past {
		return past{time.Duration(weeks)*week + 30*time.Minute, time.Hour + time.Minute, value}
	}
	last := past{20 * time.Minute, 20 * time.Minute, func(i int) float64 { return float64(i) }}
	for name, x := range map[string]struct {
		all  []past
		want *casedesk.Normal
	}{
		"less than a week":                    {[]past{last}, nil},
		"another hour a week ago":             {[]past{{week + 4*time.Hour, time.Hour, steady(9)}, last}, nil},
		"one week":                            {[]past{hour(1, steady(10)), last}, &casedesk.Normal{Mean: 10, Weeks: 1}},
		"four weeks, but not the fifth":       {[]past{hour(5, steady(99)), hour(4, steady(10)), hour(3, steady(20)), hour(2, steady(10)), hour(1, steady(20)), last}, &casedesk.Normal{Mean: 15, Spread: 5, Weeks: 4}},
		"a week without data says nothing":    {[]past{hour(3, steady(10)), hour(1, steady(20)), last}, &casedesk.Normal{Mean: 15, Spread: 5, Weeks: 2}},
		"what moves within the hour spreads":  {[]past{hour(1, func(i int) float64 { return 10 + 4*float64(i%2*2-1) }), last}, &casedesk.Normal{Mean: 10, Spread: 4, Weeks: 1}},
		"hours beside this one do not matter": {[]past{{week + 4*time.Hour, 3*time.Hour + 29*time.Minute, steady(99)}, hour(1, steady(10)), last}, &casedesk.Normal{Mean: 10, Weeks: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sign := remembered(t, x.all...)
			if sign.Before == nil || *sign.Before != 5 { // 20 minutes ago was 0
				t.Errorf("15 minutes before it was %v", sign.Before)
			}
			got := sign.Normal
			if (got == nil) != (x.want == nil) {
				t.Fatalf("usual is %+v, want %+v", got, x.want)
			}
			if got != nil && (math.Abs(got.Mean-x.want.Mean) > 0.1 || math.Abs(got.Spread-x.want.Spread) > 0.1 || got.Weeks != x.want.Weeks) {
				t.Errorf("usual is %+v, want %+v", got, x.want)
			}
		})
	}
}

func TestWithoutTrendThereIsNone(t *testing.T) {
	t.Parallel()
	sign := remembered(t, past{week + 30*time.Minute, time.Hour, steady(3)}, past{5 * time.Minute, 5 * time.Minute, steady(1)})
	if sign.Before != nil || sign.Normal == nil {
		t.Errorf("before %v, usual %+v", sign.Before, sign.Normal)
	}
}
