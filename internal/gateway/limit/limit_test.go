package limit_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/gateway/limit"
)

// door makes one with changed limits, and gives the clock by which it counts.
func door(t *testing.T, change func(*limit.Limits)) (*limit.Door, *clock.Manual) {
	t.Helper()
	var l limit.Limits
	if change != nil {
		change(&l)
	}
	l.Fill()
	if problems := l.Check(); problems != nil {
		t.Fatal(problems)
	}
	c := clock.NewManual(time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC))
	return limit.New(l, c, prometheus.NewRegistry()), c
}

// echo says who asked, and with how much.
func echo(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		status := http.StatusInternalServerError
		if over, ok := err.(*limit.Refusal); ok {
			status = over.Status
		}
		w.WriteHeader(status)
		return
	}
	fmt.Fprintf(w, "%s %v %s%s %d", r.RemoteAddr, r.TLS != nil, r.Header.Get("X-Forwarded-For"), r.Header.Get("Forwarded"), n)
}

func ask(d *limit.Door, method, path, from, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.RemoteAddr = from
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	d.Handler(http.HandlerFunc(echo)).ServeHTTP(w, r)
	return w
}

func TestAClientsAddressIsTheOneATrustedProxyNames(t *testing.T) {
	t.Parallel()
	d, _ := door(t, func(l *limit.Limits) { l.Proxies = []string{"10.0.0.0/8", "::1"} })
	for _, c := range []struct{ from, forwarded, proto, want string }{
		{"203.0.113.9:5", "", "", "203.0.113.9:5 false"},
		{"203.0.113.9:5", "198.51.100.1", "https", "203.0.113.9:5 false"}, // a stranger says so
		{"10.1.1.1:5", "198.51.100.1", "", "198.51.100.1:0 false"},
		{"10.1.1.1:5", "198.51.100.1", "https", "198.51.100.1:0 true"},
		{"10.1.1.1:5", "6.6.6.6, 198.51.100.1, 10.2.2.2", "", "198.51.100.1:0 false"}, // what the client wrote itself stands before
		{"10.1.1.1:5", "6.6.6.6, nonsense", "", "10.1.1.1:0 false"},
		{"10.1.1.1:5", "2001:db8::7", "", "[2001:db8::7]:0 false"},
		{"[::1]:5", "198.51.100.1:77", "", "198.51.100.1:0 false"},
		{"[::ffff:10.1.1.1]:5", "198.51.100.1", "", "198.51.100.1:0 false"},
	} {
		w := ask(d, "GET", "/", c.from, "", "X-Forwarded-For", c.forwarded, "X-Forwarded-Proto", c.proto, "Forwarded", "for=6.6.6.6")
		if got := w.Body.String(); got != c.want+"  0" {
			t.Errorf("from %s for %q %q: %q, want %q and no header of it left", c.from, c.forwarded, c.proto, got, c.want)
		}
		if hsts := w.Header().Get("Strict-Transport-Security") != ""; hsts != strings.Contains(c.want, "true") {
			t.Errorf("from %s %q: HSTS %v", c.from, c.proto, hsts)
		}
	}
}

func TestRatesAreHeldByAddressAndClass(t *testing.T) {
	t.Parallel()
	d, c := door(t, func(l *limit.Limits) {
		l.SignInAddress, l.ReadAddress = limit.Rate{Second: 0.5, Burst: 2}, limit.Rate{Second: 1, Burst: 3}
	})
	until429 := func(method, path, from string) (n int, last *httptest.ResponseRecorder) {
		for n = 0; n < 100; n++ {
			if last = ask(d, method, path, from, ""); last.Code != http.StatusOK {
				return n, last
			}
		}
		return n, last
	}
	n, last := until429("POST", "/signin", "192.0.2.1:1")
	if n != 2 || last.Code != http.StatusTooManyRequests || last.Header().Get("Retry-After") != "2" {
		t.Errorf("after %d sign-ins: %d, Retry-After %q", n, last.Code, last.Header().Get("Retry-After"))
	}
	for path, want := range map[string]int{"/welcome/guess": 0, "/wall": 3} { // links are guessed like passphrases; pages are another matter
		if n, _ := until429("GET", path, "192.0.2.1:2"); n != want {
			t.Errorf("%s: %d requests, want %d", path, n, want)
		}
	}
	if n, last := until429("GET", "/api/v1/cases", "[2001:db8::1]:1"); n != 3 || !strings.Contains(last.Body.String(), `"code":"limit.read-address"`) || last.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("after %d: %s", n, last.Body)
	}
	if n, _ := until429("GET", "/api/v1/cases", "[2001:db8::ffff]:1"); n != 0 {
		t.Errorf("another address of one IPv6 network had %d more", n)
	}
	c.Advance(2 * time.Second)
	if n, _ := until429("POST", "/signin", "192.0.2.1:1"); n != 1 {
		t.Errorf("two seconds later: %d sign-ins", n)
	}
}

