package flow_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/flow"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/platform/series"
)

// counter is a count that the test sets.
type counter struct {
	areas   []casedesk.AreaCount
	asked   int
	figures casedesk.Figures
	figured int
}

func (c *counter) Count(context.Context) (casedesk.Counts, error) {
	c.asked++
	return casedesk.Counts{Areas: c.areas}, nil
}

func (c *counter) Figures(context.Context) (casedesk.Figures, error) {
	c.figured++
	return c.figures, nil
}

func newSigns(t *testing.T) (*flow.Signs, *history, *counter, *clock.Manual) {
	t.Helper()
	h, n, c := &history{}, &counter{}, clock.NewManual(noon)
	s := flow.NewSigns(flow.SignsOptions{Cases: n, History: h, Clock: c, Log: slog.New(slog.DiscardHandler)})
	s.Use(set(t).Indicators)
	return s, h, n, c
}

// sample is what one partition has counted of the calls in an area.
func sample(area event.AreaCode, after time.Duration, n int64) indicator.Sample {
	return indicator.Sample{Indicator: "calls", Area: area, Part: 7, At: noon.Add(after), Partial: indicator.Partial{Count: n}}
}

func TestABoardSumsTheCityAndBandsIt(t *testing.T) {
	t.Parallel()
	s, _, _, _ := newSigns(t)
	s.Samples(t.Context(), []indicator.Sample{sample("a1", 0, 4), sample("a2", time.Second, 9), sample("a1", 2*time.Second, 5)})
	s.Samples(t.Context(), []indicator.Sample{sample("a1", time.Second, 99)}) // from before: told again after a restart
	b, err := s.Snapshot(t.Context())
	if err != nil || len(b.Signs) != 1 {
		t.Fatalf("board = %+v (%v)", b, err)
	}
	sign := b.Signs[0]
	if !sign.Known || sign.Value != 14 || sign.Band != indicator.Attention || !sign.At.Equal(noon.Add(2*time.Second)) || !b.At.Equal(sign.At) {
		t.Errorf("sign = %+v", sign)
	}
	want := []casedesk.AreaSign{{Area: "a1", Value: 5, Band: indicator.Attention}, {Area: "a2", Value: 9, Band: indicator.Attention}}
	if !slices.Equal(sign.Areas, want) {
		t.Errorf("areas = %+v", sign.Areas)
	}
	s.Use(nil)
	if b, err := s.Snapshot(t.Context()); err != nil || len(b.Signs) != 0 {
		t.Errorf("signs that are gone are shown: %+v (%v)", b.Signs, err)
	}
}

// What is known of an area is known by several partitions together; one that has fallen silent is another program's now.
func TestPartitionsAreMerged(t *testing.T) {
	t.Parallel()
	s, _, _, c := newSigns(t)
	from := func(part int, after time.Duration, n int64) []indicator.Sample {
		x := sample("a1", after, n)
		x.Part = part
		return []indicator.Sample{x}
	}
	look := func() casedesk.Sign {
		t.Helper()
		b, err := s.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return b.Signs[0]
	}
	if sign := look(); sign.Known || len(sign.Areas) != 0 {
		t.Errorf("before any sample: %+v", sign)
	}
	s.Samples(t.Context(), from(3, 0, 4))
	s.Samples(t.Context(), from(9, 0, 2))
	s.Samples(t.Context(), from(3, time.Second, 5))
	if sign := look(); sign.Value != 7 || sign.Areas[0].Value != 7 {
		t.Errorf("merged: %+v", sign)
	}
	c.Advance(2 * time.Minute)
	s.Samples(t.Context(), from(3, 2*time.Minute, 6))
	if sign := look(); sign.Value != 8 {
		t.Errorf("partition 9 spoke two minutes before: %+v", sign)
	}
	c.Advance(time.Second)
	s.Samples(t.Context(), from(3, 2*time.Minute+time.Second, 6))
	if sign := look(); sign.Value != 6 {
		t.Errorf("partition 9 has fallen silent: %+v", sign)
	}
}

