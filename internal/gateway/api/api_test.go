package api_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/gateway/api"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/event"
)

var now = time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)

// inbox accepts every event whose type is known to it.
type inbox struct {
	mu      sync.Mutex
	events  []event.Event
	senders []event.Sender
	refused int
	err     error
}

func (b *inbox) Accept(_ context.Context, sender event.Sender, events []event.Event) ([]api.Outcome, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]api.Outcome, len(events))
	for i, e := range events {
		if e.Type == "unknown" {
			out[i].Problems = []fault.Problem{{Field: "type", Message: "is not declared"}}
			continue
		}
		out[i].Accepted = true
		b.events, b.senders = append(b.events, e), append(b.senders, sender)
	}
	return out, b.err
}

func (b *inbox) Refuse(event.Sender, []fault.Problem) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused++
}

// facts is a fact stream held in memory.
type facts struct {
	mu     sync.Mutex
	bodies []string
	more   chan struct{} // closed and replaced at each fact
}

func newFacts() *facts { return &facts{more: make(chan struct{})} }

func (f *facts) add(body string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bodies = append(f.bodies, body)
	close(f.more)
	f.more = make(chan struct{})
}

func (f *facts) FactsLast(context.Context) (uint64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return uint64(len(f.bodies)), nil
}

func (f *facts) Follow(ctx context.Context, from uint64, fn func(uint64, string, []byte) error) error {
	for {
		f.mu.Lock()
		pending, more := f.bodies[from:], f.more
		f.mu.Unlock()
		for _, body := range pending {
			from++
			if err := fn(from, "fact.case.x", []byte(body)); err != nil {
				return err
			}
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

type signs struct{}

func (signs) Snapshot(context.Context) (casedesk.Board, error) { return casedesk.Board{At: now}, nil }
func (signs) Revision() uint64                                 { return 0 }

// people by bearer key.
var people = map[string]access.Actor{
	"device":   {ID: "gauge-1", Roles: []access.Role{access.Device}},
	"viewer":   {ID: "v", Roles: []access.Role{access.Viewer}},
	"operator": {ID: "o", Roles: []access.Role{access.Operator}},
	"admin":    {ID: "a", Roles: []access.Role{access.Admin}},
	"worker":   {ID: "w", Roles: []access.Role{access.FieldWorker}, Unit: "street-1"},
}

type program struct {
	api     *api.API
	inbox   *inbox
	facts   *facts
	history *history
	orders  *orders
	duties  *duties
	past    *past
	album   *album
	srv     *httptest.Server
}

func start(t *testing.T) *program {
	t.Helper()
	p := &program{inbox: &inbox{}, facts: newFacts(), history: &history{}, orders: &orders{}, duties: &duties{}, past: &past{}, album: &album{}}
	mux := http.NewServeMux()
	p.api = api.New(mux, api.Options{
		Actor: func(r *http.Request) (access.Actor, bool, error) {
			key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			actor, ok := people[key]
			if key != "" && !ok {
				return actor, false, fault.New(fault.Unauthenticated, "test", "wrong key")
			}
			return actor, ok, nil
		},
		Events: p.inbox, Facts: p.facts, Signs: signs{}, Orders: p.orders, Duty: p.duties, Places: small{}, Past: p.past, Photos: p.album, Series: p.history, Version: "test", SyncMode: func() string { return "test" },
		Clock: clock.NewManual(now), Log: slog.New(slog.DiscardHandler),
	})
	p.srv = httptest.NewServer(mux)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); p.api.Run(ctx) }()
	t.Cleanup(func() { p.srv.CloseClientConnections(); p.srv.Close(); cancel(); <-done })
	return p
}

func (p *program) request(t *testing.T, method, path, key string, header map[string]string, body string) (*http.Response, map[string]any) {
	t.Helper()
	r, err := http.NewRequest(method, p.srv.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer := map[string]any{}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatalf("%s %s: the answer is no JSON object: %v", method, path, err)
	}
	return res, answer
}

func TestEveryRoutesActionIsInTheAccessTable(t *testing.T) {
	t.Parallel()
	p := start(t)
	if len(p.api.Actions()) < 15 {
		t.Fatalf("only %d operations are mounted", len(p.api.Actions()))
	}
	for id, action := range p.api.Actions() {
		if !access.Known(action) {
			t.Errorf("operation %s performs %q, which no row of the table names", id, action)
		}
	}
}

func TestTheDescriptionIsOpenAPI31AndNamesEveryRoute(t *testing.T) {
	t.Parallel()
	p := start(t)
	_, doc := p.request(t, "GET", "/openapi.json", "", nil, "")
	if v, _ := doc["openapi"].(string); !strings.HasPrefix(v, "3.1") {
		t.Errorf("openapi = %q", v)
	}
	paths, _ := doc["paths"].(map[string]any)
	for _, path := range []string{"/api/v1/events", "/api/v1/cases/{id}/commands", "/api/v1/stream", "/prometheus/api/v1/query_range"} {
		if paths[path] == nil {
			t.Errorf("%s is not described", path)
		}
	}
}

func TestWhatNoRouteFitsIsAProblemToo(t *testing.T) {
	t.Parallel()
	p := start(t)
	res, problem := p.request(t, "DELETE", "/api/v1/events", "operator", nil, "")
	if res.StatusCode != 405 || res.Header.Get("Allow") != "POST" || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("a wrong method answered %d, Allow %q, %v", res.StatusCode, res.Header.Get("Allow"), problem)
	}
	res, problem = p.request(t, "GET", "/api/v1/nope", "operator", nil, "")
	if res.StatusCode != 404 || problem["kind"] != "not-found" {
		t.Errorf("a wrong path answered %d %v", res.StatusCode, problem)
	}
}

