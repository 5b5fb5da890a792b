package signin_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/gateway/signin"
	"twoweave/internal/platform/identity"
)

// people are accounts by key, with their sessions and what was refused.
type people struct {
	byKey    map[string]access.Actor
	sessions map[string]string // account by token
	begun    []signin.How
	refused  int
	n        int
	clients  []identity.Client
}

// prover believes one passphrase; only wang has one.
type prover struct {
	signin.Identity
	p   *people
	err error
}

func (i *prover) SignIn(_ context.Context, name, passphrase string, c identity.Client) (identity.Entered, error) {
	i.p.clients = append(i.p.clients, c)
	if passphrase != "right passphrase" {
		return identity.Entered{}, i.err
	}
	return identity.Entered{Actor: access.Actor{ID: name}, Marks: []string{"m1", "m2"}}, nil
}

func (i *prover) HasPassphrase(_ context.Context, account string) (bool, error) {
	return account == "wang", nil
}

func (p *people) Sessions(context.Context, string, string) ([]signin.Session, error) { return nil, nil }

func (p *people) EndAll(context.Context, access.Actor, string) error { return nil }

func (p *people) ByKey(_ context.Context, key string) (access.Actor, error) {
	if actor, ok := p.byKey[key]; ok {
		return actor, nil
	}
	return access.Actor{}, fault.New(fault.Unauthenticated, "test", "no account has this key")
}

func (p *people) ByID(_ context.Context, id string) (access.Actor, error) {
	for _, actor := range p.byKey {
		if actor.ID == id {
			return actor, nil
		}
	}
	return access.Actor{}, fault.New(fault.Unauthenticated, "test", "no such account")
}

func (p *people) Begin(_ context.Context, who access.Actor, how signin.How, _ string) (string, error) {
	p.n++
	token := fmt.Sprint("token-", p.n)
	p.sessions[token], p.begun = who.ID, append(p.begun, how)
	return token, nil
}

func (p *people) Actor(ctx context.Context, token string) (access.Actor, error) {
	return p.ByID(ctx, p.sessions[token])
}

func (p *people) End(_ context.Context, token, _ string) error {
	delete(p.sessions, token)
	return nil
}

func (p *people) Refuse(context.Context, string, string) error {
	p.refused++
	return nil
}

func setup(enter ...string) (*signin.Handler, *people, *clock.Manual, *http.ServeMux) {
	p := &people{byKey: map[string]access.Actor{"k1": {ID: "li", Roles: []access.Role{access.Operator}}, "k2": {ID: "wang"}}, sessions: map[string]string{}}
	c := clock.NewManual(time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC))
	h := signin.New(signin.Options{People: p, Identity: &prover{p: p, err: fault.New(fault.Unauthenticated, "test", "wrong")}, Life: time.Hour, Clock: c, Log: slog.New(slog.DiscardHandler)})
	mux := http.NewServeMux()
	h.Mount(mux, nil)
	if enter != nil {
		h.MountEnter(mux, enter)
	}
	return h, p, c, mux
}

func post(mux http.Handler, path string, form url.Values, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
	for _, c := range cookies {
		r.AddCookie(c)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return w
}

func asking(w *httptest.ResponseRecorder) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	for _, c := range w.Result().Cookies() {
		r.AddCookie(c)
	}
	return r
}

func TestSigningInAndOut(t *testing.T) {
	t.Parallel()
	h, p, _, mux := setup()
	w := post(mux, "/signin", url.Values{"key": {" k1 "}, "to": {"/console?area=1"}})
	if got := w.Header().Get("Location"); got != "/console?area=1" {
		t.Fatalf("led to %q", got)
	}
	first := w.Result().Cookies()[0]
	if !first.HttpOnly || first.SameSite != http.SameSiteStrictMode || first.MaxAge != 3600 {
		t.Errorf("the cookie is %v", first)
	}
	if actor, ok, err := h.Actor(asking(w)); !ok || err != nil || actor.ID != "li" {
		t.Fatalf("actor = %+v, %v, %v", actor, ok, err)
	}
	again := post(mux, "/signin", url.Values{"key": {"k1"}}, first)
	if _, ok, _ := h.Actor(asking(w)); ok || again.Result().Cookies()[0].Value == first.Value {
		t.Error("a new session left the old one in force")
	}
	post(mux, "/signout", nil, again.Result().Cookies()[0])
	if _, ok, err := h.Actor(asking(again)); ok || err != nil || len(p.sessions) != 0 {
		t.Errorf("after signing out the session is there: %v %v", p.sessions, err)
	}
}

