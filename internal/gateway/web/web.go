// Package web is the gateway for people: pages, assets and the choice of language.
//
// The landing page, sign-in and "there is no such page" are complete without JavaScript. The live surfaces (wall, console, field) are one empty page
// each that loads a bundled script; what they show comes from the API, which decides who may see it. A surface is only given to who is signed in, and
// nothing on any page is loaded from elsewhere: the content security policy forbids it.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/web"
)

// Visitor is an account that the demo's landing page offers to enter.
type Visitor struct {
	ID   string
	Name string
	To   string // the page that it starts on
}

// Options are what the pages need.
type Options struct {
	// Actor says who asks; ok is false for nobody.
	Actor    func(*http.Request) (actor access.Actor, ok bool, err error)
	Demo     bool
	Visitors []Visitor
	Log      *slog.Logger
}

// Handler serves the pages.
type Handler struct {
	o      Options
	pages  *template.Template
	words  map[lang.Tag]map[string]string
	assets map[string]asset
	worker []byte // the field page's service worker
}

type asset struct {
	body   []byte
	packed []byte // gzip
	tag    string
	kind   string
}

// New reads the embedded files. An error means that the program was built wrong.
func New(o Options) (*Handler, error) {
	h := &Handler{o: o, words: map[lang.Tag]map[string]string{}, assets: map[string]asset{}}
	var err error
	if h.pages, err = template.ParseFS(web.Files, "templates/*.html"); err != nil {
		return nil, fault.Wrap("web.New", err)
	}
	for _, tag := range []lang.Tag{lang.Chinese, lang.English} {
		if h.words[tag], err = readWords(tag); err != nil {
			return nil, fault.Wrap("web.New", err)
		}
	}
	if err = h.readAssets(); err == nil {
		h.worker, err = h.workerScript()
	}
	return h, fault.Wrap("web.New", err)
}

// Word is a text of the pages.
func (h *Handler) Word(tag lang.Tag, key string) string { return h.words[tag][key] }

func readWords(tag lang.Tag) (map[string]string, error) {
	body, err := web.Files.ReadFile("i18n/" + string(tag) + ".json")
	if err != nil {
		return nil, err
	}
	words := map[string]string{}
	return words, json.Unmarshal(body, &words)
}

var kinds = map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}

func (h *Handler) readAssets() error {
	entries, err := fs.ReadDir(web.Files, "dist")
	if err != nil {
		return err
	}
	for _, e := range entries {
		body, err := web.Files.ReadFile("dist/" + e.Name())
		if err != nil {
			return err
		}
		packed, err := pack(body)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		h.assets[e.Name()] = asset{body: body, packed: packed, tag: `W/"` + hex.EncodeToString(sum[:8]) + `"`, kind: kinds[path.Ext(e.Name())]}
	}
	return nil
}

func pack(body []byte) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(body); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// surfaces are the pages that a script draws, by route.
var surfaces = map[string]string{
	"GET /wall":                   "wall.js",
	"GET /console":                "console.js",
	"GET /console/state":          "state.js",
	"GET /console/call":           "call.js",
	"GET /console/exchange":       "exchange.js",
	"GET /console/messages":       "messages.js",
	"GET /console/duty":           "duty.js",
	"GET /console/city":           "city.js",
	"GET /console/cases/{id}":     "console.js",
	"GET /field":                  fieldScript,
	"GET /console/appraisal":      "appraisal.js",
	"GET /console/incidents":      "incidents.js",
	"GET /console/incidents/{id}": "incidents.js",
}

// Mount adds the pages. Whatever no other gateway serves is "there is no such page".
func (h *Handler) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", h.landing)
	mux.HandleFunc("GET /signin", h.signIn)
	mux.HandleFunc("POST /language", h.language)
	mux.HandleFunc("GET /assets/{name}", h.asset)
	mux.HandleFunc("GET /field/worker.js", h.fieldWorker)
	mux.HandleFunc("GET /field/manifest.webmanifest", h.manifest)
	for pattern, script := range surfaces {
		mux.HandleFunc(pattern, h.surface(script))
	}
	mux.HandleFunc("/", h.notFound)
}

func (h *Handler) landing(w http.ResponseWriter, r *http.Request) {
	if !h.o.Demo {
		if actor, ok, _ := h.o.Actor(r); ok { // someone whose session is false is someone who is not signed in
			http.Redirect(w, r, homeOf(actor), http.StatusSeeOther)
			return
		}
	}
	p := h.page(r, "brand")
	p.Visitors = h.o.Visitors
	h.render(w, http.StatusOK, "landing", p)
}

// homeOf is where somebody's work is: the first page after signing in. Who has several roles begins where cases are sent from.
func homeOf(a access.Actor) string {
	switch {
	case a.Has(access.Dispatcher), a.Has(access.Verifier):
		return "/console?open=true"
	case a.Has(access.Operator):
		return "/console/call"
	case a.Has(access.FieldWorker):
		return "/field"
	}
	return "/wall"
}

// signInErrors are the reasons for which the form is shown again.
var signInErrors = []string{"key", "slow", "passphrase", "soon", "pending", "unavailable"}

// Show gives out a page that another gateway fills: a template, the key of its title, and what it shows.
func (h *Handler) Show(w http.ResponseWriter, r *http.Request, status int, template, title string, data any) {
	p := h.page(r, title)
	p.Data = data
	h.render(w, status, template, p)
}

