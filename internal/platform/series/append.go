package series

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"

	"twoweave/internal/base/fault"
)

// Sample is one value of one series at one time, kept to the millisecond.
type Sample struct {
	Name   string            // [a-zA-Z_:][a-zA-Z0-9_:]*
	Labels map[string]string // names [a-zA-Z_][a-zA-Z0-9_]* not beginning with "__"; an empty value is the same as no label
	At     time.Time
	Value  float64
}

// Append stores samples, of any series and in any order. It does not keep the slice.
//
// A malformed name or label in any of them is fault.Invalid with one problem each, and nothing is stored. Otherwise each sample is
// taken for itself: one that is too old, too far ahead, or contradicts a held one is left out and counted in Stats, and is no error,
// because the caller could do nothing about it. Any other error means that none was stored.
func (s *Store) Append(ctx context.Context, samples []Sample) error {
	const op = "series.Append"
	rows, err := rowsOf(samples)
	if err != nil || len(rows) == 0 {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fault.Wrap(op, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.report()
	return fault.Wrap(op, s.store(s.db.Appender(ctx), rows))
}

// store offers the rows and commits those that the library took; when it fails, these are counted as failed.
func (s *Store) store(app storage.Appender, rows []row) error {
	var taken uint64
	for _, r := range rows {
		s.offered++
		ok, err := s.offer(app, r)
		if ok {
			taken++
		}
		if err != nil {
			s.failed += taken + 1
			return errors.Join(err, app.Rollback())
		}
	}
	if err := app.Commit(); err != nil {
		s.failed += taken
		return err
	}
	return nil
}

// nameLabel is the label that carries a metric's name.
const nameLabel = "__name__"

type row struct {
	labels labels.Labels
	t      int64
	v      float64
}

// rowsOf checks the samples and puts them in time order, so that a batch is never out of order with itself.
func rowsOf(samples []Sample) ([]row, error) {
	var problems []fault.Problem
	rows := make([]row, 0, len(samples))
	for i, sample := range samples {
		if msg := sample.wrong(); msg != "" {
			problems = append(problems, fault.Problem{Field: fmt.Sprintf("samples[%d]", i), Message: msg})
			continue
		}
		rows = append(rows, sample.row())
	}
	if problems != nil {
		return nil, fault.Invalidly("series.Append", problems...)
	}
	slices.SortStableFunc(rows, func(a, b row) int { return int(max(-1, min(1, a.t-b.t))) })
	return rows, nil
}

func (s Sample) row() row {
	b := labels.NewBuilder(labels.EmptyLabels())
	b.Set(nameLabel, s.Name)
	for name, v := range s.Labels {
		b.Set(name, v) // drops empty values
	}
	v := s.Value
	if math.IsNaN(v) {
		v = math.Float64frombits(value.NormalNaN) // another NaN is the library's mark for "series ended"
	}
	return row{b.Labels(), s.At.UnixMilli(), v}
}

// wrong says what is wrong with the sample's words, or nothing.
func (s Sample) wrong() string {
	if !isName(s.Name, true) {
		return fmt.Sprintf("the metric name %q is not of the form [a-zA-Z_:][a-zA-Z0-9_:]*", s.Name)
	}
	for name, v := range s.Labels {
		switch {
		case !isName(name, false):
			return fmt.Sprintf("the label name %q is not of the form [a-zA-Z_][a-zA-Z0-9_]*", name)
		case len(name) > 1 && name[:2] == "__":
			return fmt.Sprintf("the label name %q begins with __, which is kept for the store", name)
		case !utf8.ValidString(v):
			return fmt.Sprintf("the value of label %q is not UTF-8", name)
		}
	}
	return ""
}

func isName(s string, colons bool) bool {
	for i := range len(s) {
		c := s[i]
		letter := c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z'
		digit := i > 0 && '0' <= c && c <= '9'
		if !letter && !digit && !(colons && c == ':') {
			return false
		}
	}
	return s != ""
}

// offer gives one sample to the library and says whether it took it. A sample that is left out is counted and is no error.
func (s *Store) offer(app storage.Appender, r row) (taken bool, err error) {
	if r.t > s.o.Clock.Now().Add(AheadLimit).UnixMilli() {
		s.ahead++
		s.unreported = true
		return false, nil
	}
	_, err = app.Append(0, r.labels, r.t, r.v)
	switch {
	case errors.Is(err, storage.ErrDuplicateSampleForTimestamp):
		s.conflict++
		s.unreported = true
		return false, nil
	case isTooOld(err): // counted by the library
		s.unreported = true
		return false, nil
	}
	return err == nil, err
}

func isTooOld(err error) bool {
	return errors.Is(err, storage.ErrTooOldSample) || errors.Is(err, storage.ErrOutOfBounds) || errors.Is(err, storage.ErrOutOfOrderSample)
}
