package api

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/time/rate"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/exchange"
	"twoweave/internal/platform/notify"
)

// Exchange is the exchange of work orders with other systems.
type Exchange interface {
	Peer(id exchange.PeerID) (*exchange.Peer, error)
	Receive(ctx context.Context, p *exchange.Peer, body []byte, way exchange.Way) (exchange.Answer, error)
	Turn(ctx context.Context, p *exchange.Peer, why error) error
	Feed(ctx context.Context, p *exchange.Peer, after string, limit int) (exchange.FeedPage, error)
	All(ctx context.Context, who access.Actor) ([]exchange.PeerView, error)
	Orders(ctx context.Context, who access.Actor, f exchange.Filter) (exchange.Page, error)
	Troubles(ctx context.Context, who access.Actor, peer exchange.PeerID) ([]exchange.Trouble, error)
}

// Signed are the headers by which another system is known: Standard Webhooks.
type Signed struct {
	Peer      string `path:"peer" doc:"the system's id"`
	ID        string `header:"webhook-id" doc:"of the message; the same message has the same id"`
	Timestamp string `header:"webhook-timestamp" doc:"seconds of Unix time, within 5 minutes of ours"`
	Signature string `header:"webhook-signature" doc:"v1,BASE64 of HMAC-SHA256 over id.timestamp.body; of a GET the path with its query stands for the body"`
}

type receiveInput struct {
	Signed
	RawBody []byte `contentType:"application/cloudevents+json"`
}

type receiveOutput struct{ Body exchange.Answer }

type feedInput struct {
	Signed
	After string `query:"after" maxLength:"40" doc:"next of the page before; missing: from the beginning"`
	Limit int    `query:"limit" doc:"1 … 500; 100 when missing"`
}

type feedOutput struct{ Body exchange.FeedPage }

type peersOutput struct {
	Body struct {
		Items []exchange.PeerView `json:"items"`
	}
}

type peerOrdersInput struct {
	Peer   string `query:"peer"`
	Case   string `query:"case" doc:"a case's id"`
	Cursor string `query:"cursor"`
	Limit  int    `query:"limit" doc:"1 … 500; 100 when missing"`
}

type peerOrdersOutput struct{ Body exchange.Page }

type troublesOutput struct {
	Body struct {
		Items []exchange.Trouble `json:"items"`
	}
}

func mountExchange(a *API) {
	const tag = "exchange"
	mountSigned(a, route{id: "receive-order", method: http.MethodPost, path: "/api/v1/exchange/{peer}/orders", tag: tag, maxBody: exchange.MaxMessage,
		summary: "A work order of another system, or a word about one; the same message gets the same answer", action: access.SendOrder}, a.receiveOrder)
	mountSigned(a, route{id: "exchange-feed", method: http.MethodGet, path: "/api/v1/exchange/{peer}/orders", tag: tag,
		summary: "Everything another system was told, in order", action: access.SendOrder}, a.exchangeFeed)
	mount(a, route{id: "list-peers", method: http.MethodGet, path: "/api/v1/exchange", tag: tag, summary: "The systems with which work orders are exchanged, and how each does",
		action: access.ReadExchange, purpose: access.Exchange}, a.listPeers)
	mount(a, route{id: "list-peer-orders", method: http.MethodGet, path: "/api/v1/exchange/orders", tag: tag, summary: "Work orders of and for other systems, the newest first",
		action: access.ReadExchange, purpose: access.Exchange}, a.listPeerOrders)
	mount(a, route{id: "list-troubles", method: http.MethodGet, path: "/api/v1/exchange/troubles", tag: tag, summary: "Messages of other systems that were not carried out, and why",
		action: access.ReadExchange, purpose: access.Exchange}, a.listTroubles)
}

// mountSigned registers a route for other systems, which sign their requests instead of signing in.
func mountSigned[I, O any](a *API, r route, handler func(context.Context, *I) (*O, error)) {
	op := huma.Operation{OperationID: r.id, Method: r.method, Path: r.path, Summary: r.summary, Tags: []string{r.tag}, MaxBodyBytes: r.maxBody,
		Middlewares: huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
			request, _ := humago.Unwrap(ctx)
			next(huma.WithValue(ctx, requestKey, request))
		}}}
	a.actions[r.id] = r.action
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, a.refuse(ctx, r, err)
		}
		return out, nil
	})
}

