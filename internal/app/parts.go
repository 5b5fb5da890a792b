package app

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/flow"
	"twoweave/internal/gateway/api"
	"twoweave/internal/gateway/limit"
	"twoweave/internal/gateway/mqtt"
	"twoweave/internal/manage/appraisaldesk"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/detect"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/ingest"
	"twoweave/internal/platform/outbox"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/timer"
	"twoweave/internal/platform/vault"
	"twoweave/internal/records/manage"
)

// The forms in which ingest and the vault leave sealed values in an event's data.
const (
	personField  = "$person"
	sealedPrefix = "tink1:"
)

// sealer puts personal values under their person's key, in one transaction for each event.
type sealer struct {
	db    *sqldb.DB
	vault *vault.Vault
}

func (s sealer) Seal(ctx context.Context, kind, value string, fields map[string][]byte) (person string, sealed map[string]string, err error) {
	err = s.db.Update(ctx, func(tx *sqldb.Tx) error {
		id, err := s.vault.Person(tx, kind, value)
		if err != nil {
			return err
		}
		person, sealed = string(id), make(map[string]string, len(fields))
		for name, plain := range fields {
			text, err := s.vault.Seal(tx, id, name, plain)
			if err != nil {
				return err
			}
			sealed[name] = string(text)
		}
		return nil
	})
	return person, sealed, err
}

