package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/flow"
	"twoweave/internal/gateway/api"
	"twoweave/internal/gateway/limit"
	"twoweave/internal/gateway/signin"
	"twoweave/internal/manage/appraisaldesk"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/citydesk"
	"twoweave/internal/manage/detect"
	"twoweave/internal/manage/dutydesk"
	"twoweave/internal/manage/exchange"
	"twoweave/internal/manage/incidentdesk"
	"twoweave/internal/manage/ingest"
	"twoweave/internal/manage/orderdesk"
	"twoweave/internal/platform/blob"
	"twoweave/internal/platform/bus"
	"twoweave/internal/platform/chain"
	"twoweave/internal/platform/identity"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/outbox"
	"twoweave/internal/platform/series"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/timer"
	"twoweave/internal/platform/vault"
	"twoweave/internal/records/manage"
	"twoweave/internal/reform/pack"
)

// Options are what a program is given besides its configuration.
type Options struct {
	Clock clock.Clock
	Log   *slog.Logger
	// Packs are read instead of the configuration's, for programs that bring their own (the demo, a replay). Optional.
	Packs func() ([]*pack.Pack, error)
	// Visitors are accounts that anyone on this machine may enter without a key. Only the demo has any.
	Visitors []string
	// Demo marks everything that people see as simulated.
	Demo bool
	// Workers is how many goroutines detect; 0 = one a processor. It changes nothing that is found.
	Workers int
	// Snapshots is how often detection's state is kept; zero fields = the defaults.
	Snapshots detect.SnapshotPolicy
	// Silent starts no gateway and no tick: a replay drives time and events itself.
	Silent bool
}

// App is one program.
type App struct {
	config Config
	o      Options
	worker string
	undo   *stack
	crew   *crew

	reloading sync.Mutex
	now       contentInForce

	database *sqldb.DB
	records  manage.Store
	vault    *vault.Vault
	messages *notify.Sender
	fetcher  exchange.Fetcher // asks other systems
	blobs    *blob.Dir
	bus      *bus.Bus
	series   *series.Store
	metrics  *prometheus.Registry
	secret   []byte

	ingest     *ingest.Ingest
	flight     *flight
	desk       *casedesk.Desk
	orders     *orderdesk.Desk
	duty       *dutydesk.Desk
	incidents  *incidentdesk.Desk
	appraisals *appraisaldesk.Desk
	city       *citydesk.Desk
	audit      *chain.Linker
	exchange   *exchange.Desk
	sink       *flow.Flow
	board      *flow.Signs
	runner     *detect.Runner
	timers     *timer.Runner
	outbox     *outbox.Relay
	identity   *identity.Provider
	signin     *signin.Handler
	api        *api.API

	door                *limit.Door  // at the gateways
	web, devices, plain net.Listener // plain: HTTP that is sent on to TLS
	started             time.Time
}

// New makes a program of a checked configuration. It opens nothing.
func New(config Config, o Options) (*App, error) {
	config.Limits.Fill()
	if err := config.Check(); err != nil {
		return nil, err
	}
	if o.Packs == nil {
		o.Packs = func() ([]*pack.Pack, error) { return readPacks(config.Packs, config.Trust) }
	}
	return &App{config: config, o: o, worker: ident.New(), undo: &stack{log: o.Log}, crew: newCrew(o.Log), metrics: prometheus.NewRegistry()}, nil
}

// step is one thing Start does.
type step struct {
	name string
	run  func(context.Context) error
}

// Start opens everything, in order, and starts the program's parts. When anything fails, all that was opened is closed again.
func (a *App) Start(ctx context.Context) error {
	a.started = a.o.Clock.Now()
	steps := []step{{"data folder", a.openData}, {"database", a.openDatabase}, {"accounts", a.checkReach}}
	if !a.o.Silent {
		steps = append(steps, step{"listeners", a.listen}) // before anything is written into the log: an address may be taken
	}
	steps = append(steps, step{"log", a.openBus}, step{"series", a.openSeries}, step{"use cases", a.buildUseCases}, step{"packs", a.activate},
		step{"detection", a.startDetection}, step{"upkeep", a.startUpkeep})
	if !a.o.Silent {
		steps = append(steps, step{"gateways", a.startGateways}, step{"control", a.startControl})
	}
	for _, s := range steps {
		begun := a.o.Clock.Now()
		if err := s.run(ctx); err != nil {
			err = fault.Wrap("start "+s.name, err)
			if undoErr := a.undo.unwind(); undoErr != nil {
				a.o.Log.Error("closing what was opened failed", "error", undoErr)
			}
			return err
		}
		a.o.Log.Debug("started", "part", s.name, "took", a.o.Clock.Now().Sub(begun))
	}
	return nil
}

// Stop ends the program: gateways first, so that nothing new comes in, then what works on what was accepted, then what keeps it.
func (a *App) Stop(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- a.undo.unwind() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fault.New(fault.Unavailable, "app.Stop", "the program did not stop in time; what was accepted is safe in the log")
	}
}

// Done is closed when a part of the program has failed and it should be stopped; Err then says why.
func (a *App) Done() <-chan struct{} { return a.crew.done }

// Err is why Done was closed.
func (a *App) Err() error { return a.crew.failure() }

// URL is where the pages are.
func (a *App) URL() string {
	if a.config.TLS.On() {
		return "https://" + a.web.Addr().String()
	}
	return "http://" + a.web.Addr().String()
}

// MQTT is where devices connect; empty when the gateway is off.
func (a *App) MQTT() string {
	if a.devices == nil {
		return ""
	}
	return a.devices.Addr().String()
}

