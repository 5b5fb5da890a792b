package app

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/access/accesstest"
	"twoweave/internal/base/worktime"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/registry"
)

// boss may do everything, to bring things where they are tried; so may somebody who is not the boss.
var (
	boss     = access.Actor{ID: "boss", Roles: access.Roles, Unit: own}
	somebody = access.Actor{ID: "somebody", Roles: access.Roles, Unit: own}
)

// before is the state in which each command is tried.
var before = map[string]casework.State{
	"confirm": casework.Checking, "check": casework.Accepted, "file": casework.Accepted, "void": casework.Accepted, "merge": casework.Accepted, "dispatch": casework.Filed, "start": casework.Dispatched,
	"return": casework.Dispatched, "arbitrate": casework.Returned, "involve": casework.Dispatched, "contribute": casework.Dispatched, "advance": casework.Handling, "ask-suspension": casework.Handling,
	"ask-extension": casework.Dispatched, "suspend": casework.Handling, "extend": casework.Dispatched, "decline": casework.Dispatched, "resume": casework.Suspended, "finish": casework.Handling,
	"settle": casework.Dispatched, "rework": casework.Handled, "verify": casework.Handled, "close": casework.Verified, "reopen": casework.Closed, "urge": casework.Dispatched, "rate": casework.Closed,
	"undo": casework.Dispatched,
}

// way is how a case comes to a state; asks are what is asked for before a grant.
var way = map[casework.State][]casework.CommandKind{
	casework.Accepted:   {},
	casework.Checking:   {casework.Check},
	casework.Filed:      {casework.File},
	casework.Dispatched: {casework.File, casework.Dispatch, casework.Involve},
	casework.Returned:   {casework.File, casework.Dispatch, casework.Involve, casework.Return},
	casework.Handling:   {casework.File, casework.Dispatch, casework.Involve, casework.Contribute, casework.Start},
	casework.Suspended:  {casework.File, casework.Dispatch, casework.Involve, casework.Contribute, casework.Start, casework.AskSuspension, casework.Suspend},
	casework.Handled:    {casework.File, casework.Dispatch, casework.Involve, casework.Contribute, casework.Start, casework.Finish},
	casework.Verified:   {casework.File, casework.Dispatch, casework.Involve, casework.Contribute, casework.Start, casework.Finish, casework.Verify},
	casework.Closed:     {casework.File, casework.Dispatch, casework.Involve, casework.Contribute, casework.Start, casework.Finish, casework.Verify, casework.Close},
}

var asks = map[string]casework.CommandKind{"suspend": casework.AskSuspension, "extend": casework.AskExtension, "decline": casework.AskExtension}

func (m *matrix) unique(what string) string {
	m.n++
	return fmt.Sprintf("%s %d", what, m.n)
}

// aCase is a case of the own unit in a state; whoever handled it or asks for something is by.
func (m *matrix) aCase(to casework.State, by access.Actor, more ...casework.CommandKind) casedesk.View {
	m.t.Helper()
	taken, err := m.app.desk.Take(m.t.Context(), casedesk.TakeRequest{Actor: boss, IdempotencyKey: m.unique("take"), Route: "reports", Intake: casedesk.Intake{
		Channel: casedesk.Phone, Name: "王女士", Phone: "13900000001", Text: "路口积水", Class: "ponding", Area: ownArea, Place: casework.Place{Address: m.unique("潍坊路")}}})
	if err != nil {
		m.t.Fatal(err)
	}
	v := *taken.Case
	for _, kind := range append(append([]casework.CommandKind(nil), way[to]...), more...) {
		v = m.give(v, kind, by)
	}
	return v
}

func (m *matrix) give(v casedesk.View, kind casework.CommandKind, by access.Actor) casedesk.View {
	m.t.Helper()
	if kind == casework.Verify || kind == casework.Suspend {
		by = somebody
	}
	if kind == casework.Contribute {
		by = access.Actor{ID: "helper", Roles: access.Roles, Unit: involved}
	}
	c := casework.Command{Kind: kind, Purpose: access.Casework, Version: v.Version, Note: "试"}
	switch kind {
	case casework.Dispatch:
		c.Unit = own
	case casework.Involve:
		c.Units = []registry.UnitID{involved}
	case casework.AskSuspension:
		c.At = m.app.o.Clock.Now().Add(24 * time.Hour)
	case casework.AskExtension:
		c.Amount = worktime.Limit{Amount: 1, Clock: worktime.UrgentHour}
	}
	after, err := m.app.desk.Do(m.t.Context(), casedesk.Request{CaseID: v.ID, Command: c, Actor: by, IdempotencyKey: m.unique("give"), Route: "commands"})
	if err != nil {
		m.t.Fatalf("%s by %s: %v", kind, by.ID, err)
	}
	return after
}

