package flow

import (
	"cmp"
	"context"
	"log/slog"
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

// silentAfter is when a partition that says nothing, while others speak, is taken to be computed by another program: each says everything once a minute.
const silentAfter = 2 * time.Minute

// Counter counts cases.
type Counter interface {
	Count(ctx context.Context) (casedesk.Counts, error)
	Figures(ctx context.Context) (casedesk.Figures, error)
}

// History is where values are written down and looked up: *series.Store.
type History interface {
	Append(ctx context.Context, samples []series.Sample) error
	Query(ctx context.Context, expr string, at time.Time) (series.Result, error)
}

// SignsOptions are what Signs works with; all are needed.
type SignsOptions struct {
	Cases   Counter
	History History
	Clock   clock.Clock
	Log     *slog.Logger
}

// Signs holds the latest values of the partitions that this program computes. It is safe for many goroutines.
type Signs struct {
	o SignsOptions

	mu       sync.Mutex
	defs     []*indicator.Compiled // in the order of the wall
	classes  []indicator.Class
	latest   map[indicator.ID]*sign
	at       time.Time // log time of the newest sample
	heard    time.Time // when it came
	revision uint64
	changed  chan struct{} // closed at the next change
	cases    uint64        // grows with every change of cases
	counted  counted
	figures  figured
	outlooks map[indicator.ID]outlook
}

// NewSigns makes an empty board; Use tells it which indicators there are.
func NewSigns(o SignsOptions) *Signs {
	return &Signs{o: o, latest: map[indicator.ID]*sign{}, classes: []indicator.Class{}, changed: make(chan struct{}), outlooks: map[indicator.ID]outlook{}}
}

// Use replaces the indicators that are shown. Values of those that stay as they are measured are kept.
func (s *Signs) Use(defs []*indicator.Compiled) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.defs = slices.SortedFunc(slices.Values(defs), func(a, b *indicator.Compiled) int {
		return cmp.Or(cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.ID, b.ID))
	})
	s.classes = []indicator.Class{}
	kept := map[indicator.ID]*sign{}
	for _, d := range s.defs {
		if d.Group != nil && (len(s.classes) == 0 || s.classes[len(s.classes)-1].ID != d.Group.ID) {
			s.classes = append(s.classes, *d.Group)
		}
		kept[d.ID] = &sign{def: d, areas: map[event.AreaCode]*place{}}
		if old := s.latest[d.ID]; old != nil && old.def.Hash == d.Hash {
			kept[d.ID].areas, kept[d.ID].wrote = old.areas, old.wrote
		}
	}
	s.latest, s.figures = kept, figured{}
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

// Samples takes values as detection finds them. An older value than the latest of its partition, which comes again after a restart, is passed over.
func (s *Signs) Samples(ctx context.Context, samples []indicator.Sample) {
	s.write(ctx, s.take(samples))
}

// take keeps new values. When log time moves on, it returns what is to be written down of the time before.
func (s *Signs) take(samples []indicator.Sample) []series.Sample {
	now := s.o.Clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []series.Sample
	moved := false
	for i := range samples {
		x := &samples[i]
		g := s.latest[x.Indicator]
		if g == nil {
			continue // of an activation that is not shown yet, or no more
		}
		if x.At.After(s.at) {
			due = append(due, s.settle()...)
			s.at = x.At
		}
		if g.place(x.Area).put(x, now) {
			s.heard, moved = now, true
		}
	}
	if moved {
		s.touch()
	}
	return due
}

// Snapshot is the board now. The caller has asked access about access.ReadSigns. However many screens ask, the cases are counted again only after a change
// of cases or after a second, whichever is first, and the signs made of cases once a second. The slices inside OpenCases are shared: read them only.
func (s *Signs) Snapshot(ctx context.Context) (casedesk.Board, error) {
	counts, err := s.counts(ctx)
	if err != nil {
		return casedesk.Board{}, err
	}
	figures, err := s.figure(ctx)
	if err != nil {
		return casedesk.Board{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := casedesk.Board{
		At: s.at.Truncate(time.Millisecond), Classes: s.classes, Signs: make([]casedesk.Sign, len(s.defs)), OpenCases: counts,
		StaleSec: int(StaleAfter / time.Second),
	}
	for i, d := range s.defs {
		if d.OfCases() {
			b.Signs[i] = ofCases(d, &figures)
		} else {
			b.Signs[i] = s.latest[d.ID].show(s.silent(), &counts)
		}
		s.outlooks[d.ID].show(&b.Signs[i])
	}
	return b, nil
}

// silent is the moment before which whoever spoke last is silent now.
func (s *Signs) silent() time.Time { return s.heard.Add(-silentAfter) }

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
