package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"reflect"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
)

// Options are what the gateway needs of the rest of the program.
type Options struct {
	// Actor says who asks: ok is false when the request says nothing, the error is set when it says something false.
	Actor func(*http.Request) (actor access.Actor, ok bool, err error)
	// Anonymous is the actor of an unsigned request that sends events, or nil when there must be one.
	Anonymous *access.Actor

	// Admit says whether an account may ask once more, to read or for something else; Stream takes a place for a live stream, which leave gives back. Nil: always.
	Admit  func(account string, reads bool) error
	Stream func(r *http.Request, account string) (leave func(), err error)

	Events     Events
	Cases      Cases
	Photos     Photos
	Reports    Reports
	Messages   Messages
	Bulks      Bulks
	Signs      Signs
	Orders     Orders
	Duty       Duty
	City       City       // nil: nothing is changed on screens
	Incidents  Incidents  // nil: there is no command post
	Appraisals Appraisals // nil: nobody appraises
	Exchange   Exchange   // nil: no work orders are exchanged
	Facts      Facts
	Series     Series
	Machine    Machine
	Past       Past
	Places     Places
	Version    string
	Words      func(tag lang.Tag, key string) string // of the pages, for sheets that people take away
	SyncMode   func() string
	Demo       bool
	Clock      clock.Clock
	Log        *slog.Logger
}

// API serves /api/v1, /prometheus/api/v1 and /openapi.json.
type API struct {
	o       Options
	huma    huma.API
	actions map[string]access.Action // by operation id
	hub     *hub
	forged  forgeries
}

// New builds the gateway on mux. Run must be running for /api/v1/stream to be live.
func New(mux *http.ServeMux, o Options) *API {
	formErrors()
	config := huma.DefaultConfig("Twoweave", o.Version)
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "/openapi", "", ""
	config.CreateHooks = nil
	config.Info.Description = "One program that weaves a city's two networks. Errors are RFC 9457 problem documents."
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"key":     {Type: "http", Scheme: "bearer", Description: "an account's key"},
		"session": {Type: "apiKey", In: "cookie", Name: "tw_session", Description: "over TLS its name is __Host-tw_session"},
	}
	a := &API{o: o, actions: map[string]access.Action{}, hub: newHub(o)}
	a.huma = humago.New(mux, config)
	for _, mount := range []func(*API){
		mountEvents,
		mountMe,
		mountReports,
		mountMessages,
		mountCases,
		mountPhotos,
		mountBulk,
		mountDetections,
		mountExplanations,
		mountBacktests,
		mountSigns,
		mountOrders,
		mountDuty,
		mountIncidents,
		mountCity,
		mountAppraisals,
		mountExchange,
		mountAreas,
		mountMachine,
		mountStream,
		mountSeries,
	} {
		mount(a)
	}
	for _, prefix := range []string{"/api/", "/prometheus/"} {
		mux.HandleFunc(prefix, a.unrouted(mux, prefix))
	}
	return a
}

var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// unrouted answers what no route fits with a problem document: another method than the path has, or no such path.
func (a *API) unrouted(mux *http.ServeMux, prefix string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p := problemOf(fault.New(fault.NotFound, "api", "there is no %s; /openapi.json describes what there is", r.URL.Path))
		var allowed []string
		for _, method := range methods {
			try := r.Clone(r.Context())
			try.Method = method
			if _, pattern := mux.Handler(try); pattern != prefix {
				allowed = append(allowed, method)
			}
		}
		if allowed != nil {
			p = problemFromFramework(http.StatusMethodNotAllowed, fmt.Sprintf("%s takes %s", r.URL.Path, strings.Join(allowed, ", "))).(*Problem)
			w.Header().Set("Allow", strings.Join(allowed, ", "))
		}
		w.Header().Set("Content-Type", p.ContentType(""))
		w.WriteHeader(p.Status)
		if err := a.huma.Marshal(w, "application/json", p); err != nil {
			a.o.Log.Warn("answer not written", "error", err)
		}
	}
}

// formErrors uses huma's one hook for the form of errors. It belongs to the process, so it is set once, for every API the same.
var formErrors = sync.OnceFunc(func() { huma.NewError = problemFromFramework })

// schemaName tells apart types of the same name by their package, as "CasedeskPage" and "SeriesPage".
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	pkg := path.Base(t.PkgPath())
	if t.Name() == "" || pkg == "." || pkg == "api" {
		return name
	}
	return strings.ToUpper(pkg[:1]) + pkg[1:] + name
}

