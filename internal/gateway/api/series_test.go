package api_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"twoweave/internal/platform/series"
)

// history remembers what it was asked.
type history struct {
	expr           string
	at, start, end time.Time
	step           time.Duration
	label          string
	matchers       []string
}

func (h *history) Query(_ context.Context, expr string, at time.Time) (series.Result, error) {
	h.expr, h.at = expr, at
	return series.Result{Form: series.Vector}, nil
}

func (h *history) QueryRange(_ context.Context, expr string, start, end time.Time, step time.Duration) (series.Result, error) {
	h.expr, h.start, h.end, h.step = expr, start, end, step
	return series.Result{Form: series.Matrix}, nil
}

func (h *history) LabelNames(context.Context, []string, time.Time, time.Time) ([]string, error) {
	return nil, nil
}

func (h *history) LabelValues(_ context.Context, label string, matchers []string, _, _ time.Time) ([]string, error) {
	h.label, h.matchers = label, matchers
	return []string{"a"}, nil
}

func (h *history) Series(_ context.Context, matchers []string, _, _ time.Time) ([]map[string]string, error) {
	h.matchers = matchers
	return nil, nil
}

func TestPrometheusClientsAreUnderstood(t *testing.T) {
	t.Parallel()
	p := start(t)
	res, body := p.request(t, "GET", "/prometheus/api/v1/query_range?query=up&start=1000.5&end=2026-07-01T08:00:00Z&step=15s", "viewer", nil, "")
	if res.StatusCode != 200 || body["status"] != "success" || p.history.expr != "up" || p.history.start.UnixMilli() != 1000500 || !p.history.end.Equal(now) || p.history.step != 15*time.Second {
		t.Errorf("query_range answered %d %v and asked %+v", res.StatusCode, body, p.history)
	}
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	res, body = p.request(t, "POST", "/prometheus/api/v1/query", "viewer", form, url.Values{"query": {"a + b"}}.Encode())
	if res.StatusCode != 200 || p.history.expr != "a + b" || !p.history.at.Equal(now) {
		t.Errorf("query answered %d %v and asked %+v", res.StatusCode, body, p.history)
	}
	p.request(t, "GET", "/prometheus/api/v1/label/area/values?match[]=indicator", "viewer", nil, "")
	if p.history.label != "area" || len(p.history.matchers) != 1 {
		t.Errorf("label values asked %+v", p.history)
	}
	for _, query := range []string{"query=up&start=yesterday&end=1&step=1", "query=up&start=2&end=1&step=1", "query=up&start=1&end=2&step=0", "query=up"} {
		res, body := p.request(t, "GET", "/prometheus/api/v1/query_range?"+query, "viewer", nil, "")
		if res.StatusCode != 400 || body["errorType"] != "bad_data" {
			t.Errorf("%s answered %d %v", query, res.StatusCode, body)
		}
	}
}
