package flow

import (
	"context"
	"slices"
	"time"

	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/platform/series"
)

// The series that this package writes.
const (
	SeriesIndicator    = "indicator"      // labels indicator, area
	SeriesCity         = "indicator_city" // label indicator
	SeriesCasesOpen    = "cases_open"     // label area
	SeriesCasesOverdue = "cases_overdue"  // label area
)

const (
	writeEvery = 15 * time.Second // of log time: an unchanged value is written down again
	countEvery = 5 * time.Second  // a limit may pass without anybody acting
	countAge   = time.Second      // a count is shared by all who ask within this time
)

func areaSample(id indicator.ID, area event.AreaCode, v float64, at time.Time) series.Sample {
	return series.Sample{Name: SeriesIndicator, Labels: map[string]string{"indicator": string(id), "area": string(area)}, At: at, Value: v}
}

func citySample(id indicator.ID, v float64, at time.Time) series.Sample {
	return series.Sample{Name: SeriesCity, Labels: map[string]string{"indicator": string(id)}, At: at, Value: v}
}

// write appends to the history. History can be rebuilt, so a failure is logged and stops nothing.
func (s *Signs) write(ctx context.Context, samples []series.Sample) {
	if len(samples) == 0 {
		return
	}
	if err := s.o.History.Append(ctx, samples); err != nil && ctx.Err() == nil {
		s.o.Log.Warn("values are missing in the history", "count", len(samples), "error", err)
	}
}

// Run counts the cases every few seconds until ctx ends, writes the counts down, tells screens when they changed by themselves (a limit passes without
// anybody acting), and looks back into the history. It returns ctx's error.
func (s *Signs) Run(ctx context.Context) error {
	var r recount
	for {
		now := s.o.Clock.Now()
		s.count(ctx, &r, now)
		s.flush(ctx, now)
		s.glance(ctx, &r, now)
		if err := s.o.Clock.Wait(ctx, now.Add(countEvery)); err != nil {
			return err
		}
	}
}

// recount is what Run remembers from one count to the next.
type recount struct {
	last    casedesk.Counts
	written time.Time
	trend   time.Time // when it last looked back 15 minutes
	normal  time.Time // and weeks
}

// glance looks back into the history when it is time.
func (s *Signs) glance(ctx context.Context, r *recount, now time.Time) {
	usual := now.Sub(r.normal) >= outlookEvery
	if !usual && now.Sub(r.trend) < trendEvery {
		return
	}
	s.lookBack(ctx, usual)
	r.trend = now
	if usual {
		r.normal = now
	}
}

// flush writes down what has moved and waits for log time to go on, and the signs made of cases.
func (s *Signs) flush(ctx context.Context, now time.Time) {
	figures, err := s.figure(ctx)
	if err != nil && ctx.Err() == nil {
		s.o.Log.Warn("signs made of cases are missing in the history", "error", err)
	}
	s.mu.Lock()
	due := s.settle()
	if err == nil {
		due = s.settleCases(due, &figures, now)
	}
	s.mu.Unlock()
	s.write(ctx, due)
}

// settleCases is what is to be written down of the signs made of cases. An area that no longer has any counts zero.
func (s *Signs) settleCases(due []series.Sample, f *casedesk.Figures, now time.Time) []series.Sample {
	for _, d := range s.defs {
		if !d.OfCases() {
			continue
		}
		g, out := s.latest[d.ID], ofCases(d, f)
		values := map[event.AreaCode]float64{}
		for area := range g.areas {
			if d.Figure.Adds() {
				values[area] = 0
			}
		}
		for _, a := range out.Areas {
			values[a.Area] = a.Value
		}
		for area, v := range values {
			if g.place(area).wrote.due(v, now) {
				due = append(due, areaSample(d.ID, area, v, now))
			}
		}
		if out.Known && g.wrote.due(out.Value, now) {
			due = append(due, citySample(d.ID, out.Value, now))
		}
	}
	return due
}

func (s *Signs) count(ctx context.Context, r *recount, now time.Time) {
	counts, err := s.o.Cases.Count(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.o.Log.Warn("open cases are not counted", "error", err)
		}
		return
	}
	moved := !slices.Equal(r.last.Areas, counts.Areas)
	if moved {
		s.Touch()
	}
	if moved || now.Sub(r.written) >= writeEvery {
		s.write(ctx, countSamples(r.last, counts, now))
		r.written = now
	}
	r.last = counts
}

// countSamples are the counts as samples; an area that no longer has any open case gets a zero.
func countSamples(last, counts casedesk.Counts, now time.Time) []series.Sample {
	areas := map[event.AreaCode]casedesk.AreaCount{}
	for _, a := range last.Areas {
		areas[a.Area] = casedesk.AreaCount{Area: a.Area}
	}
	for _, a := range counts.Areas {
		areas[a.Area] = a
	}
	samples := make([]series.Sample, 0, 2*len(areas))
	for _, a := range areas {
		labels := map[string]string{"area": string(a.Area)}
		samples = append(samples,
			series.Sample{Name: SeriesCasesOpen, Labels: labels, At: now, Value: float64(a.Open)},
			series.Sample{Name: SeriesCasesOverdue, Labels: labels, At: now, Value: float64(a.Overdue)})
	}
	return samples
}
