package api

import (
	"context"
	"net/http"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/registry"
)

// Bulks is the desk as it takes one command for many cases.
type Bulks interface {
	Queues(ctx context.Context, r casedesk.Reader, f casedesk.Filter) ([]casedesk.QueueCount, error)
	Choose(ctx context.Context, r casedesk.Reader, f casedesk.Filter) ([]casedesk.Chosen, int, error)
	Preview(ctx context.Context, b casedesk.Bulk) (casedesk.BulkResult, error)
	DoAll(ctx context.Context, b casedesk.Bulk) (casedesk.BulkResult, error)
}

type bulkCase struct {
	ID      string `json:"id"`
	Version int64  `json:"version,omitempty" minimum:"0" doc:"the version that the actor saw; needed unless it is a preview"`
}

type bulkFilter struct {
	Open      *bool  `json:"open,omitempty"`
	State     string `json:"state,omitempty"`
	Area      string `json:"area,omitempty"`
	Class     string `json:"class,omitempty"`
	Scenario  string `json:"scenario,omitempty"`
	Indicator string `json:"indicator,omitempty"`
	Unit      string `json:"unit,omitempty"`
	Handler   string `json:"handler,omitempty"`
	Asked     bool   `json:"asked,omitempty"`
	Overdue   bool   `json:"overdue,omitempty"`
	Text      string `json:"q,omitempty" maxLength:"200"`
	Order     string `json:"order,omitempty" enum:"due,opened"`
}

type bulkInput struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"200" doc:"needed unless it is a preview; the same key gives the same answers and no second effect"`
	Body           struct {
		Command string      `json:"command" enum:"confirm,file,void,merge,dispatch,close,urge,undo"`
		Preview bool        `json:"preview,omitempty" doc:"only say what would happen"`
		Cases   []bulkCase  `json:"cases,omitempty" maxItems:"500"`
		Filter  *bulkFilter `json:"filter,omitempty" doc:"in a preview, instead of cases: the first 500 that fit"`
		Note    string      `json:"note,omitempty" maxLength:"4000" doc:"needed as the reason of void and urge"`
		Unit    string      `json:"unit,omitempty" doc:"dispatch: another unit than the proposed ones"`
		Into    string      `json:"into,omitempty" doc:"merge: the id of the case into which"`
	}
}

type bulkOutput struct{ Body casedesk.BulkResult }

type queuesOutput struct {
	Body struct {
		Items []casedesk.QueueCount `json:"items"`
	}
}

func mountBulk(a *API) {
	mount(a, route{id: "count-queues", method: http.MethodGet, path: "/api/v1/queues", tag: "cases", summary: "How many cases wait for what, under a filter",
		action: access.ReadCase, purpose: access.Supervision}, a.countQueues)
	mount(a, route{id: "command-cases", method: http.MethodPost, path: "/api/v1/cases/bulk", tag: "cases", summary: "One command for many cases, previewed or done, answered case by case",
		maxBody: 256 << 10, action: access.ReadCase, purpose: access.Casework}, a.commandCases)
}

func (a *API) commandCases(ctx context.Context, in *bulkInput) (*bulkOutput, error) {
	b := casedesk.Bulk{Actor: actorOf(ctx), IdempotencyKey: in.IdempotencyKey, Route: "/api/v1/cases/bulk", Command: in.command(ctx)}
	for _, c := range in.Body.Cases {
		b.Cases = append(b.Cases, casedesk.Chosen{ID: casework.ID(c.ID), Version: c.Version})
	}
	if !in.Body.Preview {
		if in.Body.Filter != nil {
			return nil, fault.New(fault.Invalid, "api.commandCases", "a filter is for a preview; what is done names the cases that the preview showed")
		}
		out, err := a.o.Bulks.DoAll(ctx, b)
		return &bulkOutput{Body: out}, err
	}
	total := len(b.Cases)
	if in.Body.Filter != nil {
		var err error
		if b.Cases, total, err = a.o.Bulks.Choose(ctx, readerOf(ctx), in.Body.Filter.filter()); err != nil {
			return nil, err
		}
	}
	out, err := a.o.Bulks.Preview(ctx, b)
	out.Total = total
	return &bulkOutput{Body: out}, err
}

func (a *API) countQueues(ctx context.Context, in *casesInput) (*queuesOutput, error) {
	out := &queuesOutput{}
	var err error
	out.Body.Items, err = a.o.Bulks.Queues(ctx, readerOf(ctx), in.filter())
	return out, err
}

func (in *bulkInput) command(ctx context.Context) casework.Command {
	b := in.Body
	return casework.Command{Kind: casework.CommandKind(b.Command), Purpose: purposeOf(ctx), Note: b.Note, Unit: registry.UnitID(b.Unit), Into: casework.ID(b.Into)}
}

func (f *bulkFilter) filter() casedesk.Filter {
	return casedesk.Filter{Open: f.Open, State: casework.State(f.State), Area: event.AreaCode(f.Area), Class: f.Class, Scenario: scenario.ID(f.Scenario),
		Indicator: indicator.ID(f.Indicator), Unit: registry.UnitID(f.Unit), Handler: f.Handler, Asked: f.Asked, Overdue: f.Overdue, Text: f.Text, Order: casedesk.Order(f.Order)}
}
