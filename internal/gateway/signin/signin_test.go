package signin_test

import (
	"context"
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
)

type accounts map[string]access.Actor // by key

func (a accounts) ByKey(_ context.Context, key string) (access.Actor, error) {
	if actor, ok := a[key]; ok {
		return actor, nil
	}
	return access.Actor{}, fault.New(fault.Unauthenticated, "test", "no account has this key")
}

func (a accounts) ByID(_ context.Context, id string) (access.Actor, error) {
	for _, actor := range a {
		if actor.ID == id {
			return actor, nil
		}
	}
	return access.Actor{}, fault.New(fault.Unauthenticated, "test", "no such account")
}

func setup(enter ...string) (*signin.Handler, accounts, *clock.Manual, *http.ServeMux) {
	a := accounts{"k1": {ID: "li", Roles: []access.Role{access.Operator}}}
	c := clock.NewManual(time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC))
	h := signin.New(signin.Options{Accounts: a, Secret: []byte(strings.Repeat("s", 32)), Clock: c, Log: slog.New(slog.DiscardHandler)})
	mux := http.NewServeMux()
	h.Mount(mux)
	if enter != nil {
		h.MountEnter(mux, enter)
	}
	return h, a, c, mux
}

func post(mux http.Handler, path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
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

func TestASessionLastsOneShiftAndEndsWithItsAccount(t *testing.T) {
	t.Parallel()
	h, a, c, mux := setup()
	w := post(mux, "/signin", url.Values{"key": {" k1 "}, "to": {"/console?area=1"}})
	if got := w.Header().Get("Location"); got != "/console?area=1" {
		t.Fatalf("led to %q", got)
	}
	if actor, ok, err := h.Actor(asking(w)); !ok || err != nil || actor.ID != "li" {
		t.Fatalf("actor = %+v, %v, %v", actor, ok, err)
	}
	c.Advance(12*time.Hour + time.Second)
	if _, ok, _ := h.Actor(asking(w)); ok {
		t.Error("the session outlived its shift")
	}
	c.Advance(-time.Hour)
	delete(a, "k1")
	if _, ok, err := h.Actor(asking(w)); ok || !fault.Is(err, fault.Unauthenticated) {
		t.Error("the session outlived its account")
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
	h, _, _, demo := setup("li")
	if _, ok, _ := h.Actor(asking(post(demo, "/enter", url.Values{"person": {"li"}}))); !ok {
		t.Error("the demo's visitor was not let in")
	}
	if w := post(demo, "/enter", url.Values{"person": {"root"}}); len(w.Result().Cookies()) != 0 {
		t.Error("an account that was not offered was entered")
	}
}
