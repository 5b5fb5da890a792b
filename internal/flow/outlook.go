package flow

import (
	"context"
	"fmt"
	"maps"
	"math"
	"time"

	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/indicator"
)

const (
	trendOver    = 15 * time.Minute
	week         = 7 * 24 * time.Hour
	weeks        = 4
	trendEvery   = 15 * time.Second
	outlookEvery = time.Minute
	outlookTakes = 10 * time.Second // at most: counting waits for it
)

// outlook is what the history says of a sign.
type outlook struct {
	before *float64
	normal *casedesk.Normal
}

func (o outlook) show(s *casedesk.Sign) {
	s.Before = o.before
	s.Normal = o.normal
}

// lookBack asks the history, as it stands at the newest log time, what the values were 15 minutes before and, when usual is true, what they usually are
// at this hour. What it finds replaces what was known; when the history does not answer, that stays.
func (s *Signs) lookBack(ctx context.Context, usual bool) {
	ctx, cancel := context.WithTimeout(ctx, outlookTakes)
	defer cancel()
	s.mu.Lock()
	at, found := s.at, maps.Clone(s.outlooks)
	s.mu.Unlock()
	if at.IsZero() {
		at = s.o.Clock.Now()
	}
	if s.before(ctx, at, found) && (!usual || s.normal(ctx, at, found)) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !maps.EqualFunc(s.outlooks, found, outlook.same) {
			s.outlooks = found
			s.touch()
		}
	}
}

func (o outlook) same(x outlook) bool { return same(o.before, x.before) && same(o.normal, x.normal) }

func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

// ask gives one number for each indicator that the answer has.
func (s *Signs) ask(ctx context.Context, query string, at time.Time) (map[indicator.ID]float64, bool) {
	r, err := s.o.History.Query(ctx, query, at)
	if err != nil {
		if ctx.Err() == nil {
			s.o.Log.Warn("the history does not say what is usual", "error", err)
		}
		return nil, false
	}
	all := map[indicator.ID]float64{}
	for _, x := range r.Series {
		if v := x.Points[0].Value; !math.IsNaN(v) {
			all[indicator.ID(x.Metric["indicator"])] = v
		}
	}
	return all, true
}

func (s *Signs) before(ctx context.Context, at time.Time, found map[indicator.ID]outlook) bool {
	values, ok := s.ask(ctx, fmt.Sprintf("%s offset %s", SeriesCity, promTime(trendOver)), at)
	if !ok {
		return false
	}
	for id, o := range found {
		o.before = nil
		found[id] = o
	}
	for id, v := range values {
		o := found[id]
		v = round(v)
		o.before = &v
		found[id] = o
	}
	return true
}

// hour is one earlier week's hour: the mean of its minutes and their deviation.
type hour struct{ mean, deviation float64 }

// normal looks at the hour around this moment of the week, half before and half after, in the weeks before.
func (s *Signs) normal(ctx context.Context, at time.Time, found map[indicator.ID]outlook) bool {
	hours := map[indicator.ID][]hour{}
	for k := 1; k <= weeks; k++ {
		minutes := fmt.Sprintf("_over_time(%s[1h:1m] offset %s)", SeriesCity, promTime(time.Duration(k)*week-30*time.Minute))
		means, ok := s.ask(ctx, "avg"+minutes, at)
		if !ok {
			return false
		}
		deviations, ok := s.ask(ctx, "stddev"+minutes, at)
		if !ok {
			return false
		}
		for id, mean := range means {
			hours[id] = append(hours[id], hour{mean, deviations[id]})
		}
	}
	for id, o := range found {
		o.normal = nil
		found[id] = o
	}
	for id, all := range hours {
		o := found[id]
		o.normal = usual(all)
		found[id] = o
	}
	return true
}

// usual is the mean of all minutes and their standard deviation around it, each week with the same weight.
func usual(all []hour) *casedesk.Normal {
	n := casedesk.Normal{Weeks: len(all)}
	for _, h := range all {
		n.Mean += h.mean / float64(len(all))
	}
	var square float64
	for _, h := range all {
		square += (h.deviation*h.deviation + (h.mean-n.Mean)*(h.mean-n.Mean)) / float64(len(all))
	}
	n.Mean, n.Spread = round(n.Mean), round(math.Sqrt(square))
	return &n
}

// promTime is a length of time as PromQL writes it.
func promTime(d time.Duration) string { return fmt.Sprintf("%ds", int64(d/time.Second)) }
