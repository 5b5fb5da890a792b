package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/command"
	"twoweave/internal/registry"
)

// Cases is the desk.
type Cases interface {
	List(ctx context.Context, r casedesk.Reader, f casedesk.Filter) (casedesk.Page, error)
	Case(ctx context.Context, r casedesk.Reader, id casework.ID, personal bool) (casedesk.Detail, error)
	Do(ctx context.Context, r casedesk.Request) (casedesk.View, error)
	Detections(ctx context.Context, r casedesk.Reader, f casedesk.FindingFilter) (casedesk.FindingPage, error)
	Exceptions(ctx context.Context, r casedesk.Reader, kind string, most int) ([]casedesk.Exception, error)
}

type casesInput struct {
	Open      string `query:"open" enum:"true,false" doc:"only cases that are open, or only closed ones"`
	State     string `query:"state"`
	Area      string `query:"area"`
	Class     string `query:"class"`
	Scenario  string `query:"scenario"`
	Indicator string `query:"indicator" doc:"the cases behind a vital sign"`
	Unit      string `query:"unit"`
	Handler   string `query:"handler" doc:"an id, or me"`
	Asked     bool   `query:"asked" doc:"only those with a suspension or extension that awaits its answer"`
	Overdue   bool   `query:"overdue" doc:"only those whose limit has passed"`
	Into      string `query:"into" doc:"only those merged into this case"`
	Text      string `query:"q" maxLength:"200" doc:"within number, subject or title"`
	Order     string `query:"order" doc:"due (the nearest limit first) or opened (the newest first)"`
	Cursor    string `query:"cursor"`
	Limit     int    `query:"limit" doc:"1 … 200; 50 when missing"`
}

type casesOutput struct{ Body casedesk.Page }

type caseInput struct {
	ID       string `path:"id"`
	Personal bool   `query:"personal" doc:"open the sealed values about persons; this is recorded"`
}

type caseOutput struct{ Body casedesk.Detail }

type commandInput struct {
	ID             string `path:"id"`
	IdempotencyKey string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"200" doc:"the same key gives the first answer and no second effect"`
	Body           struct {
		Command string         `json:"command" enum:"confirm,check,file,void,merge,dispatch,start,return,arbitrate,involve,contribute,advance,ask-suspension,ask-extension,suspend,extend,decline,resume,finish,settle,rework,verify,close,reopen,urge,rate,undo"`
		Version int64          `json:"version" minimum:"1" doc:"the version of the case that the actor saw"`
		Note    string         `json:"note,omitempty" maxLength:"4000" doc:"needed as the reason of void, return, decline, rework, reopen, urge, ask-suspension and ask-extension"`
		Unit    string         `json:"unit,omitempty" doc:"dispatch, arbitrate: another unit than the proposed one"`
		Handler string         `json:"handler,omitempty" doc:"dispatch, arbitrate: a person of the unit"`
		Units   []string       `json:"units,omitempty" maxItems:"20" doc:"involve: the units beside the one that leads"`
		Phase   int            `json:"phase,omitempty" doc:"dispatch, arbitrate: the phase of the limit to begin at, from 0"`
		Into    string         `json:"into,omitempty" doc:"merge: the id of the case into which"`
		Amount  string         `json:"amount,omitempty" doc:"ask-extension: by how much, such as 2 working days or 4 urgent hours"`
		Until   *time.Time     `json:"until,omitempty" doc:"ask-suspension: until when"`
		Spot    *casework.Spot `json:"spot,omitempty" doc:"start, finish, settle: where the actor's device was; with its owner's consent only"`
		Rating  int            `json:"rating,omitempty" minimum:"0" maximum:"5" doc:"rate: 1 (very bad) to 5 (very good)"`
	}
}

type commandOutput struct{ Body casedesk.View }

func mountCases(a *API) {
	mount(a, route{id: "list-cases", method: http.MethodGet, path: "/api/v1/cases", tag: "cases", summary: "Cases by filter; one filter has one total",
		action: access.ReadCase, purpose: access.Supervision}, a.listCases)
	mount(a, route{id: "get-case", method: http.MethodGet, path: "/api/v1/cases/{id}", tag: "cases", summary: "One case: its readings, rule, detection and every step",
		action: access.ReadCase, purpose: access.Casework}, a.getCase)
	mount(a, route{id: "command-case", method: http.MethodPost, path: "/api/v1/cases/{id}/commands", tag: "cases", summary: "Move a case along the loop", maxBody: 64 << 10,
		action: access.ReadCase, purpose: access.Casework}, a.commandCase) // the command itself is another action, which the desk asks about
}

func readerOf(ctx context.Context) casedesk.Reader {
	return casedesk.Reader{Actor: actorOf(ctx), Purpose: purposeOf(ctx)}
}

func (a *API) listCases(ctx context.Context, in *casesInput) (*casesOutput, error) {
	page, err := a.o.Cases.List(ctx, readerOf(ctx), in.filter())
	return &casesOutput{Body: page}, err
}

func (in *casesInput) filter() casedesk.Filter {
	f := casedesk.Filter{State: casework.State(in.State), Area: event.AreaCode(in.Area), Class: in.Class, Scenario: scenario.ID(in.Scenario),
		Indicator: indicator.ID(in.Indicator), Unit: registry.UnitID(in.Unit), Handler: in.Handler, Text: in.Text, Order: casedesk.Order(in.Order), Asked: in.Asked,
		Overdue: in.Overdue, Into: casework.ID(in.Into), Cursor: in.Cursor, Limit: in.Limit}
	if in.Open != "" {
		open := in.Open == "true"
		f.Open = &open
	}
	return f
}

func (a *API) getCase(ctx context.Context, in *caseInput) (*caseOutput, error) {
	detail, err := a.o.Cases.Case(ctx, readerOf(ctx), casework.ID(in.ID), in.Personal)
	return &caseOutput{Body: detail}, err
}

func (a *API) commandCase(ctx context.Context, in *commandInput) (*commandOutput, error) {
	cmd, err := in.command(ctx)
	if err != nil {
		return nil, err
	}
	view, err := a.o.Cases.Do(ctx, casedesk.Request{
		CaseID: casework.ID(in.ID), Actor: actorOf(ctx), IdempotencyKey: in.IdempotencyKey, Route: "/api/v1/cases/" + in.ID + "/commands", Command: cmd,
	})
	return &commandOutput{Body: view}, stale[casedesk.View](err)
}

// stale gives the conflict of a command on an older version the thing as it is now; other errors stay as they are.
func stale[T any](err error) error {
	conflict, is := errors.AsType[*command.Stale[T]](err)
	if !is {
		return err
	}
	p := problemOf(err)
	p.Current = conflict.Current
	return p
}

func (in *commandInput) command(ctx context.Context) (casework.Command, error) {
	b := in.Body
	cmd := casework.Command{
		Kind: casework.CommandKind(b.Command), Purpose: purposeOf(ctx), Version: b.Version, Note: b.Note, Unit: registry.UnitID(b.Unit), Handler: b.Handler,
		Phase: b.Phase, Into: casework.ID(b.Into), Rating: b.Rating, Spot: b.Spot,
	}
	for _, u := range b.Units {
		cmd.Units = append(cmd.Units, registry.UnitID(u))
	}
	if b.Until != nil {
		cmd.At = *b.Until
	}
	if b.Amount == "" {
		return cmd, nil
	}
	if err := cmd.Amount.UnmarshalText([]byte(b.Amount)); err != nil {
		return cmd, fault.New(fault.Invalid, "api.command", "amount: %v", err)
	}
	return cmd, nil
}
