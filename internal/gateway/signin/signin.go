// Package signin says who is asking.
//
// A request carries either a key (Authorization: Bearer KEY: programs, devices) or a session cookie (people, who exchanged their passphrase for it on the sign-in page;
// an account without a passphrase exchanges its key). A
// session is kept by the program: signing out ends it everywhere, signing in begins a new one and ends the one before, nobody who does nothing stays signed in, and
// disabling an account ends its sessions at once. Wrong keys are answered ever more slowly to whoever sends many; that never keeps out who has a right one. What an
// actor may do is not decided here but in package access.
package signin

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/platform/identity"
)

// CookieName is the session cookie's name, in plain; over TLS it has a prefix.
const CookieName = "tw_session"

// cookieName is a cookie's name on a request: over TLS one that browsers take from this very host alone, so that nobody beside it can plant one.
func cookieName(r *http.Request, name string) string {
	if r.TLS != nil {
		return "__Host-" + name
	}
	return name
}

// How says by what somebody was let in.
type How string

const (
	ByKey   How = "key"
	ByWords How = "passphrase"
	Visited How = "demo" // "enter as …"
)

// People are the accounts and their sessions. from is the network address of whoever asks.
type People interface {
	// ByKey is the actor who holds a key, ByID that of an account; fault.Unauthenticated when there is none in force.
	ByKey(ctx context.Context, key string) (access.Actor, error)
	ByID(ctx context.Context, id string) (access.Actor, error)
	// Begin begins a session, Actor is whose session it is, End ends it. Actor gives fault.Unauthenticated for a session that is over.
	Begin(ctx context.Context, who access.Actor, how How, from string) (token string, err error)
	Actor(ctx context.Context, token string) (access.Actor, error)
	End(ctx context.Context, token, from string) error
	// Sessions are somebody's, the latest first; token is that of the one that asks. EndAll ends them.
	Sessions(ctx context.Context, account, token string) ([]Session, error)
	EndAll(ctx context.Context, who access.Actor, from string) error
	// Refuse notes that somebody was not let in.
	Refuse(ctx context.Context, from, why string) error
}

// Session is one sign-in that is still believed.
type Session struct {
	Begun, Seen time.Time
	From        string // network address
	Own         bool   // the one that asks
}

// Identity proves who people are, and keeps what proves it; *identity.Provider does.
type Identity interface {
	SignIn(ctx context.Context, name, passphrase string, c identity.Client) (identity.Entered, error)
	HasPassphrase(ctx context.Context, account string) (bool, error)
	SignInCode(ctx context.Context, pending, code string) (actor access.Actor, recovered bool, err error)
	Pending(ctx context.Context, pending string) (account string, err error)
	Change(ctx context.Context, who access.Actor, current, chosen string, c identity.Client) error
	HasFactor(ctx context.Context, account string) (bool, error)
	NewFactor(account, issuer string) (identity.Factor, error)
	Again(account, issuer, sealed string) (identity.Factor, error)
	Confirm(ctx context.Context, account, sealed, code string) (recovery []string, err error)
	Link(ctx context.Context, secret string) (identity.Link, error)
	Accept(ctx context.Context, secret string, c identity.Choice) (account string, err error)
	People(ctx context.Context, by access.Actor) ([]identity.Person, error)
	Invite(ctx context.Context, by, person access.Actor) (secret string, err error)
	Reset(ctx context.Context, by access.Actor, account string) (secret string, err error)
	Block(ctx context.Context, by access.Actor, account string) error
	Unblock(ctx context.Context, by access.Actor, account string) error
}

// Unit is a unit that somebody may be invited into.
type Unit struct {
	ID   string
	Name lang.Text
}

// Options are what signing in needs.
type Options struct {
	People   People
	Identity Identity
	Units    func() []Unit
	Auditing Auditing
	Life     time.Duration // of a cookie: as long as a session lasts at most
	Clock    clock.Clock
	Log      *slog.Logger
}

// quiet is how long the log says nothing more of sign-ins that cannot be.
const quiet = 10 * time.Second

// Show gives out a page: a template of the web gateway, the key of its title, and what it shows.
type Show func(w http.ResponseWriter, r *http.Request, status int, template, title string, data any)

