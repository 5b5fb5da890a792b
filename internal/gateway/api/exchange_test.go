package api_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/gateway/api"
	"twoweave/internal/manage/exchange"
	"twoweave/internal/platform/notify"
)

const peerSecret notify.Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G"

// postOffice is an exchange with one peer, which remembers what came.
type postOffice struct {
	api.Exchange
	received []string
	turned   int
	after    string
}

func (o *postOffice) Peer(id exchange.PeerID) (*exchange.Peer, error) {
	if id != "hotline" {
		return nil, fault.New(fault.NotFound, "test", "no such system")
	}
	return &exchange.Peer{ID: id, Secrets: []notify.Secret{"whsec_b2xkIHNlY3JldCBvbGQgc2VjcmV0IG9sZCBzZWNyZXQ=", peerSecret}}, nil
}

func (o *postOffice) Receive(_ context.Context, _ *exchange.Peer, body []byte, _ exchange.Way) (exchange.Answer, error) {
	o.received = append(o.received, string(body))
	return exchange.Answer{Outcome: exchange.Carried, Case: "20260701-000001"}, nil
}

func (o *postOffice) Turn(context.Context, *exchange.Peer, error) error { o.turned++; return nil }

func (o *postOffice) Feed(_ context.Context, _ *exchange.Peer, after string, _ int) (exchange.FeedPage, error) {
	o.after = after
	return exchange.FeedPage{Items: []exchange.Event{}, Next: "7"}, nil
}

// Only what a peer signed, now, with one of its secrets, comes in; all else is turned away and counted.
func TestOnlySignedOrdersComeIn(t *testing.T) {
	t.Parallel()
	office := &postOffice{}
	mux := http.NewServeMux()
	api.New(mux, api.Options{Actor: func(*http.Request) (access.Actor, bool, error) { return access.Actor{}, false, nil }, Exchange: office, Clock: clock.NewManual(now), Log: slog.New(slog.DiscardHandler)})
	const body = `{"specversion":"1.0"}`
	for _, c := range []struct {
		name, method, path, body string
		signed                   string // what the signature is over
		at                       time.Time
		secret                   notify.Secret
		status                   int
	}{
		{"as it must be", "POST", "/api/v1/exchange/hotline/orders", body, body, now, peerSecret, 200},
		{"four minutes ago", "POST", "/api/v1/exchange/hotline/orders", body, body, now.Add(-4 * time.Minute), peerSecret, 200},
		{"six minutes ago", "POST", "/api/v1/exchange/hotline/orders", body, body, now.Add(-6 * time.Minute), peerSecret, 401},
		{"another body", "POST", "/api/v1/exchange/hotline/orders", body + " ", body, now, peerSecret, 401},
		{"another secret", "POST", "/api/v1/exchange/hotline/orders", body, body, now, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 401},
		{"another system", "POST", "/api/v1/exchange/nobody/orders", body, body, now, peerSecret, 401},
		{"the feed", "GET", "/api/v1/exchange/hotline/orders?after=5&limit=3", "", "/api/v1/exchange/hotline/orders?after=5&limit=3", now, peerSecret, 200},
		{"the feed of another query", "GET", "/api/v1/exchange/hotline/orders?after=6", "", "/api/v1/exchange/hotline/orders?after=5", now, peerSecret, 401},
		{"too long", "POST", "/api/v1/exchange/hotline/orders", strings.Repeat("x", exchange.MaxMessage+1), "", now, peerSecret, 413},
	} {
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		signature, err := notify.Sign("id-1", c.at, []byte(c.signed), c.secret)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{"webhook-id": "id-1", "webhook-timestamp": strconv.FormatInt(c.at.Unix(), 10), "webhook-signature": signature, "Content-Type": "application/cloudevents+json"} {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
		var answer map[string]any
		if err := json.NewDecoder(w.Body).Decode(&answer); err != nil && err != io.EOF {
			t.Errorf("%s: no JSON, %v", c.name, err)
		}
	}
	if len(office.received) != 2 || office.turned != 4 || office.after != "5" {
		t.Errorf("%d came in, %d were turned away, the feed was asked after %q", len(office.received), office.turned, office.after)
	}
}

// Who forges a peer's messages fills neither its counter nor the audit.
func TestForgedMessagesAreKeptInPart(t *testing.T) {
	t.Parallel()
	office, mux, clk := &postOffice{}, http.NewServeMux(), clock.NewManual(now)
	api.New(mux, api.Options{Actor: func(*http.Request) (access.Actor, bool, error) { return access.Actor{}, false, nil }, Exchange: office, Clock: clk, Log: slog.New(slog.DiscardHandler)})
	forge := func() {
		t.Helper()
		for range 100 {
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, httptest.NewRequest("POST", "/api/v1/exchange/hotline/orders", strings.NewReader("{}")))
			if w.Code != http.StatusUnauthorized {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
		}
	}
	forge()
	if office.turned != 10 {
		t.Errorf("%d of 100 are kept", office.turned)
	}
	clk.Advance(time.Minute)
	if forge(); office.turned != 20 {
		t.Errorf("%d of 200 are kept, a minute later", office.turned)
	}
}
