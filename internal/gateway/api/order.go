package api

import (
	"context"
	"net/http"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/orderdesk"
	"twoweave/internal/platform/command"
)

// Orders is the desk for city states and silences.
type Orders interface {
	Give(ctx context.Context, r command.Request, kind order.Kind, draft order.Draft) (orderdesk.View, error)
	Confirm(ctx context.Context, r command.Request, id order.ID) (orderdesk.View, error)
	End(ctx context.Context, r command.Request, id order.ID, why string) (orderdesk.View, error)
	List(ctx context.Context, reader access.Actor, f orderdesk.Filter) (orderdesk.Page, error)
	Board(ctx context.Context) (orderdesk.Board, error)
	Scenarios(reader access.Actor) ([]orderdesk.ScenarioName, error)
}

type ordersInput struct {
	Status string `query:"status" enum:"proposed,ordered,ended,refused,expired,ignored"`
	Kind   string `query:"kind" enum:"state,silence"`
	Cursor string `query:"cursor"`
	Limit  int    `query:"limit" doc:"1 … 200; 50 when missing"`
}

type ordersOutput struct{ Body orderdesk.Page }

type orderOutput struct{ Body orderdesk.View }

type scenariosOutput struct {
	Body struct {
		Items []orderdesk.ScenarioName `json:"items"`
	}
}

type statesOutput struct{ Body orderdesk.Board }

