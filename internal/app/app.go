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
	"twoweave/internal/gateway/signin"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/detect"
	"twoweave/internal/manage/dutydesk"
	"twoweave/internal/manage/ingest"
	"twoweave/internal/manage/orderdesk"
	"twoweave/internal/platform/blob"
	"twoweave/internal/platform/bus"
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
	blobs    *blob.Dir
	bus      *bus.Bus
	series   *series.Store
	metrics  *prometheus.Registry
	secret   []byte

	ingest *ingest.Ingest
	flight *flight
	desk   *casedesk.Desk
	orders *orderdesk.Desk
	duty   *dutydesk.Desk
	sink   *flow.Flow
	board  *flow.Signs
	runner *detect.Runner
	timers *timer.Runner
	outbox *outbox.Relay
	signin *signin.Handler
	api    *api.API

	web, devices net.Listener
	started      time.Time
}

// New makes a program of a checked configuration. It opens nothing.
func New(config Config, o Options) (*App, error) {
	if err := config.Check(); err != nil {
		return nil, err
	}
	if o.Packs == nil {
		o.Packs = func() ([]*pack.Pack, error) { return readPacks(config.Packs) }
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
		steps = append(steps, step{"gateways", a.startGateways})
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
func (a *App) URL() string { return "http://" + a.web.Addr().String() }

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
	if a.secret, err = keep32(filepath.Join(keys, "session.key")); err != nil {
		return err
	}
	if a.vault, err = vault.Open(filepath.Join(keys, "master.key"), a.o.Clock); err != nil {
		return err
	}
	a.blobs, err = blob.OpenDir(a.config.folder(a.config.Blobs, "blobs"))
	return err
}

func migrations() []sqldb.Migration {
	var all []sqldb.Migration
	for _, m := range [][]sqldb.Migration{manage.Migrations, timer.Migrations, outbox.Migrations, vault.Migrations, notify.Migrations} {
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
	return a.database.Update(ctx, a.vault.Bind)
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
	o := bus.Options{Clock: a.o.Clock, Log: a.o.Log.With("part", "bus")}
	if a.config.NATS == "embedded" {
		o.Dir = a.path("log")
	} else {
		o.URL = a.config.NATS
	}
	var err error
	if a.bus, err = bus.Open(ctx, o); err != nil {
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
	var err error
	if a.web, err = net.Listen("tcp", a.config.Listen); err != nil {
		return fault.New(fault.Unavailable, "app", "cannot listen on %s: %v", a.config.Listen, err)
	}
	a.undo.push("web listener", ignoreClosed(a.web.Close))
	if a.config.MQTT == "off" {
		return nil
	}
	if a.devices, err = net.Listen("tcp", a.config.MQTT); err != nil {
		return fault.New(fault.Unavailable, "app", "cannot listen on %s: %v", a.config.MQTT, err)
	}
	a.undo.push("mqtt listener", ignoreClosed(a.devices.Close))
	return nil
}

func ignoreClosed(closer func() error) func() error {
	return func() error {
		closer() // the server that uses the listener has closed it already
		return nil
	}
}

func (a *App) serveHTTP(handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(a.o.Log.Handler(), slog.LevelDebug)}
	ctx, cancel := context.WithCancel(context.Background())
	server.BaseContext = func(net.Listener) context.Context { return ctx }
	go func() {
		if err := server.Serve(a.web); err != http.ErrServerClosed {
			a.crew.fail(fmt.Errorf("web: %w", err))
		}
	}()
	a.undo.push("web", func() error {
		cancel() // ends the live streams; other requests are finished
		grace, done := context.WithTimeout(context.Background(), 10*time.Second)
		defer done()
		return server.Shutdown(grace)
	})
}
