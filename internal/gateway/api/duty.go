package api

import (
	"context"
	"net/http"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/manage/dutydesk"
	"twoweave/internal/manage/event"
	"twoweave/internal/platform/command"
	"twoweave/internal/registry"
)

// Duty is the duty room.
type Duty interface {
	Board(ctx context.Context, reader access.Actor) (dutydesk.Board, error)
	Ladder(ctx context.Context, reader access.Actor, unit registry.UnitID) (dutydesk.LadderView, error)
	Log(ctx context.Context, reader access.Actor, f dutydesk.LogFilter) (dutydesk.Page[dutydesk.EntryView], error)
	Calls(ctx context.Context, reader access.Actor, f dutydesk.CallFilter) (dutydesk.Page[dutydesk.CallView], error)
	Acknowledge(ctx context.Context, r command.Request, id dutydesk.CallID, note string) (dutydesk.CallView, error)
	Pass(ctx context.Context, r command.Request, id dutydesk.CallID, to registry.PersonID, note string) (dutydesk.CallView, error)
	HandOvers(ctx context.Context, reader access.Actor, f dutydesk.HandOverFilter) (dutydesk.Page[dutydesk.HandOverView], error)
	HandOver(ctx context.Context, r command.Request, draft dutydesk.HandOverDraft) (dutydesk.HandOverView, error)
	Accept(ctx context.Context, r command.Request, id dutydesk.HandOverID, note string) (dutydesk.HandOverView, error)
	SetDeputy(ctx context.Context, r command.Request, draft registry.Deputy) (dutydesk.DeputyView, error)
	EndDeputy(ctx context.Context, r command.Request, id dutydesk.DeputyID) (dutydesk.DeputyView, error)
}

// Paged are the parameters of a list that comes in pages.
type Paged struct {
	Cursor string `query:"cursor"`
	Limit  int    `query:"limit" doc:"1 … 200; 50 when missing"`
}

func (i Paged) paging() dutydesk.Paging {
	return dutydesk.Paging{Cursor: i.Cursor, Limit: i.Limit}
}

type dutyOutput struct{ Body dutydesk.Board }

type ladderInput struct {
	Unit string `query:"unit" doc:"whose ladder; missing: the centre's"`
}

type ladderOutput struct{ Body dutydesk.LadderView }

type dutyLogInput struct {
	Thing string `query:"thing" doc:"call/…, handover/… or deputy/…"`
	About string `query:"about" doc:"what persons were called for: case/…"`
	Unit  string `query:"unit"`
	Paged
}

type dutyLogOutput struct {
	Body dutydesk.Page[dutydesk.EntryView]
}

type callsInput struct {
	Live  bool   `query:"live" doc:"only those that somebody still has to take"`
	About string `query:"about" doc:"what they are for: case/…"`
	Unit  string `query:"unit"`
	Paged
}

type callsOutput struct {
	Body dutydesk.Page[dutydesk.CallView]
}

type callOutput struct{ Body dutydesk.CallView }

type acknowledgeInput struct {
	Idempotent
	ID   string `path:"id"`
	Body struct {
		Note string `json:"note,omitempty" maxLength:"1000"`
	}
}

type passInput struct {
	Idempotent
	ID   string `path:"id"`
	Body struct {
		To   string `json:"to,omitempty" doc:"a person of the roster; missing: the next post"`
		Note string `json:"note,omitempty" maxLength:"1000"`
	}
}

type handOversInput struct {
	Open bool   `query:"open" doc:"only those not accepted yet"`
	Post string `query:"post"`
	Paged
}

type handOversOutput struct {
	Body dutydesk.Page[dutydesk.HandOverView]
}

type handOverOutput struct{ Body dutydesk.HandOverView }

type handOverInput struct {
	Idempotent
	Body struct {
		Post   string   `json:"post"`
		Points string   `json:"points" maxLength:"4000" doc:"what is open"`
		Cases  []string `json:"cases,omitempty" maxItems:"200"`
	}
}

type acceptInput struct {
	Idempotent
	ID   string `path:"id"`
	Body struct {
		Note string `json:"note,omitempty" maxLength:"1000"`
	}
}

type deputyInput struct {
	Idempotent
	Body struct {
		For   string    `json:"for" doc:"who is away"`
		By    string    `json:"by" doc:"who stands in"`
		Post  string    `json:"post,omitempty" doc:"missing: wherever the person is on duty"`
		From  time.Time `json:"from"`
		Until time.Time `json:"until"`
		Why   string    `json:"why" maxLength:"1000"`
	}
}

type deputyOutput struct{ Body dutydesk.DeputyView }

