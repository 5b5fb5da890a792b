package api

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
)

// Limits of one request.
const (
	MaxEventBody      = 8 << 20
	MaxEventsRequest  = 10_000
	maxEventLineBytes = 1 << 20
)

// Outcome is what became of one event of a request.
type Outcome struct {
	Accepted bool
	Problems []fault.Problem
}

// Events makes events durable.
type Events interface {
	// Accept returns once every event that is reported accepted is durable, one outcome per event in order. An error means
	// that nothing can be said of any of them.
	Accept(ctx context.Context, sender event.Sender, events []event.Event) ([]Outcome, error)
	// Refuse counts an event that could not even be read.
	Refuse(sender event.Sender, problems []fault.Problem)
}

type eventsInput struct {
	ContentType string `header:"Content-Type" doc:"application/cloudevents+json, application/cloudevents-batch+json, application/x-ndjson; or application/json with ce-* headers"`
	SpecVersion string `header:"Ce-Specversion"`
	ID          string `header:"Ce-Id"`
	Source      string `header:"Ce-Source"`
	Type        string `header:"Ce-Type"`
	Subject     string `header:"Ce-Subject"`
	Time        string `header:"Ce-Time"`
	Area        string `header:"Ce-Area"`
	Place       string `header:"Ce-Place"`
	RawBody     []byte
}

// Refused is one event that was not accepted.
type Refused struct {
	Index    int             `json:"index" doc:"the event's place in the request, from 0"`
	ID       string          `json:"id,omitempty"`
	Kind     string          `json:"kind"`
	Problems []fault.Problem `json:"problems"`
}

type eventsAnswer struct {
	Accepted int       `json:"accepted" doc:"events that are durable now"`
	Refused  []Refused `json:"refused" doc:"events that are not, and why"`
}

type eventsOutput struct{ Body eventsAnswer }

func mountEvents(a *API) {
	mount(a, route{id: "send-events", method: http.MethodPost, path: "/api/v1/events", tag: "events", status: http.StatusAccepted, maxBody: MaxEventBody,
		summary: "Send events; the answer comes when they are durable", action: access.SendEvent, purpose: access.Signalling, describe: describeEvents}, a.sendEvents)
}

func describeEvents(op *huma.Operation) {
	op.Description = "CloudEvents 1.0 over HTTP: structured (application/cloudevents+json), batch (application/cloudevents-batch+json), binary (ce-* headers), " +
		"and one structured event a line (application/x-ndjson). Extension attributes: area (an area's code), place (a geo URI)."
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/cloudevents+json": {}, "application/cloudevents-batch+json": {}, "application/x-ndjson": {}, "application/json": {}}}
}

func (a *API) sendEvents(ctx context.Context, in *eventsInput) (*eventsOutput, error) {
	if err := permit(ctx, access.SendEvent, access.Thing{Kind: "event"}); err != nil {
		return nil, err
	}
	actor := actorOf(ctx)
	sender := event.Sender(actor.ID)
	read, err := readEvents(in)
	if err != nil {
		return nil, err
	}
	for i := range read {
		if r := &read[i]; len(r.problems) == 0 && !actor.Scope.Sends(string(r.event.Type)) {
			r.problems = []fault.Problem{{Field: "type", Message: string(r.event.Type) + " is not in the scope of this key"}}
		}
	}
	answer, err := a.accept(ctx, sender, read)
	if err != nil {
		return nil, err
	}
	if answer.Accepted == 0 && len(answer.Refused) > 0 {
		return nil, allRefused(answer.Refused)
	}
	return &eventsOutput{Body: *answer}, nil
}

