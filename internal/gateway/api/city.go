package api

import (
	"context"
	"encoding/json"
	"net/http"

	"twoweave/internal/access"
	"twoweave/internal/manage/citydesk"
	"twoweave/internal/platform/command"
	"twoweave/internal/reform/pack"
	"twoweave/internal/registry"
)

// City is the desk at which the city's content is changed.
type City interface {
	Entries(ctx context.Context, reader access.Actor, kind pack.EntryKind) (citydesk.List, error)
	History(ctx context.Context, reader access.Actor, q citydesk.Query) (citydesk.History, error)
	Year(reader access.Actor, year int) (citydesk.YearView, error)
	Proposals(ctx context.Context, reader access.Actor) ([]registry.Proposal, error)
	Try(ctx context.Context, actor access.Actor, c citydesk.Change) (citydesk.RevisionView, error)
	Change(ctx context.Context, r command.Request, c citydesk.Change) (citydesk.RevisionView, error)
}

type entriesInput struct {
	Kind string `path:"kind" enum:"area,unit,grid,class,rule,person,shift,post,duty,holiday"`
}

type entriesOutput struct{ Body citydesk.List }

type revisionsInput struct {
	Kind   string `query:"kind"`
	ID     string `query:"id"`
	Before int64  `query:"before" doc:"only revisions before this one"`
	Limit  int    `query:"limit" doc:"1 … 200; 50 when missing"`
}

type revisionsOutput struct{ Body citydesk.History }

type proposalsOutput struct {
	Body struct {
		Items []registry.Proposal `json:"items"`
	}
}

type yearInput struct {
	Year int `path:"year" minimum:"2016" maximum:"2100"`
}

type yearOutput struct{ Body citydesk.YearView }

type changeInput struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"200" doc:"needed unless it is a trial"`
	Kind           string `path:"kind" enum:"area,unit,grid,class,rule,person,shift,post,duty,holiday"`
	ID             string `path:"id"`
	Body           struct {
		What  string          `json:"what" enum:"put,remove,back" doc:"put the entry, take it out, or have it as the packs have it"`
		Body  json.RawMessage `json:"body,omitempty" doc:"of put: the entry as a pack would have it"`
		Base  int64           `json:"base,omitempty" doc:"the number of the entry's revision that was seen; 0: it had none"`
		Why   string          `json:"why" doc:"stays on record"`
		Trial bool            `json:"trial,omitempty" doc:"say what would come of it, and change nothing"`
	}
}

type changeOutput struct{ Body citydesk.RevisionView }

func mountCity(a *API) {
	mount(a, route{id: "listEntries", method: http.MethodGet, path: "/api/v1/city/{kind}", tag: "city", summary: "Areas, units, grids, classes, rules, the roster or holidays, as they are in force",
		action: access.ReadCity, purpose: access.Operation}, a.entries)
	mount(a, route{id: "listRevisions", method: http.MethodGet, path: "/api/v1/revisions", tag: "city", summary: "What was changed on screens: before, after, by whom and why",
		action: access.ReadCity, purpose: access.Operation}, a.revisions)
	mount(a, route{id: "listProposals", method: http.MethodGet, path: "/api/v1/proposals", tag: "city", summary: "Routing rules that arbitration keeps deciding by",
		action: access.ReadCity, purpose: access.Operation}, a.proposals)
	mount(a, route{id: "showYear", method: http.MethodGet, path: "/api/v1/calendar/{year}", tag: "city", summary: "A year's holidays and worked weekend days",
		action: access.ReadCity, purpose: access.Operation}, a.year)
	mount(a, route{id: "changeEntry", method: http.MethodPost, path: "/api/v1/city/{kind}/{id}", tag: "city", summary: "Change one entry, in force at once", maxBody: 512 << 10,
		action: access.KeepCity, purpose: access.Operation}, a.changeEntry)
}

func (a *API) entries(ctx context.Context, in *entriesInput) (*entriesOutput, error) {
	list, err := a.o.City.Entries(ctx, actorOf(ctx), pack.EntryKind(in.Kind))
	return &entriesOutput{Body: list}, err
}

func (a *API) revisions(ctx context.Context, in *revisionsInput) (*revisionsOutput, error) {
	h, err := a.o.City.History(ctx, actorOf(ctx), citydesk.Query{Kind: pack.EntryKind(in.Kind), ID: in.ID, Before: in.Before, Limit: in.Limit})
	return &revisionsOutput{Body: h}, err
}

func (a *API) proposals(ctx context.Context, _ *struct{}) (*proposalsOutput, error) {
	out := &proposalsOutput{}
	var err error
	if out.Body.Items, err = a.o.City.Proposals(ctx, actorOf(ctx)); out.Body.Items == nil {
		out.Body.Items = []registry.Proposal{}
	}
	return out, err
}

func (a *API) year(ctx context.Context, in *yearInput) (*yearOutput, error) {
	v, err := a.o.City.Year(actorOf(ctx), in.Year)
	return &yearOutput{Body: v}, err
}

func (a *API) changeEntry(ctx context.Context, in *changeInput) (*changeOutput, error) {
	c := citydesk.Change{Kind: pack.EntryKind(in.Kind), ID: in.ID, What: citydesk.What(in.Body.What), Body: in.Body.Body, Base: in.Body.Base, Why: in.Body.Why}
	if in.Body.Trial {
		v, err := a.o.City.Try(ctx, actorOf(ctx), c)
		return &changeOutput{Body: v}, err
	}
	r := command.Request{Actor: actorOf(ctx), IdempotencyKey: in.IdempotencyKey, Route: "/api/v1/city/" + in.Kind + "/" + in.ID}
	v, err := a.o.City.Change(ctx, r, c)
	return &changeOutput{Body: v}, stale[citydesk.RevisionView](err)
}
