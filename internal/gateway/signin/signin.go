// Package signin says who is asking.
//
// A request carries either a key (Authorization: Bearer KEY: programs, devices) or a session cookie (people, who exchanged their key for it on
// the sign-in page). A session is a signed statement "this account, until then"; whether the account still exists and may act is looked up
// at each request, so that disabling an account ends its sessions at once. What an actor may do is not decided here but in package access.
package signin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
)

// CookieName is the session cookie's name.
const CookieName = "tw_session"

// sessionLife is how long a session lasts: one shift with its hand-over.
const sessionLife = 12 * time.Hour

// Accounts finds actors.
type Accounts interface {
	// ByKey is the actor who holds a key; fault.Unauthenticated when nobody does.
	ByKey(ctx context.Context, key string) (access.Actor, error)
	// ByID is the actor of an account that is in force; fault.Unauthenticated otherwise.
	ByID(ctx context.Context, id string) (access.Actor, error)
}

// Options are what signing in needs.
type Options struct {
	Accounts Accounts
	Secret   []byte // signs sessions; at least 32 bytes, the same at every start
	Secure   bool   // send cookies over TLS only
	Clock    clock.Clock
	Log      *slog.Logger
}

// Handler knows who is asking and serves the sign-in form's target.
type Handler struct{ o Options }

// New makes a Handler.
func New(o Options) *Handler { return &Handler{o: o} }

// Mount adds POST /signin and POST /signout. The page with the form is the web gateway's.
func (h *Handler) Mount(mux *http.ServeMux) {
	mux.HandleFunc("POST /signin", h.signIn)
	mux.HandleFunc("POST /signout", h.signOut)
}

// MountEnter adds POST /enter, which signs in one of the named accounts without a key. The demo alone mounts it.
func (h *Handler) MountEnter(mux *http.ServeMux, accounts []string) {
	mux.HandleFunc("POST /enter", func(w http.ResponseWriter, r *http.Request) {
		for _, id := range accounts {
			if r.FormValue("person") == id {
				h.begin(w, id)
				http.Redirect(w, r, localPath(r.FormValue("to")), http.StatusSeeOther)
				return
			}
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
}

// Actor is who asks: ok is false when the request says nothing, the error is set when it says something false.
func (h *Handler) Actor(r *http.Request) (actor access.Actor, ok bool, err error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, key, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") || key == "" {
			return access.Actor{}, false, fault.New(fault.Unauthenticated, "signin", "the Authorization header must read: Bearer KEY")
		}
		actor, err = h.o.Accounts.ByKey(r.Context(), key)
		return actor, err == nil, err
	}
	cookie, err := r.Cookie(CookieName)
	if err != nil {
		return access.Actor{}, false, nil
	}
	id, ok := h.read(cookie.Value)
	if !ok {
		return access.Actor{}, false, nil // an old session is no accusation: the person signs in again
	}
	actor, err = h.o.Accounts.ByID(r.Context(), id)
	return actor, err == nil, err
}

func (h *Handler) signIn(w http.ResponseWriter, r *http.Request) {
	actor, err := h.o.Accounts.ByKey(r.Context(), strings.TrimSpace(r.PostFormValue("key")))
	if err != nil {
		h.o.Log.Warn("sign-in refused", "remote", r.RemoteAddr, "reason", fault.Message(err))
		reason := "key"
		if !fault.Is(err, fault.Unauthenticated) {
			reason = "unavailable"
		}
		http.Redirect(w, r, "/signin?error="+reason, http.StatusSeeOther)
		return
	}
	h.begin(w, actor.ID)
	http.Redirect(w, r, localPath(r.FormValue("to")), http.StatusSeeOther)
}

func (h *Handler) signOut(w http.ResponseWriter, r *http.Request) {
	h.cookie(w, "", -1)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (h *Handler) begin(w http.ResponseWriter, id string) {
	until := h.o.Clock.Now().Add(sessionLife).Unix()
	statement := fmt.Sprintf("%s|%d", id, until)
	h.cookie(w, base64.RawURLEncoding.EncodeToString([]byte(statement))+"."+h.sign(statement), int(sessionLife.Seconds()))
}

func (h *Handler) cookie(w http.ResponseWriter, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{Name: CookieName, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: h.o.Secure, SameSite: http.SameSiteStrictMode})
}

// read is the account of a session that is genuine and not over.
func (h *Handler) read(value string) (id string, ok bool) {
	encoded, signature, _ := strings.Cut(value, ".")
	statement, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || !hmac.Equal([]byte(signature), []byte(h.sign(string(statement)))) {
		return "", false
	}
	id, end, _ := strings.Cut(string(statement), "|")
	until, err := strconv.ParseInt(end, 10, 64)
	return id, err == nil && h.o.Clock.Now().Unix() < until
}

func (h *Handler) sign(statement string) string {
	m := hmac.New(sha256.New, h.o.Secret)
	m.Write([]byte(statement))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// localPath is to when it leads to a page of ours, else the start page: a sign-in link must not lead elsewhere.
func localPath(to string) string {
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\t\r\n") {
		return "/"
	}
	return to
}