// Idempotent is the header that every command carries.
type Idempotent struct {
	IdempotencyKey string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"200" doc:"the same key gives the first answer and no second effect"`
}

type stateInput struct {
	Idempotent
	Body struct {
		Level string    `json:"level" doc:"special, emergency-4 to emergency-1; an emergency is proposed and waits for a second person"`
		Area  string    `json:"area,omitempty" doc:"an area's code; empty: the whole city"`
		Until time.Time `json:"until,omitempty" required:"false" doc:"an emergency must end within 7 days; special may be left open"`
		For   string    `json:"for,omitempty" doc:"instead of until: how long from now, such as 6h"`
		Why   string    `json:"why" maxLength:"1000"`
	}
}

type silenceInput struct {
	Idempotent
	Body struct {
		Scenarios []string  `json:"scenarios,omitempty" doc:"ids; none: all"`
		Area      string    `json:"area,omitempty" doc:"an area's code; empty: everywhere"`
		Subjects  []string  `json:"subjects,omitempty" doc:"none: all"`
		Ground    string    `json:"ground,omitempty" doc:"maintenance (when missing) or permit"`
		From      time.Time `json:"from,omitempty" required:"false" doc:"of the events' time; missing: now"`
		Until     time.Time `json:"until,omitempty" required:"false"`
		For       string    `json:"for,omitempty" doc:"instead of until: how long from now, such as 2h"`
		Why       string    `json:"why" maxLength:"1000"`
	}
}

type confirmInput struct {
	Idempotent
	ID string `path:"id"`
}

type endInput struct {
	Idempotent
	ID   string `path:"id"`
	Body struct {
		Why string `json:"why" maxLength:"1000"`
	}
}

func mountOrders(a *API) {
	const tag, most = "orders", 256 << 10
	mount(a, route{id: "list-orders", method: http.MethodGet, path: "/api/v1/orders", tag: tag, summary: "City states and silences as they were ordered, the newest first",
		action: access.ReadOrders, purpose: access.Ordering}, a.listOrders)
	mount(a, route{id: "states", method: http.MethodGet, path: "/api/v1/states", tag: tag, summary: "The level of each area now, and the orders behind it",
		action: access.ReadSigns, purpose: access.Supervision}, a.states)
	mount(a, route{id: "list-scenarios", method: http.MethodGet, path: "/api/v1/scenarios", tag: tag, summary: "The scenarios in force, which a silence may name",
		action: access.ReadOrders, purpose: access.Ordering}, a.scenarios)
	mount(a, route{id: "order-state", method: http.MethodPost, path: "/api/v1/states", tag: tag, summary: "Order special, or propose an emergency", maxBody: most,
		action: access.OrderState, purpose: access.Ordering}, a.orderState)
	mount(a, route{id: "order-silence", method: http.MethodPost, path: "/api/v1/silences", tag: tag, summary: "Say what is known and shall open no case", maxBody: most,
		action: access.OrderSilence, purpose: access.Ordering}, a.orderSilence)
	mount(a, route{id: "confirm-order", method: http.MethodPost, path: "/api/v1/orders/{id}/confirm", tag: tag, summary: "The second person's word on an emergency",
		action: access.ConfirmEmergency, purpose: access.Ordering}, a.confirmOrder)
	mount(a, route{id: "end-order", method: http.MethodPost, path: "/api/v1/orders/{id}/end", tag: tag, summary: "End an order before its time, or refuse a proposal", maxBody: most,
		action: access.OrderState, purpose: access.Ordering}, a.endOrder) // of a silence it is another action, which the desk asks about
}

func (a *API) listOrders(ctx context.Context, in *ordersInput) (*ordersOutput, error) {
	page, err := a.o.Orders.List(ctx, actorOf(ctx), orderdesk.Filter{Status: order.Status(in.Status), Kind: order.Kind(in.Kind), Cursor: in.Cursor, Limit: in.Limit})
	return &ordersOutput{Body: page}, err
}

func (a *API) states(ctx context.Context, _ *struct{}) (*statesOutput, error) {
	if err := permit(ctx, access.ReadSigns, access.Thing{Kind: "state"}); err != nil {
		return nil, err
	}
	board, err := a.o.Orders.Board(ctx)
	return &statesOutput{Body: board}, err
}

func (a *API) scenarios(ctx context.Context, _ *struct{}) (*scenariosOutput, error) {
	out := &scenariosOutput{}
	var err error
	out.Body.Items, err = a.o.Orders.Scenarios(actorOf(ctx))
	return out, err
}

func (a *API) orderState(ctx context.Context, in *stateInput) (*orderOutput, error) {
	b := in.Body
	last, err := lasting(b.For)
	if err != nil {
		return nil, err
	}
	v, err := a.o.Orders.Give(ctx, in.request(ctx, "/api/v1/states"), order.PutState,
		order.Draft{Level: order.Level(b.Level), Area: event.AreaCode(b.Area), Until: b.Until.UTC(), For: last, Why: b.Why})
	return &orderOutput{Body: v}, err
}

func (a *API) orderSilence(ctx context.Context, in *silenceInput) (*orderOutput, error) {
	b := in.Body
	last, err := lasting(b.For)
	if err != nil {
		return nil, err
	}
	if b.Ground == "" {
		b.Ground = string(order.Maintenance)
	}
	v, err := a.o.Orders.Give(ctx, in.request(ctx, "/api/v1/silences"), order.PutSilence, order.Draft{Scenarios: b.Scenarios, Area: event.AreaCode(b.Area),
		Subjects: b.Subjects, Ground: order.Ground(b.Ground), From: b.From.UTC(), Until: b.Until.UTC(), For: last, Why: b.Why})
	return &orderOutput{Body: v}, err
}

func (a *API) confirmOrder(ctx context.Context, in *confirmInput) (*orderOutput, error) {
	v, err := a.o.Orders.Confirm(ctx, in.request(ctx, "/api/v1/orders/"+in.ID+"/confirm"), order.ID(in.ID))
	return &orderOutput{Body: v}, err
}

func (a *API) endOrder(ctx context.Context, in *endInput) (*orderOutput, error) {
	v, err := a.o.Orders.End(ctx, in.request(ctx, "/api/v1/orders/"+in.ID+"/end"), order.ID(in.ID), in.Body.Why)
	return &orderOutput{Body: v}, err
}

func (i Idempotent) request(ctx context.Context, route string) command.Request {
	return command.Request{Actor: actorOf(ctx), IdempotencyKey: i.IdempotencyKey, Route: route}
}

// lasting reads how long something lasts; nothing is zero.
func lasting(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fault.Invalidly("api.lasting", fault.Problem{Field: "for", Message: "must be a time such as 30m or 6h"})
	}
	return d, nil
}