// attempt makes a request for a route, about a thing of the own unit.
func (m *matrix) attempt(r accesstest.Route, me access.Actor, mine bool) *attempt {
	m.t.Helper()
	by := boss
	if mine {
		by = access.Actor{ID: me.ID, Roles: access.Roles, Unit: own}
	}
	a := &attempt{method: r.Method, target: r.Path, media: "application/json", thing: access.Thing{Unit: own, Units: []string{involved}, Handler: by.ID, By: by.ID}}
	if r.Action == access.ReportCase {
		a.thing.Unit = me.Unit // what a field worker finds becomes a case of the own unit
	}
	for prefix, make := range map[string]func(*attempt, accesstest.Route, access.Actor){
		"/api/v1/cases": m.aboutCases, "/api/v1/addresses": m.aboutCases, "/api/v1/queues": m.aboutCases, "/api/v1/reports": m.aboutReports, "/api/v1/callers": m.aboutReports,
		"/api/v1/events": m.aboutEvents, "/api/v1/detections": m.aboutEvents, "/prometheus": m.aboutSeries, "/api/v1/orders": m.aboutOrders, "/api/v1/states": m.aboutOrders, "/api/v1/silences": m.aboutOrders,
		"/api/v1/duty": m.aboutDuty, "/api/v1/responsible": m.aboutDuty, "/api/v1/incident": m.aboutIncidents, "/api/v1/city": m.aboutCity, "/api/v1/calendar": m.aboutCity, "/api/v1/appraisal": m.aboutFigures,
		"/api/v1/exchange/": m.aboutExchange, "/api/v1/messages": m.aboutMessages, "/api/v1/inbox": m.aboutMessages, "/api/v1/backtests": m.aboutScenarios,
	} {
		if strings.HasPrefix(r.Path, prefix) {
			make(a, r, by)
		}
	}
	return a
}

func (a *attempt) send(body map[string]any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	a.body = string(text)
}

func (a *attempt) put(name, value string) {
	a.target = strings.ReplaceAll(a.target, "{"+name+"}", value)
}

// asBoss is a request by an account that may do everything, which must succeed.
func (m *matrix) asBoss(method, target string, body map[string]any) map[string]any {
	m.t.Helper()
	if m.keys[boss.ID] == "" {
		m.addAccount(boss)
		m.people = m.people[:len(m.people)-1] // who is tried are those of one role
	}
	a := &attempt{method: method, target: target, media: "application/json"}
	if a.send(body); body["specversion"] != nil {
		a.media = "application/cloudevents+json"
	}
	status, answer := m.send(boss, a)
	out := map[string]any{}
	if err := json.Unmarshal([]byte(answer), &out); err != nil || status/100 != 2 {
		m.t.Fatalf("%s %s: %d %s", method, target, status, answer)
	}
	return out
}

func (m *matrix) aboutCases(a *attempt, r accesstest.Route, by access.Actor) {
	m.t.Helper()
	switch {
	case r.Path == "/api/v1/cases/bulk":
		m.bulk(a, r, by)
	case strings.HasSuffix(r.Path, "/commands"):
		m.command(a, r, by)
	case strings.HasSuffix(r.Path, "/photos"):
		a.put("id", string(m.aCase(casework.Handling, by).ID))
		a.target += "?kind=scene"
		a.media, a.body = "image/jpeg", m.picture()
	default:
		m.look(a, r, m.aCase(casework.Handled, by))
	}
}

// look is a look at a case, or at a list that it is on.
func (m *matrix) look(a *attempt, r accesstest.Route, v casedesk.View) {
	a.put("id", string(v.ID))
	a.shows = string(v.ID)
	switch r.Path {
	case "/api/v1/cases":
		a.target += "?limit=200&q=" + strings.Split(v.Number, "-")[1]
	case "/api/v1/cases/near":
		a.target += "?class=ponding&area=" + ownArea + "&address=" + strings.ReplaceAll(v.Address, " ", "%20")
	case "/api/v1/cases/{id}/reports":
		a.shows = "路口积水"
	case "/api/v1/cases/{id}/photos/{hash}":
		m.asPhoto(v)
		a.put("hash", m.asPhoto(v))
		a.shows = ""
	case "/api/v1/addresses":
		a.target += "?q=" + strings.ReplaceAll(v.Address, " ", "%20")
		a.shows = v.Address
	case "/api/v1/queues":
		a.target += "?q=" + strings.Split(v.Number, "-")[1]
		a.shows = `"total":1`
	}
}

func (m *matrix) command(a *attempt, r accesstest.Route, by access.Actor) {
	var more []casework.CommandKind
	if ask, needs := asks[r.Command]; needs {
		more = append(more, ask)
	}
	v := m.aCase(before[r.Command], by, more...)
	a.put("id", string(v.ID))
	body := map[string]any{"command": r.Command, "version": v.Version, "note": "试"}
	switch r.Command {
	case "merge":
		body["into"] = m.aCase(casework.Accepted, by).ID
	case "involve":
		body["units"] = []string{other}
	case "arbitrate":
		body["unit"] = own
	case "ask-suspension":
		body["until"] = m.app.o.Clock.Now().Add(24 * time.Hour)
	case "ask-extension":
		body["amount"] = "1 urgent hour"
	case "rate":
		body["rating"] = 5
	}
	a.send(body)
}

func (m *matrix) bulk(a *attempt, r accesstest.Route, by access.Actor) {
	state := before[r.Command]
	v := m.aCase(state, by)
	body := map[string]any{"command": r.Command, "cases": []map[string]any{{"id": v.ID, "version": v.Version}}, "note": "试"}
	if r.Command == "merge" {
		body["into"] = m.aCase(casework.Accepted, by).ID
	}
	a.send(body)
	a.shows = `"done":1`
	if r.Command == "undo" {
		a.shows = `"refused":"invalid"` // access lets it; but somebody else was the last
	}
}

func (m *matrix) aboutReports(a *attempt, r accesstest.Route, _ access.Actor) {
	if r.Path == "/api/v1/callers" {
		a.thing.Unit = "" // somebody who calls is nobody's
		a.send(map[string]any{"phone": "13900000001"})
		return
	}
	if r.Command == "question" { // answered on the spot: a report without a case
		a.send(map[string]any{"channel": "phone", "text": "几点开门？" + m.unique("q"), "answer": "九点"})
		a.shows = `"report":`
		return
	}
	channel := r.Command
	a.send(map[string]any{"channel": channel, "text": "路口积水", "class": "ponding", "area": ownArea, "address": m.unique("浦电路")})
	a.shows = `"case":{`
}
