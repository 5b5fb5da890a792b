package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/manage/scenario"
)

// Past looks back into the log.
type Past interface {
	// Explain tells how the detection with an id came about.
	Explain(ctx context.Context, id string) (scenario.Explanation, error)
	// Backtest checks a question at once and gives what answers it, which takes as long as reading the log does. told hears now and then how far it is.
	Backtest(q Question) (answer func(ctx context.Context, told func(done, of uint64)) (scenario.Comparison, error), err error)
}

// Question asks what a changed or new scenario would have found.
type Question struct {
	Text     []byte      // YAML, as in a pack's scenarios folder
	ID       scenario.ID // which of the text's scenarios; empty when it has one
	From, To time.Time   // of the findings; zero: from the log's beginning, to its end
	Examples int         // of each kind of difference
}

const (
	maxScenario  = 1 << 20
	someExamples = 10
	maxExamples  = 1000
)

type backtestInput struct {
	ID       string    `query:"id" doc:"which of the file's scenarios; may be missing when it has one"`
	From     time.Time `query:"from" doc:"findings that start from here on; missing: from the log's beginning"`
	To       time.Time `query:"to" doc:"to here, not included; missing: to the log's end"`
	Examples int       `query:"examples" doc:"of each kind of difference, 1 … 1000; 10 when missing"`
	RawBody  []byte    `contentType:"application/yaml"`
}

// BacktestLine is one line of the answer: how far it is, what came out, or why nothing did.
type BacktestLine struct {
	Progress *BacktestProgress    `json:"progress,omitempty"`
	Result   *scenario.Comparison `json:"result,omitempty"`
	Problem  *Problem             `json:"problem,omitempty"`
}

// BacktestProgress is how far the reading of the log has come, in positions.
type BacktestProgress struct {
	Done uint64 `json:"done"`
	Of   uint64 `json:"of"`
}

func mountBacktests(a *API) {
	mount(a, route{id: "backtest-scenario", method: http.MethodPost, path: "/api/v1/backtests", tag: "detections", maxBody: maxScenario,
		summary: "What a changed scenario would have found in the retained log", action: access.ReadMachine, purpose: access.Operation, describe: describeBacktest}, a.backtest)
}

func describeBacktest(op *huma.Operation) {
	op.Description = "The body is the scenario's YAML. The answer is one JSON object a line: progress while the log is read, then result, or problem when the reading failed."
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/yaml": {}}}
	op.Responses = map[string]*huma.Response{"200": {Description: "lines of progress, then result or problem", Content: map[string]*huma.MediaType{"application/x-ndjson": {}}}}
}

func (a *API) backtest(ctx context.Context, in *backtestInput) (*huma.StreamResponse, error) {
	if err := permit(ctx, access.ReadMachine, access.Thing{Kind: "log"}); err != nil {
		return nil, err
	}
	// The answer is written after this returns, and the body's memory is used again by then.
	q := Question{Text: bytes.Clone(in.RawBody), ID: scenario.ID(in.ID), From: in.From, To: in.To, Examples: in.Examples}
	if q.Examples < 1 {
		q.Examples = someExamples
	}
	q.Examples = min(q.Examples, maxExamples)
	answer, err := a.o.Past.Backtest(q)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		_, w := humago.Unwrap(hc)
		w.Header().Set("Content-Type", "application/x-ndjson")
		w.Header().Set("X-Accel-Buffering", "no")
		a.answer(hc.Context(), w, answer)
	}}, nil
}

func (a *API) answer(ctx context.Context, w http.ResponseWriter, answer func(context.Context, func(done, of uint64)) (scenario.Comparison, error)) {
	flush, out := http.NewResponseController(w), json.NewEncoder(w)
	line := func(l BacktestLine) {
		flush.SetWriteDeadline(clock.System{}.Now().Add(sayWithin)) // the whole takes as long as it takes
		if err := out.Encode(l); err == nil {
			flush.Flush() // who has gone ends the context
		}
	}
	c, err := answer(ctx, func(done, of uint64) { line(BacktestLine{Progress: &BacktestProgress{Done: done, Of: of}}) })
	if err != nil {
		p := problemOf(err)
		if p.Status >= 500 {
			a.o.Log.ErrorContext(ctx, "request failed", "operation", "backtest-scenario", "error", err)
		}
		line(BacktestLine{Problem: p})
		return
	}
	line(BacktestLine{Result: &c})
}
