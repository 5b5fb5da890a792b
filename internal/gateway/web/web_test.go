package web_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"twoweave/internal/access"
	"twoweave/internal/gateway/web"
	files "twoweave/web"
)

func serve(t *testing.T, o web.Options) http.Handler {
	t.Helper()
	if o.Actor == nil {
		o.Actor = func(*http.Request) (access.Actor, bool, error) { return access.Actor{}, false, nil }
	}
	o.Log = slog.New(slog.DiscardHandler)
	h, err := web.New(o)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	h.Mount(mux)
	return mux
}

func get(h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestBothLanguagesHaveTheSameWords(t *testing.T) {
	t.Parallel()
	words := map[string]map[string]string{}
	for _, tag := range []string{"zh-CN", "en"} {
		body, err := files.Files.ReadFile("i18n/" + tag + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var catalogue map[string]string
		if err := json.Unmarshal(body, &catalogue); err != nil {
			t.Fatal(err)
		}
		words[tag] = catalogue
		for key, text := range catalogue {
			if text == "" {
				t.Errorf("%s: %s is empty", tag, key)
			}
		}
	}
	zh, en := slices.Sorted(maps.Keys(words["zh-CN"])), slices.Sorted(maps.Keys(words["en"]))
	if !slices.Equal(zh, en) {
		t.Errorf("the catalogues differ:\n%v\n%v", zh, en)
	}
}

func TestEveryPageKeepsToItself(t *testing.T) {
	t.Parallel()
	h := serve(t, web.Options{})
	for _, path := range []string{"/", "/signin", "/assets/style.css", "/no-such-page"} {
		w := get(h, path)
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'self'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: Content-Security-Policy %q", path, csp)
		}
		if w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s may be sniffed", path)
		}
		if body := w.Body.String(); strings.Contains(body, "<style") || strings.Contains(body, " style=") || strings.Contains(body, "onclick=") {
			t.Errorf("%s has something inline, which the policy forbids", path)
		}
	}
}

func TestPagesForPeopleAreCompleteWithoutJavaScript(t *testing.T) {
	t.Parallel()
	h := serve(t, web.Options{Demo: true, Visitors: []web.Visitor{{ID: "visitor-duty", Name: "值班长", To: "/console"}}})
	landing := get(h, "/", "Accept-Language", "en").Body.String()
	for _, want := range []string{`lang="en"`, `action="/enter"`, `value="visitor-duty"`, "Simulated data"} {
		if !strings.Contains(landing, want) {
			t.Errorf("the landing page lacks %s", want)
		}
	}
	if strings.Contains(landing, "<script") {
		t.Error("the landing page needs a script")
	}
	wrong := get(h, "/signin?error=key&to=/console").Body.String()
	for _, want := range []string{`role="alert"`, `aria-invalid="true"`, `value="/console"`} {
		if !strings.Contains(wrong, want) {
			t.Errorf("a failed sign-in lacks %s", want)
		}
	}
	if w := get(h, "/signin?error=<script>"); strings.Contains(w.Body.String(), "summary") {
		t.Error("an unknown error is shown")
	}
}

func TestTheLandingPageSpeaksOneLanguage(t *testing.T) {
	t.Parallel()
	h := serve(t, web.Options{Demo: true, Visitors: []web.Visitor{{ID: "visitor-duty", Name: "值班长 / Duty officer", To: "/console"}}})
	for tag, want := range map[string]string{"en": "<h3>Duty officer</h3>", "zh-CN": "<h3>值班长</h3>"} {
		body := get(h, "/", "Accept-Language", tag).Body.String()
		if !strings.Contains(body, want) || !strings.Contains(body, "/assets/picture-"+tag+".svg") {
			t.Errorf("%s: the page lacks %s or its picture", tag, want)
		}
		if w := get(h, "/assets/picture-"+tag+".svg"); w.Code != 200 || w.Header().Get("Content-Type") != "image/svg+xml" {
			t.Errorf("%s: the picture answered %d %s", tag, w.Code, w.Header().Get("Content-Type"))
		}
	}
}

func TestSurfacesAreForThoseWhoAreSignedIn(t *testing.T) {
	t.Parallel()
	nobody := serve(t, web.Options{})
	for _, path := range []string{"/wall", "/console?area=1", "/console/cases/x", "/field"} {
		w := get(nobody, path)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/signin?to="+url.QueryEscape(path) {
			t.Errorf("%s answered %d to %q", path, w.Code, w.Header().Get("Location"))
		}
	}
	somebody := serve(t, web.Options{Actor: func(*http.Request) (access.Actor, bool, error) { return access.Actor{ID: "li"}, true, nil }})
	if w := get(somebody, "/wall"); w.Code != 200 || !strings.Contains(w.Body.String(), "/assets/wall.js") {
		t.Errorf("/wall answered %d %s", w.Code, w.Body)
	}
}

