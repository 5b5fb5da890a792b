package app

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"net/http"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/access/accesstest"
	"twoweave/internal/base/ident"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/dutydesk"
	"twoweave/internal/manage/order"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/registry"
)

func (m *matrix) request(by access.Actor) command.Request {
	return command.Request{Actor: by, IdempotencyKey: m.unique("key"), Route: "matrix"}
}

func (m *matrix) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// picture is a small photo, another one each time.
func (m *matrix) picture() string {
	m.n++
	img := image.NewGray(image.Rect(0, 0, 16, 16))
	for i := range img.Pix {
		img.Pix[i] = byte(m.n + i)
	}
	var out bytes.Buffer
	m.must(jpeg.Encode(&out, img, nil))
	return out.String()
}

func (m *matrix) asPhoto(v casedesk.View) (hash string) {
	m.t.Helper()
	p, err := m.app.desk.AddPhoto(m.t.Context(), casedesk.PhotoRequest{Request: m.request(boss), CaseID: v.ID, Kind: "scene", Body: []byte(m.picture())})
	m.must(err)
	return p.Hash
}

// aboutEvents sends a reading, or looks at the detection that one has led to.
func (m *matrix) aboutEvents(a *attempt, r accesstest.Route, _ access.Actor) {
	m.t.Helper()
	subject := strings.ReplaceAll(m.unique("gauge"), " ", "-")
	event := map[string]any{"specversion": "1.0", "id": subject, "source": "matrix", "type": "water.level", "subject": subject, "area": ownArea, "data": map[string]any{"level_cm": 30}}
	if r.Method == http.MethodPost {
		a.media = "application/cloudevents+json"
		a.send(event)
		return
	}
	m.asBoss(http.MethodPost, "/api/v1/events", event)
	found := m.eventually("/api/v1/detections?scenario=road-ponding&limit=200", subject)
	a.put("id", strings.ReplaceAll(found, "/", "%2F"))
	a.shows = subject
}

// eventually asks until an answer has an item about a subject, and gives the item's id.
func (m *matrix) eventually(target, subject string) string {
	m.t.Helper()
	for until := time.Now().Add(30 * time.Second); ; {
		for _, item := range m.asBoss(http.MethodGet, target, nil)["items"].([]any) {
			if of := item.(map[string]any); strings.Contains(fmt.Sprint(of), subject) {
				return fmt.Sprint(of["id"])
			}
		}
		if time.Now().After(until) {
			m.t.Fatalf("%s never showed %s", target, subject)
		}
		m.must(m.app.o.Clock.Wait(m.t.Context(), m.app.o.Clock.Now().Add(20*time.Millisecond)))
	}
}

func (m *matrix) aboutSeries(a *attempt, r accesstest.Route, _ access.Actor) {
	a.put("name", "indicator")
	end := m.app.o.Clock.Now().Unix()
	query := fmt.Sprintf("query=indicator_city&match[]=indicator_city&start=%d&end=%d&step=60", end-600, end)
	if r.Method == http.MethodPost {
		a.media, a.body = "application/x-www-form-urlencoded", query
	} else {
		a.target += "?" + query
	}
}

// aboutOrders gives or ends an order of a state or a silence, or confirms an emergency that was proposed.
func (m *matrix) aboutOrders(a *attempt, r accesstest.Route, by access.Actor) {
	m.t.Helper()
	draft := order.Draft{Level: order.Special, Area: ownArea, For: time.Hour, Why: "试"}
	kind := order.PutState
	switch {
	case r.Path == "/api/v1/states" && r.Method == http.MethodPost:
		a.send(map[string]any{"level": "special", "area": ownArea, "for": "1h", "why": "试"})
		return
	case r.Path == "/api/v1/silences":
		a.send(map[string]any{"subjects": []string{m.unique("gauge")}, "for": "1h", "why": "试"})
		return
	case r.Method == http.MethodGet:
		return
	case strings.HasSuffix(r.Path, "/confirm"):
		draft.Level = order.Emergency4
	case r.Command == "silence":
		kind, draft = order.PutSilence, order.Draft{Ground: order.Maintenance, Subjects: []string{m.unique("gauge")}, For: time.Hour, Why: "试"}
	}
	given, err := m.app.orders.Give(m.t.Context(), m.request(by), kind, draft)
	m.must(err)
	a.put("id", string(given.ID))
	a.send(map[string]any{"why": "试"})
}

