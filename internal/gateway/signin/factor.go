package signin

import (
	"fmt"
	"html/template"
	"net/http"
	"regexp"
	"strings"

	"rsc.io/qr"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/identity"
)

// What the second step is known by between the passphrase and the code.
const (
	pendingCookie = "tw_pending"
	issuer        = "Twoweave"
)

// The ways in which somebody was let in by two factors.
const (
	ByCode     How = "passphrase+code"
	ByRecovery How = "passphrase+recovery-code"
)

// second is what the pages of the second factor show.
type second struct {
	identity.Factor
	Picture template.HTML // the URL as a QR code
	Action  string        // where the form goes
	To      string
	Error   string
	Codes   []string
}

// next leads on to the second step.
func (h *Handler) next(w http.ResponseWriter, r *http.Request, e identity.Entered) {
	h.cookie(w, r, pendingCookie, e.Pending, int(identity.PendingLife.Seconds()))
	page := second{Action: "/signin/" + string(e.Need), To: localPath(r.FormValue("to"))}
	if e.Need == identity.NeedCode {
		h.show(w, r, http.StatusOK, "code", "code.title", page)
		return
	}
	h.showSetup(w, r, e.Actor.ID, "", page)
}

// showSetup shows a secret to take over: a new one, or that of a form that is shown again.
func (h *Handler) showSetup(w http.ResponseWriter, r *http.Request, account, sealed string, page second) {
	var err error
	if sealed == "" {
		page.Factor, err = h.o.Identity.NewFactor(account, issuer)
	} else {
		page.Factor, err = h.o.Identity.Again(account, issuer, sealed)
	}
	if err == nil {
		page.Picture, err = picture(page.URL)
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	status := http.StatusOK
	if page.Error != "" {
		status = http.StatusUnprocessableEntity
	}
	h.show(w, r, status, "setup", "setup.title", page)
}

// picture draws a QR code as one path of squares. Nothing of the text gets into it but as squares.
func picture(text string) (template.HTML, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", fault.Wrap("signin.picture", err)
	}
	var path strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+4, y+4)
			}
		}
	}
	size := code.Size + 8
	return template.HTML(fmt.Sprintf(`<svg width="240" height="240" viewBox="0 0 %d %d" shape-rendering="crispEdges" aria-hidden="true"><path fill="#fff" d="M0 0h%dv%dH0z"/><path fill="#000" d="%s"/></svg>`,
		size, size, size, size, path.String())), nil
}

func pendingOf(r *http.Request) string {
	if c, err := r.Cookie(cookieName(r, pendingCookie)); err == nil {
		return c.Value
	}
	return ""
}

// code is the second step of who has a second factor.
func (h *Handler) code(w http.ResponseWriter, r *http.Request) {
	actor, recovered, err := h.o.Identity.SignInCode(r.Context(), pendingOf(r), r.PostFormValue("code"))
	if fault.Said(err).Code == identity.PendingOver {
		h.again(w, r, "pending")
		return
	}
	how := ByCode
	if recovered {
		how = ByRecovery
	}
	if fault.Said(err).Code == identity.WrongCode || fault.Is(err, fault.Exhausted) {
		word := "code.wrong"
		if h.refuse(r, ByCode, err) == "soon" {
			word = "code.soon"
		}
		h.show(w, r, http.StatusUnprocessableEntity, "code", "code.title", second{Action: "/signin/code", To: localPath(r.FormValue("to")), Error: word})
		return
	}
	h.cookie(w, r, pendingCookie, "", -1)
	h.enter(w, r, actor, how, err)
}

// setup is the second step of who must have a second factor and has none yet.
func (h *Handler) setup(w http.ResponseWriter, r *http.Request) {
	account, err := h.o.Identity.Pending(r.Context(), pendingOf(r))
	if err != nil {
		h.again(w, r, "pending")
		return
	}
	if has, err := h.o.Identity.HasFactor(r.Context(), account); err != nil || has {
		h.again(w, r, "unavailable") // it was set up meanwhile: the passphrase alone does not replace it
		return
	}
	codes, ok := h.confirm(w, r, account, "/signin/setup")
	if !ok {
		return
	}
	actor, err := h.o.People.ByID(r.Context(), account)
	if err == nil {
		h.endCurrent(r)
		var token string
		if token, err = h.o.People.Begin(r.Context(), actor, ByCode, host(r)); err == nil {
			h.cookie(w, r, CookieName, token, int(h.o.Life.Seconds()))
		}
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	h.cookie(w, r, pendingCookie, "", -1)
	h.show(w, r, http.StatusOK, "codes", "codes.title", second{Codes: codes, To: localPath(r.FormValue("to"))})
}

// confirm puts a second factor in force, or shows the form again.
func (h *Handler) confirm(w http.ResponseWriter, r *http.Request, account, action string) (codes []string, ok bool) {
	sealed := r.PostFormValue("sealed")
	codes, err := h.o.Identity.Confirm(r.Context(), account, sealed, r.PostFormValue("code"))
	page := second{Action: action, To: localPath(r.FormValue("to")), Error: "code.wrong"}
	switch {
	case err == nil:
		return codes, true
	case fault.Is(err, fault.Exhausted):
		page.Error = "code.soon"
	case fault.Said(err).Code != identity.WrongCode:
		h.fail(w, r, err)
		return nil, false
	}
	if _, err := h.o.Identity.Again(account, issuer, sealed); err != nil {
		sealed = ""
	}
	h.showSetup(w, r, account, sealed, page)
	return nil, false
}

// factor lets somebody who is signed in set up a second factor. One that is there is replaced by an administrator's reset only.
func (h *Handler) factor(w http.ResponseWriter, r *http.Request, actor access.Actor) {
	has, err := h.o.Identity.HasFactor(r.Context(), actor.ID)
	known, knownErr := h.o.Identity.HasPassphrase(r.Context(), actor.ID)
	if err != nil || knownErr != nil || has || !known {
		http.Redirect(w, r, "/me", http.StatusSeeOther)
		return
	}
	if r.PostFormValue("code") == "" {
		h.showSetup(w, r, actor.ID, "", second{Action: "/me/factor", To: "/me"})
		return
	}
	if codes, ok := h.confirm(w, r, actor.ID, "/me/factor"); ok {
		h.show(w, r, http.StatusOK, "codes", "codes.title", second{Codes: codes, To: "/me"})
	}
}

var recoveryForm = regexp.MustCompile(`^[a-z2-7]{4}(-[a-z2-7]{4}){3}$`)

// download gives the recovery codes that a page shows back as a file: the program does not have them any more.
func (h *Handler) download(w http.ResponseWriter, r *http.Request) {
	var file strings.Builder
	for _, code := range strings.Fields(r.PostFormValue("codes")) {
		if recoveryForm.MatchString(code) {
			file.WriteString(code + "\r\n")
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="twoweave-recovery-codes.txt"`)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	fmt.Fprint(w, file.String())
}