func TestAccountsAndSendersAreHeldApart(t *testing.T) {
	t.Parallel()
	d, c := door(t, func(l *limit.Limits) {
		l.ReadAccount, l.CommandAccount, l.EventsAccount = limit.Rate{Second: 1, Burst: 2}, limit.Rate{Second: 1, Burst: 1}, limit.Rate{Second: 10, Burst: 100}
	})
	for _, step := range []struct {
		ask  func() error
		free bool
	}{
		{func() error { return d.Account("a", true) }, true}, {func() error { return d.Account("a", true) }, true}, {func() error { return d.Account("a", true) }, false},
		{func() error { return d.Account("a", false) }, true}, {func() error { return d.Account("a", false) }, false}, {func() error { return d.Account("b", false) }, true},
		{func() error { return d.Events("s", 60) }, true}, {func() error { return d.Events("s", 60) }, false}, {func() error { return d.Events("s", 40) }, true},
		{func() error { return d.Events("t", 10_000) }, true}, {func() error { return d.Events("t", 1) }, false}, // more than a burst costs a whole one
	} {
		if err := step.ask(); (err == nil) != step.free || err != nil && !fault.Is(err, fault.Exhausted) {
			t.Errorf("%v, want free %v", err, step.free)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Wait(ctx, "t") }() // MQTT waits for its turn
	cancel()
	if err := <-done; err == nil {
		t.Error("a sender that has used its burst did not wait")
	}
	c.Advance(time.Minute)
	if err := d.Wait(t.Context(), "t"); err != nil {
		t.Error(err)
	}
}

func TestPlacesAreGivenBack(t *testing.T) {
	t.Parallel()
	d, _ := door(t, func(l *limit.Limits) { l.Streams, l.StreamsAddress, l.StreamsAccount = 3, 2, 1 })
	r := httptest.NewRequest("GET", limit.StreamPath, nil)
	from := func(address string) *http.Request { c := r.Clone(t.Context()); c.RemoteAddr = address; return c }
	first, err := d.Stream(from("192.0.2.1:1"), "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Stream(from("192.0.2.2:1"), "a"); !fault.Is(err, fault.Exhausted) {
		t.Errorf("a second stream of one account: %v", err)
	}
	if _, err := d.Stream(from("192.0.2.1:1"), "b"); err != nil {
		t.Error(err)
	}
	if _, err := d.Stream(from("192.0.2.1:2"), "c"); !fault.Is(err, fault.Exhausted) {
		t.Errorf("a third stream from one address: %v", err)
	}
	if _, err := d.Stream(from("192.0.2.2:2"), "c"); err != nil {
		t.Error(err)
	}
	if _, err := d.Stream(from("192.0.2.3:2"), "d"); !fault.Is(err, fault.Exhausted) {
		t.Errorf("a fourth stream in all: %v", err)
	}
	first()
	if _, err := d.Stream(from("192.0.2.3:2"), "a"); err != nil {
		t.Errorf("a place that was given back: %v", err)
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	d, _ := door(t, func(l *limit.Limits) { l.FormBytes, l.Depth, l.BodyMemory = 1000, 5, 100_000 })
	var packed strings.Builder
	z := gzip.NewWriter(&packed)
	z.Write(make([]byte, 1<<20))
	z.Close()
	deep := strings.Repeat("[", 6) + strings.Repeat("]", 6)
	for _, c := range []struct {
		name, path, media, encoding, body string
		want                              int
	}{
		{"a form", "/signin", "application/x-www-form-urlencoded", "", "name=x", 200},
		{"a form that is too large", "/signin", "application/x-www-form-urlencoded", "", strings.Repeat("x", 1001), 413},
		{"a packed form", "/signin", "application/x-www-form-urlencoded", "gzip", packed.String(), 415},
		{"packed events", "/api/v1/events", "application/json", "gzip", packed.String(), 415},
		{"not packed", "/api/v1/events", "application/json", "identity", "{}", 200},
		{"as deep as may be", "/api/v1/events", "application/json", "", deep[1:11], 200},
		{"too deep", "/api/v1/events", "application/json", "", deep, 400},
		{"too deep, in lines", "/api/v1/events", "application/x-ndjson", "", "{}\n" + deep, 400},
		{"too deep, of no type", "/api/v1/events", "", "", deep, 400},
		{"brackets in a text", "/api/v1/events", "application/json", "", `{"a":"\"` + deep + deep + `"}`, 200},
		{"a picture with brackets", "/api/v1/cases/1/photos", "image/jpeg", "", deep, 200},
		{"large", "/api/v1/events", "application/json", "", strings.Repeat(" ", 150_000), 200},
		{"larger than the memory", "/api/v1/events", "application/json", "", strings.Repeat(" ", 200_000), 503},
		{"large again", "/api/v1/events", "application/json", "", strings.Repeat(" ", 150_000), 200}, // what was taken was given back
	} {
		w := ask(d, "POST", c.path, "192.0.2.1:1", c.body, "Content-Type", c.media, "Content-Encoding", c.encoding)
		if w.Code != c.want {
			t.Errorf("%s: %d %s, want %d", c.name, w.Code, w.Body, c.want)
		}
		if w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", c.name, w.Header())
		}
	}
	if d.TooDeep([]byte(deep)) != true || d.TooDeep([]byte(deep[1:11])) != false {
		t.Error("TooDeep counts otherwise")
	}
}

// An address that sends much is read more slowly, and others are not.
func TestLargeBodiesAreReadAtAPace(t *testing.T) {
	t.Parallel()
	d, c := door(t, func(l *limit.Limits) { l.BodiesAddress = limit.Rate{Second: 100, Burst: 200} }) // KiB
	large := strings.Repeat(" ", 300<<10)
	send := func(from string) <-chan int {
		done := make(chan int, 1)
		go func() {
			done <- ask(d, "POST", "/api/v1/events", from, large, "Content-Type", "application/json").Code
		}()
		return done
	}
	first := send("192.0.2.1:1")
	for waiting := true; waiting; { // 236 KiB beyond what is free: some of it has to wait
		select {
		case code := <-first:
			if waiting = false; code != http.StatusOK {
				t.Errorf("%d", code)
			}
		default:
			c.Advance(time.Millisecond)
		}
	}
	if late := c.Now().Sub(time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)); late < 300*time.Millisecond {
		t.Errorf("it was all read after %v", late)
	}
	if code := ask(d, "POST", "/api/v1/events", "192.0.2.2:1", large[:260<<10], "Content-Type", "application/json").Code; code != http.StatusOK {
		t.Errorf("another address: %d", code)
	}
}

