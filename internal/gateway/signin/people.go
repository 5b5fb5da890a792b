package signin

import (
	"net/http"
	"net/url"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/identity"
)

// person lets a page be asked for by who is signed in; others sign in first.
func (h *Handler) person(page func(http.ResponseWriter, *http.Request, access.Actor)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		actor, ok, err := h.Actor(r)
		if err != nil && !fault.Is(err, fault.Unauthenticated) {
			h.fail(w, r, err)
			return
		}
		if !ok {
			to := "/"
			if r.Method == http.MethodGet {
				to = r.URL.RequestURI()
			}
			http.Redirect(w, r, "/signin?to="+url.QueryEscape(to), http.StatusSeeOther)
			return
		}
		page(w, r, actor)
	}
}

// self is what the page about oneself shows.
type self struct {
	Actor    access.Actor
	Sessions []Session
	Factor   bool // has a second factor
	May      bool // has a passphrase, so may have one
	Error    string
	Field    string
}

func (h *Handler) me(w http.ResponseWriter, r *http.Request, actor access.Actor) {
	h.showMe(w, r, http.StatusOK, self{Actor: actor})
}

// change gives somebody another passphrase. All sessions end with the old one; the browser that asked gets a new one.
func (h *Handler) change(w http.ResponseWriter, r *http.Request, actor access.Actor) {
	err := error(nil)
	if chosen := r.PostFormValue("chosen"); chosen != r.PostFormValue("again") {
		err = fault.Say(fault.Invalid, "signin.change", "passphrase.again", "the two passphrases differ")
	} else {
		err = h.o.Identity.Change(r.Context(), actor, r.PostFormValue("current"), chosen, identity.Client{Address: host(r), Marks: marks(r)})
	}
	code := string(fault.Said(err).Code)
	switch {
	case err == nil:
		h.enter(w, r, actor, ByWords, nil)
	case fault.Is(err, fault.Exhausted):
		h.showMe(w, r, http.StatusUnprocessableEntity, self{Actor: actor, Error: "code.soon", Field: "current"})
	case code == string(identity.WrongPassphrase):
		h.showMe(w, r, http.StatusUnprocessableEntity, self{Actor: actor, Error: "wrong." + code, Field: "current"})
	case code != "" && fault.Is(err, fault.Invalid):
		h.showMe(w, r, http.StatusUnprocessableEntity, self{Actor: actor, Error: "wrong." + code, Field: "chosen"})
	default:
		h.deny(w, r, err)
	}
}

func (h *Handler) showMe(w http.ResponseWriter, r *http.Request, status int, page self) {
	actor := page.Actor
	token := ""
	if c, err := r.Cookie(cookieName(r, CookieName)); err == nil {
		token = c.Value
	}
	all, err := h.o.People.Sessions(r.Context(), actor.ID, token)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	page.Sessions = all
	if page.Factor, err = h.o.Identity.HasFactor(r.Context(), actor.ID); err == nil {
		page.May, err = h.o.Identity.HasPassphrase(r.Context(), actor.ID)
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	h.show(w, r, status, "me", "me.title", page)
}

func (h *Handler) endAll(w http.ResponseWriter, r *http.Request, actor access.Actor) {
	if err := h.o.People.EndAll(r.Context(), actor, host(r)); err != nil {
		h.fail(w, r, err)
		return
	}
	h.cookie(w, r, CookieName, "", -1)
	http.Redirect(w, r, "/signin", http.StatusSeeOther)
}

// personRoles are the roles that somebody may be invited with.
var personRoles = []access.Role{access.Viewer, access.Operator, access.Dispatcher, access.FieldWorker, access.Verifier, access.Admin}

// peopled is what the page of accounts shows.
type peopled struct {
	Self    string // the account of whoever looks
	People  []identity.Person
	Units   []Unit
	Roles   []access.Role
	Link    string // given out just now; shown once
	LinkFor string
	Error   string
	Field   string
	Entered access.Actor
}

// Has says whether a role was chosen in the form that is shown again.
func (p peopled) Has(r access.Role) bool { return p.Entered.Has(r) }

func (h *Handler) people(w http.ResponseWriter, r *http.Request, by access.Actor) {
	h.showPeople(w, r, by, http.StatusOK, peopled{})
}

func (h *Handler) showPeople(w http.ResponseWriter, r *http.Request, by access.Actor, status int, p peopled) {
	var err error
	if p.People, err = h.o.Identity.People(r.Context(), by); err != nil {
		h.deny(w, r, err)
		return
	}
	p.Self, p.Units, p.Roles = by.ID, h.o.Units(), personRoles
	h.show(w, r, status, "people", "people.title", p)
}

// deny tells somebody that this is not for the account.
func (h *Handler) deny(w http.ResponseWriter, r *http.Request, err error) {
	if !fault.Is(err, fault.Denied) {
		h.fail(w, r, err)
		return
	}
	h.show(w, r, http.StatusForbidden, "denied", "denied.title", nil)
}

// invite answers with the page and the link on it: it is shown once and kept nowhere.
func (h *Handler) invite(w http.ResponseWriter, r *http.Request, by access.Actor) {
	person := access.Actor{ID: r.PostFormValue("account"), Name: r.PostFormValue("name"), Unit: r.PostFormValue("unit")}
	for _, role := range r.PostForm["role"] {
		person.Roles = append(person.Roles, access.Role(role))
	}
	if code := h.wrong(person); code != "" {
		h.showPeople(w, r, by, http.StatusUnprocessableEntity, peopled{Entered: person, Error: "wrong." + code, Field: "role"})
		return
	}
	secret, err := h.o.Identity.Invite(r.Context(), by, person)
	if err == nil {
		h.showPeople(w, r, by, http.StatusOK, peopled{Link: linkTo(r, secret), LinkFor: person.Name})
		return
	}
	code := string(fault.Said(err).Code)
	if code == "" || fault.Is(err, fault.Denied) {
		h.deny(w, r, err)
		return
	}
	h.showPeople(w, r, by, http.StatusUnprocessableEntity, peopled{Entered: person, Error: "wrong." + code, Field: fieldOf(code)})
}

// wrong is the code of what is wrong with the roles and the unit of an invitation.
func (h *Handler) wrong(person access.Actor) string {
	known := person.Unit == ""
	for _, u := range h.o.Units() {
		known = known || u.ID == person.Unit
	}
	people := len(person.Roles) > 0
	for _, role := range person.Roles {
		people = people && access.Actor{Roles: personRoles}.Has(role)
	}
	switch {
	case !people:
		return "account.roles"
	case !known || person.Has(access.FieldWorker) && person.Unit == "":
		return "account.unit"
	}
	return ""
}

// linkTo is the address of a one-time link on the host that the administrator uses.
func linkTo(r *http.Request, secret string) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + "/welcome/" + secret
}

func (h *Handler) keep(w http.ResponseWriter, r *http.Request, by access.Actor) {
	id, link := r.PathValue("id"), ""
	var err error
	switch r.PathValue("do") {
	case "block":
		err = h.o.Identity.Block(r.Context(), by, id)
	case "unblock":
		err = h.o.Identity.Unblock(r.Context(), by, id)
	case "reset":
		link, err = h.o.Identity.Reset(r.Context(), by, id)
	default:
		http.NotFound(w, r)
		return
	}
	switch {
	case err != nil:
		h.deny(w, r, err)
	case link != "":
		h.showPeople(w, r, by, http.StatusOK, peopled{Link: linkTo(r, link), LinkFor: id})
	default:
		http.Redirect(w, r, "/console/people", http.StatusSeeOther)
	}
}