// Handler knows who is asking and serves the sign-in form's target.
type Handler struct {
	o       Options
	show    Show
	guesses *guesses
	loud    rate.Sometimes // what thousands of guesses lead to is said once in a while
}

// New makes a Handler.
func New(o Options) *Handler {
	return &Handler{o: o, guesses: newGuesses(), loud: rate.Sometimes{Interval: quiet}}
}

// Mount adds the pages about accounts. The one with the sign-in form is the web gateway's.
func (h *Handler) Mount(mux *http.ServeMux, show Show) {
	h.show = show
	mux.HandleFunc("POST /signin", h.signIn)
	mux.HandleFunc("POST /signout", h.signOut)
	mux.HandleFunc("POST /signin/code", h.code)
	mux.HandleFunc("POST /signin/setup", h.setup)
	mux.HandleFunc("POST /signin/codes", h.download)
	mux.Handle("GET /signin/{step}", http.RedirectHandler("/signin", http.StatusSeeOther)) // the steps are answers to forms
	mux.Handle("GET /me/factor", http.RedirectHandler("/me", http.StatusSeeOther))
	mux.Handle("GET /me/passphrase", http.RedirectHandler("/me", http.StatusSeeOther))
	mux.HandleFunc("POST /me/passphrase", h.person(h.change))
	mux.HandleFunc("POST /me/factor", h.person(h.factor))
	mux.HandleFunc("GET /welcome/{link}", h.welcome)
	mux.HandleFunc("POST /welcome/{link}", h.accept)
	mux.HandleFunc("GET /me", h.person(h.me))
	mux.HandleFunc("POST /me/end", h.person(h.endAll))
	mux.HandleFunc("GET /console/people", h.person(h.people))
	mux.HandleFunc("GET /console/audit", h.person(h.audit))
	mux.HandleFunc("GET /console/audit/sheet", h.person(h.auditSheet))
	mux.HandleFunc("POST /console/people", h.person(h.invite))
	mux.HandleFunc("POST /console/people/{id}/{do}", h.person(h.keep))
}