// A form that never comes to its end, a connection too many, and a second one when the first has gone.
func TestSlowAndMany(t *testing.T) {
	t.Parallel()
	d, _ := door(t, func(l *limit.Limits) { l.BodyTime, l.ConnectionsAddress = 50*time.Millisecond, 2 })
	srv := httptest.NewUnstartedServer(d.Handler(http.HandlerFunc(echo)))
	srv.Listener = d.Pages(srv.Listener)
	srv.Start()
	defer srv.Close()
	dial := func() (net.Conn, error) { // one too many may be reset before it is there
		c, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err == nil {
			t.Cleanup(func() { c.Close() })
		}
		return c, err
	}
	slow, err := dial()
	idle, err2 := dial()
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(slow, "POST /signin HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nname=")
	res, err := http.ReadResponse(bufio.NewReader(slow), nil)
	if err != nil || res.StatusCode != http.StatusRequestTimeout {
		t.Fatalf("%v %v", res, err)
	}
	for served := false; !served; { // once the server has seen that the slow one is closed
		third, err := dial()
		if err != nil {
			continue
		}
		fmt.Fprint(third, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		res, err := http.ReadResponse(bufio.NewReader(third), nil)
		served = err == nil && res.StatusCode == http.StatusOK
	}
	if fourth, err := dial(); err == nil {
		if n, err := fourth.Read(make([]byte, 1)); err == nil {
			t.Errorf("a connection too many was answered with %d bytes", n)
		}
	}
	idle.Close()
}

// The table in docs/operations.md is the one of the code.
func TestTheTableIsInTheDocs(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile("../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := limit.Table(); !strings.Contains(string(body), want) {
		t.Errorf("docs/operations.md must contain:\n%s", want)
	}
}

func TestWrongLimitsAreToldByName(t *testing.T) {
	t.Parallel()
	l := limit.Limits{Proxies: []string{"10.0.0.0/8", "proxy.example"}, Depth: -1, ReadAddress: limit.Rate{Second: 1}}
	l.Fill()
	var fields []string
	for _, p := range l.Check() {
		fields = append(fields, p.Field)
	}
	if got := strings.Join(fields, " "); got != "limits.depth limits.read-address limits.proxies" {
		t.Errorf("problems in %s", got)
	}
}
