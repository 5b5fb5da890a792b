package api_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/dutydesk"
	"twoweave/internal/platform/command"
	"twoweave/internal/registry"
)

// duties remembers what it was asked, and refuses what it is told to.
type duties struct {
	asked    []command.Request
	id, note string
	to       registry.PersonID
	draft    dutydesk.HandOverDraft
	deputy   registry.Deputy
	unit     registry.UnitID
	log      dutydesk.LogFilter
	calls    dutydesk.CallFilter
	shifts   dutydesk.HandOverFilter
	err      error
}

func (d *duties) Board(context.Context, access.Actor) (dutydesk.Board, error) {
	return dutydesk.Board{At: now, Posts: []dutydesk.PostView{{Post: "operator"}}}, d.err
}

func (d *duties) Ladder(_ context.Context, _ access.Actor, unit registry.UnitID) (dutydesk.LadderView, error) {
	d.unit = unit
	return dutydesk.LadderView{At: now}, d.err
}

func (d *duties) Log(_ context.Context, _ access.Actor, f dutydesk.LogFilter) (dutydesk.Page[dutydesk.EntryView], error) {
	d.log = f
	return dutydesk.Page[dutydesk.EntryView]{}, d.err
}

func (d *duties) Calls(_ context.Context, _ access.Actor, f dutydesk.CallFilter) (dutydesk.Page[dutydesk.CallView], error) {
	d.calls = f
	return dutydesk.Page[dutydesk.CallView]{Items: []dutydesk.CallView{{ID: "c-1"}}}, d.err
}

func (d *duties) HandOvers(_ context.Context, _ access.Actor, f dutydesk.HandOverFilter) (dutydesk.Page[dutydesk.HandOverView], error) {
	d.shifts = f
	return dutydesk.Page[dutydesk.HandOverView]{}, d.err
}

func (d *duties) Acknowledge(_ context.Context, r command.Request, id dutydesk.CallID, note string) (dutydesk.CallView, error) {
	d.asked, d.id, d.note = append(d.asked, r), string(id), note
	return dutydesk.CallView{ID: id}, d.err
}

func (d *duties) Pass(_ context.Context, r command.Request, id dutydesk.CallID, to registry.PersonID, note string) (dutydesk.CallView, error) {
	d.asked, d.id, d.to, d.note = append(d.asked, r), string(id), to, note
	return dutydesk.CallView{ID: id}, d.err
}

func (d *duties) HandOver(_ context.Context, r command.Request, draft dutydesk.HandOverDraft) (dutydesk.HandOverView, error) {
	d.asked, d.draft = append(d.asked, r), draft
	return dutydesk.HandOverView{ID: "h-1"}, d.err
}

func (d *duties) Accept(_ context.Context, r command.Request, id dutydesk.HandOverID, note string) (dutydesk.HandOverView, error) {
	d.asked, d.id, d.note = append(d.asked, r), string(id), note
	return dutydesk.HandOverView{ID: id}, d.err
}

func (d *duties) SetDeputy(_ context.Context, r command.Request, draft registry.Deputy) (dutydesk.DeputyView, error) {
	d.asked, d.deputy = append(d.asked, r), draft
	return dutydesk.DeputyView{ID: "d-1"}, d.err
}

func (d *duties) EndDeputy(_ context.Context, r command.Request, id dutydesk.DeputyID) (dutydesk.DeputyView, error) {
	d.asked, d.id = append(d.asked, r), string(id)
	return dutydesk.DeputyView{ID: id}, d.err
}

func TestTheDutyRoomIsAskedAsItWasMeant(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, c := range []struct {
		method, path, body string
		right              func(d *duties) bool
	}{
		{"POST", "calls/case.C-1.late/acknowledge", `{"note":"on my way"}`, func(d *duties) bool { return d.id == "case.C-1.late" && d.note == "on my way" }},
		{"POST", "calls/c-1/pass", `{"to":"ann","note":"yours"}`, func(d *duties) bool { return d.to == "ann" && d.note == "yours" }},
		{"POST", "calls/c-1/pass", `{}`, func(d *duties) bool { return d.to == "" && d.id == "c-1" }},
		{"POST", "handovers", `{"post":"operator","points":"two leaks","cases":["C-1"]}`, func(d *duties) bool {
			return d.draft.Post == "operator" && d.draft.Points == "two leaks" && d.draft.Cases[0] == "C-1"
		}},
		{"POST", "handovers/h-1/accept", `{"note":"read"}`, func(d *duties) bool { return d.id == "h-1" && d.note == "read" }},
		{"POST", "deputies", `{"for":"ann","by":"bo","post":"operator","from":"2026-07-01T08:00:00+08:00","until":"2026-07-02T08:00:00+08:00","why":"leave"}`, func(d *duties) bool {
			return d.deputy.For == "ann" && d.deputy.By == "bo" && d.deputy.Post == "operator" && d.deputy.Until.Sub(d.deputy.From) == 24*time.Hour && d.deputy.Why == "leave"
		}},
		{"POST", "deputies/d-1/end", ``, func(d *duties) bool { return d.id == "d-1" }},
		{"GET", "ladder?unit=street-1", ``, func(d *duties) bool { return d.unit == "street-1" }},
		{"GET", "log?thing=call/c-1&about=case/C-1&unit=u&cursor=x&limit=7", ``, func(d *duties) bool {
			return d.log == dutydesk.LogFilter{Thing: "call/c-1", About: "case/C-1", Unit: "u", Paging: dutydesk.Paging{Cursor: "x", Limit: 7}}
		}},
		{"GET", "calls?live=true&about=case/C-1&unit=u&limit=7", ``, func(d *duties) bool {
			return d.calls == dutydesk.CallFilter{Live: true, About: "case/C-1", Unit: "u", Paging: dutydesk.Paging{Limit: 7}}
		}},
		{"GET", "handovers?open=true&post=operator&cursor=x", ``, func(d *duties) bool {
			return d.shifts == dutydesk.HandOverFilter{Open: true, Post: "operator", Paging: dutydesk.Paging{Cursor: "x"}}
		}},
	} {
		*p.duties = duties{}
		header := keyed
		if c.method == "GET" {
			header = nil
		}
		res, v := p.request(t, c.method, "/api/v1/duty/"+c.path, "operator", header, c.body)
		if res.StatusCode != 200 || !c.right(p.duties) {
			t.Errorf("%s answered %d %v, asked %+v", c.path, res.StatusCode, v, p.duties)
		}
		if c.method == "POST" && (len(p.duties.asked) != 1 || p.duties.asked[0].IdempotencyKey != "k" || p.duties.asked[0].Actor.ID != "o" || p.duties.asked[0].Route != "/api/v1/duty/"+c.path) {
			t.Errorf("%s asked as %+v", c.path, p.duties.asked)
		}
	}
	if res, v := p.request(t, "GET", "/api/v1/duty", "worker", nil, ""); res.StatusCode != 200 || v["posts"] == nil {
		t.Errorf("answered %d %v", res.StatusCode, v)
	}
}

