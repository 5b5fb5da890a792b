package bus

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/prometheus/prometheus/tsdb/fileutil"

	"twoweave/internal/base/fault"
)

const (
	startTimeout = 30 * time.Second // recovery of a large store reads its blocks
	maxPayload   = 8 << 20
)

// embedded is a JetStream server inside this process, and the lock on its folder.
type embedded struct {
	srv      *server.Server
	lock     fileutil.Releaser
	user     string
	password string
}

// startEmbedded takes the folder's lock, recovers the store and waits until the server answers.
func startEmbedded(o Options) (*embedded, error) {
	if err := makeDurably(filepath.Clean(o.Dir)); err != nil {
		return nil, err
	}
	lock, _, err := fileutil.Flock(filepath.Join(o.Dir, "lock"))
	if err != nil {
		return nil, &fault.Error{Kind: fault.Conflict, Op: "bus.Open", Err: err,
			Msg: fmt.Sprintf("the log in %s is in use by another process, or its lock cannot be taken", o.Dir)}
	}
	e := &embedded{lock: lock, user: rand.Text(), password: rand.Text()}
	if err := e.start(o); err != nil {
		return nil, fault.Wrap("bus.Open", joinClose(err, lock.Release))
	}
	return e, nil
}

func (e *embedded) start(o Options) error {
	srv, err := server.NewServer(e.options(o))
	if err != nil {
		return fmt.Errorf("configure the embedded NATS server: %w", err)
	}
	srv.SetLoggerV2(serverLog{o.Log.With(slog.String("part", "nats"))}, false, false, false)
	srv.Start()
	if !srv.ReadyForConnections(startTimeout) {
		srv.Shutdown()
		srv.WaitForShutdown()
		return fault.New(fault.Unavailable, "bus.Open", "the embedded NATS server did not start within %s; its log lines say why", startTimeout)
	}
	e.srv = srv
	return nil
}

func (e *embedded) options(o Options) *server.Options {
	return &server.Options{
		CustomClientAuthentication: e,
		ServerName:                 "twoweave",
		Host:                       "127.0.0.1",
		Port:                       server.RANDOM_PORT,
		JetStream:                  true,
		StoreDir:                   o.Dir,
		SyncAlways:                 true,
		SyncInterval:               o.syncInterval,
		JetStreamMaxStore:          o.MaxStore,
		MaxPayload:                 maxPayload,
		DisableJetStreamBanner:     true,
		NoSigs:                     true,
	}
}

// Check lets in who knows this start's credentials: the two connections of this process.
func (e *embedded) Check(c server.ClientAuthentication) bool {
	given, want := c.GetOpts(), e.user+" "+e.password
	return subtle.ConstantTimeCompare([]byte(given.Username+" "+given.Password), []byte(want)) == 1
}

// connect opens the two connections: publishing through memory, reading through loopback TCP.
func (e *embedded) connect(opts []nats.Option) (pub, sub *nats.Conn, err error) {
	opts = append(opts, nats.UserInfo(e.user, e.password))
	pub, err = nats.Connect("", append(opts, nats.Name(publishName), nats.InProcessServer(e.srv))...)
	if err != nil {
		return nil, nil, err
	}
	sub, err = nats.Connect(e.srv.ClientURL(), append(opts, nats.Name(readName))...)
	if err != nil {
		pub.Close()
		return nil, nil, err
	}
	return pub, sub, nil
}

// health finds a stream whose store has failed; it answers requests as if nothing had happened.
func (e *embedded) health() error {
	if h := e.srv.Healthz(&server.HealthzOptions{}); h.Status != "ok" {
		return fault.New(fault.Unavailable, "bus.Ready", "the embedded NATS server is not well: %s", h.Error)
	}
	return nil
}

// close stops the server after what it has accepted is on disk, then gives the folder free.
func (e *embedded) close() error {
	e.srv.Shutdown()
	e.srv.WaitForShutdown()
	return e.lock.Release()
}

// serverLog hands the server's lines to slog. Notices are start-up chatter: they go to debug.
type serverLog struct{ log *slog.Logger }

func (l serverLog) Noticef(format string, v ...any) { l.log.Debug(fmt.Sprintf(format, v...)) }
func (l serverLog) Warnf(format string, v ...any)   { l.log.Warn(fmt.Sprintf(format, v...)) }
func (l serverLog) Errorf(format string, v ...any)  { l.log.Error(fmt.Sprintf(format, v...)) }
func (l serverLog) Fatalf(format string, v ...any)  { l.log.Error(fmt.Sprintf(format, v...)) }
func (l serverLog) Debugf(format string, v ...any)  { l.log.Debug(fmt.Sprintf(format, v...)) }
func (l serverLog) Tracef(format string, v ...any)  { l.log.Debug(fmt.Sprintf(format, v...)) }
