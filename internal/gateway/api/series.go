package api

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/series"
)

// Series answers questions about the history of indicators, in PromQL.
type Series interface {
	Query(ctx context.Context, expr string, at time.Time) (series.Result, error)
	QueryRange(ctx context.Context, expr string, start, end time.Time, step time.Duration) (series.Result, error)
	LabelNames(ctx context.Context, matchers []string, start, end time.Time) ([]string, error)
	LabelValues(ctx context.Context, label string, matchers []string, start, end time.Time) ([]string, error)
	Series(ctx context.Context, matchers []string, start, end time.Time) ([]map[string]string, error)
}

// PromParams are the parameters of the Prometheus HTTP API, from the query string or, with POST, from a form. (Exported since huma passes over unexported embedded types.)
type PromParams struct {
	Query string   `query:"query" doc:"a PromQL expression"`
	Time  string   `query:"time" doc:"RFC 3339 or Unix seconds; now when missing"`
	Start string   `query:"start"`
	End   string   `query:"end"`
	Step  string   `query:"step" doc:"a duration (15s) or seconds"`
	Match []string `query:"match[],explode"`
}

type promGet struct{ PromParams }

type promPost struct {
	PromParams
	RawBody []byte `contentType:"application/x-www-form-urlencoded"`
}

type promLabel struct {
	Name string `path:"name"`
	PromParams
}

type promAnswer struct {
	Status   string   `json:"status" enum:"success"`
	Data     any      `json:"data"`
	Warnings []string `json:"warnings,omitempty"`
	Infos    []string `json:"infos,omitempty"`
}

type promOutput struct{ Body promAnswer }

// promError is the Prometheus HTTP API's form of an error.
type promError struct {
	Status    string `json:"status"`
	ErrorType string `json:"errorType"`
	Message   string `json:"error"`
	code      int
}

func (e *promError) Error() string             { return e.Message }
func (e *promError) GetStatus() int            { return e.code }
func (e *promError) ContentType(string) string { return "application/json" }

// answer computes one endpoint's data.
type answer func(context.Context, PromParams) (any, []string, []string, error)

func mountSeries(a *API) {
	for path, f := range map[string]answer{"query": a.query, "query_range": a.queryRange, "labels": a.labels, "series": a.series} {
		mount(a, promRoute(http.MethodGet, path), func(ctx context.Context, in *promGet) (*promOutput, error) {
			return a.prom(ctx, f, in.PromParams)
		})
		mount(a, promRoute(http.MethodPost, path), func(ctx context.Context, in *promPost) (*promOutput, error) {
			params, err := in.withForm()
			if err != nil {
				return nil, badData(err)
			}
			return a.prom(ctx, f, params)
		})
	}
	mount(a, promRoute(http.MethodGet, "label/{name}/values"), func(ctx context.Context, in *promLabel) (*promOutput, error) {
		return a.prom(ctx, a.labelValues(in.Name), in.PromParams)
	})
}

func promRoute(method, path string) route {
	r := route{id: "prometheus-" + path, method: method, path: "/prometheus/api/v1/" + path, tag: "series",
		summary: "Indicators' history, as the Prometheus HTTP API", action: access.ReadSigns, purpose: access.Supervision}
	if method == http.MethodPost {
		r.id += "-post"
		r.describe = func(op *huma.Operation) { op.SkipValidateBody = true }
	}
	return r
}

func (a *API) prom(ctx context.Context, f answer, p PromParams) (*promOutput, error) {
	if err := permit(ctx, access.ReadSigns, access.Thing{Kind: "series"}); err != nil {
		return nil, err
	}
	data, warnings, infos, err := f(ctx, p)
	if err != nil {
		return nil, promFault(err)
	}
	return &promOutput{Body: promAnswer{Status: "success", Data: data, Warnings: warnings, Infos: infos}}, nil
}

func (a *API) query(ctx context.Context, p PromParams) (any, []string, []string, error) {
	at, err := promTime(p.Time, a.o.Clock.Now())
	if err != nil {
		return nil, nil, nil, err
	}
	r, err := a.o.Series.Query(ctx, p.Query, at)
	return r, r.Warnings, r.Infos, err
}