func TestAPassphraseLetsInAndTheBrowserIsKnown(t *testing.T) {
	t.Parallel()
	h, p, _, mux := setup()
	w := post(mux, "/signin", url.Values{"name": {"wang"}, "passphrase": {"right passphrase"}, "to": {"/wall"}})
	if _, ok, err := h.Actor(asking(w)); w.Header().Get("Location") != "/wall" || !ok || err != nil || p.begun[0] != signin.ByWords {
		t.Fatalf("%v %v %v", w.Header(), err, p.begun)
	}
	wrong := post(mux, "/signin", url.Values{"name": {"wang"}, "passphrase": {"x"}, "to": {"/wall"}}, w.Result().Cookies()...)
	if got := wrong.Header().Get("Location"); got != "/signin?error=passphrase&to=%2Fwall" || len(wrong.Result().Cookies()) != 0 {
		t.Errorf("a wrong passphrase: %v", wrong.Header())
	}
	if got := p.clients[1]; len(got.Marks) != 2 || got.Marks[0] != "m1" || got.Address != "192.0.2.1" {
		t.Errorf("the browser was not known: %+v", got)
	}
	if got := post(mux, "/signin", url.Values{"key": {"k2"}}); got.Header().Get("Location") != "/signin?error=key" || len(got.Result().Cookies()) != 0 {
		t.Errorf("a program's key let a person in: %v", got.Header())
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer k2")
	if actor, ok, _ := h.Actor(r); !ok || actor.ID != "wang" {
		t.Error("a program's key is not good any more")
	}
}

// Who sends many wrong keys fills neither the audit nor the log; who has the right one is let in all the while, and after a minute mistakes are explained again.
func TestGuessing(t *testing.T) {
	t.Parallel()
	h, p, c, mux := setup()
	words := map[string]int{}
	for range 200 {
		words[post(mux, "/signin", url.Values{"key": {"guess"}}).Header().Get("Location")]++
	}
	if p.refused != 10 || words["/signin?error=key"] != 10 || words["/signin?error=slow"] != 190 {
		t.Errorf("%d refusals were noted; answers %v", p.refused, words)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer guess")
	if _, _, err := h.Actor(r); !fault.Is(err, fault.Exhausted) {
		t.Errorf("a program may guess on: %v", err)
	}
	if w := post(mux, "/signin", url.Values{"key": {"k1"}}); len(w.Result().Cookies()) != 1 {
		t.Error("a guesser keeps others of the same address out")
	}
	c.Advance(time.Minute)
	if got := post(mux, "/signin", url.Values{"key": {"guess"}}).Header().Get("Location"); got != "/signin?error=key" {
		t.Errorf("a minute later: %s", got)
	}
}

func TestWrongKeysAndForgedSessions(t *testing.T) {
	t.Parallel()
	h, _, _, mux := setup()
	w := post(mux, "/signin", url.Values{"key": {"guess"}})
	if w.Header().Get("Location") != "/signin?error=key" || len(w.Result().Cookies()) != 0 {
		t.Errorf("a wrong key gave %v", w.Header())
	}
	good := post(mux, "/signin", url.Values{"key": {"k1"}}).Result().Cookies()[0]
	for _, value := range []string{"", "x", "bGl8OTk5OTk5OTk5OTk.AAAA", strings.ToUpper(good.Value), good.Value[1:]} {
		r := httptest.NewRequest("GET", "/", nil)
		r.AddCookie(&http.Cookie{Name: signin.CookieName, Value: value})
		if _, ok, _ := h.Actor(r); ok {
			t.Errorf("session %q was believed", value)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer guess")
	if _, ok, err := h.Actor(r); ok || !fault.Is(err, fault.Unauthenticated) {
		t.Error("a wrong bearer key was not refused")
	}
}

func TestSignInLeadsOnlyToOurPages(t *testing.T) {
	t.Parallel()
	_, _, _, mux := setup()
	for _, to := range []string{"https://example.org", "//example.org", "/\\example.org", "/\t/example.org", ""} {
		if got := post(mux, "/signin", url.Values{"key": {"k1"}, "to": {to}}).Header().Get("Location"); got != "/" {
			t.Errorf("to=%q led to %q", to, got)
		}
	}
}

func TestEnteringWithoutAKeyIsTheDemosAlone(t *testing.T) {
	t.Parallel()
	_, _, _, serve := setup()
	if w := post(serve, "/enter", url.Values{"person": {"li"}}); w.Code != http.StatusNotFound {
		t.Errorf("POST /enter answered %d without being mounted", w.Code)
	}
	h, p, _, demo := setup("li")
	if _, ok, _ := h.Actor(asking(post(demo, "/enter", url.Values{"person": {"li"}}))); !ok {
		t.Error("the demo's visitor was not let in")
	}
	if len(p.begun) != 1 || p.begun[0] != signin.Visited {
		t.Errorf("the audit would say %v", p.begun)
	}
	if w := post(demo, "/enter", url.Values{"person": {"root"}}); len(w.Result().Cookies()) != 0 {
		t.Error("an account that was not offered was entered")
	}
}