// accept hands over what could be read and adds up the answer.
func (a *API) accept(ctx context.Context, sender event.Sender, read []readEvent) (*eventsAnswer, error) {
	answer := &eventsAnswer{Refused: []Refused{}}
	var good []event.Event
	var index []int
	for i, r := range read {
		if len(r.problems) > 0 {
			a.o.Events.Refuse(sender, r.problems)
			answer.Refused = append(answer.Refused, Refused{Index: i, ID: r.event.ID, Kind: fault.Invalid.String(), Problems: r.problems})
			continue
		}
		good, index = append(good, r.event), append(index, i)
	}
	if len(good) == 0 {
		return answer, nil
	}
	outcomes, err := a.o.Events.Accept(ctx, sender, good)
	if err != nil {
		return nil, err
	}
	for i, o := range outcomes {
		if o.Accepted {
			answer.Accepted++
		} else {
			answer.Refused = append(answer.Refused, Refused{Index: index[i], ID: good[i].ID, Kind: fault.Invalid.String(), Problems: o.Problems})
		}
	}
	slices.SortFunc(answer.Refused, func(x, y Refused) int { return cmp.Compare(x.Index, y.Index) })
	return answer, nil
}

func allRefused(refused []Refused) error {
	p := problemOf(fault.New(fault.Invalid, "api", "no event of the request was accepted"))
	p.Status, p.Title = http.StatusBadRequest, http.StatusText(http.StatusBadRequest)
	for _, r := range refused {
		for _, problem := range r.Problems {
			problem.Line = r.Index + 1
			p.Problems = append(p.Problems, problem)
		}
	}
	return p
}

type readEvent struct {
	event    event.Event
	problems []fault.Problem
}

// readEvents reads a request in whichever of CloudEvents' modes it comes.
func readEvents(in *eventsInput) ([]readEvent, error) {
	media, _, err := mime.ParseMediaType(in.ContentType)
	if err != nil {
		media = in.ContentType
	}
	switch {
	case media == "application/cloudevents+json":
		return []readEvent{structured(in.RawBody)}, nil
	case media == "application/cloudevents-batch+json":
		return batch(in.RawBody)
	case media == "application/x-ndjson" || media == "application/ndjson" || media == "application/jsonl":
		return lines(in.RawBody)
	case in.SpecVersion != "":
		e, problems := event.FromAttributes(event.Attributes{SpecVersion: in.SpecVersion, ID: in.ID, Source: in.Source, Type: in.Type, Subject: in.Subject,
			Time: in.Time, DataContentType: in.ContentType, Area: in.Area, Place: in.Place}, bytes.Clone(in.RawBody)) // the body's memory is used again after the request
		return []readEvent{{e, problems}}, nil
	}
	p := problemOf(fault.New(fault.Invalid, "api", "Content-Type %q is none of application/cloudevents+json, application/cloudevents-batch+json, application/x-ndjson, and there is no ce-specversion header", in.ContentType))
	p.Status, p.Title = http.StatusUnsupportedMediaType, http.StatusText(http.StatusUnsupportedMediaType)
	return nil, p
}

func structured(body []byte) readEvent {
	e, problems := event.FromJSON(body)
	return readEvent{e, problems}
}

func batch(body []byte) ([]readEvent, error) {
	var members []json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, fault.New(fault.Invalid, "api", "a batch must be a JSON array of events")
	}
	if len(members) > MaxEventsRequest {
		return nil, tooMany()
	}
	read := make([]readEvent, len(members))
	for i, m := range members {
		read[i] = structured(m)
	}
	return read, nil
}

func lines(body []byte) ([]readEvent, error) {
	var read []readEvent
	scanner := bufio.NewScanner(bytes.NewReader(body))
	scanner.Buffer(nil, maxEventLineBytes)
	for scanner.Scan() {
		line := strings.TrimSpace(scanner.Text())
		if line == "" {
			continue
		}
		if len(read) == MaxEventsRequest {
			return nil, tooMany()
		}
		read = append(read, structured([]byte(line)))
	}
	if scanner.Err() != nil {
		return nil, fault.New(fault.Invalid, "api", "line %d is longer than %d bytes", len(read)+1, maxEventLineBytes)
	}
	return read, nil
}

func tooMany() error {
	return fault.New(fault.Invalid, "api", "a request holds at most %d events; send the rest in another", MaxEventsRequest)
}