// MountEnter adds POST /enter, which signs in one of the named accounts without a key. The demo alone mounts it.
func (h *Handler) MountEnter(mux *http.ServeMux, accounts []string) {
	mux.HandleFunc("POST /enter", func(w http.ResponseWriter, r *http.Request) {
		for _, id := range accounts {
			if r.FormValue("person") == id {
				actor, err := h.o.People.ByID(r.Context(), id)
				h.enter(w, r, actor, Visited, err)
				return
			}
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
}

// Actor is who asks: ok is false when the request says nothing, the error is set when it says something false.
func (h *Handler) Actor(r *http.Request) (actor access.Actor, ok bool, err error) {
	if header := r.Header.Get("Authorization"); header != "" {
		return h.byHeader(r, header)
	}
	cookie, err := r.Cookie(cookieName(r, CookieName))
	if err != nil {
		return access.Actor{}, false, nil
	}
	actor, err = h.o.People.Actor(r.Context(), cookie.Value)
	if fault.Is(err, fault.Unauthenticated) {
		return access.Actor{}, false, nil // an old session is no accusation: the person signs in again
	}
	return actor, err == nil, err
}

func (h *Handler) byHeader(r *http.Request, header string) (actor access.Actor, ok bool, err error) {
	scheme, key, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || key == "" {
		return access.Actor{}, false, fault.New(fault.Unauthenticated, "signin", "the Authorization header must read: Bearer KEY")
	}
	actor, err = h.o.People.ByKey(r.Context(), key)
	if fault.Is(err, fault.Unauthenticated) && !h.guesses.allow(host(r), h.o.Clock.Now()) {
		err = fault.New(fault.Exhausted, "signin", "too many wrong keys have come from this address; wait a minute")
	}
	return actor, err == nil, err
}

func (h *Handler) signIn(w http.ResponseWriter, r *http.Request) {
	if key := strings.TrimSpace(r.PostFormValue("key")); key != "" {
		h.signInByKey(w, r, key)
		return
	}
	e, err := h.o.Identity.SignIn(r.Context(), r.PostFormValue("name"), r.PostFormValue("passphrase"), identity.Client{Address: host(r), Marks: marks(r)})
	if err == nil {
		h.cookie(w, r, markCookie, strings.Join(e.Marks, "~"), int(markLife.Seconds()))
	}
	if err == nil && e.Need != "" {
		h.next(w, r, e)
		return
	}
	h.enter(w, r, e.Actor, ByWords, err)
}

// signInByKey is for an account that has no passphrase: the key of one that has is for programs, and would go around what else its person must show.
func (h *Handler) signInByKey(w http.ResponseWriter, r *http.Request, key string) {
	actor, err := h.o.People.ByKey(r.Context(), key)
	if err == nil && len(actor.Scope) > 0 {
		err = fault.New(fault.Unauthenticated, "signin", "the key of account %q is for a program: it has a scope", actor.ID)
	}
	if err == nil {
		var has bool
		if has, err = h.o.Identity.HasPassphrase(r.Context(), actor.ID); has {
			err = fault.New(fault.Unauthenticated, "signin", "the key of account %q is for programs: its person has a passphrase", actor.ID)
		}
	}
	h.enter(w, r, actor, ByKey, err)
}

// A browser on which somebody has signed in is known by marks; see package identity.
const (
	markCookie = "tw_known"
	markLife   = 365 * 24 * time.Hour
)

func marks(r *http.Request) []string {
	if c, err := r.Cookie(cookieName(r, markCookie)); err == nil {
		return strings.Split(c.Value, "~")
	}
	return nil
}

// enter begins a session for who was found, or says why not.
func (h *Handler) enter(w http.ResponseWriter, r *http.Request, actor access.Actor, how How, err error) {
	var token string
	if err == nil {
		h.endCurrent(r)
		token, err = h.o.People.Begin(r.Context(), actor, how, host(r))
	}
	if err != nil {
		h.again(w, r, h.refuse(r, how, err))
		return
	}
	h.cookie(w, r, CookieName, token, int(h.o.Life.Seconds()))
	http.Redirect(w, r, localPath(r.FormValue("to")), http.StatusSeeOther)
}

// refuse notes a refusal and gives the word under which the page explains it. Who guesses on and on leaves no more rows on the audit.
func (h *Handler) refuse(r *http.Request, how How, err error) (word string) {
	if fault.Is(err, fault.Exhausted) {
		return "soon"
	}
	if !fault.Is(err, fault.Unauthenticated) {
		h.loud.Do(func() { h.o.Log.Error("nobody can sign in", "error", err) })
		return "unavailable"
	}
	if !h.guesses.allow(host(r), h.o.Clock.Now()) {
		return "slow"
	}
	h.o.Log.Warn("sign-in refused", "remote", host(r), "reason", fault.Message(err))
	if err := h.o.People.Refuse(r.Context(), host(r), fault.Message(err)); err != nil {
		h.o.Log.Error("a refused sign-in is not on the audit", "error", err)
	}
	return string(how)
}

// again leads back to the form, which says why, and remembers where the person wanted to go.
func (h *Handler) again(w http.ResponseWriter, r *http.Request, word string) {
	to := "/signin?error=" + word
	if wish := localPath(r.FormValue("to")); wish != "/" {
		to += "&to=" + url.QueryEscape(wish)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (h *Handler) signOut(w http.ResponseWriter, r *http.Request) {
	h.endCurrent(r)
	h.cookie(w, r, CookieName, "", -1)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// endCurrent ends the session that a request comes with.
func (h *Handler) endCurrent(r *http.Request) {
	cookie, err := r.Cookie(cookieName(r, CookieName))
	if err != nil {
		return
	}
	if err := h.o.People.End(r.Context(), cookie.Value, host(r)); err != nil {
		h.o.Log.Error("a session did not end; it ends by itself", "error", err)
	}
}

func (h *Handler) cookie(w http.ResponseWriter, r *http.Request, name, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{Name: cookieName(r, name), Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode})
}

// host is the network address of whoever asks, without the port.
func host(r *http.Request) string {
	if h, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return h
	}
	return r.RemoteAddr
}

// localPath is to when it leads to a page of ours, else the start page: a sign-in link must not lead elsewhere.
func localPath(to string) string {
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\t\r\n") {
		return "/"
	}
	return to
}