func (m *matrix) aboutDuty(a *attempt, r accesstest.Route, by access.Actor) {
	m.t.Helper()
	const post = "on-call-" + own
	a.thing.Units = nil
	switch {
	case r.Path == "/api/v1/responsible":
		a.target += "?class=ponding&area=" + ownArea
	case r.Path == "/api/v1/duty/ladder":
		a.target += "?unit=" + own
	case r.Path == "/api/v1/duty/deputies":
		a.send(m.deputy())
	case strings.HasPrefix(r.Path, "/api/v1/duty/deputies/"):
		a.put("id", fmt.Sprint(m.asBoss(http.MethodPost, "/api/v1/duty/deputies", m.deputy())["id"]))
	case r.Path == "/api/v1/duty/handovers" && r.Method == http.MethodPost:
		a.send(map[string]any{"post": post, "points": "试"})
	case strings.HasSuffix(r.Path, "/accept"):
		m.handedOver(a, by)
	case strings.HasPrefix(r.Path, "/api/v1/duty/calls/"):
		v := m.aCase("dispatched", boss)
		m.asBoss(http.MethodPost, "/api/v1/cases/"+string(v.ID)+"/commands", map[string]any{"command": "urge", "version": v.Version, "note": "试"})
		a.put("id", m.eventually("/api/v1/duty/calls?live=true", string(v.ID)))
		a.send(map[string]any{"note": "试"})
	}
}

func (m *matrix) deputy() map[string]any {
	m.n++
	from := m.app.o.Clock.Now().Add(time.Duration(m.n) * 48 * time.Hour).Truncate(time.Second)
	return map[string]any{"for": "demo-field-" + own, "by": "demo-field-" + other, "from": from, "until": from.Add(time.Hour), "why": "试"}
}

// handedOver is a shift of the own unit's post that by has handed over.
func (m *matrix) handedOver(a *attempt, by access.Actor) {
	m.t.Helper()
	now := m.app.o.Clock.Now()
	h := dutydesk.HandOver{ID: dutydesk.HandOverID(ident.New()), Version: 1, Post: "on-call-" + own, Shift: "whole-day", Unit: own, Until: now.Add(10 * time.Minute), At: now, Due: now.Add(time.Hour),
		From: dutydesk.Who{ID: registry.PersonID(by.ID), Name: by.ID}}
	m.must(m.app.database.Update(m.t.Context(), func(tx *sqldb.Tx) error {
		_, err := m.app.records.SaveHandOver(tx, h, 0)
		return err
	}))
	a.put("id", string(h.ID))
	a.send(map[string]any{"note": "试"})
}

// aboutIncidents opens an incident, looks at one, or gives it a command. Its tasks are the own unit's, or whoever tries has been given one.
func (m *matrix) aboutIncidents(a *attempt, r accesstest.Route, by access.Actor) {
	m.t.Helper()
	a.thing.Units, a.thing.Handler = nil, ""
	opening := map[string]any{"title": m.unique("积水"), "kind": "disaster", "areas": []string{ownArea}}
	if r.Path == "/api/v1/incidents" && r.Method == http.MethodPost {
		a.send(opening)
		return
	}
	i := m.asBoss(http.MethodPost, "/api/v1/incidents", opening)
	id := fmt.Sprint(i["id"])
	command := func(body map[string]any) {
		body["version"] = i["version"]
		i = m.asBoss(http.MethodPost, "/api/v1/incidents/"+id+"/commands", body)
	}
	task := map[string]any{"command": "give", "what": m.unique("抽水"), "unit": own, "for": "1h"}
	if by.ID != boss.ID {
		delete(task, "unit")
		task["person"] = by.ID
		a.thing.Unit, a.thing.Handler = "", by.ID
	}
	command(task)
	switch r.Command {
	case "check":
		command(map[string]any{"command": "done", "task": 1, "note": "试"})
	case "release":
		command(map[string]any{"command": "gather", "cases": []string{string(m.aCase("accepted", boss).ID)}})
	case "close":
		command(map[string]any{"command": "stand-down", "note": "试", "open": []int{1}})
	case "reopen":
		command(map[string]any{"command": "stand-down", "note": "试", "open": []int{1}})
	}
	a.put("id", id)
	if r.Path == "/api/v1/incident-tasks" {
		a.shows = fmt.Sprint(task["what"])
	}
	if r.Method == http.MethodPost {
		m.commandIncident(a, r, i["version"])
	}
}

