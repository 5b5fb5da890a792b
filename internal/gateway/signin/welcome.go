package signin

import (
	"net/http"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/identity"
)

// welcomed is what the page of a one-time link shows.
type welcomed struct {
	Link          identity.Link
	First         bool
	Account, Name string // as they were entered
	Error         string // key of the text that says what is wrong
	Field         string // the field it is about
}

func (h *Handler) welcome(w http.ResponseWriter, r *http.Request) {
	l, err := h.o.Identity.Link(r.Context(), r.PathValue("link"))
	if err != nil {
		h.linkOver(w, r, err)
		return
	}
	h.show(w, r, http.StatusOK, "welcome", "welcome.title", welcomed{Link: l, First: l.Purpose == identity.First})
}

func (h *Handler) linkOver(w http.ResponseWriter, r *http.Request, err error) {
	if !fault.Is(err, fault.NotFound) {
		h.fail(w, r, err)
		return
	}
	h.show(w, r, http.StatusNotFound, "linkover", "linkover.title", nil)
}

// fail tells that something does not work that the person can do nothing about.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	h.o.Log.Error("a page of accounts could not be made", "path", r.Pattern, "error", err)
	h.show(w, r, http.StatusServiceUnavailable, "unavailable", "unavailable.title", nil)
}

// accept uses a link. The person then signs in, so that the passphrase is entered once more at once.
func (h *Handler) accept(w http.ResponseWriter, r *http.Request) {
	c := identity.Choice{Account: r.PostFormValue("account"), Name: r.PostFormValue("name"), Passphrase: r.PostFormValue("passphrase")}
	l, err := h.o.Identity.Link(r.Context(), r.PathValue("link"))
	if err == nil && c.Passphrase != r.PostFormValue("again") {
		err = fault.Say(fault.Invalid, "signin.accept", "passphrase.again", "the two passphrases differ")
	} else if err == nil {
		_, err = h.o.Identity.Accept(r.Context(), r.PathValue("link"), c)
	}
	code := string(fault.Said(err).Code)
	switch {
	case err == nil:
		http.Redirect(w, r, "/signin?welcome=1", http.StatusSeeOther)
	case code == string(identity.LinkOver) || code == "":
		h.linkOver(w, r, err)
	default:
		h.show(w, r, http.StatusUnprocessableEntity, "welcome", "welcome.title", welcomed{Link: l, First: l.Purpose == identity.First, Account: c.Account, Name: c.Name, Error: "wrong." + code, Field: fieldOf(code)})
	}
}

// fieldOf is the field that a refusal is about.
func fieldOf(code string) string {
	switch fault.Code(code) {
	case identity.BadAccount, identity.Taken:
		return "account"
	case identity.BadName:
		return "name"
	}
	return "passphrase"
}
