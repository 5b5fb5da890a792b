package flow_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/flow"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
)

// BenchmarkAMinuteOfSigns is the turn of a minute in a city of 60 signs and 36 areas, where all 64 partitions know something of every area: each says everything once.
// And then a screen looks.
func BenchmarkAMinuteOfSigns(b *testing.B) {
	const signs, areas = 60, 36
	var defs []*indicator.Compiled
	parts := make([][]indicator.Sample, event.Partitions)
	for i := range signs {
		id := indicator.ID(fmt.Sprint("sign-", i))
		defs = append(defs, &indicator.Compiled{Indicator: indicator.Indicator{ID: id, Measure: indicator.LastAverage, Bands: indicator.Bands{Attention: 1, Alarm: 2}}, Rank: i})
		for a := range areas {
			for p := range parts {
				parts[p] = append(parts[p], indicator.Sample{Indicator: id, Area: event.AreaCode(fmt.Sprint("area-", a)), Part: p, Partial: indicator.Partial{Count: 1, Sum: 1}})
			}
		}
	}
	c := clock.NewManual(noon)
	s := flow.NewSigns(flow.SignsOptions{Cases: &counter{}, History: &history{}, Clock: c, Log: slog.New(slog.DiscardHandler)})
	s.Use(defs)
	for n := 0; b.Loop(); n++ {
		for _, all := range parts {
			for i := range all {
				all[i].At = noon.Add(time.Duration(n) * time.Minute)
				all[i].Sum = float64(n)
			}
			s.Samples(b.Context(), all)
		}
		if _, err := s.Snapshot(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkALook is one screen's look at such a city.
func BenchmarkALook(b *testing.B) {
	const signs, areas = 60, 36
	var defs []*indicator.Compiled
	c := clock.NewManual(noon)
	s := flow.NewSigns(flow.SignsOptions{Cases: &counter{}, History: &history{}, Clock: c, Log: slog.New(slog.DiscardHandler)})
	for i := range signs {
		defs = append(defs, &indicator.Compiled{Indicator: indicator.Indicator{ID: indicator.ID(fmt.Sprint("sign-", i)), Bands: indicator.Bands{Attention: 1, Alarm: 2}}, Rank: i})
	}
	s.Use(defs)
	for i := range signs {
		for a := range areas {
			for p := range event.Partitions {
				s.Samples(b.Context(), []indicator.Sample{{Indicator: defs[i].ID, Area: event.AreaCode(fmt.Sprint("area-", a)), Part: p, At: noon, Partial: indicator.Partial{Count: 1}}})
			}
		}
	}
	for b.Loop() {
		if _, err := s.Snapshot(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
