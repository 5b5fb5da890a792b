package demo

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"twoweave/internal/base/clock"
)

// A signature covers what was sent; one of several is enough, as Standard Webhooks has it while a secret is changed.
func TestAPartnerSignsWhatItSends(t *testing.T) {
	t.Parallel()
	p := &Partner{Secret: []byte("\x30\xa2\xa9\x1c\x08\x5d\xce\x1b\x8d\x76\x49\x1c\xa1\x1b\x6e\x22\x4e\x9a\x9c\x8d\x4a\x6f\x1a\x2b")}
	one, two := p.sign("msg", "1", []byte("{}")), p.sign("msg", "1", []byte("{ }"))
	if one == two || !strings.HasPrefix(one, "v1,") || len(one) != 3+44 {
		t.Errorf("signatures %q and %q", one, two)
	}
	r := httptest.NewRequest("POST", "/hook", nil)
	for name, value := range map[string]string{"Webhook-Id": "msg", "Webhook-Timestamp": "1", "Webhook-Signature": "v1,AAAA " + one} {
		r.Header.Set(name, value)
	}
	if !p.signed(r, []byte("{}")) || p.signed(r, []byte("{ }")) {
		t.Error("one of two signatures must fit, and only the body that was signed")
	}
}

// ours is the program's side: what was taken, by id.
type ours struct {
	mu     sync.Mutex
	fails  int
	taken  map[string]int
	status int
}

func (o *ours) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fails > 0 {
		o.fails--
		http.Error(w, "no", http.StatusBadGateway)
		return
	}
	o.taken[r.Header.Get("Webhook-Id")]++
	w.WriteHeader(o.status)
	io.WriteString(w, `{"case":"20260701-000007","status":"已受理","detail":"not so"}`)
}

func partnerAt(t *testing.T, say func(time.Time) []Saying) (*Partner, *ours, *clock.Manual) {
	t.Helper()
	o := &ours{taken: map[string]int{}, status: http.StatusOK}
	srv := httptest.NewServer(o)
	t.Cleanup(srv.Close)
	c := clock.NewManual(time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC))
	p := &Partner{Title: "12345", Secret: make([]byte, 32), Clock: c, Log: slog.New(slog.DiscardHandler), Say: say}
	p.Connect(srv.URL)
	return p, o, c
}

// second is one turn of Run.
func (p *Partner) second(ctx context.Context) {
	now := p.Clock.Now()
	if p.Say != nil {
		p.plan(p.Say(now))
	}
	for _, m := range p.due(now) {
		p.send(ctx, m)
	}
}

func TestWhatAPartnerSaysArrivesOnceItIsUp(t *testing.T) {
	t.Parallel()
	p, o, c := partnerAt(t, Hotline(1, 10*time.Second, []string{"a1"}))
	o.fails = 3
	p.toggle()
	for range 600 {
		c.Advance(time.Second)
		p.second(t.Context())
	}
	if len(o.taken) > 0 || p.view().Waiting == 0 || !p.view().Down {
		t.Fatalf("down, it sent %d messages; %d wait", len(o.taken), p.view().Waiting)
	}
	p.toggle()
	p.Say = nil
	for range 600 {
		c.Advance(time.Second)
		p.second(t.Context())
	}
	v := p.view()
	if len(o.taken) != len(p.feed) || v.Waiting != 0 || len(v.Orders) < 20 {
		t.Errorf("%d messages taken of %d, %d wait, %d orders", len(o.taken), len(p.feed), v.Waiting, len(v.Orders))
	}
	for id, n := range o.taken {
		if n != 1 {
			t.Errorf("%s was taken %d times", id, n)
		}
	}
	if v.Orders[0].Case == "" || v.Orders[0].Status != "已受理" || v.Orders[0].Problem != "" {
		t.Errorf("it knows %+v", v.Orders[0])
	}
}

// A partner keeps the newest word only, and a company answers an order that is made.
func TestAPartnerHears(t *testing.T) {
	t.Parallel()
	p, _, c := partnerAt(t, nil)
	p.Hear = Repairs(3)
	tell := func(kind string, seq int, status string) int {
		body, _ := json.Marshal(map[string]any{"type": "twoweave.order." + kind, "data": map[string]any{"order": "C-1", "seq": seq, "status": status, "case": "C"}})
		r := httptest.NewRequest("POST", "/hook", strings.NewReader(string(body)))
		stamp := strconv.FormatInt(c.Now().Unix(), 10)
		r.Header = http.Header{"Webhook-Id": {"m"}, "Webhook-Timestamp": {stamp}, "Webhook-Signature": {p.sign("m", stamp, body)}}
		if seq == 99 {
			r.Header.Set("Webhook-Signature", "v1,AAAA")
		}
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		return w.Code
	}
	for _, told := range []struct {
		kind   string
		seq    int
		status string
		code   int
	}{{"created", 1, "dispatched", 202}, {"created", 1, "dispatched", 202}, {"status", 3, "handled", 202}, {"status", 2, "handling", 202}, {"status", 99, "closed", 401}} {
		if code := tell(told.kind, told.seq, told.status); code != told.code {
			t.Errorf("%+v was answered %d", told, code)
		}
	}
	if v := p.view(); len(v.Orders) != 1 || v.Orders[0].Status != "handled" || v.Waiting < 2 || v.Waiting > 3 {
		t.Errorf("it knows %+v, %d to be said", v.Orders, v.Waiting)
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if body := w.Body.String(); !strings.Contains(body, "C-1") || !strings.Contains(body, "停机一小时") {
		t.Errorf("its page says %s", body)
	}
	p.toggle()
	if code := tell("status", 9, "closed"); code != http.StatusServiceUnavailable {
		t.Errorf("down, it answers %d", code)
	}
}
