package flow

import (
	"context"
	"slices"
	"time"

	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/indicator"
)

// counted is a count of the open cases that many screens share.
type counted struct {
	casedesk.Counts
	cases uint64 // Signs.cases when it began
	at    time.Time
}

// figured is the cases in figures that many screens share.
type figured struct {
	casedesk.Figures
	at   time.Time
	rest time.Duration // not to be counted again before
}

// figureShare bounds what counting figures costs: it rests this many times as long as it took.
const figureShare = 20

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

// figure is the cases in figures, at most countAge old, or a little more where there are so many that counting takes long. It asks nothing when no sign is
// made of cases.
func (s *Signs) figure(ctx context.Context) (casedesk.Figures, error) {
	now := s.o.Clock.Now()
	s.mu.Lock()
	last, wanted := s.figures, slices.ContainsFunc(s.defs, func(d *indicator.Compiled) bool { return d.OfCases() })
	s.mu.Unlock()
	if age := now.Sub(last.at); !wanted || age >= 0 && age < last.rest {
		return last.Figures, nil
	}
	f, err := s.o.Cases.Figures(ctx)
	if err != nil {
		return casedesk.Figures{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.figures = figured{f, now, max(countAge, figureShare*s.o.Clock.Now().Sub(now))}
	return f, nil
}
