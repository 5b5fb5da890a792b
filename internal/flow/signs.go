package flow

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/platform/series"
)

// StaleAfter is the age at which a screen must show that a value may no longer hold.
const StaleAfter = 15 * time.Second

// Counter counts open cases.
type Counter interface {
	Count(ctx context.Context) (casedesk.Counts, error)
}

// History is where values are written down: *series.Store.
type History interface {
	Append(ctx context.Context, samples []series.Sample) error
}

// SignsOptions are what Signs works with; all are needed.
type SignsOptions struct {
	Cases   Counter
	History History
	Clock   clock.Clock
	Log     *slog.Logger
}

// Signs holds the latest values. It is safe for many goroutines.
type Signs struct {
	o SignsOptions

	mu       sync.Mutex
	defs     []indicator.Indicator
	latest   map[indicator.ID]map[event.AreaCode]value
	at       time.Time
	revision uint64
	changed  chan struct{} // closed at the next change
	cases    uint64        // grows with every change of cases
	counted  counted
}

// counted is a count of the open cases that many screens share.
type counted struct {
	casedesk.Counts
	cases uint64 // Signs.cases when it began
	at    time.Time
}

// value is the latest value of one indicator in one area, and when it was last written down.
type value struct {
	v       float64
	at      time.Time
	written time.Time
}

// NewSigns makes an empty board; Use tells it which indicators there are.
func NewSigns(o SignsOptions) *Signs {
	return &Signs{o: o, latest: map[indicator.ID]map[event.AreaCode]value{}, changed: make(chan struct{})}
}

// Use replaces the indicators that are shown, in the order given. Values of those that stay are kept.
func (s *Signs) Use(defs []*indicator.Compiled) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.defs = make([]indicator.Indicator, len(defs))
	kept := map[indicator.ID]map[event.AreaCode]value{}
	for i, d := range defs {
		s.defs[i] = d.Indicator
		if values := s.latest[d.ID]; values != nil {
			kept[d.ID] = values
		}
	}
	s.latest = kept
	s.touch()
}

// Revision grows whenever Snapshot might give another answer.
func (s *Signs) Revision() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.revision
}

// Changed is closed at the next change. Take it before Snapshot, so that no change is missed between the two.
func (s *Signs) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// Touch says that cases have changed.
func (s *Signs) Touch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cases++
	s.touch()
}

func (s *Signs) touch() {
	s.revision++
	close(s.changed)
	s.changed = make(chan struct{})
}

// Samples takes values as detection finds them. An older value than the latest of its area, which comes again after a restart, is passed over.
func (s *Signs) Samples(ctx context.Context, samples []indicator.Sample) {
	if due := s.take(samples); len(due) > 0 {
		s.write(ctx, due)
	}
}

// take keeps new values and returns those to write down.
func (s *Signs) take(samples []indicator.Sample) []series.Sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []series.Sample
	moved := false
	for _, sample := range samples {
		areas := s.latest[sample.Indicator]
		if areas == nil {
			areas = map[event.AreaCode]value{}
			s.latest[sample.Indicator] = areas
		}
		old, known := areas[sample.Area]
		if known && !sample.At.After(old.at) {
			continue
		}
		now := value{v: sample.Value, at: sample.At, written: old.written}
		if !known || now.v != old.v || now.at.Sub(old.written) >= writeEvery {
			due = append(due, historyOf(sample))
			now.written = now.at
		}
		areas[sample.Area] = now
		s.at, moved = later(s.at, sample.At), true
	}
	if moved {
		s.touch()
	}
	return due
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Snapshot is the board now. The caller has asked access about access.ReadSigns. However many screens ask, the cases are counted again only after a change
// of cases or after a second, whichever is first. The slices inside OpenCases are shared: read them only.
func (s *Signs) Snapshot(ctx context.Context) (casedesk.Board, error) {
	counts, err := s.counts(ctx)
	if err != nil {
		return casedesk.Board{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := casedesk.Board{At: s.at.Truncate(time.Millisecond), Signs: []casedesk.Sign{}, OpenCases: counts, StaleSec: int(StaleAfter / time.Second)}
	for i := range s.defs {
		b.Signs = append(b.Signs, sign(&s.defs[i], s.latest[s.defs[i].ID], counts))
	}
	return b, nil
}

// counts is a count of the cases as they are now, or were at most countAge ago when nobody has told of a change since.
func (s *Signs) counts(ctx context.Context) (casedesk.Counts, error) {
	now := s.o.Clock.Now()
	s.mu.Lock()
	last, cases := s.counted, s.cases
	s.mu.Unlock()
	if age := now.Sub(last.at); last.cases == cases && age >= 0 && age < countAge {
		return last.Counts, nil
	}
	n, err := s.o.Cases.Count(ctx)
	if err != nil {
		return casedesk.Counts{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if cases >= s.counted.cases {
		s.counted = counted{Counts: n, cases: cases, at: now}
	}
	return n, nil
}

// sign sums up an indicator's areas.
func sign(def *indicator.Indicator, areas map[event.AreaCode]value, counts casedesk.Counts) casedesk.Sign {
	out := casedesk.Sign{Indicator: def.ID, Title: def.Title, Unit: def.Unit, Bands: def.City, Areas: []casedesk.AreaSign{}}
	for _, area := range slices.Sorted(maps.Keys(areas)) { // in order, so that the sum is the same each time
		v := areas[area]
		out.Value += v.v
		out.At = later(out.At, v.at)
		out.Areas = append(out.Areas, casedesk.AreaSign{Area: area, Value: v.v, Band: def.Bands.Of(v.v)})
	}
	out.At, out.Band = out.At.Truncate(time.Millisecond), def.City.Of(out.Value)
	for _, n := range counts.ByScenario {
		if slices.Contains(def.Scenarios, n.Scenario) {
			out.Cases += n.Open
		}
	}
	return out
}