func (a *API) queryRange(ctx context.Context, p PromParams) (any, []string, []string, error) {
	start, end, err := p.span(time.Time{}, time.Time{})
	if err != nil {
		return nil, nil, nil, err
	}
	step, err := promStep(p.Step)
	if err != nil {
		return nil, nil, nil, err
	}
	r, err := a.o.Series.QueryRange(ctx, p.Query, start, end, step)
	return r, r.Warnings, r.Infos, err
}

func (a *API) labels(ctx context.Context, p PromParams) (any, []string, []string, error) {
	start, end, err := p.span(time.UnixMilli(0), a.o.Clock.Now())
	if err != nil {
		return nil, nil, nil, err
	}
	names, err := a.o.Series.LabelNames(ctx, p.Match, start, end)
	return emptyNotNull(names), nil, nil, err
}

func (a *API) labelValues(label string) answer {
	return func(ctx context.Context, p PromParams) (any, []string, []string, error) {
		start, end, err := p.span(time.UnixMilli(0), a.o.Clock.Now())
		if err != nil {
			return nil, nil, nil, err
		}
		values, err := a.o.Series.LabelValues(ctx, label, p.Match, start, end)
		return emptyNotNull(values), nil, nil, err
	}
}

func (a *API) series(ctx context.Context, p PromParams) (any, []string, []string, error) {
	start, end, err := p.span(time.UnixMilli(0), a.o.Clock.Now())
	if err != nil {
		return nil, nil, nil, err
	}
	found, err := a.o.Series.Series(ctx, p.Match, start, end)
	return emptyNotNull(found), nil, nil, err
}

// withForm adds the form's parameters to the query string's.
func (in *promPost) withForm() (PromParams, error) {
	form, err := url.ParseQuery(string(in.RawBody))
	if err != nil {
		return PromParams{}, fault.New(fault.Invalid, "api", "the form cannot be read: percent-encode its values")
	}
	p := in.PromParams
	for name, target := range map[string]*string{"query": &p.Query, "time": &p.Time, "start": &p.Start, "end": &p.End, "step": &p.Step} {
		if form.Has(name) {
			*target = form.Get(name)
		}
	}
	p.Match = append(p.Match, form["match[]"]...)
	return p, nil
}

func (p PromParams) span(from, to time.Time) (start, end time.Time, err error) {
	if start, err = promTime(p.Start, from); err != nil {
		return
	}
	if end, err = promTime(p.End, to); err != nil {
		return
	}
	if start.IsZero() || end.IsZero() {
		err = fault.New(fault.Invalid, "api", "start and end are needed, as RFC 3339 or Unix seconds")
	} else if end.Before(start) {
		err = fault.New(fault.Invalid, "api", "end lies before start")
	}
	return
}

func promTime(s string, missing time.Time) (time.Time, error) {
	if s == "" {
		return missing, nil
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && math.Abs(f) < 1e11 {
		return time.UnixMilli(int64(math.Round(f * 1000))).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, fault.New(fault.Invalid, "api", "%q is no time: allowed are RFC 3339 and Unix seconds", s)
	}
	return t, nil
}

func promStep(s string) (time.Duration, error) {
	if f, err := strconv.ParseFloat(s, 64); err == nil && f > 0 && f < 1e9 {
		return time.Duration(f * float64(time.Second)), nil
	}
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return d, nil
	}
	return 0, fault.New(fault.Invalid, "api", "step %q must be a duration above zero such as 15s, or seconds", s)
}

func promFault(err error) error {
	e := &promError{Status: "error", ErrorType: "execution", Message: fault.Message(err), code: http.StatusUnprocessableEntity}
	for _, p := range fault.Problems(err) {
		e.Message = fmt.Sprintf("%s: %s", e.Message, p)
	}
	switch fault.KindOf(err) {
	case fault.Invalid:
		return badData(err)
	case fault.Unavailable, fault.Exhausted:
		e.ErrorType, e.code = "timeout", http.StatusServiceUnavailable
	case fault.Internal:
		e.ErrorType, e.code = "internal", http.StatusInternalServerError
	}
	return e
}

func badData(err error) error {
	return &promError{Status: "error", ErrorType: "bad_data", Message: fault.Message(err), code: http.StatusBadRequest}
}

func emptyNotNull[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