type endDeputyInput struct {
	Idempotent
	ID string `path:"id"`
}

type responsibleInput struct {
	Class    string `query:"class"`
	Kind     string `query:"kind" doc:"of unit, that the class asks for"`
	Area     string `query:"area"`
	Grid     string `query:"grid"`
	Owner    string `query:"owner" doc:"of the asset"`
	Scenario string `query:"scenario"`
}

type responsibleOutput struct{ Body registry.Answer }

type gridsOutput struct {
	Body struct {
		Frame frame           `json:"frame"`
		Grids []registry.Grid `json:"grids"`
	}
}

func mountDuty(a *API) {
	const tag = "duty"
	mount(a, route{id: "responsible", method: http.MethodGet, path: "/api/v1/responsible", tag: tag, summary: "Which unit is responsible for a matter, why, and what else was considered",
		action: access.ReadRoster, purpose: access.OnDuty}, a.responsible)
	mount(a, route{id: "grids", method: http.MethodGet, path: "/api/v1/grids", tag: tag, summary: "The responsibility grids and their outlines",
		action: access.ReadRoster, purpose: access.OnDuty}, a.grids)
	mount(a, route{id: "duty", method: http.MethodGet, path: "/api/v1/duty", tag: tag, summary: "Who is on duty now, post by post",
		action: access.ReadRoster, purpose: access.OnDuty}, a.duty)
	mount(a, route{id: "duty-ladder", method: http.MethodGet, path: "/api/v1/duty/ladder", tag: tag, summary: "Who would be called for a unit now, in order",
		action: access.ReadRoster, purpose: access.OnDuty}, a.dutyLadder)
	mount(a, route{id: "duty-log", method: http.MethodGet, path: "/api/v1/duty/log", tag: tag, summary: "The duty log, the newest first",
		action: access.ReadRoster, purpose: access.OnDuty}, a.dutyLog)
	mount(a, route{id: "list-calls", method: http.MethodGet, path: "/api/v1/duty/calls", tag: tag, summary: "Calls: who was called for what, the newest first",
		action: access.ReadRoster, purpose: access.OnDuty}, a.listCalls)
	mount(a, route{id: "list-handovers", method: http.MethodGet, path: "/api/v1/duty/handovers", tag: tag, summary: "Shifts that were handed over, the newest first",
		action: access.ReadRoster, purpose: access.OnDuty}, a.listHandOvers)
	mountDutyCommands(a)
}

func mountDutyCommands(a *API) {
	const tag, most = "duty", 64 << 10
	mount(a, route{id: "acknowledge-call", method: http.MethodPost, path: "/api/v1/duty/calls/{id}/acknowledge", tag: tag, summary: "See to what one was called for", maxBody: most,
		action: access.AcknowledgeCall, purpose: access.OnDuty}, a.acknowledgeCall)
	mount(a, route{id: "pass-call", method: http.MethodPost, path: "/api/v1/duty/calls/{id}/pass", tag: tag, summary: "Pass a call on, to a person or to the next post", maxBody: most,
		action: access.AcknowledgeCall, purpose: access.OnDuty}, a.passCall)
	mount(a, route{id: "hand-over", method: http.MethodPost, path: "/api/v1/duty/handovers", tag: tag, summary: "Hand over a shift", maxBody: most,
		action: access.HandOver, purpose: access.OnDuty}, a.handOver)
	mount(a, route{id: "accept-shift", method: http.MethodPost, path: "/api/v1/duty/handovers/{id}/accept", tag: tag, summary: "Take a shift over", maxBody: most,
		action: access.AcceptShift, purpose: access.OnDuty}, a.acceptShift)
	mount(a, route{id: "set-deputy", method: http.MethodPost, path: "/api/v1/duty/deputies", tag: tag, summary: "Have one person stand in for another for a time", maxBody: most,
		action: access.KeepRoster, purpose: access.OnDuty}, a.setDeputy)
	mount(a, route{id: "end-deputy", method: http.MethodPost, path: "/api/v1/duty/deputies/{id}/end", tag: tag, summary: "End that before its time",
		action: access.KeepRoster, purpose: access.OnDuty}, a.endDeputy)
}

func (a *API) responsible(ctx context.Context, in *responsibleInput) (*responsibleOutput, error) {
	if err := permit(ctx, access.ReadRoster, access.Thing{Kind: "roster"}); err != nil {
		return nil, err
	}
	d, _, _ := a.o.Places.Directory()
	return &responsibleOutput{Body: d.Route(registry.Question{Class: registry.ClassID(in.Class), Kind: in.Kind, Area: event.AreaCode(in.Area),
		Grid: registry.GridID(in.Grid), Owner: in.Owner, Scenario: registry.ScenarioID(in.Scenario)})}, nil
}