// path is a place in the data folder.
func (a *App) path(parts ...string) string {
	return filepath.Join(append([]string{a.config.Data}, parts...)...)
}

func (a *App) openData(context.Context) error {
	keys := a.config.folder(a.config.Keys, "keys")
	for _, folder := range []string{a.config.Data, keys} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return fault.New(fault.Invalid, "app", "folder %s cannot be made: %v", folder, err)
		}
	}
	release, err := lock(a.path("lock"))
	if err != nil {
		return err
	}
	a.undo.push("data folder", release)
	if err := a.tidyData(); err != nil {
		return err
	}
	if a.secret, err = keep32(filepath.Join(keys, "session.key")); err != nil {
		return err
	}
	if a.vault, err = vault.Open(a.config.masterKey(), a.o.Clock); err != nil {
		return err
	}
	a.blobs, err = blob.OpenDir(a.config.folder(a.config.Blobs, "blobs"))
	return err
}

func migrations() []sqldb.Migration {
	var all []sqldb.Migration
	for _, m := range [][]sqldb.Migration{manage.Migrations, timer.Migrations, outbox.Migrations, vault.Migrations, notify.Migrations, chain.Migrations, identity.Migrations} {
		all = append(all, m...)
	}
	return all
}

func (a *App) openDatabase(ctx context.Context) error {
	var err error
	if a.database, err = sqldb.Open(ctx, a.config.databaseURL(), migrations()); err != nil {
		return err
	}
	a.undo.push("database", a.database.Close)
	if err := a.database.Update(ctx, a.vault.Bind); err != nil {
		return err
	}
	return a.buildAudit(ctx)
}

// checkReach refuses to be reachable from other machines before there is an account.
func (a *App) checkReach(ctx context.Context) error {
	if loopback(a.config.Listen) && (a.config.MQTT == "off" || loopback(a.config.MQTT)) {
		return nil
	}
	n, err := a.countAccounts(ctx)
	if err != nil || n > 0 {
		return err
	}
	return fault.New(fault.Invalid, "app", "listen %s, mqtt %s: other machines could reach the program, but there is no account yet; make one first: twoweave account add --data %s --name NAME --role admin",
		a.config.Listen, a.config.MQTT, a.config.Data)
}

func (a *App) openBus(ctx context.Context) error {
	var err error
	if a.bus, err = bus.Open(ctx, a.busOptions()); err != nil {
		return err
	}
	a.undo.push("log", a.bus.Close)
	return nil
}

func (a *App) openSeries(context.Context) error {
	var err error
	if a.series, err = series.Open(a.path("series"), series.Options{Clock: a.o.Clock, Log: a.o.Log.With("part", "series")}); err != nil {
		return err
	}
	a.undo.push("series", a.series.Close)
	return nil
}

func (a *App) listen(context.Context) error {
	for _, l := range []struct {
		name, address string
		at            *net.Listener
	}{{"web", a.config.Listen, &a.web}, {"mqtt", a.config.MQTT, &a.devices}, {"redirect", a.config.TLS.Redirect, &a.plain}} {
		if l.address == "" || l.address == "off" {
			continue
		}
		listener, err := net.Listen("tcp", l.address)
		if err != nil {
			return fault.New(fault.Unavailable, "app", "cannot listen on %s: %v", l.address, err)
		}
		*l.at = listener
		a.undo.push(l.name+" listener", ignoreClosed(listener.Close))
	}
	return nil
}

func ignoreClosed(closer func() error) func() error {
	return func() error {
		closer() // the server that uses the listener has closed it already
		return nil
	}
}

// serveHTTP serves pages and API, and sends plain HTTP on to TLS where that is wanted.
func (a *App) serveHTTP(handler http.Handler) {
	if !a.config.TLS.On() {
		a.serve("web", a.server(handler), func(s *http.Server) error { return s.Serve(a.door.Pages(a.web)) })
		return
	}
	server := a.server(handler)
	server.TLSConfig = a.tlsConfig()
	a.serve("web", server, func(s *http.Server) error { return s.ServeTLS(a.door.Pages(a.web), "", "") })
	if a.plain != nil {
		_, port, _ := net.SplitHostPort(a.web.Addr().String()) // an address that is listened on has one
		a.serve("redirect", a.server(sendOn(port)), func(s *http.Server) error { return s.Serve(a.door.Pages(a.plain)) })
	}
}

func (a *App) server(handler http.Handler) *http.Server {
	l := a.config.Limits
	return &http.Server{Handler: a.door.Handler(handler), ReadHeaderTimeout: l.HeaderTime, IdleTimeout: l.IdleTime, MaxHeaderBytes: int(l.HeaderBytes),
		HTTP2:    &http.HTTP2Config{MaxConcurrentStreams: l.RequestsAddress, WriteByteTimeout: l.HeaderTime, SendPingTimeout: l.IdleTime, PingTimeout: l.HeaderTime},
		ErrorLog: slog.NewLogLogger(a.o.Log.Handler(), slog.LevelDebug)}
}

func (a *App) serve(name string, server *http.Server, run func(*http.Server) error) {
	ctx, cancel := context.WithCancel(context.Background())
	server.BaseContext = func(net.Listener) context.Context { return ctx }
	go func() {
		if err := run(server); err != http.ErrServerClosed {
			a.crew.fail(fmt.Errorf("%s: %w", name, err))
		}
	}()
	a.undo.push(name, func() error {
		cancel() // ends the live streams; other requests are finished
		grace, done := context.WithTimeout(context.Background(), 10*time.Second)
		defer done()
		return server.Shutdown(grace)
	})
}
