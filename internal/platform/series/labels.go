package series

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"twoweave/internal/base/fault"
)

// MaxSeries is how many series Series lists at most.
const MaxSeries = 50_000

// The three lists share their arguments. matchers are PromQL selectors (`open_cases{area="310115005"}`); a thing is listed when any of
// them selects it, and none at all selects everything. start and end say when the series must have had samples, to the precision of a
// stored block; a zero time is no bound. A selector that does not parse is fault.Invalid.

// LabelNames lists the label names in use, sorted, "__name__" among them.
func (s *Store) LabelNames(ctx context.Context, matchers []string, start, end time.Time) ([]string, error) {
	return s.list("series.LabelNames", matchers, start, end, func(q storage.Querier, m []*labels.Matcher) ([]string, error) {
		names, _, err := q.LabelNames(ctx, nil, m...)
		return names, err
	})
}

// LabelValues lists the values of one label, sorted. A label that nothing carries has none.
func (s *Store) LabelValues(ctx context.Context, name string, matchers []string, start, end time.Time) ([]string, error) {
	if !isName(name, false) {
		return nil, fault.Invalidly("series.LabelValues", fault.Problem{Field: "name", Message: fmt.Sprintf("%q is not a label name", name)})
	}
	return s.list("series.LabelValues", matchers, start, end, func(q storage.Querier, m []*labels.Matcher) ([]string, error) {
		values, _, err := q.LabelValues(ctx, name, nil, m...)
		return values, err
	})
}

// Series lists the label sets of the series that the matchers select; here at least one is required. More than MaxSeries is
// fault.Exhausted.
func (s *Store) Series(ctx context.Context, matchers []string, start, end time.Time) ([]map[string]string, error) {
	const op = "series.Series"
	if len(matchers) == 0 {
		return nil, fault.Invalidly(op, fault.Problem{Field: "match[]", Message: "is required: a selector such as open_cases"})
	}
	all := []map[string]string{}
	err := s.each(op, matchers, start, end, func(q storage.Querier, sets [][]*labels.Matcher) error {
		set := selectAny(ctx, q, sets)
		for set.Next() {
			if len(all) == MaxSeries {
				return fault.New(fault.Exhausted, op, "the selectors match more than %d series", MaxSeries)
			}
			all = append(all, set.At().Labels().Map())
		}
		return set.Err()
	})
	return all, err
}

// selectAny selects each series once, whichever of the selectors it matches.
func selectAny(ctx context.Context, q storage.Querier, selectors [][]*labels.Matcher) storage.SeriesSet {
	hints := &storage.SelectHints{Start: math.MinInt64, End: math.MaxInt64, Func: "series"} // "series": no samples are read
	sets := make([]storage.SeriesSet, len(selectors))
	for i, m := range selectors {
		sets[i] = q.Select(ctx, true, hints, m...)
	}
	return storage.NewMergeSeriesSet(sets, 0, storage.ChainedSeriesMerge)
}

type lister func(q storage.Querier, m []*labels.Matcher) ([]string, error)

// list is the sorted union of one over the selectors.
func (s *Store) list(op string, matchers []string, start, end time.Time, one lister) ([]string, error) {
	union := []string{}
	err := s.each(op, matchers, start, end, func(q storage.Querier, selectors [][]*labels.Matcher) error {
		if len(selectors) == 0 {
			selectors = [][]*labels.Matcher{nil}
		}
		for _, m := range selectors {
			found, err := one(q, m)
			if err != nil {
				return err
			}
			for _, v := range found {
				union = append(union, string([]byte(v))) // the library's strings end with its querier
			}
		}
		return nil
	})
	slices.Sort(union)
	return slices.Compact(union), err
}

// each opens a querier for the time, parses the selectors and runs fn.
func (s *Store) each(op string, matchers []string, start, end time.Time, fn func(storage.Querier, [][]*labels.Matcher) error) error {
	selectors, err := s.parser.ParseMetricSelectors(matchers)
	if err != nil {
		return parseFault(err)
	}
	q, err := s.db.Querier(bound(start, math.MinInt64), bound(end, math.MaxInt64))
	if err != nil {
		return fault.Wrap(op, err)
	}
	defer q.Close()
	return fault.Wrap(op, fn(q, selectors))
}

func bound(t time.Time, otherwise int64) int64 {
	if t.IsZero() {
		return otherwise
	}
	return t.UnixMilli()
}
