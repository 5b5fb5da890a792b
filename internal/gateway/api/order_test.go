package api_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/orderdesk"
	"twoweave/internal/platform/command"
)

// orders remembers what it was asked, and refuses what it is told to.
type orders struct {
	mu    sync.Mutex
	asked []command.Request
	draft order.Draft
	kind  order.Kind
	why   string
	f     orderdesk.Filter
	level order.Level // of the board
	err   error
}

func (o *orders) note(r command.Request) (orderdesk.View, error) {
	o.asked = append(o.asked, r)
	return orderdesk.View{ID: "o-1", Status: order.Proposed}, o.err
}

func (o *orders) Give(_ context.Context, r command.Request, kind order.Kind, draft order.Draft) (orderdesk.View, error) {
	o.kind, o.draft = kind, draft
	return o.note(r)
}

func (o *orders) Confirm(_ context.Context, r command.Request, _ order.ID) (orderdesk.View, error) {
	return o.note(r)
}

func (o *orders) End(_ context.Context, r command.Request, _ order.ID, why string) (orderdesk.View, error) {
	o.why = why
	return o.note(r)
}

func (o *orders) List(_ context.Context, _ access.Actor, f orderdesk.Filter) (orderdesk.Page, error) {
	o.f = f
	return orderdesk.Page{Items: []orderdesk.View{{ID: "o-1"}}}, o.err
}

func (o *orders) Board(context.Context) (orderdesk.Board, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return orderdesk.Board{At: now, Highest: o.level}, nil
}

func (o *orders) Scenarios(access.Actor) ([]orderdesk.ScenarioName, error) {
	return []orderdesk.ScenarioName{{ID: "ponding"}}, o.err
}

func (o *orders) raise(l order.Level) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.level = l
}

var keyed = map[string]string{"Idempotency-Key": "k", "Content-Type": "application/json"}

func TestOrdersReachTheDeskAsTheyWereGiven(t *testing.T) {
	t.Parallel()
	p := start(t)
	res, v := p.request(t, "POST", "/api/v1/states", "operator", keyed, `{"level":"emergency-3","area":"a1","for":"6h","why":"typhoon"}`)
	if res.StatusCode != 200 || v["id"] != "o-1" || p.orders.kind != order.PutState || p.orders.draft.For != 6*time.Hour || p.orders.draft.Level != order.Emergency3 ||
		p.orders.draft.Area != "a1" || p.orders.draft.Why != "typhoon" || !p.orders.draft.Until.IsZero() {
		t.Errorf("answered %d %v, asked %+v", res.StatusCode, v, p.orders.draft)
	}
	if r := p.orders.asked[0]; r.IdempotencyKey != "k" || r.Actor.ID != "o" || r.Route != "/api/v1/states" {
		t.Errorf("asked as %+v", r)
	}
	res, _ = p.request(t, "POST", "/api/v1/silences", "operator", keyed, `{"scenarios":["noise"],"subjects":["s-1"],"until":"2026-07-01T20:00:00+08:00","ground":"permit","why":"night work"}`)
	if d := p.orders.draft; res.StatusCode != 200 || p.orders.kind != order.PutSilence || d.Ground != order.Permit || d.Scenarios[0] != "noise" || !d.Until.Equal(now.Add(4*time.Hour)) {
		t.Errorf("answered %d, asked %+v", res.StatusCode, d)
	}
	if res, _ = p.request(t, "POST", "/api/v1/orders/o-1/confirm", "admin", keyed, ""); res.StatusCode != 200 || p.orders.asked[2].Route != "/api/v1/orders/o-1/confirm" {
		t.Errorf("confirm answered %d", res.StatusCode)
	}
	if res, _ = p.request(t, "POST", "/api/v1/orders/o-1/end", "operator", keyed, `{"why":"calm"}`); res.StatusCode != 200 || p.orders.why != "calm" {
		t.Errorf("end answered %d, why %q", res.StatusCode, p.orders.why)
	}
	if res, _ = p.request(t, "GET", "/api/v1/orders?status=proposed&kind=state&limit=7", "operator", nil, ""); res.StatusCode != 200 || p.orders.f != (orderdesk.Filter{Status: order.Proposed, Kind: order.PutState, Limit: 7}) {
		t.Errorf("list answered %d for %+v", res.StatusCode, p.orders.f)
	}
	if res, v = p.request(t, "GET", "/api/v1/scenarios", "operator", nil, ""); res.StatusCode != 200 || v["items"] == nil {
		t.Errorf("the scenarios answered %d %v", res.StatusCode, v)
	}
	if res, _ = p.request(t, "GET", "/api/v1/states", "viewer", nil, ""); res.StatusCode != 200 {
		t.Errorf("the states answered a viewer with %d", res.StatusCode)
	}
}

func TestWrongOrdersAreToldWhatIsWrong(t *testing.T) {
	t.Parallel()
	p := start(t)
	for name, c := range map[string]struct {
		path, key, body string
		header          map[string]string
		status          int
		err             error
	}{
		"no key":         {"/api/v1/states", "operator", `{"level":"special","why":"y"}`, map[string]string{"Content-Type": "application/json"}, 422, nil},
		"no time":        {"/api/v1/states", "operator", `{"level":"special","why":"y","for":"soon"}`, keyed, 422, nil},
		"a past time":    {"/api/v1/silences", "operator", `{"why":"y","for":"-1h"}`, keyed, 422, nil},
		"unknown field":  {"/api/v1/states", "operator", `{"level":"special","why":"y","colour":"red"}`, keyed, 422, nil},
		"the own one":    {"/api/v1/orders/o-1/confirm", "admin", "", keyed, 403, fault.New(fault.Denied, "test", "two persons")},
		"not there":      {"/api/v1/orders/o-1/end", "operator", `{"why":"y"}`, keyed, 404, fault.New(fault.NotFound, "test", "none")},
		"nobody":         {"/api/v1/states", "", `{"level":"special","why":"y"}`, keyed, 401, nil},
		"several things": {"/api/v1/states", "operator", `{"level":"red","why":""}`, keyed, 422, fault.Invalidly("test", fault.Problem{Field: "level", Message: "is red"}, fault.Problem{Field: "why", Message: "is missing"})},
	} {
		p.orders.err = c.err
		res, problem := p.request(t, "POST", c.path, c.key, c.header, c.body)
		if res.StatusCode != c.status || problem["detail"] == "" {
			t.Errorf("%s answered %d %v", name, res.StatusCode, problem)
		}
		if c.status == 422 && problem["problems"] == nil {
			t.Errorf("%s names no field: %v", name, problem)
		}
	}
}

func TestAViewerHearsOfTheCitysStateOnceAChange(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.orders.raise(order.Daily)
	lines := p.follow(t, "viewer", "states")
	if got := <-lines; !strings.Contains(got, `"highest":"daily"`) {
		t.Fatalf("first %s", got)
	}
	p.orders.raise(order.Emergency4)
	if got := <-lines; !strings.Contains(got, `"highest":"emergency-4"`) {
		t.Errorf("then %s", got)
	}
}