func (a *API) grids(ctx context.Context, _ *struct{}) (*gridsOutput, error) {
	if err := permit(ctx, access.ReadRoster, access.Thing{Kind: "roster"}); err != nil {
		return nil, err
	}
	d, width, height := a.o.Places.Directory()
	out := &gridsOutput{}
	out.Body.Frame = frame{width, height}
	out.Body.Grids = emptyNotNull(d.Grids)
	return out, nil
}

func (a *API) duty(ctx context.Context, _ *struct{}) (*dutyOutput, error) {
	b, err := a.o.Duty.Board(ctx, actorOf(ctx))
	return &dutyOutput{Body: b}, err
}

func (a *API) dutyLadder(ctx context.Context, in *ladderInput) (*ladderOutput, error) {
	l, err := a.o.Duty.Ladder(ctx, actorOf(ctx), registry.UnitID(in.Unit))
	return &ladderOutput{Body: l}, err
}

func (a *API) dutyLog(ctx context.Context, in *dutyLogInput) (*dutyLogOutput, error) {
	page, err := a.o.Duty.Log(ctx, actorOf(ctx), dutydesk.LogFilter{Thing: in.Thing, About: in.About, Unit: registry.UnitID(in.Unit), Paging: in.paging()})
	return &dutyLogOutput{Body: page}, err
}

func (a *API) listCalls(ctx context.Context, in *callsInput) (*callsOutput, error) {
	page, err := a.o.Duty.Calls(ctx, actorOf(ctx), dutydesk.CallFilter{Live: in.Live, About: in.About, Unit: registry.UnitID(in.Unit), Paging: in.paging()})
	return &callsOutput{Body: page}, err
}

func (a *API) listHandOvers(ctx context.Context, in *handOversInput) (*handOversOutput, error) {
	page, err := a.o.Duty.HandOvers(ctx, actorOf(ctx), dutydesk.HandOverFilter{Open: in.Open, Post: registry.PostID(in.Post), Paging: in.paging()})
	return &handOversOutput{Body: page}, err
}

func (a *API) acknowledgeCall(ctx context.Context, in *acknowledgeInput) (*callOutput, error) {
	v, err := a.o.Duty.Acknowledge(ctx, in.dutyRequest(ctx, "calls/"+in.ID+"/acknowledge"), dutydesk.CallID(in.ID), in.Body.Note)
	return &callOutput{Body: v}, err
}

func (a *API) passCall(ctx context.Context, in *passInput) (*callOutput, error) {
	v, err := a.o.Duty.Pass(ctx, in.dutyRequest(ctx, "calls/"+in.ID+"/pass"), dutydesk.CallID(in.ID), registry.PersonID(in.Body.To), in.Body.Note)
	return &callOutput{Body: v}, err
}

func (a *API) handOver(ctx context.Context, in *handOverInput) (*handOverOutput, error) {
	b := in.Body
	v, err := a.o.Duty.HandOver(ctx, in.dutyRequest(ctx, "handovers"), dutydesk.HandOverDraft{Post: registry.PostID(b.Post), Points: b.Points, Cases: b.Cases})
	return &handOverOutput{Body: v}, err
}

func (a *API) acceptShift(ctx context.Context, in *acceptInput) (*handOverOutput, error) {
	v, err := a.o.Duty.Accept(ctx, in.dutyRequest(ctx, "handovers/"+in.ID+"/accept"), dutydesk.HandOverID(in.ID), in.Body.Note)
	return &handOverOutput{Body: v}, err
}

func (a *API) setDeputy(ctx context.Context, in *deputyInput) (*deputyOutput, error) {
	b := in.Body
	v, err := a.o.Duty.SetDeputy(ctx, in.dutyRequest(ctx, "deputies"), registry.Deputy{For: registry.PersonID(b.For), By: registry.PersonID(b.By),
		Post: registry.PostID(b.Post), From: b.From, Until: b.Until, Why: b.Why})
	return &deputyOutput{Body: v}, err
}

func (a *API) endDeputy(ctx context.Context, in *endDeputyInput) (*deputyOutput, error) {
	v, err := a.o.Duty.EndDeputy(ctx, in.dutyRequest(ctx, "deputies/"+in.ID+"/end"), dutydesk.DeputyID(in.ID))
	return &deputyOutput{Body: v}, err
}

func (i Idempotent) dutyRequest(ctx context.Context, path string) command.Request {
	return command.Request{Actor: actorOf(ctx), IdempotencyKey: i.IdempotencyKey, Route: "/api/v1/duty/" + path}
}
