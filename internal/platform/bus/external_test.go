package bus_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/bus"
)

// external is a NATS server that is not the bus's own. It can be stopped and started again at the same address.
type external struct {
	t    testing.TB
	dir  string
	port int
	srv  *server.Server
}

func newExternal(t testing.TB) *external {
	e := &external{t: t, dir: t.TempDir(), port: server.RANDOM_PORT}
	e.start()
	t.Cleanup(e.stop)
	return e
}

func (e *external) start() {
	srv, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: e.port, JetStream: true, StoreDir: e.dir, SyncAlways: true, NoLog: true, NoSigs: true,
	})
	if err != nil {
		e.t.Fatal(err)
	}
	srv.Start()
	if !srv.ReadyForConnections(10 * time.Second) {
		e.t.Fatal("the external server does not start")
	}
	e.srv, e.port = srv, srv.Addr().(*net.TCPAddr).Port
}

func (e *external) stop() {
	e.srv.Shutdown()
	e.srv.WaitForShutdown()
}

func (e *external) url() string { return fmt.Sprintf("nats://127.0.0.1:%d", e.port) }

func openURL(t testing.TB, url string) *bus.Bus {
	t.Helper()
	b, err := bus.Open(t.Context(), bus.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func TestTwoProcessesShareAnExternalServer(t *testing.T) {
	t.Parallel()
	e, ctx := newExternal(t), ctxOf(t)
	var buses [2]*bus.Bus
	var wg sync.WaitGroup
	for i := range buses {
		wg.Go(func() { buses[i] = must(bus.Open(ctx, bus.Options{URL: e.url()})) })
	}
	wg.Wait()
	for _, b := range buses {
		defer func() { _ = b.Close() }()
		must(b.AppendTick(ctx, time.Unix(7, 0)))
		must(b.AppendControl(ctx, "same", []byte("order")))
	}
	if last := must(buses[0].LastSeq(ctx)); last != 2 {
		t.Errorf("%d messages for one tick and one order", last)
	}
	if last := must(buses[1].FactsLast(ctx)); last != bus.FactsOrigin {
		t.Errorf("FACTS begins at %d", last)
	}
	if mode := buses[0].SyncMode(); !strings.Contains(mode, "external") {
		t.Errorf("sync mode %q", mode)
	}
}

func TestReaderSurvivesServerRestarts(t *testing.T) {
	t.Parallel()
	e, ctx := newExternal(t), ctxOf(t)
	b := openURL(t, e.url())
	seen, done := make(chan bus.Seq, 1), make(chan error, 1)
	go func() {
		done <- b.Read(ctx, 1, bus.Parts(1), func(m bus.Message) error {
			seen <- m.Seq
			if string(m.Body) == "last" {
				return errEnough
			}
			return nil
		})
	}()
	want := bus.Seq(1)
	expect := func(n int) {
		for range n {
			if got := <-seen; got != want {
				t.Errorf("position %d, want %d", got, want)
			}
			want++
		}
	}
	for restart := range 2 {
		for i := range 20 {
			appendWhenUp(t, b, fmt.Sprint(restart, " ", i))
		}
		expect(10) // the rest is on its way or not when the server goes
		e.stop()
		if _, err := b.AppendControl(ctx, "down", nil); !fault.Is(err, fault.Unavailable) {
			t.Errorf("append without a server: %v", err)
		}
		if err := b.Ready(ctx); !fault.Is(err, fault.Unavailable) {
			t.Errorf("ready without a server: %v", err)
		}
		e.start()
		expect(10)
	}
	appendWhenUp(t, b, "last")
	expect(1)
	if err := <-done; !errors.Is(err, errEnough) {
		t.Error(err)
	}
}

// appendWhenUp retries one message, as a caller would, until the publishing connection is back.
func appendWhenUp(t *testing.T, b *bus.Bus, id string) {
	for {
		_, err := b.AppendEvents(ctxOf(t), 1, "d7", id, []byte(id))
		if err == nil {
			return
		}
		if !fault.Is(err, fault.Unavailable) {
			t.Fatal(err)
		}
		runtime.Gosched()
	}
}

func TestReplacedLogIsAConflict(t *testing.T) {
	t.Parallel()
	e, ctx := newExternal(t), ctxOf(t)
	b := openURL(t, e.url())
	for i := range 5 {
		must(b.AppendEvents(ctx, 1, "d7", fmt.Sprint(i), nil))
	}
	seen, done := make(chan bus.Seq, 5), make(chan error, 1)
	go func() {
		done <- b.Read(ctx, 1, bus.AllParts, func(m bus.Message) error { seen <- m.Seq; return nil })
	}()
	for range 5 {
		<-seen
	}
	e.stop()
	e.dir = t.TempDir() // an operator puts an empty server in its place
	e.start()
	openURL(t, e.url())
	if err := <-done; !fault.Is(err, fault.Conflict) {
		t.Errorf("the reader of a replaced log: %v", err)
	}
}

func TestStreamSettingsAreBroughtUpToDate(t *testing.T) {
	t.Parallel()
	e, ctx := newExternal(t), ctxOf(t)
	nc := must(nats.Connect(e.url()))
	defer nc.Close()
	js := must(jetstream.New(nc))
	must(js.CreateStream(ctx, jetstream.StreamConfig{Name: "LOG", Subjects: []string{"log.old"}, MaxAge: time.Hour, MaxBytes: 1 << 30}))
	b := openURL(t, e.url())
	must(b.AppendControl(ctx, "a", nil))
	config := must(js.Stream(ctx, "LOG")).CachedInfo().Config
	if config.MaxAge != 0 || config.Duplicates != 2*time.Minute {
		t.Errorf("the log forgets after %s, duplicates after %s", config.MaxAge, config.Duplicates)
	}
	if config.MaxBytes != 1<<30 {
		t.Errorf("the operator's own limit became %d", config.MaxBytes)
	}
}

func TestUnchangeableStreamIsAConflict(t *testing.T) {
	t.Parallel()
	e, ctx := newExternal(t), ctxOf(t)
	nc := must(nats.Connect(e.url()))
	defer nc.Close()
	js := must(jetstream.New(nc))
	must(js.CreateStream(ctx, jetstream.StreamConfig{Name: "FACTS", Subjects: []string{"fact.>"}, Storage: jetstream.MemoryStorage}))
	_, err := bus.Open(ctx, bus.Options{URL: e.url()})
	if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "FACTS") {
		t.Errorf("a stream in memory: %v", err)
	}
}

func TestNoServerIsUnavailable(t *testing.T) {
	t.Parallel()
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	addr := l.Addr().String()
	_ = l.Close()
	if _, err := bus.Open(t.Context(), bus.Options{URL: "nats://" + addr}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("nobody there: %v", err)
	}
}

func TestFullStoreIsUnavailableUntilPurged(t *testing.T) {
	t.Parallel()
	b := must(bus.Open(t.Context(), bus.Options{Dir: t.TempDir(), MaxStore: 1 << 20}))
	defer func() { _ = b.Close() }()
	ctx, body := ctxOf(t), make([]byte, 100_000)
	var err error
	for i := 0; err == nil; i++ {
		if i > 20 {
			t.Fatal("the store takes more than its limit")
		}
		_, err = b.AppendEvents(ctx, 1, "d7", fmt.Sprint(i), body)
	}
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("a full store: %v", err)
	}
	take(t, b, 1, bus.AllParts, 5)
	must(b.Purge(ctx, "d7", time.Now().Add(time.Hour)))
	must(b.AppendEvents(ctx, 1, "d7", "after", body))
}

