package series

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"twoweave/internal/base/fault"
)

// MaxPoints is how many points one series of a range query may have; it is Prometheus' own limit.
const MaxPoints = 11_000

// Query evaluates a PromQL expression at one time; the zero time means now. Errors: fault.Invalid for an expression that does not parse
// or cannot be evaluated, fault.Exhausted when it would hold more samples than allowed, fault.Unavailable when it took too long.
func (s *Store) Query(ctx context.Context, expr string, at time.Time) (Result, error) {
	if at.IsZero() {
		at = s.o.Clock.Now()
	}
	q, err := s.engine.NewInstantQuery(ctx, s.db, nil, expr, at)
	if err != nil {
		return Result{}, parseFault(err)
	}
	return run(ctx, q)
}

// QueryRange evaluates a PromQL expression at start, start+step, … up to end, at most MaxPoints times. A zero end means now. Errors as
// for Query; a bad range is fault.Invalid.
func (s *Store) QueryRange(ctx context.Context, expr string, start, end time.Time, step time.Duration) (Result, error) {
	if end.IsZero() {
		end = s.o.Clock.Now()
	}
	if err := checkRange(start, end, step); err != nil {
		return Result{}, err
	}
	q, err := s.engine.NewRangeQuery(ctx, s.db, nil, expr, start, end, step)
	if err != nil {
		return Result{}, parseFault(err)
	}
	return run(ctx, q)
}

func checkRange(start, end time.Time, step time.Duration) error {
	const op = "series.QueryRange"
	switch {
	case step < time.Millisecond:
		return fault.Invalidly(op, fault.Problem{Field: "step", Message: "must be a millisecond or more"})
	case end.Before(start):
		return fault.Invalidly(op, fault.Problem{Field: "end", Message: "must not be before start"})
	case end.Sub(start)/step >= MaxPoints:
		return fault.Invalidly(op, fault.Problem{Field: "step",
			Message: fmt.Sprintf("gives more than %d points per series; make it longer or the range shorter", MaxPoints)})
	}
	return nil
}

// run evaluates q and copies its answer, whose memory the engine takes back.
func run(ctx context.Context, q promql.Query) (Result, error) {
	defer q.Close()
	answer := q.Exec(ctx)
	if answer.Err != nil {
		return Result{}, evalFault(answer.Err)
	}
	r, err := resultOf(answer.Value)
	if err != nil {
		return Result{}, err
	}
	r.Warnings, r.Infos = answer.Warnings.AsStrings(q.String(), 10, 10)
	return r, nil
}

// parseFault turns the parser's errors into problems with a column, counted in bytes from 1.
func parseFault(err error) error {
	const op = "series.parse"
	errs, ok := errors.AsType[parser.ParseErrors](err)
	if !ok {
		return &fault.Error{Kind: fault.Invalid, Op: op, Msg: err.Error()}
	}
	problems := make([]fault.Problem, len(errs))
	for i, e := range errs {
		problems[i] = fault.Problem{Line: 1, Column: int(e.PositionRange.Start) + 1, Field: "query", Message: e.Err.Error()}
	}
	return fault.Invalidly(op, problems...)
}

func evalFault(err error) error {
	const op = "series.evaluate"
	if _, ok := errors.AsType[promql.ErrTooManySamples](err); ok {
		return &fault.Error{Kind: fault.Exhausted, Op: op, Msg: "the query would read more samples than allowed; ask for fewer series or a shorter range", Err: err}
	}
	if _, ok := errors.AsType[promql.ErrQueryTimeout](err); ok {
		return &fault.Error{Kind: fault.Unavailable, Op: op, Msg: "the query took longer than allowed", Err: err}
	}
	if _, ok := errors.AsType[promql.ErrQueryCanceled](err); ok {
		return &fault.Error{Kind: fault.Unavailable, Op: op, Msg: "the query was cancelled", Err: err}
	}
	if _, ok := errors.AsType[promql.ErrStorage](err); ok {
		return fault.Wrap(op, err)
	}
	return &fault.Error{Kind: fault.Invalid, Op: op, Msg: err.Error()} // many-to-many matching and the like
}
