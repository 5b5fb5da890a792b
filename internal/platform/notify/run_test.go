package notify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/notify/notifytest"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

// pipes is a listener without sockets, so that time in a synctest bubble goes on while a connection waits.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error   { close(p.closed); return nil }
func (p pipes) Addr() net.Addr { return &net.IPAddr{} }

func (p pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// running is a Sender that runs in a synctest bubble, and the one webhook receiver "x" that it speaks to.
type running struct {
	*notify.Sender
	db     *sqldb.DB
	came   chan string // keys, as they come in
	answer atomic.Pointer[func(r *http.Request) int]
}

func (b *running) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // only then does the server watch for a client that hangs up
	b.came <- r.Header.Get("Webhook-Id")
	status := http.StatusNoContent
	if answer := b.answer.Load(); answer != nil {
		status = (*answer)(r)
	}
	w.WriteHeader(status)
}

func (b *running) onRequest(answer func(r *http.Request) int) { b.answer.Store(&answer) }

func bubble(t *testing.T, fn func(t *testing.T, b *running)) {
	t.Helper()
	url := sqldbtest.SQLiteURL(t)
	synctest.Test(t, func(t *testing.T) {
		db, err := sqldb.Open(t.Context(), url, notify.Migrations)
		if err != nil {
			t.Fatal(err)
		}
		b, p := &running{db: db, came: make(chan string, 1000)}, pipes{make(chan net.Conn), make(chan struct{})}
		server := &http.Server{Handler: b}
		served := make(chan error, 1)
		go func() { served <- server.Serve(p) }()
		w := notify.NewWebhook(notify.WebhookOptions{Source: "https://city.example", Directory: notify.Endpoints{endpoint("x", "http://10.0.0.1/")}, Clock: clock.System{},
			Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Dial: p.dial})
		b.Sender = notify.NewSender(notify.Options{DB: db, Clock: clock.System{}, Log: quiet, Carriers: map[notify.Channel]notify.Carrier{notify.Webhook: w}, KeepSent: 30 * time.Minute})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- b.Run(ctx) }()
		fn(t, b)
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		err = errors.Join(server.Close(), db.Close())
		if s := <-served; err != nil || !errors.Is(s, http.ErrServerClosed) {
			t.Error(err, s)
		}
	})
}

// put puts a message now.
func (b *running) put(t *testing.T, id string) {
	t.Helper()
	m := hook(id, "x")
	m.At = time.Now()
	put(t, b.db, m)
}

// wait waits for a message and says how long that was.
func (b *running) wait(t *testing.T, id string) time.Duration {
	t.Helper()
	began := time.Now()
	if got := <-b.came; got != id {
		t.Fatalf("%s came, want %s", got, id)
	}
	return time.Since(began)
}

func TestRunFollowsWakeAndClock(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, b *running) {
		synctest.Wait()
		b.put(t, "woken")
		b.Wake()
		if d := b.wait(t, "woken"); d != 0 {
			t.Errorf("it came after %s", d)
		}
		synctest.Wait()
		b.put(t, "found")
		if d := b.wait(t, "found"); d == 0 || d > time.Second {
			t.Errorf("it came after %s", d)
		}
	})
}

// A receiver that does not answer is cut off after 20 seconds and tried again two seconds later; nobody need wake for that.
func TestRunCutsOffAndTriesAgain(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, b *running) {
		b.onRequest(func(r *http.Request) int { <-r.Context().Done(); return 200 })
		b.put(t, "a")
		b.wait(t, "a")
		b.onRequest(func(*http.Request) int { return 200 })
		if d := b.wait(t, "a"); d < 22*time.Second || d > 24*time.Second {
			t.Errorf("it came again after %s", d)
		}
		synctest.Wait()
		expect(t, b.db, notify.Sent, "a")
	})
}

// An hour of outage as Run lives through it: few tries, then everything, within the longest pause of five minutes.
func TestRunThroughAnOutage(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, b *running) {
		b.onRequest(func(*http.Request) int { return 502 })
		for i := range 60 {
			b.put(t, fmt.Sprint("m", i))
			if err := (clock.System{}).Wait(t.Context(), time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(b.came); n < 10 || n > 40 {
			t.Errorf("%d tries in an hour", n)
		}
		for len(b.came) > 0 {
			<-b.came
		}
		b.onRequest(func(*http.Request) int { return 200 })
		began, came := time.Now(), map[string]int{}
		for range 60 {
			came[<-b.came]++
		}
		synctest.Wait()
		if len(came) != 60 || len(b.came) > 0 || time.Since(began) > 5*time.Minute+2*time.Second {
			t.Errorf("%d messages after %s, %d more", len(came), time.Since(began), len(b.came))
		}
	})
}

// Run removes what is old without being told.
func TestRunSweeps(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, b *running) {
		b.put(t, "a")
		b.wait(t, "a")
		if err := (clock.System{}).Wait(t.Context(), time.Now().Add(2*time.Hour)); err != nil {
			t.Fatal(err)
		}
		err := b.db.View(t.Context(), func(tx *sqldb.Tx) error { _, err := notify.Get(tx, "a"); return err })
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("it is still there: %v", err)
		}
	})
}