// A second of log time is written down when the next one begins: only then everybody has spoken.
func TestHistoryIsWrittenOnChangeAndEveryFifteenSeconds(t *testing.T) {
	t.Parallel()
	s, h, _, _ := newSigns(t)
	for i, step := range []struct {
		at    time.Duration
		v     int64
		wrote int // of the area and as much of the city
	}{{0, 1, 0}, {time.Second, 1, 1}, {2 * time.Second, 2, 1}, {2 * time.Second, 3, 1}, {3 * time.Second, 2, 2}, {17 * time.Second, 2, 2}, {18 * time.Second, 2, 3}, {19 * time.Second, 3, 3}} {
		s.Samples(t.Context(), []indicator.Sample{sample("a1", step.at, step.v)})
		if len(h.all) != 2*step.wrote {
			t.Errorf("step %d: %d values written, want %d", i, len(h.all), 2*step.wrote)
		}
	}
	if first := h.all[0]; first.Name != flow.SeriesIndicator || first.Labels["indicator"] != "calls" || first.Labels["area"] != "a1" || !first.At.Equal(noon) {
		t.Errorf("wrote %+v", first)
	}
	if second := h.all[1]; second.Name != flow.SeriesCity || second.Labels["indicator"] != "calls" || second.Value != 1 || !second.At.Equal(noon) {
		t.Errorf("wrote %+v", second)
	}
}

func TestAChangeIsTold(t *testing.T) {
	t.Parallel()
	s, _, _, _ := newSigns(t)
	told, before := s.Changed(), s.Revision()
	s.Samples(t.Context(), []indicator.Sample{sample("a1", 0, 1)})
	<-told
	told = s.Changed()
	s.Samples(t.Context(), []indicator.Sample{sample("a1", 0, 1)})
	select {
	case <-told:
		t.Error("told of nothing new")
	default:
	}
	s.Touch()
	<-told
	if s.Revision() != before+2 {
		t.Errorf("revision %d after %d", s.Revision(), before)
	}
}

func TestOpenCasesAreCountedIntoTheHistory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, n, c := newSigns(t)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		n.areas = []casedesk.AreaCount{{Area: "a1", Open: 3, Overdue: 1}}
		go func() { done <- s.Run(ctx) }()
		synctest.Wait()
		check(t, "at first", h, 2, series.Sample{Name: flow.SeriesCasesOpen, Value: 3})
		before := s.Revision()
		c.Advance(5 * time.Second)
		synctest.Wait()
		check(t, "unchanged", h, 2, series.Sample{Name: flow.SeriesCasesOpen, Value: 3})
		n.areas = nil
		c.Advance(5 * time.Second)
		synctest.Wait()
		check(t, "all closed", h, 4, series.Sample{Name: flow.SeriesCasesOpen, Value: 0})
		if s.Revision() != before+1 {
			t.Error("screens were not told, or for nothing")
		}
		cancel()
		if err := <-done; err == nil {
			t.Error("Run ended without its context's error")
		}
	})
}

func check(t *testing.T, when string, h *history, n int, want series.Sample) {
	t.Helper()
	if len(h.all) != n {
		t.Fatalf("%s: %d values written, want %d", when, len(h.all), n)
	}
	if got := h.all[n-2]; got.Name != want.Name || got.Value != want.Value || got.Labels["area"] != "a1" {
		t.Errorf("%s: wrote %+v", when, got)
	}
}

func TestManyScreensShareOneCount(t *testing.T) {
	t.Parallel()
	s, _, n, c := newSigns(t)
	look := func() int {
		t.Helper()
		b, err := s.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(b.OpenCases.Areas)
	}
	for range 10 {
		look()
	}
	if n.asked != 1 {
		t.Errorf("ten looks counted %d times", n.asked)
	}
	n.areas = []casedesk.AreaCount{{Area: "a1", Open: 1}}
	s.Touch()
	if look() != 1 {
		t.Error("a change that was told is not shown")
	}
	n.areas = nil
	c.Advance(time.Second) // another process changed it and told nobody here
	if look() != 0 {
		t.Error("a change that was not told is not shown after a second")
	}
	c.Set(noon)
	n.areas = []casedesk.AreaCount{{Area: "a1", Open: 1}}
	if look() != 1 {
		t.Error("a clock that jumped back keeps the old count")
	}
}
