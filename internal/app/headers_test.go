package app

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"twoweave/internal/access"
	"twoweave/internal/access/accesstest"
)

// pageRoute finds the routes of pages where they are registered: one that is added is tried without another word.
var pageRoute = regexp.MustCompile(`"((?:GET|POST) /[^"]*)"`)

// everyRoute are the routes of the API as the table of access names them, and those of the pages as their gateways register them.
func everyRoute(t *testing.T) []string {
	t.Helper()
	all := map[string]bool{"GET /healthz": true, "GET /readyz": true, "GET /metrics": true, "GET /openapi.json": true, "GET /there/is/none": true, "PATCH /api/v1/none": true}
	for _, r := range accesstest.Routes(t, book) {
		all[r.Method+" "+r.Path] = true
	}
	for _, folder := range []string{"web", "signin"} {
		files, err := filepath.Glob("../gateway/" + folder + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range pageRoute.FindAllStringSubmatch(string(source), -1) {
				all[m[1]] = true
			}
		}
	}
	var list []string
	for route := range all {
		list = append(list, route)
	}
	return list
}

var inPath = regexp.MustCompile(`\{[^}]*\}`)

// visitor is a browser that comes over TLS.
type visitor struct {
	t      *testing.T
	client *http.Client
	url    string
}

func newVisitor(t *testing.T, a *App, trusted *x509.CertPool) *visitor {
	return &visitor{t, &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, a.URL()}
}

func (o *visitor) ask(route string, header map[string]string) *http.Response {
	o.t.Helper()
	method, path, _ := strings.Cut(route, " ")
	r, err := http.NewRequestWithContext(o.t.Context(), method, o.url+strings.ReplaceAll(inPath.ReplaceAllString(path, "x"), "{$}", ""), strings.NewReader(""))
	if err != nil {
		o.t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	res, err := o.client.Do(r)
	if err != nil {
		o.t.Fatal(route, err)
	}
	if res.Header.Get("Content-Type") != "text/event-stream" {
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			o.t.Error(route, err)
		}
	}
	res.Body.Close()
	return res
}

// Every answer of every route, to a stranger, to an administrator, and to another site's page: it is kept to itself, and nothing is changed from elsewhere.
func TestEveryAnswerIsKeptToItself(t *testing.T) {
	t.Parallel()
	var trusted *x509.CertPool
	m := newMatrix(t, Options{Demo: true, Visitors: []string{"nobody"}}, func(c *Config) { c.TLS, trusted = issue(t, t.TempDir(), "headers") })
	o := newVisitor(t, m.app, trusted)
	session := o.signIn(m.keys[string(access.Admin)])
	routes := everyRoute(t)
	for _, route := range routes {
		answers := map[string]*http.Response{"nobody": o.ask(route, nil)}
		if route != "POST /signout" && route != "POST /me/end" {
			answers["an administrator"] = o.ask(route, map[string]string{"Cookie": session})
		}
		if !strings.HasPrefix(route, "GET ") {
			elsewhere := o.ask(route, map[string]string{"Cookie": session, "Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"})
			answers["another site's page"] = elsewhere
			if elsewhere.StatusCode != http.StatusForbidden {
				t.Errorf("%s from another site's page: %s", route, elsewhere.Status)
			}
		}
		for who, res := range answers {
			for _, wrong := range loose(route, res) {
				t.Errorf("%s, %s, %s: %s", route, who, res.Status, wrong)
			}
		}
	}
	if len(routes) < 100 {
		t.Errorf("only %d routes were found", len(routes))
	}
}

// A request that is to be sent back as it came, with its cookies and keys, is not.
func TestNoRouteGivesARequestBack(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, Options{}, func(*Config) {})
	for _, path := range []string{"/", "/signin", "/assets/style.css", "/api/v1/cases", "/metrics", "/healthz", "/none"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodTrace, m.app.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+m.keys[string(access.Admin)])
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode < 400 || strings.Contains(string(body), "Bearer") {
			t.Errorf("TRACE %s: %s, %v", path, res.Status, err)
		}
	}
}

// signIn gives the cookie of a session.
func (o *visitor) signIn(key string) string {
	o.t.Helper()
	res, err := o.client.PostForm(o.url+"/signin", url.Values{"key": {key}})
	if err != nil {
		o.t.Fatal(err)
	}
	res.Body.Close()
	for _, c := range res.Cookies() {
		if c.Name == "__Host-tw_session" && c.Value != "" {
			return c.Name + "=" + c.Value
		}
	}
	o.t.Fatal(errors.New("no session"), res.Status, res.Header)
	return ""
}

// loose says what an answer leaves open.
func loose(route string, res *http.Response) (wrong []string) {
	h := res.Header
	csp := h.Get("Content-Security-Policy")
	for what, fine := range map[string]bool{
		"HSTS": strings.HasPrefix(h.Get("Strict-Transport-Security"), "max-age=31536000"),
		"content security policy " + csp: strings.Contains(csp, "default-src '") && strings.Contains(csp, "frame-ancestors 'none'") && strings.Contains(csp, "base-uri 'none'") && strings.Contains(csp, "object-src 'none'") && !strings.Contains(csp, "unsafe") && !strings.Contains(csp, "*") &&
			!strings.Contains(csp, "http"),
		"type by content":                             h.Get("X-Content-Type-Options") == "nosniff",
		"referrer " + h.Get("Referrer-Policy"):        h.Get("Referrer-Policy") == "same-origin",
		"other sites":                                 h.Get("Cross-Origin-Resource-Policy") == "same-origin" && h.Get("Access-Control-Allow-Origin") == "",
		"kept in caches as " + h.Get("Cache-Control"): h.Get("Cache-Control") == "no-store" || cached(route) && strings.Contains(h.Get("Cache-Control"), "no-cache"),
		"the program's name and version":              h.Get("Server") == "" && h.Get("X-Powered-By") == "",
	} {
		if !fine {
			wrong = append(wrong, what)
		}
	}
	for _, c := range res.Cookies() {
		if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" {
			wrong = append(wrong, "cookie "+c.String())
		}
	}
	return wrong
}

// cached says whether a browser may keep an answer when it asks anew each time: what is the same for all, and photos.
func cached(route string) bool {
	return strings.HasPrefix(route, "GET /assets/") || strings.HasPrefix(route, "GET /field/") || strings.Contains(route, "/photos/")
}
