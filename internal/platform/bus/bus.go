package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
)

// Options says where the streams live. Either Dir or URL is needed.
type Options struct {
	Dir      string       // folder of the embedded server's store; made when missing; one process at a time
	URL      string       // "" = embedded; otherwise nats://[user:password@]host:port[,…] or tls://…
	Replicas int          // of the streams on an external cluster; 0 = 1 for new streams, as they are for existing ones
	MaxStore int64        // bytes the embedded store may take; 0 = the server's own choice, three quarters of the free disk
	Clock    clock.Clock  // measures latency only; the messages' times are their caller's; nil = the machine's
	Log      *slog.Logger // nil = discard

	syncInterval time.Duration // of the server's own upkeep of its files; 0 = two minutes
}

// Bus is an open connection to LOG and FACTS, and the embedded server when there is one.
type Bus struct {
	opts     Options
	server   *embedded // nil when external
	dirs     *dirSync  // nil when external
	pub, sub *nats.Conn
	pubJS    jetstream.JetStream
	subJS    jetstream.JetStream

	life context.Context // ends with Close: every reader stops
	end  context.CancelFunc

	gate  chan struct{} // a token per message on its way
	stats counters

	mu     sync.Mutex
	closed bool
	flight sync.WaitGroup // publishes on their way; Add only under mu while !closed

	subBack signal // the reading connection has come back: what was on the wire may be gone
	pubLost signal // the publishing connection has gone: answers on the wire will not come
}

// The connections' names, as the server's operator sees them.
const (
	publishName = "twoweave publish"
	readName    = "twoweave read"
)

// maxInFlight bounds the messages on their way at once. One sync per message is the store's speed limit; more would only wait in its queue.
const maxInFlight = 16

// Open starts or reaches the server, makes or checks the two streams, and syncs the folders that hold them. It returns Conflict when the
// folder is in use or a stream exists with settings that cannot be changed, Unavailable when the server does not answer.
func Open(ctx context.Context, o Options) (*Bus, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	b := newBus(o)
	if err := b.open(ctx); err != nil {
		return nil, fault.Wrap("bus.Open", joinClose(err, b.Close))
	}
	return b, nil
}

