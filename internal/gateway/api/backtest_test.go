package api_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/gateway/api"
	"twoweave/internal/manage/scenario"
)

// past knows one detection, and answers questions as it is told.
type past struct {
	asked  api.Question
	wrong  error // before the answer begins
	broken error // while it is given
}

func (p *past) Explain(_ context.Context, id string) (scenario.Explanation, error) {
	if id != "d-1" {
		return scenario.Explanation{}, fault.New(fault.NotFound, "test", "there is no detection %s", id)
	}
	return scenario.Explanation{ID: id, Looks: []scenario.Look{}, Recomputed: true}, nil
}

func (p *past) Backtest(q api.Question) (func(context.Context, func(done, of uint64)) (scenario.Comparison, error), error) {
	p.asked = q
	return func(_ context.Context, told func(done, of uint64)) (scenario.Comparison, error) {
		told(1, 2)
		return scenario.Comparison{Gained: 3}, p.broken
	}, p.wrong
}

func TestADetectionIsExplained(t *testing.T) {
	t.Parallel()
	p := start(t)
	res, x := p.request(t, http.MethodGet, "/api/v1/detections/d-1/explanation", "operator", nil, "")
	if res.StatusCode != http.StatusOK || x["recomputed"] != true {
		t.Errorf("%d %v", res.StatusCode, x)
	}
	if res, _ := p.request(t, http.MethodGet, "/api/v1/detections/d-2/explanation", "operator", nil, ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("unknown: %d", res.StatusCode)
	}
	for _, who := range []string{"viewer", "worker", "device"} {
		if res, _ := p.request(t, http.MethodGet, "/api/v1/detections/d-1/explanation", who, nil, ""); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", who, res.StatusCode)
		}
	}
}

// backtest posts a scenario and reads the lines of the answer.
func (p *program) backtest(t *testing.T, query url.Values) (lines []api.BacktestLine) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, p.srv.URL+"/api/v1/backtests?"+query.Encode(), strings.NewReader("scenario: x"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer operator")
	r.Header.Set("Content-Type", "application/yaml")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/x-ndjson" {
		t.Fatalf("%s %v", res.Status, res.Header)
	}
	in := json.NewDecoder(res.Body)
	for {
		var l api.BacktestLine
		err := in.Decode(&l)
		if err == io.EOF {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
}

func TestABacktestTellsHowFarItIs(t *testing.T) {
	t.Parallel()
	p := start(t)
	lines := p.backtest(t, url.Values{"id": {"x"}, "from": {"2026-06-01T00:00:00+08:00"}, "examples": {"9999"}})
	if len(lines) != 2 || lines[0].Progress == nil || lines[0].Progress.Of != 2 || lines[1].Result == nil || lines[1].Result.Gained != 3 {
		t.Errorf("%+v", lines)
	}
	q := p.past.asked
	if string(q.Text) != "scenario: x" || q.ID != "x" || !q.From.Equal(time.Date(2026, 5, 31, 16, 0, 0, 0, time.UTC)) || !q.To.IsZero() || q.Examples != 1000 {
		t.Errorf("asked %+v", q)
	}
	p.past.broken = fault.New(fault.Exhausted, "test", "somebody else is looking back")
	lines = p.backtest(t, nil)
	if len(lines) != 2 || lines[1].Problem == nil || lines[1].Problem.Status != http.StatusTooManyRequests || p.past.asked.Examples != 10 {
		t.Errorf("%+v", lines)
	}
}

func TestWhatIsWrongWithABacktestIsToldAtOnce(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.past.wrong = fault.Invalidly("test", fault.Problem{File: "scenario", Line: 3, Field: "when", Message: "there is no variable"})
	yaml := map[string]string{"Content-Type": "application/yaml"}
	res, problem := p.request(t, http.MethodPost, "/api/v1/backtests", "admin", yaml, "scenario: x")
	if res.StatusCode != http.StatusUnprocessableEntity || len(problem["problems"].([]any)) != 1 {
		t.Errorf("%d %v", res.StatusCode, problem)
	}
	if res, _ := p.request(t, http.MethodPost, "/api/v1/backtests", "viewer", yaml, "scenario: x"); res.StatusCode != http.StatusForbidden {
		t.Errorf("viewer: %d", res.StatusCode)
	}
}
