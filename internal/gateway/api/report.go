package api

import (
	"context"
	"net/http"

	"twoweave/internal/access"
	"twoweave/internal/base/geo"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/matter"
)

// Reports is the desk as it takes reports.
type Reports interface {
	Take(ctx context.Context, r casedesk.TakeRequest) (casedesk.Taken, error)
	Near(ctx context.Context, r casedesk.Reader, class matter.ClassID, area event.AreaCode, place casework.Place) ([]casedesk.Near, error)
	Addresses(ctx context.Context, r casedesk.Reader, text string) ([]casedesk.Known, error)
	Caller(ctx context.Context, r casedesk.Reader, phone string) ([]casedesk.ReportView, error)
	Told(ctx context.Context, r casedesk.Reader, id casework.ID) ([]casedesk.ReportView, error)
	Classes() []casedesk.ClassView
}

type reportInput struct {
	IdempotencyKey string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"200" doc:"the same key gives the first answer and no second effect"`
	Body           struct {
		Channel string     `json:"channel" enum:"phone,app,counter,patrol,exchange"`
		Name    string     `json:"name,omitempty" maxLength:"100"`
		Phone   string     `json:"phone,omitempty" maxLength:"100" doc:"the person is found again by it; kept sealed"`
		Text    string     `json:"text" minLength:"1" maxLength:"4000"`
		Class   string     `json:"class,omitempty" doc:"matter class; needed unless it is answered at once"`
		Area    string     `json:"area,omitempty" doc:"code of the subdistrict or town; likewise"`
		Address string     `json:"address,omitempty" maxLength:"200"`
		Point   *geo.Point `json:"point,omitempty"`
		Join    string     `json:"join,omitempty" doc:"the id of the open case that it is about; auto = the one at the same place, if there is one; empty = a new case"`
		Answer  string     `json:"answer,omitempty" maxLength:"4000" doc:"a question, answered on the spot: no case"`
		Settle  bool       `json:"settle,omitempty" doc:"a field worker's own, of a light class: settled on the spot"`
	}
}

type reportOutput struct {
	Status int
	Body   casedesk.Taken
}

type nearInput struct {
	Class   string  `query:"class"`
	Area    string  `query:"area"`
	Address string  `query:"address" maxLength:"200"`
	Lon     float64 `query:"lon"`
	Lat     float64 `query:"lat"`
}

type nearOutput struct {
	Body struct {
		Items []casedesk.Near `json:"items"`
	}
}

type addressesInput struct {
	Text string `query:"q" minLength:"1" maxLength:"200"`
}

type addressesOutput struct {
	Body struct {
		Items []casedesk.Known `json:"items"`
	}
}

type callerInput struct {
	Body struct {
		Phone string `json:"phone" minLength:"1" maxLength:"100"`
	}
}

type reportsOutput struct {
	Body struct {
		Items []casedesk.ReportView `json:"items"`
	}
}

type classesOutput struct {
	Body struct {
		Items []casedesk.ClassView `json:"items"`
	}
}

func mountReports(a *API) {
	mount(a, route{id: "take-report", method: http.MethodPost, path: "/api/v1/reports", tag: "reports", summary: "Take a report: a new case, part of an open one, or a question that is answered",
		maxBody: 64 << 10, action: access.ReadClasses, purpose: access.Casework}, a.takeReport) // what it leads to is another action, which the desk asks about
	mount(a, route{id: "near-cases", method: http.MethodGet, path: "/api/v1/cases/near", tag: "reports", summary: "Open cases around a place, the nearest first",
		action: access.ReadCase, purpose: access.Casework}, a.nearCases)
	mount(a, route{id: "find-addresses", method: http.MethodGet, path: "/api/v1/addresses", tag: "reports", summary: "Addresses that were told before",
		action: access.ReadClasses, purpose: access.Casework}, a.findAddresses)
	mount(a, route{id: "find-caller", method: http.MethodPost, path: "/api/v1/callers", tag: "reports", summary: "The earlier reports of whoever has a phone number; this is recorded", maxBody: 4 << 10,
		action: access.ReadPersonal, purpose: access.Casework}, a.findCaller)
	mount(a, route{id: "case-reports", method: http.MethodGet, path: "/api/v1/cases/{id}/reports", tag: "reports", summary: "What people reported about a case",
		action: access.ReadCase, purpose: access.Casework}, a.caseReports)
	mount(a, route{id: "list-classes", method: http.MethodGet, path: "/api/v1/classes", tag: "reports", summary: "The matter classes: when they are filed and closed, who is responsible, how long it may take",
		action: access.ReadClasses, purpose: access.Casework}, a.listClasses)
}

func (a *API) takeReport(ctx context.Context, in *reportInput) (*reportOutput, error) {
	b := in.Body
	out, err := a.o.Reports.Take(ctx, casedesk.TakeRequest{
		Intake: casedesk.Intake{
			Channel: casedesk.Channel(b.Channel), Name: b.Name, Phone: b.Phone, Text: b.Text, Class: matter.ClassID(b.Class), Area: event.AreaCode(b.Area),
			Place: casework.Place{Address: b.Address, Point: b.Point}, Join: b.Join, Answer: b.Answer, Settle: b.Settle,
		},
		Actor: actorOf(ctx), IdempotencyKey: in.IdempotencyKey, Route: "/api/v1/reports",
	})
	return &reportOutput{Status: http.StatusCreated, Body: out}, err
}

func (a *API) nearCases(ctx context.Context, in *nearInput) (*nearOutput, error) {
	place := casework.Place{Address: in.Address}
	if in.Lon != 0 || in.Lat != 0 {
		place.Point = &geo.Point{Lon: in.Lon, Lat: in.Lat}
	}
	out := &nearOutput{}
	var err error
	out.Body.Items, err = a.o.Reports.Near(ctx, readerOf(ctx), matter.ClassID(in.Class), event.AreaCode(in.Area), place)
	return out, err
}

func (a *API) findAddresses(ctx context.Context, in *addressesInput) (*addressesOutput, error) {
	out := &addressesOutput{}
	var err error
	out.Body.Items, err = a.o.Reports.Addresses(ctx, readerOf(ctx), in.Text)
	return out, err
}

func (a *API) findCaller(ctx context.Context, in *callerInput) (*reportsOutput, error) {
	out := &reportsOutput{}
	var err error
	out.Body.Items, err = a.o.Reports.Caller(ctx, readerOf(ctx), in.Body.Phone)
	return out, err
}

func (a *API) caseReports(ctx context.Context, in *struct {
	ID string `path:"id"`
}) (*reportsOutput, error) {
	out := &reportsOutput{}
	var err error
	out.Body.Items, err = a.o.Reports.Told(ctx, readerOf(ctx), casework.ID(in.ID))
	return out, err
}

func (a *API) listClasses(ctx context.Context, _ *struct{}) (*classesOutput, error) {
	if err := permit(ctx, access.ReadClasses, access.Thing{Kind: "class"}); err != nil {
		return nil, err
	}
	out := &classesOutput{}
	out.Body.Items = a.o.Reports.Classes()
	return out, nil
}