func TestCallersBeyondTheBoundWaitAndGiveUp(t *testing.T) {
	t.Parallel()
	e := newExternal(t)
	p := newProxy(t, fmt.Sprintf("127.0.0.1:%d", e.port))
	b := openURL(t, "nats://"+p.addr())
	p.pause()
	ctx, cancel := context.WithCancel(ctxOf(t))
	results := make(chan error, bus.InFlight)
	for i := range bus.InFlight {
		go func() { _, err := b.AppendControl(ctx, fmt.Sprint(i), nil); results <- err }()
	}
	waitFor(t, func() bool { return b.Stats().Pending == bus.InFlight })
	short, stop := context.WithTimeout(ctx, 20*time.Millisecond)
	defer stop()
	if _, err := b.AppendControl(short, "one more", nil); !fault.Is(err, fault.Unavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("beyond the bound: %v", err)
	}
	p.resume()
	for range bus.InFlight {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	cancel()
	if s := b.Stats(); s.Pending != 0 || s.Appended != bus.InFlight {
		t.Errorf("%+v", s)
	}
}

func TestReaderSurvivesCutConnections(t *testing.T) {
	t.Parallel()
	e, ctx := newExternal(t), ctxOf(t)
	p := newProxy(t, fmt.Sprintf("127.0.0.1:%d", e.port))
	writer, reader := openURL(t, e.url()), openURL(t, "nats://"+p.addr())
	const messages = 300
	body := make([]byte, 20_000)
	go func() {
		for i := range messages {
			must(writer.AppendEvents(ctx, i%64, "d7", fmt.Sprint(i), body))
		}
	}()
	want := bus.Seq(1)
	err := reader.Read(ctx, 1, bus.AllParts, func(m bus.Message) error {
		if m.Seq != want {
			t.Errorf("position %d, want %d", m.Seq, want)
		}
		want++
		switch {
		case m.Seq == messages:
			return errEnough
		case m.Seq%100 == 50:
			p.cut()
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Error(err)
	}
	if reader.Stats().Reconnects == 0 {
		t.Error("nothing was cut")
	}
}