// Cancelled while under way: it had gone already, and is told so.
func TestCancelledWhileUnderWay(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, b *running) {
		for id, c := range map[notify.ID]struct {
			answer int
			want   notify.Status
		}{"taken": {200, notify.Sent}, "refused": {400, notify.Cancelled}, "failed": {500, notify.Cancelled}} {
			free := make(chan struct{})
			b.onRequest(func(*http.Request) int { <-free; return c.answer })
			b.put(t, string(id))
			b.wait(t, string(id))
			update(t, b.db, func(tx *sqldb.Tx) error { return notify.Cancel(tx, id, time.Now()) })
			close(free)
			synctest.Wait()
			expect(t, b.db, c.want, id)
		}
	})
}

// Whatever happens to messages, no log line holds an address or a text, nor the secrets of the configuration.
func TestLogsTellNothingPersonal(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, db *sqldb.DB) {
		var b bytes.Buffer
		gone := notifytest.NewReceiver(t)
		d := newDesk(t, db, func(o *notify.Options) {
			o.Log = slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))
			o.Parallel = 1 // one log line at a time
			o.Carriers[notify.Webhook] = hooks(o.Clock, endpoint("x", gone.URL+"/13800005678"))
		})
		wrong := sms("wrong")
		wrong.To = "13800005678 转 5"
		put(t, db, wrong, sms("a"), sms("b"), sms("c"), hook("h", "x"))
		for _, answer := range []notifytest.Answer{{HangUp: true}, {Status: 503}, {Status: 401}, {Status: 400}} {
			d.gateway.OnRequest(func(notifytest.Request) notifytest.Answer { return answer })
			gone.OnRequest(func(notifytest.Request) notifytest.Answer { return answer })
			for range 3 {
				d.send(t, 0)
				d.clock.Advance(time.Hour)
			}
		}
		text := b.String()
		for _, personal := range []string{"13800005678", "井盖", "hush", "send?key"} {
			if strings.Contains(text, personal) {
				t.Errorf("the log holds %s: %s", personal, text)
			}
		}
		for _, useful := range []string{"138****78", "status 503", "status 401", "status 400", "EOF", "dead letter", "left alone"} {
			if !strings.Contains(text, useful) {
				t.Errorf("the log does not say %s: %s", useful, text)
			}
		}
	})
}

func TestConfigurationsWithProblems(t *testing.T) {
	t.Parallel()
	good := notify.Config{Source: "https://city.example", SMS: notify.SMSConfig{URL: "https://sms.example/send"}, Email: notify.EmailConfig{Server: "smtp://mail.example:587", From: from},
		Webhooks: notify.Endpoints{endpoint("x", "https://example.com/")}, Allow: []string{"10.0.0.0/8", "192.168.1.7", "fd00::/8"}}
	for field, change := range map[string]func(c *notify.Config){
		"":                    func(*notify.Config) {},
		"source":              func(c *notify.Config) { c.Source = "" },
		"sms.url":             func(c *notify.Config) { c.SMS.URL = "sms.example" },
		"sms.secret":          func(c *notify.Config) { c.SMS.Secret = "a\r\nb" },
		"email.server":        func(c *notify.Config) { c.Email.Server = "mail.example:587" },
		"email.from":          func(c *notify.Config) { c.Email.From = "nobody" },
		"webhooks[0].url":     func(c *notify.Config) { c.Webhooks = notify.Endpoints{endpoint("x", "example.com")} },
		"webhooks[0].secrets": func(c *notify.Config) { c.Webhooks = notify.Endpoints{{Name: "x", URL: "https://example.com"}} },
		"webhooks[1].name":    func(c *notify.Config) { c.Webhooks = append(c.Webhooks[:1:1], c.Webhooks[0]) },
		"allow[0]":            func(c *notify.Config) { c.Allow = []string{"10.0.0.0/33"} },
		"sms.url email.from":  func(c *notify.Config) { c.SMS.URL, c.Email.From = "x", "" },
	} {
		c := good
		change(&c)
		var fields []string
		for _, p := range c.Check() {
			fields = append(fields, p.Field)
		}
		carriers, stop, err := c.Carriers(clock.System{}, nil)
		if strings.Join(fields, " ") != field || (err == nil) != (field == "") || err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: problems in %v (%v)", field, fields, err)
		}
		if err == nil {
			stop()
			if len(carriers) != 3 {
				t.Errorf("%d carriers", len(carriers))
			}
		}
	}
}

func TestConfigurationWithoutAnything(t *testing.T) {
	t.Parallel()
	carriers, stop, err := notify.Config{}.Carriers(clock.System{}, nil)
	if err != nil || carriers[notify.SMS] != nil || carriers[notify.Email] != nil {
		t.Fatalf("%v %v", carriers, err)
	}
	stop()
	if _, _, err := (notify.Config{}).Carriers(clock.System{}, notify.Endpoints{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("webhooks without a source: %v", err)
	}
}