// forgeries limits what is kept of messages that bear a peer's name and not its signature: anybody can send such. There is one limiter for each peer of the settings.
type forgeries struct {
	mu sync.Mutex
	of map[exchange.PeerID]*rate.Limiter
}

const (
	forgedAtOnce = 10
	forgedEvery  = 6 * time.Second
)

func (f *forgeries) keep(p exchange.PeerID, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil {
		f.of = map[exchange.PeerID]*rate.Limiter{}
	}
	if f.of[p] == nil {
		f.of[p] = rate.NewLimiter(rate.Every(forgedEvery), forgedAtOnce)
	}
	return f.of[p].AllowN(now, 1)
}

// peer is the system that signed a request. What was not signed by it is turned away, and counted; of many forgeries, the first. signed is what the signature covers.
func (a *API) peer(ctx context.Context, id string, signed []byte) (*exchange.Peer, error) {
	if a.o.Exchange == nil {
		return nil, fault.New(fault.NotFound, "api.peer", "no work orders are exchanged here")
	}
	request, _ := ctx.Value(requestKey).(*http.Request)
	if request.Method == http.MethodGet {
		signed = []byte(request.URL.RequestURI())
	}
	p, unknown := a.o.Exchange.Peer(exchange.PeerID(id))
	if unknown != nil {
		_, err := notify.Verify(request.Header, signed, a.o.Clock.Now()) // by no secret: whoever tries names learns no more than who signs wrongly
		return nil, err
	}
	if _, err := notify.Verify(request.Header, signed, a.o.Clock.Now(), p.Secrets...); err != nil {
		if !a.forged.keep(p.ID, a.o.Clock.Now()) {
			return nil, err
		}
		if kept := a.o.Exchange.Turn(ctx, p, err); kept != nil {
			return nil, kept
		}
		return nil, err
	}
	return p, nil
}

func (a *API) receiveOrder(ctx context.Context, in *receiveInput) (*receiveOutput, error) {
	p, err := a.peer(ctx, in.Peer, in.RawBody)
	if err != nil {
		return nil, err
	}
	answer, err := a.o.Exchange.Receive(ctx, p, in.RawBody, exchange.Pushed)
	return &receiveOutput{Body: answer}, err
}

func (a *API) exchangeFeed(ctx context.Context, in *feedInput) (*feedOutput, error) {
	p, err := a.peer(ctx, in.Peer, nil)
	if err != nil {
		return nil, err
	}
	page, err := a.o.Exchange.Feed(ctx, p, in.After, in.Limit)
	return &feedOutput{Body: page}, err
}

func (a *API) listPeers(ctx context.Context, _ *struct{}) (*peersOutput, error) {
	out := &peersOutput{}
	out.Body.Items = []exchange.PeerView{}
	if a.o.Exchange == nil {
		return out, permit(ctx, access.ReadExchange, access.Thing{Kind: "exchange"})
	}
	var err error
	out.Body.Items, err = a.o.Exchange.All(ctx, actorOf(ctx))
	return out, err
}

func (a *API) listPeerOrders(ctx context.Context, in *peerOrdersInput) (*peerOrdersOutput, error) {
	if a.o.Exchange == nil {
		return &peerOrdersOutput{Body: exchange.Page{Items: []exchange.OrderView{}}}, permit(ctx, access.ReadExchange, access.Thing{Kind: "exchange"})
	}
	page, err := a.o.Exchange.Orders(ctx, actorOf(ctx), exchange.Filter{Peer: exchange.PeerID(in.Peer), Case: casework.ID(in.Case), Cursor: in.Cursor, Limit: in.Limit})
	return &peerOrdersOutput{Body: page}, err
}

func (a *API) listTroubles(ctx context.Context, in *struct {
	Peer string `query:"peer"`
}) (*troublesOutput, error) {
	out := &troublesOutput{}
	out.Body.Items = []exchange.Trouble{}
	if a.o.Exchange == nil {
		return out, permit(ctx, access.ReadExchange, access.Thing{Kind: "exchange"})
	}
	var err error
	out.Body.Items, err = a.o.Exchange.Troubles(ctx, actorOf(ctx), exchange.PeerID(in.Peer))
	return out, err
}