func (o Options) withDefaults() (Options, error) {
	if (o.Dir == "") == (o.URL == "") {
		return o, fault.New(fault.Invalid, "bus.Open", "give a folder for the embedded server or the URL of an external one, not both")
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

func newBus(o Options) *Bus {
	life, end := context.WithCancel(context.Background())
	return &Bus{opts: o, life: life, end: end, gate: make(chan struct{}, maxInFlight)}
}

func (b *Bus) open(ctx context.Context) error {
	if err := b.connect(); err != nil {
		return err
	}
	if err := b.ensureStreams(ctx); err != nil {
		return err
	}
	if err := b.writeOrigin(ctx); err != nil {
		return err
	}
	if b.server == nil {
		return nil
	}
	return b.dirs.syncTree()
}

func (b *Bus) connect() (err error) {
	if b.opts.URL != "" {
		err = b.connectExternal()
	} else {
		err = b.connectEmbedded()
	}
	if err != nil {
		return err
	}
	if b.pubJS, err = jetstream.New(b.pub); err != nil {
		return err
	}
	b.subJS, err = jetstream.New(b.sub)
	return err
}

func (b *Bus) connectEmbedded() (err error) {
	if b.server, err = startEmbedded(b.opts); err != nil {
		return err
	}
	b.dirs = newDirSync(b.opts.Dir)
	b.pub, b.sub, err = b.server.connect(b.connOptions())
	return err
}

func (b *Bus) connectExternal() (err error) {
	if b.pub, err = nats.Connect(b.opts.URL, append(b.connOptions(), nats.Name(publishName))...); err == nil {
		b.sub, err = nats.Connect(b.opts.URL, append(b.connOptions(), nats.Name(readName))...)
	}
	if err != nil {
		return &fault.Error{Kind: fault.Unavailable, Op: "bus.Open", Msg: "the NATS server cannot be reached", Err: err}
	}
	return nil
}

// connOptions makes a connection that never gives up, and that refuses to publish into a buffer while it is down.
func (b *Bus) connOptions() []nats.Option {
	return []nats.Option{
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ReconnectBufSize(-1),
		nats.ReconnectHandler(b.reconnected),
		nats.DisconnectErrHandler(b.disconnected),
		nats.ErrorHandler(func(c *nats.Conn, _ *nats.Subscription, err error) {
			b.opts.Log.Warn("NATS client", slog.String("name", c.Opts.Name), slog.Any("error", err))
		}),
	}
}

func (b *Bus) reconnected(c *nats.Conn) {
	b.stats.reconnects.Add(1)
	if c.Opts.Name == readName {
		b.subBack.fire()
	}
}

func (b *Bus) disconnected(c *nats.Conn, err error) {
	if c.Opts.Name == publishName {
		b.pubLost.fire()
	}
	if err != nil {
		b.opts.Log.Warn("connection to NATS lost", slog.String("name", c.Opts.Name), slog.Any("error", err))
	}
}

// SyncMode says in words what an acknowledgement stands for, for /readyz and the operator.
func (b *Bus) SyncMode() string {
	if b.server != nil {
		return "nats jetstream embedded, replicas=1, sync=always (file and folder synced before acknowledgement)"
	}
	return fmt.Sprintf("nats jetstream external %s, sync as that server is configured", b.sub.ConnectedServerName())
}

// Ready is nil when the server answers for both streams and, embedded, has no failed write behind it. Otherwise it is Unavailable. A failed
// write is final for the embedded server: after the disk is mended, the process must be started again.
func (b *Bus) Ready(ctx context.Context) error {
	for _, name := range []string{logStream, factsStream} {
		if _, err := b.pubJS.Stream(ctx, name); err != nil {
			return toFault("bus.Ready", err)
		}
	}
	if b.server == nil {
		return nil
	}
	return b.server.health()
}

// Stats is what the bus knows about its own work since Open.
type Stats struct {
	Pending     int           // messages on their way now
	Appended    uint64        // messages acknowledged, both streams
	Bytes       uint64        // their bodies
	Retried     uint64        // attempts after the first of a message
	Failed      uint64        // messages given up
	Reconnects  uint64        // interrupted connections, both directions
	LastLatency time.Duration // of the last acknowledged message, waiting for its turn not included
}

type counters struct {
	appended, bytes, retried, failed, reconnects atomic.Uint64
	latency                                      atomic.Int64
}

// Stats gives the counters; it does not block.
func (b *Bus) Stats() Stats {
	return Stats{
		Pending:     len(b.gate),
		Appended:    b.stats.appended.Load(),
		Bytes:       b.stats.bytes.Load(),
		Retried:     b.stats.retried.Load(),
		Failed:      b.stats.failed.Load(),
		Reconnects:  b.stats.reconnects.Load(),
		LastLatency: time.Duration(b.stats.latency.Load()),
	}
}

// Close stops readers (they return Unavailable), waits for messages on their way to be acknowledged or to fail, and stops the embedded
// server. It is safe to call twice; calls after it return Unavailable.
func (b *Bus) Close() error {
	b.mu.Lock()
	again := b.closed
	b.closed = true
	b.mu.Unlock()
	if again {
		return nil
	}
	b.end()
	b.flight.Wait()
	for _, c := range []*nats.Conn{b.sub, b.pub} {
		if c != nil {
			c.Close()
		}
	}
	if b.server == nil {
		return nil
	}
	return b.server.close()
}

// joinClose keeps err and adds what closing says.
func joinClose(err error, closer func() error) error {
	if cerr := closer(); cerr != nil {
		return errors.Join(err, cerr)
	}
	return err
}