func TestWithoutAnAccountNothingIsTold(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, path := range []string{"/api/v1/me", "/api/v1/cases", "/api/v1/cases/x", "/api/v1/signs", "/api/v1/detections", "/api/v1/accounting", "/api/v1/stream", "/prometheus/api/v1/query?query=up"} {
		res, problem := p.request(t, "GET", path, "", nil, "")
		if res.StatusCode != 401 || problem["kind"] != "unauthenticated" || res.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s answered %d %v", path, res.StatusCode, problem)
		}
	}
	if res, _ := p.request(t, "GET", "/api/v1/accounting", "viewer", nil, ""); res.StatusCode != 403 {
		t.Errorf("a viewer got %d from the machine room", res.StatusCode)
	}
	if res, _ := p.request(t, "GET", "/api/v1/signs", "guess", nil, ""); res.StatusCode != 401 {
		t.Errorf("a wrong key got %d", res.StatusCode)
	}
}

const sample = `{"specversion":"1.0","id":"%","source":"/g","type":"water.level","subject":"p-1","data":{"cm":17}}`

func one(id string) string { return strings.Replace(sample, "%", id, 1) }

func TestEventsComeInEveryMode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header map[string]string
		body   string
		want   int
	}{
		"structured": {map[string]string{"Content-Type": "application/cloudevents+json; charset=utf-8"}, one("1"), 1},
		"batch":      {map[string]string{"Content-Type": "application/cloudevents-batch+json"}, "[" + one("1") + "," + one("2") + "]", 2},
		"ndjson":     {map[string]string{"Content-Type": "application/x-ndjson"}, one("1") + "\n\n" + one("2") + "\n" + one("3"), 3},
		"binary": {map[string]string{"Content-Type": "application/json", "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/g", "ce-type": "water.level",
			"ce-subject": "p-1"}, `{"cm":17}`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t)
			res, answer := p.request(t, "POST", "/api/v1/events", "device", c.header, c.body)
			if res.StatusCode != 202 || answer["accepted"] != float64(c.want) {
				t.Fatalf("answered %d %v", res.StatusCode, answer)
			}
			e := p.inbox.events[0]
			if e.ID != "1" || e.Subject != "p-1" || string(e.Data) != `{"cm":17}` || p.inbox.senders[0] != "gauge-1" {
				t.Errorf("event = %+v from %s", e, p.inbox.senders[0])
			}
		})
	}
}

func TestBadEventsAreNamedAndGoodOnesKept(t *testing.T) {
	t.Parallel()
	p := start(t)
	ndjson := map[string]string{"Content-Type": "application/x-ndjson"}
	res, answer := p.request(t, "POST", "/api/v1/events", "device", ndjson, one("1")+"\nnot json\n"+strings.Replace(one("3"), "water.level", "unknown", 1))
	refused, _ := answer["refused"].([]any)
	if res.StatusCode != 202 || answer["accepted"] != 1.0 || len(refused) != 2 || p.inbox.refused != 1 {
		t.Fatalf("answered %d %v", res.StatusCode, answer)
	}
	if first, _ := refused[0].(map[string]any); first["index"] != 1.0 {
		t.Errorf("the first refused event is %v", first)
	}
	res, problem := p.request(t, "POST", "/api/v1/events", "device", ndjson, "{}")
	if res.StatusCode != 400 || res.Header.Get("Content-Type") != "application/problem+json" || problem["problems"] == nil {
		t.Errorf("all refused answered %d %v", res.StatusCode, problem)
	}
	if res, _ := p.request(t, "POST", "/api/v1/events", "device", map[string]string{"Content-Type": "text/plain"}, "x"); res.StatusCode != 415 {
		t.Errorf("text/plain answered %d", res.StatusCode)
	}
	if res, _ := p.request(t, "POST", "/api/v1/events", "viewer", ndjson, one("1")); res.StatusCode != 403 {
		t.Errorf("a viewer's event answered %d", res.StatusCode)
	}
	p.inbox.err = fault.New(fault.Unavailable, "test", "the log is down")
	if res, _ := p.request(t, "POST", "/api/v1/events", "device", ndjson, one("9")); res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
		t.Errorf("a log that is down answered %d, Retry-After %q", res.StatusCode, res.Header.Get("Retry-After"))
	}
}
