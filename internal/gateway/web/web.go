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
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"

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
	return h, fault.Wrap("web.New", h.readAssets())
}

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

// Mount adds the pages. Whatever no other gateway serves is "there is no such page".
func (h *Handler) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", h.landing)
	mux.HandleFunc("GET /signin", h.signIn)
	mux.HandleFunc("POST /language", h.language)
	mux.HandleFunc("GET /assets/{name}", h.asset)
	for pattern, script := range map[string]string{"GET /wall": "wall.js", "GET /console": "console.js", "GET /console/state": "state.js", "GET /console/call": "call.js", "GET /console/messages": "messages.js", "GET /console/duty": "duty.js", "GET /console/cases/{id}": "console.js", "GET /field": "field.js"} {
		mux.HandleFunc(pattern, h.surface(script))
	}
	mux.HandleFunc("/", h.notFound)
}

func (h *Handler) landing(w http.ResponseWriter, r *http.Request) {
	if !h.o.Demo {
		if _, ok, _ := h.o.Actor(r); ok { // someone whose session is false is someone who is not signed in
			http.Redirect(w, r, "/wall", http.StatusSeeOther)
			return
		}
	}
	p := h.page(r, "brand")
	p.Visitors = h.o.Visitors
	h.render(w, http.StatusOK, "landing", p)
}

func (h *Handler) signIn(w http.ResponseWriter, r *http.Request) {
	p := h.page(r, "signin.title")
	p.To = r.FormValue("to")
	if reason := r.FormValue("error"); reason == "key" || reason == "unavailable" {
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
	words       map[string]string
}

// T is the text of a key.
func (p page) T(key string) string { return p.words[key] }

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

// languageCookie remembers the language that somebody chose.
const languageCookie = "tw_lang"

// Language is the language of a request: the one chosen, else the browser's, else Chinese.
func Language(r *http.Request) lang.Tag {
	if c, err := r.Cookie(languageCookie); err == nil && (lang.Tag(c.Value) == lang.English || lang.Tag(c.Value) == lang.Chinese) {
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
	http.SetCookie(w, &http.Cookie{Name: languageCookie, Value: string(tag), Path: "/", MaxAge: 365 * 24 * 60 * 60, HttpOnly: true, SameSite: http.SameSiteStrictMode})
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