// reveal opens the sealed values of an event's data; a forgotten person's stay sealed.
func (s sealer) reveal(_ context.Context, tx *sqldb.Tx, data []byte) ([]byte, error) {
	var fields map[string]any
	if json.Unmarshal(data, &fields) != nil {
		return data, nil
	}
	person, _ := fields[personField].(string)
	if person == "" {
		return data, nil
	}
	for name, value := range fields {
		text, _ := value.(string)
		if name == personField || !strings.HasPrefix(text, sealedPrefix) {
			continue
		}
		plain, err := s.vault.Open(tx, vault.PersonID(person), name, vault.Sealed(text))
		if vault.Forgotten(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		fields[name] = string(plain)
	}
	return json.Marshal(fields)
}

// events is ingest as the HTTP gateway sees it.
type events struct {
	in   *ingest.Ingest
	door *limit.Door
}

// admit says whether a sender may send a list: as many events, about as many things that it never spoke of.
func (e events) admit(sender event.Sender, list []event.Event) error {
	if err := e.door.Events(string(sender), len(list)); err != nil {
		return err
	}
	named := make([]string, len(list))
	for i := range list {
		named[i] = list[i].Subject
	}
	return e.door.Subjects(string(sender), named)
}

// tooDeep takes from a list what nests too deep to be looked at, whatever way it came (base64 hides it from who watches bodies), and leaves the rest in order.
func (e events) tooDeep(list []event.Event) (rest []event.Event, deep map[int]bool) {
	deep = map[int]bool{}
	for i := range list {
		if e.door.TooDeep(list[i].Data) {
			deep[i] = true
			e.in.Refuse()
			continue
		}
		rest = append(rest, list[i])
	}
	return rest, deep
}

var deepData = []fault.Problem{{Field: "data", Message: "is nested too deep"}}

func (e events) Accept(ctx context.Context, sender event.Sender, list []event.Event) ([]api.Outcome, error) {
	if err := e.admit(sender, list); err != nil {
		return nil, err
	}
	rest, deep := e.tooDeep(list)
	outcomes, err := e.in.Accept(ctx, sender, rest)
	out := make([]api.Outcome, len(list))
	next := 0
	for i := range out {
		if deep[i] {
			out[i].Problems = deepData
			continue
		}
		out[i] = api.Outcome{Accepted: outcomes[next].Accepted, Problems: outcomes[next].Problems}
		next++
	}
	return out, err
}

func (e events) Refuse(event.Sender, []fault.Problem) { e.in.Refuse() }

// one is ingest as the MQTT gateway sees it.
func (e events) one(ctx context.Context, sender event.Sender, ev event.Event) ([]fault.Problem, error) {
	if e.door.TooDeep(ev.Data) {
		e.in.Refuse()
		return deepData, nil
	}
	if err := e.door.Subjects(string(sender), []string{ev.Subject}); err != nil {
		e.in.Refuse()
		return []fault.Problem{{Field: "subject", Message: "is new, and this sender has named too many new ones"}}, nil
	}
	if err := e.door.Wait(ctx, string(sender)); err != nil {
		return nil, err
	}
	outcomes, err := e.in.Accept(ctx, sender, []event.Event{ev})
	if err != nil || outcomes[0].Accepted {
		return nil, err
	}
	return outcomes[0].Problems, nil
}

// anonymous is who sends events without an account. Only programs on this machine can, and only while nobody else could reach the gateway.
func (a *App) anonymous() *access.Actor {
	if !loopback(a.config.Listen) || (a.config.MQTT != "off" && !loopback(a.config.MQTT)) {
		return nil
	}
	return &access.Actor{ID: "anonymous", Name: "anonymous", Roles: []access.Role{access.Device}}
}

// buildUseCases makes everything that decides, and hands each what it keeps things in.
func (a *App) buildUseCases(context.Context) error {
	log := func(part string) *slog.Logger { return a.o.Log.With("part", part) }
	seal := sealer{a.database, a.vault}
	a.desk = casedesk.New(casedesk.Options{DB: a.database, Store: a.records, Clock: a.o.Clock, Log: log("casedesk"), Wake: a.wake, Reveal: seal.reveal,
		Persons: persons{a.vault}, Level: a.levelOf, Roster: ladders{a}, Files: a.blobs, Owners: a.config.Owners.of})
	a.board = flow.NewSigns(flow.SignsOptions{Cases: a.desk, History: a.series, Clock: a.o.Clock, Log: log("signs")})
	a.buildOrders(log("orderdesk"))
	a.buildDuty(log("dutydesk"))
	a.buildIncidents(log("incidentdesk"))
	a.buildCity(log("citydesk"))
	a.appraisals = appraisaldesk.New(appraisaldesk.Options{DB: a.database, Store: a.records, Clock: a.o.Clock})
	a.sink = flow.New(flow.Options{DB: a.database, Records: a.records, Desk: a.desk, Orders: a.orders, Signs: a.board, Log: log("flow"), Wake: a.wake})
	a.timers = timer.NewRunner(a.database, a.o.Clock, log("timer"), a.allTimers())
	a.outbox = outbox.NewRelay(a.database, a.publisher(), a.o.Clock, log("outbox"))
	if err := a.buildMessages(log("notify")); err != nil {
		return err
	}
	a.buildExchange(log("exchange"))
	a.runner = detect.NewRunner(detect.Options{Log: a.bus, Blobs: a.blobs, Owners: manage.Owners{DB: a.database}, Sink: a.sink, Loader: loader{a.blobs},
		Clock: clock.System{}, Logger: log("detect"), Worker: a.worker, Workers: a.o.Workers, Snapshots: a.config.snapshots(a.o.Snapshots)})
	a.flight = &flight{log: a.bus, position: a.runner.Position}
	a.ingest = ingest.New(ingest.Options{Log: a.flight, Clock: a.o.Clock, Sealer: seal, Secret: a.secret, Logger: log("ingest")})
	a.undo.push("ingest", func() error {
		ctx, cancel := context.WithTimeout(context.Background(), stopAccepting)
		defer cancel()
		return a.ingest.Close(ctx)
	})
	return nil
}

// wake is called after a commit that may have set timers, left messages, or changed counts.
func (a *App) wake() {
	a.timers.Wake()
	a.outbox.Wake()
	a.messages.Wake()
	a.board.Touch()
}

func (a *App) startGateways(context.Context) error {
	mux := http.NewServeMux()
	a.door = limit.New(a.config.Limits, a.o.Clock, a.metrics)
	people := actors{db: a.database, clock: a.o.Clock, store: a.records}
	pages, err := a.buildSignIn(mux, people)
	if err != nil {
		return err
	}
	a.api = api.New(mux, api.Options{
		Actor: a.signin.Actor, Anonymous: a.anonymous(), Admit: a.door.Account, Stream: a.door.Stream, Events: events{a.ingest, a.door}, Cases: a.desk, Photos: a.desk, Reports: a.desk, Messages: messages{a}, Bulks: a.desk, Signs: a.board, Orders: a.orders, Duty: a.duty, City: a.city, Facts: a.bus, Series: a.series,
		Incidents: a.incidents, Appraisals: a.appraisals, Exchange: a.exchange, Words: pages.Word,
		Machine: machine{a}, Past: a.looking(), Places: places{&a.now}, Version: Version(), SyncMode: a.syncMode, Demo: a.o.Demo, Clock: a.o.Clock, Log: a.o.Log.With("part", "api"),
	})
	a.health().Mount(mux)
	pages.Mount(mux)
	a.crew.start(a.undo, "live stream", a.api.Run)
	a.serveHTTP(guard(mux))
	if !a.config.TLS.On() && !loopback(a.config.Listen) {
		a.o.Log.Warn("keys and pages travel in plain: set tls in the configuration file, or let a proxy in front add it", "listen", a.config.Listen)
	}
	return a.startMQTT(people)
}

func (a *App) startMQTT(people actors) error {
	if a.devices == nil {
		return nil
	}
	var topics []mqtt.Topic
	for _, pattern := range a.config.Topics {
		t, err := mqtt.ParseTopic(pattern)
		if err != nil {
			return err
		}
		topics = append(topics, t)
	}
	listener := a.door.Devices(a.devices)
	if a.config.TLS.MQTT {
		config, err := a.deviceTLS()
		if err != nil {
			return err
		}
		listener = tls.NewListener(listener, config)
	}
	g, err := mqtt.New(mqtt.Options{Listener: listener, Topics: topics, Accept: events{a.ingest, a.door}.one, Anonymous: a.anonymous(), Log: a.o.Log.With("part", "mqtt"),
		Authenticate: func(ctx context.Context, name, key string) (access.Actor, error) {
			actor, err := people.ByKey(ctx, key)
			if err == nil && actor.ID != name {
				return access.Actor{}, fault.New(fault.Unauthenticated, "app", "the key is not that of user %q", name)
			}
			return actor, err
		}})
	if err != nil {
		return err
	}
	a.undo.push("mqtt", g.Close)
	return g.Serve()
}

// guard turns away requests of browsers that come from other sites' pages and change something.
func guard(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "This request comes from another site's page and was refused.", http.StatusForbidden)
	}))
	return protection.Handler(next)
}

// stopAccepting is how long what waits to become durable may take at a stop.
const stopAccepting = 10 * time.Second