func TestTheDutyRoomRefuses(t *testing.T) {
	t.Parallel()
	p := start(t)
	for name, c := range map[string]struct {
		path, body string
		header     map[string]string
		status     int
		err        error
	}{
		"no key":        {"calls/c-1/acknowledge", `{}`, map[string]string{"Content-Type": "application/json"}, 422, nil},
		"a long note":   {"calls/c-1/acknowledge", `{"note":"` + strings.Repeat("x", 1001) + `"}`, keyed, 422, nil},
		"unknown field": {"handovers", `{"post":"operator","points":"x","colour":"red"}`, keyed, 422, nil},
		"no points":     {"handovers", `{"post":"operator"}`, keyed, 422, nil},
		"no time":       {"deputies", `{"for":"ann","by":"bo","why":"x"}`, keyed, 422, nil},
		"not called":    {"calls/c-1/acknowledge", `{}`, keyed, 403, fault.New(fault.Denied, "test", "somebody else")},
		"not there":     {"calls/c-1/pass", `{}`, keyed, 404, fault.New(fault.NotFound, "test", "none")},
		"over":          {"handovers/h-1/accept", `{}`, keyed, 409, fault.New(fault.Conflict, "test", "over")},
	} {
		p.duties.err = c.err
		res, problem := p.request(t, "POST", "/api/v1/duty/"+c.path, "operator", c.header, c.body)
		if res.StatusCode != c.status || problem["detail"] == "" {
			t.Errorf("%s answered %d %v", name, res.StatusCode, problem)
		}
	}
	if res, _ := p.request(t, "GET", "/api/v1/duty", "", nil, ""); res.StatusCode != 401 {
		t.Errorf("nobody is answered with %d", res.StatusCode)
	}
}

// small is a place with one grid and one rule.
type small struct{}

func (small) Directory() (*registry.Directory, float64, float64) {
	d, _ := registry.New(registry.Content{
		Areas: []registry.Area{{Code: "a1", Name: lang.Text{ZH: "一街", EN: "First"}}},
		Units: []registry.Unit{{ID: "street-1", Kind: "street", Area: "a1", Name: lang.Text{ZH: "一街道", EN: "Street 1"}}},
		Grids: []registry.Grid{{ID: "g1", Area: "a1", Shape: [][2]float64{{0, 0}, {1, 0}, {1, 1}}}},
		Rules: []registry.Rule{{ID: "r1", Match: registry.Match{Class: "ponding"}, To: "street-1"}},
	})
	return d, 10, 20
}

func TestWhoIsResponsibleIsAnswered(t *testing.T) {
	t.Parallel()
	p := start(t)
	res, v := p.request(t, "GET", "/api/v1/responsible?class=ponding&area=a1", "operator", nil, "")
	steps, _ := v["steps"].([]any)
	if res.StatusCode != 200 || v["unit"] != "street-1" || v["ok"] != true || len(steps) != 1 || steps[0].(map[string]any)["rule"] != "r1" {
		t.Errorf("answered %d %v", res.StatusCode, v)
	}
	res, v = p.request(t, "GET", "/api/v1/grids", "worker", nil, "")
	if grids, _ := v["grids"].([]any); res.StatusCode != 200 || len(grids) != 1 || v["frame"].(map[string]any)["height"] != 20.0 {
		t.Errorf("answered %d %v", res.StatusCode, v)
	}
	for _, path := range []string{"/api/v1/grids", "/api/v1/responsible"} {
		if res, _ := p.request(t, "GET", path, "viewer", nil, ""); res.StatusCode != 403 {
			t.Errorf("a viewer asks %s: %d", path, res.StatusCode)
		}
	}
}