// Run feeds the live stream until ctx ends.
func (a *API) Run(ctx context.Context) error { return a.hub.run(ctx) }

// Describe is the OpenAPI 3.1 document.
func (a *API) Describe() ([]byte, error) { return a.huma.OpenAPI().MarshalJSON() }

// Actions is the action that each operation performs, for the test that compares them with the access table.
func (a *API) Actions() map[string]access.Action { return a.actions }

// route is one operation and what access calls it.
type route struct {
	id, method, path, summary, tag string
	action                         access.Action
	purpose                        access.Purpose
	status                         int
	maxBody                        int64
	describe                       func(*huma.Operation)
}

// mount registers a route. The handler runs only for someone signed in; it is the use case that decides about the thing itself, so the
// actor and the purpose travel with the context.
func mount[I, O any](a *API, r route, handler func(context.Context, *I) (*O, error)) {
	if !access.Known(r.action) {
		panic(fmt.Sprintf("api: route %s %s performs %q, which is in no row of the access table", r.method, r.path, r.action))
	}
	op := huma.Operation{OperationID: r.id, Method: r.method, Path: r.path, Summary: r.summary, Tags: []string{r.tag}, DefaultStatus: r.status, MaxBodyBytes: r.maxBody,
		Security: []map[string][]string{{"key": {}}, {"session": {}}}, Middlewares: huma.Middlewares{listen, a.identify(r.action)}}
	if r.describe != nil {
		r.describe(&op)
	}
	a.actions[r.id] = r.action
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(withPurpose(ctx, r.purpose), in)
		if err != nil {
			return nil, a.refuse(ctx, r, err)
		}
		return out, nil
	})
}

// refuse gives an error its public form; what is our fault goes to the log in full.
func (a *API) refuse(ctx context.Context, r route, err error) error {
	if p, ok := err.(*Problem); ok {
		return a.translate(ctx, p)
	}
	if ready, ok := err.(huma.StatusError); ok {
		return ready // already in its public form
	}
	p := a.translate(ctx, problemOf(err))
	if p.Status >= 500 {
		a.o.Log.ErrorContext(ctx, "request failed", "operation", r.id, "error", err)
	}
	if again := p.again(); again != "" {
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {again}})
	}
	return p
}

type contextKey int

const (
	actorKey contextKey = iota
	purposeKey
	languageKey
	requestKey
)

// identify finds the actor and turns away who is not signed in.
func (a *API) identify(action access.Action) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, _ := humago.Unwrap(ctx)
		actor, ok, err := a.o.Actor(r)
		if err == nil && !ok && action == access.SendEvent && a.o.Anonymous != nil {
			actor, ok = *a.o.Anonymous, true
		}
		if err == nil && !ok {
			err = fault.New(fault.Unauthenticated, "api", "sign in, or send an Authorization header: Bearer KEY")
		}
		if err == nil && a.o.Admit != nil {
			err = a.o.Admit(actor.ID, r.Method == http.MethodGet || r.Method == http.MethodHead)
		}
		if err != nil {
			a.write(ctx, problemOf(err))
			return
		}
		next(huma.WithValue(ctx, actorKey, actor))
	}
}

func (a *API) write(ctx huma.Context, p *Problem) {
	if p.Status == http.StatusUnauthorized {
		ctx.SetHeader("WWW-Authenticate", `Bearer realm="twoweave"`)
	}
	if again := p.again(); again != "" {
		ctx.SetHeader("Retry-After", again)
	}
	ctx.SetHeader("Content-Type", p.ContentType(""))
	ctx.SetStatus(p.Status)
	if err := a.huma.Marshal(ctx.BodyWriter(), "application/json", p); err != nil {
		a.o.Log.Warn("answer not written", "error", err)
	}
}

func withPurpose(ctx context.Context, p access.Purpose) context.Context {
	return context.WithValue(ctx, purposeKey, p)
}

func actorOf(ctx context.Context) access.Actor {
	actor, _ := ctx.Value(actorKey).(access.Actor)
	return actor
}

func purposeOf(ctx context.Context) access.Purpose {
	p, _ := ctx.Value(purposeKey).(access.Purpose)
	return p
}

// permit asks access about a thing that no use case decides on.
func permit(ctx context.Context, action access.Action, thing access.Thing) error {
	d := access.Decide(access.Request{Actor: actorOf(ctx), Action: action, Thing: thing, Purpose: purposeOf(ctx)})
	if d.Allow {
		return nil
	}
	return d.Refusal("api")
}