func (m *matrix) commandIncident(a *attempt, r accesstest.Route, version any) {
	body := map[string]any{"command": r.Command, "version": version, "note": "试"}
	switch r.Command {
	case "acknowledge", "done", "impossible", "supply", "check", "withdraw":
		body["task"] = 1
	case "give":
		body["what"], body["unit"], body["for"] = "抽水", own, "1h"
	case "gather":
		body["cases"] = []string{string(m.aCase("accepted", boss).ID)}
	case "release":
		body["cases"] = []string{"none"}
	case "report":
		body["known"], body["done"], body["expected"] = "试", "试", "试"
	case "offer":
		body["to"] = boss.ID
	case "stand-down":
		body["open"] = []int{1}
	}
	a.send(body)
}

// aboutCity looks at the city's content, or changes the own unit or one of its persons.
func (m *matrix) aboutCity(a *attempt, r accesstest.Route, _ access.Actor) {
	a.thing.Units = nil
	a.put("year", "2026")
	switch r.Command {
	case "":
		a.put("kind", "unit")
	case "unit":
		a.put("id", own)
		a.send(map[string]any{"what": "put", "why": "试", "body": map[string]any{"unit": own, "name": map[string]string{"zh": m.unique("街道"), "en": "street"}, "kind": "street", "area": ownArea}})
	case "person":
		a.put("id", "demo-field-"+own)
		a.send(map[string]any{"what": "put", "why": "试", "body": map[string]any{"person": "demo-field-" + own, "name": map[string]string{"zh": m.unique("处置员"), "en": "worker"}, "unit": own}})
	}
	a.put("kind", r.Command)
}

// aboutFigures looks at the figures of units.
func (m *matrix) aboutFigures(a *attempt, r accesstest.Route, _ access.Actor) {
	a.thing.Units, a.thing.By = nil, ""
	today := m.app.o.Clock.Now().In(time.FixedZone("CST", 8*3600)).Format(time.DateOnly)
	a.target += "?by=unit&from=" + today + "&to=" + today + "&format=csv"
	if strings.Contains(r.Path, "/acts") {
		a.target += "&figure=handled&key=" + own
		return
	}
	m.aCase("handled", boss)
	a.shows = own
}

func (m *matrix) aboutExchange(a *attempt, r accesstest.Route, _ access.Actor) {
	a.put("peer", "city")
	a.send(map[string]any{})
}

func (m *matrix) aboutMessages(a *attempt, r accesstest.Route, _ access.Actor) {
	switch r.Path {
	case "/api/v1/messages":
		if r.Method == http.MethodPost {
			a.send(map[string]any{"id": "none", "do": "cancel"})
		}
	case "/api/v1/inbox/read":
		a.send(map[string]any{})
	}
}

func (m *matrix) aboutScenarios(a *attempt, _ accesstest.Route, _ access.Actor) {
	a.media = "application/yaml"
	a.body = "scenario: tried\nversion: 1\ntitle: {zh: 试, en: tried}\ndomain: facilities\non: water.level\noperator: match\nwhen: data.level_cm >= 15\nuntil: data.level_cm < 10\nseverity: major\nclass: ponding\n"
}