func TestPeopleBeginWhereTheirWorkIs(t *testing.T) {
	t.Parallel()
	for want, roles := range map[string][]access.Role{
		"/wall": {access.Viewer}, "/console/call": {access.Operator}, "/field": {access.FieldWorker}, "/console?open=true": {access.Operator, access.Dispatcher},
	} {
		h := serve(t, web.Options{Actor: func(*http.Request) (access.Actor, bool, error) {
			return access.Actor{ID: "li", Roles: roles}, true, nil
		}})
		if to := get(h, "/").Header().Get("Location"); to != want {
			t.Errorf("%v begin at %q, want %q", roles, to, want)
		}
	}
}

func TestTheChosenLanguageWins(t *testing.T) {
	t.Parallel()
	h := serve(t, web.Options{})
	for _, c := range []struct{ cookie, accept, want string }{
		{"", "", "zh-CN"}, {"", "fr, en;q=0.8", "en"}, {"", "zh-TW", "zh-CN"}, {"tw_lang=en", "zh-CN", "en"}, {"tw_lang=xx", "en", "en"},
	} {
		if got := get(h, "/signin", "Cookie", c.cookie, "Accept-Language", c.accept).Header().Get("Content-Language"); got != c.want {
			t.Errorf("cookie %q, Accept-Language %q: %s, want %s", c.cookie, c.accept, got, c.want)
		}
	}
	for to, want := range map[string]string{"/console?area=1": "/console?area=1", "//example.org": "/", "https://example.org": "/", "/\t/example.org": "/", "/\n/example.org": "/"} {
		r := httptest.NewRequest("POST", "/language", strings.NewReader(url.Values{"lang": {"en"}, "to": {to}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Header().Get("Location") != want || !strings.Contains(w.Header().Get("Set-Cookie"), "tw_lang=en") {
			t.Errorf("to %q led to %q with %q", to, w.Header().Get("Location"), w.Header().Get("Set-Cookie"))
		}
	}
}

func TestAssetsAreSentOnce(t *testing.T) {
	t.Parallel()
	h := serve(t, web.Options{})
	first := get(h, "/assets/wall.js")
	if first.Code != 200 || first.Body.Len() < 1000 {
		t.Fatalf("wall.js answered %d with %d bytes", first.Code, first.Body.Len())
	}
	if again := get(h, "/assets/wall.js", "If-None-Match", first.Header().Get("ETag")); again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("the same file was sent again: %d", again.Code)
	}
	packed := get(h, "/assets/wall.js", "Accept-Encoding", "gzip, br")
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := io.ReadAll(z); err != nil || string(plain) != first.Body.String() {
		t.Errorf("the packed file is another: %v", err)
	}
	if w := get(h, "/assets/../i18n/en.json"); w.Code == 200 {
		t.Error("a file beside the assets was given away")
	}
}

func TestTheFieldPageOpensWithoutANetwork(t *testing.T) {
	t.Parallel()
	h := serve(t, web.Options{Actor: func(*http.Request) (access.Actor, bool, error) { return access.Actor{ID: "li"}, true, nil }})
	w := get(h, "/field/worker.js")
	line, script, _ := strings.Cut(w.Body.String(), "\n")
	var shell struct {
		Version string
		Files   []string
	}
	if err := json.Unmarshal([]byte(strings.TrimSuffix(strings.TrimPrefix(line, "self.shell="), ";")), &shell); err != nil || len(shell.Version) != 16 || !strings.Contains(script, "tw-field-") {
		t.Fatalf("the worker begins with %s (%v)", line, err)
	}
	if w.Header().Get("Service-Worker-Allowed") != "/field" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/javascript") {
		t.Errorf("the worker is sent as %v", w.Header())
	}
	for _, path := range shell.Files {
		if w := get(h, path); w.Code != 200 || strings.HasPrefix(path, "/api") {
			t.Errorf("%s, which the worker keeps, answered %d", path, w.Code)
		}
	}
	page := get(h, "/field")
	for _, need := range []string{"/assets/field.js", "/assets/style.css", "/assets/icon.svg"} {
		if !slices.Contains(shell.Files, need) || !strings.Contains(page.Body.String(), need) {
			t.Errorf("the page or its worker lacks %s", need)
		}
	}
	if !strings.Contains(page.Header().Get("Permissions-Policy"), "geolocation=(self)") || strings.Contains(get(h, "/wall").Header().Get("Permissions-Policy"), "geolocation=(self)") {
		t.Error("the place may be asked for on the field page, and on no other")
	}
	if strings.Contains(get(h, "/wall").Body.String(), "manifest") {
		t.Error("the wall is nothing for a phone's home screen")
	}
	for tag, name := range map[string]string{"en": "Field", "zh-CN": "现场处置"} {
		var m map[string]any
		w := get(h, "/field/manifest.webmanifest", "Accept-Language", tag)
		if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil || m["short_name"] != name || m["start_url"] != "/field" || m["lang"] != tag {
			t.Errorf("%s: %v (%v)", tag, m, err)
		}
	}
}