func (h *Handler) signIn(w http.ResponseWriter, r *http.Request) {
	p := h.page(r, "signin.title")
	p.To = r.FormValue("to")
	p.Welcome = r.FormValue("welcome") != ""
	if reason := r.FormValue("error"); slices.Contains(signInErrors, reason) {
		p.Error = reason
	}
	h.render(w, http.StatusOK, "signin", p)
}

func (h *Handler) surface(script string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, ok, err := h.o.Actor(r)
		if !ok {
			if err != nil && !fault.Is(err, fault.Unauthenticated) {
				h.o.Log.Error("a surface was not shown", "error", err)
			}
			http.Redirect(w, r, "/signin?to="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
			return
		}
		p := h.page(r, "brand")
		p.Script = script
		h.render(w, http.StatusOK, "surface", p)
	}
}

func (h *Handler) notFound(w http.ResponseWriter, r *http.Request) {
	h.render(w, http.StatusNotFound, "notfound", h.page(r, "notfound.title"))
}

func (h *Handler) asset(w http.ResponseWriter, r *http.Request) {
	a, ok := h.assets[r.PathValue("name")]
	if !ok {
		h.notFound(w, r)
		return
	}
	secure(w)
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "no-cache") // names are fixed; the tag says whether it changed
	w.Header().Set("ETag", a.tag)
	if r.Header.Get("If-None-Match") == a.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Vary", "Accept-Encoding")
	body := a.body
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		body = a.packed
	}
	w.Write(body)
}

// page is what templates see.
type page struct {
	Lang, Other lang.Tag
	Title       string
	Path        string
	Demo        bool
	Visitors    []Visitor
	Script      string
	Error       string
	To          string
	Welcome     bool // after a passphrase was chosen
	Data        any  // of a page of another gateway
	words       map[string]string
}

// T is the text of a key.
func (p page) T(key string) string { return p.words[key] }

// With is the text of a key with a number in it.
func (p page) With(key string, n any) string {
	return strings.ReplaceAll(p.words[key], "{n}", fmt.Sprint(n))
}

// Row is the page with one thing of a list in place of all that it shows, for templates of rows.
func (p page) Row(data any) page {
	p.Data = data
	return p
}

// Both is a text in the page's language.
func (p page) Both(t lang.Text) string { return t.In(p.Lang) }

// Time is a moment as it is written on pages.
func (p page) Time(t time.Time) string { return t.In(china).Format("2006-01-02 15:04") }

// china is the time of the city's clocks.
var china = time.FixedZone("CST", 8*60*60)

// Person is a name in the page's language: an account may carry both, "值班长 / Duty officer".
func (p page) Person(name string) string {
	zh, en, both := strings.Cut(name, " / ")
	if both && p.Lang == lang.English {
		return en
	}
	return zh
}

func (h *Handler) page(r *http.Request, title string) page {
	tag := Language(r)
	other := lang.English
	if tag == lang.English {
		other = lang.Chinese
	}
	return page{Lang: tag, Other: other, Title: h.words[tag][title], Path: r.URL.RequestURI(), Demo: h.o.Demo, words: h.words[tag]}
}

func (h *Handler) render(w http.ResponseWriter, status int, name string, p page) {
	var body bytes.Buffer
	if err := h.pages.ExecuteTemplate(&body, name, p); err != nil {
		h.o.Log.Error("a page could not be made", "page", name, "error", err)
		http.Error(w, "This page could not be made.", http.StatusInternalServerError)
		return
	}
	secure(w)
	if p.Script == fieldScript {
		w.Header().Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(self)") // the page asks on a button only; photos come from the phone's own camera app
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", string(p.Lang))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(body.Bytes())
}

// secure sets the headers that keep a page to itself.
func secure(w http.ResponseWriter) {
	for name, value := range map[string]string{
		"Content-Security-Policy":    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
		"X-Content-Type-Options":     "nosniff",
		"Referrer-Policy":            "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin",
		"Permissions-Policy":         "camera=(), microphone=(), geolocation=()",
	} {
		w.Header().Set(name, value)
	}
}

// languageCookie remembers the language that somebody chose. Over TLS browsers take it from this very host alone.
func languageCookie(r *http.Request) string {
	if r.TLS != nil {
		return "__Host-tw_lang"
	}
	return "tw_lang"
}

// Language is the language of a request: the one chosen, else the browser's, else Chinese.
func Language(r *http.Request) lang.Tag {
	if c, err := r.Cookie(languageCookie(r)); err == nil && (lang.Tag(c.Value) == lang.English || lang.Tag(c.Value) == lang.Chinese) {
		return lang.Tag(c.Value)
	}
	for _, wish := range strings.Split(r.Header.Get("Accept-Language"), ",") {
		wish, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(wish)), ";")
		switch {
		case strings.HasPrefix(wish, "zh"):
			return lang.Chinese
		case strings.HasPrefix(wish, "en"):
			return lang.English
		}
	}
	return lang.Chinese
}

func (h *Handler) language(w http.ResponseWriter, r *http.Request) {
	tag := lang.Chinese
	if lang.Tag(r.PostFormValue("lang")) == lang.English {
		tag = lang.English
	}
	http.SetCookie(w, &http.Cookie{Name: languageCookie(r), Value: string(tag), Path: "/", MaxAge: 365 * 24 * 60 * 60, HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode})
	to := r.PostFormValue("to")
	if to == "" {
		w.WriteHeader(http.StatusNoContent) // a live surface has changed its words already
		return
	}
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\t\r\n") { // a browser drops tabs and line ends: "/\t/x" would be "//x"
		to = "/"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}
