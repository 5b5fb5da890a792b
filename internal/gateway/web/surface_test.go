package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"twoweave/internal/access"
	"twoweave/internal/gateway/web"
)

// The surfaces in a browser against an API that is made up, for what the real one does too seldom: silence, repeats, haste, refusals. What they
// do with the real one is tested in test/browser.

const patience = 20 * time.Second

// fakeAPI answers what a test puts into it.
type fakeAPI struct {
	mu      sync.Mutex
	answers map[string]answer // "GET /api/v1/cases" → what it says
	streams chan *fakeStream
}

type answer struct {
	status int
	body   any
}

// fakeStream is one connection to the live stream.
type fakeStream struct {
	last string // Last-Event-ID
	out  chan string
}

func (f *fakeAPI) say(route string, status int, body any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[route] = answer{status, body}
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/api/v1/stream" {
		f.stream(w, r)
		return
	}
	f.mu.Lock()
	a, ok := f.answers[r.Method+" "+r.URL.Path]
	f.mu.Unlock()
	if !ok {
		a = answer{http.StatusNotFound, map[string]any{"detail": "nothing is known of " + r.URL.Path}}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	json.NewEncoder(w).Encode(a.body)
}

func (f *fakeAPI) stream(w http.ResponseWriter, r *http.Request) {
	s := &fakeStream{last: r.Header.Get("Last-Event-ID"), out: make(chan string)}
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(w, "event: hello\ndata: {\"position\":10}\n\n")
	http.NewResponseController(w).Flush()
	select {
	case f.streams <- s:
	default: // a test that does not look at its streams
	}
	for {
		select {
		case m := <-s.out:
			fmt.Fprint(w, m)
			http.NewResponseController(w).Flush()
		case <-r.Context().Done():
			return
		}
	}
}

func fakeCase(n int, version int, state string) map[string]any {
	text := func(s string) map[string]string { return map[string]string{"zh": s + "中", "en": s} }
	at := time.Now().UTC().Format(time.RFC3339)
	return map[string]any{
		"id": fmt.Sprint("case-", n), "number": fmt.Sprintf("20261122-%06d", n), "version": version, "state": state, "title": text("Ponding"),
		"class": "ponding", "class_title": text("Ponding"), "severity": "major", "scenario": "road-ponding", "subject": "gauge-1", "episode": 1,
		"area": "a1", "area_name": text("First"), "unit": "water-bureau", "unit_name": text("Water"), "why_unit": "it is the water unit",
		"opened_at": at, "updated_at": at, "handler": "", "handler_name": "", "verifier": "", "escalated": false, "overdue": false, "paused": false, "late": false,
		"address": "", "phase": 0, "phases": []any{}, "parts": []any{}, "asked": nil, "reports": 0, "into": "", "light": false, "returns": 0, "reworks": 0, "reopened": 0, "urged": 0,
		"extensions": 0, "rating": 0,
	}
}

func fakeFact(version int, kind, name string) map[string]any {
	return map[string]any{"version": version, "kind": kind, "at": time.Now().UTC().Format(time.RFC3339), "actor": "li", "actor_name": name,
		"purpose": "casework", "rule": "operator case.file", "note": ""}
}

// fakeBoard has a sign of each kind: of events, of cases with lower as worse, and one without data; and enough others to need pages.
func fakeBoard(value int) map[string]any {
	at := time.Now().UTC().Format(time.RFC3339)
	sign := func(id, class string, more map[string]any) map[string]any {
		s := map[string]any{"indicator": id, "title": map[string]string{"zh": "体征", "en": "Calls"}, "unit": map[string]string{"zh": "起", "en": "calls"},
			"class": class, "from": "events", "known": true, "value": value, "band": "normal", "at": at, "before": nil, "normal": nil, "cases": 2,
			"bands": map[string]int{"attention": 40, "alarm": 60}, "areas": []any{map[string]any{"area": "a1", "value": 3, "band": "normal"}}}
		maps.Copy(s, more)
		return s
	}
	signs := []any{
		sign("emergency-calls", "police", map[string]any{"before": 0.5, "normal": map[string]any{"mean": 31.5, "spread": 4, "weeks": 3}}),
		sign("on-time", "units", map[string]any{"from": "cases", "band": "alarm", "bands": map[string]int{"attention": 95, "alarm": 85}}),
		sign("rain", "weather", map[string]any{"known": false, "value": 0, "at": "0001-01-01T00:00:00Z", "areas": []any{}, "cases": 0}),
	}
	for i := range 57 {
		signs = append(signs, sign(fmt.Sprint("more-", i), "weather", nil))
	}
	class := func(id, title string) any {
		return map[string]any{"id": id, "title": map[string]string{"zh": title, "en": title}}
	}
	return map[string]any{"at": at, "stale_after_s": 15, "open_cases": map[string]any{"total": value, "overdue": 0, "areas": []any{}},
		"classes": []any{class("police", "Police"), class("units", "Units"), class("weather", "Weather")}, "signs": signs}
}

func newFakeAPI() *fakeAPI {
	f := &fakeAPI{answers: map[string]answer{}, streams: make(chan *fakeStream, 16)}
	f.say("GET /api/v1/me", 200, map[string]any{"id": "li", "name": "李 / Li", "roles": []string{"operator"}, "demo": true, "can": map[string]bool{"wall": true, "console": true}})
	f.say("GET /api/v1/areas", 200, map[string]any{"frame": map[string]int{"width": 10, "height": 10},
		"areas": []any{map[string]any{"code": "a1", "name": map[string]string{"zh": "一", "en": "First"}, "kind": "street", "shape": [][]int{{0, 0}, {10, 0}, {10, 10}, {0, 10}}}}})
	f.say("GET /api/v1/signs", 200, fakeBoard(1))
	f.say("GET /api/v1/queues", 200, map[string]any{"items": []any{map[string]any{"name": "accepted", "total": 0}}})
	f.say("GET /api/v1/cases", 200, map[string]any{"items": []any{}, "total": 0, "next": ""})
	f.say("GET /prometheus/api/v1/query_range", 200, map[string]any{"status": "success", "data": map[string]any{"resultType": "matrix", "result": []any{}}})
	return f
}

// surface is one tab on a made-up city.
type surface struct {
	t   *testing.T
	ctx context.Context
	api *fakeAPI
	url string
}

// browser starts Chromium; each surface of a test is a tab of it.
func browser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is needed: apt-get install chromium (make test does it)")
	}
	opts := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	for name, value := range map[string]any{"no-sandbox": true, "disable-gpu": true, "disable-quic": true, "no-first-run": true,
		"disable-background-networking": true, "disable-component-update": true, "disable-sync": true, "accept-lang": "en"} {
		opts = append(opts, chromedp.Flag(name, value))
	}
	alloc, cancelAlloc := chromedp.NewExecAllocator(context.Background(), append(opts, chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()))...)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(func() { cancel(); cancelAlloc() })
	if _, err := chromedp.Run(ctx, chromedp.EmulateViewport(1280, 800)); err != nil {
		t.Fatal("chromium does not start: ", err)
	}
	return ctx
}

func openSurface(t *testing.T, parent context.Context, f *fakeAPI, path string) *surface {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/api/", f)
	mux.Handle("/prometheus/", f)
	mux.Handle("/", serve(t, web.Options{Actor: func(*http.Request) (access.Actor, bool, error) { return access.Actor{ID: "li"}, true, nil }}))
	server := httptest.NewServer(mux)
	ctx, cancel := chromedp.NewContext(parent)
	t.Cleanup(func() { cancel(); server.CloseClientConnections(); server.Close() })
	s := &surface{t: t, ctx: ctx, api: f, url: server.URL}
	if _, err := chromedp.Run(ctx, chromedp.Navigate(server.URL+path)); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *surface) eval(expression string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		s.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// until waits for something to become true and returns how long that took.
func (s *surface) until(expression string) time.Duration {
	s.t.Helper()
	begun := time.Now()
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	look := time.NewTicker(25 * time.Millisecond)
	defer look.Stop()
	for {
		if ok, _ := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")")); ok {
			return time.Since(begun)
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			s.t.Fatalf("it never came to %s; the page says:\n%s", expression, s.eval("document.body.innerText.slice(0, 2000)"))
		}
	}
}

// connected is the next connection to the live stream.
func (s *surface) connected() *fakeStream {
	s.t.Helper()
	select {
	case c := <-s.api.streams:
		return c
	case <-time.After(patience):
		s.t.Fatal("the page does not connect to the stream")
		return nil
	}
}

func (s *surface) send(to *fakeStream, event string, id int, body any) {
	s.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	message := fmt.Sprintf("event: %s\ndata: %s\n\n", event, data)
	if id > 0 {
		message = fmt.Sprintf("id: %d\n%s", id, message)
	}
	select {
	case to.out <- message:
	case <-time.After(patience):
		s.t.Fatal("the page has hung up")
	}
}

func (s *surface) fact(to *fakeStream, seq int) {
	s.t.Helper()
	s.send(to, "fact", seq, map[string]any{"seq": seq, "case": fakeCase(seq, 1, "accepted"), "fact": fakeFact(1, "accepted", "Li")})
}

func TestSurfaces(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	for name, test := range map[string]func(*testing.T, context.Context){
		"a link that falls silent is shown, and resumes without gap or double": silence,
		"a tile changes at most twice a second":                                haste,
		"a conflict shows who changed what and keeps the note":                 conflict,
		"a failure can be tried again, an empty list says so":                  failure,
		"a key chooses a command, and only Ctrl+Enter gives it":                keyboard,
		"who may see figures only is not led to cases":                         figuresOnly,
		"every sign can be reached and says what is usual":                     signs,
	} {
		t.Run(name, func(t *testing.T) { test(t, ctx) })
	}
}

func silence(t *testing.T, ctx context.Context) {
	s := openSurface(t, ctx, newFakeAPI(), "/wall")
	first := s.connected()
	s.fact(first, 11)
	s.fact(first, 12)
	s.until(`document.querySelectorAll(".stream li").length === 2`)
	s.until(`document.querySelector('[data-test="link"]').dataset.state === "live"`)
	if took := s.until(`document.querySelector('[data-test="link"]').dataset.state === "lost"`); took > 5*time.Second {
		t.Errorf("a silent link was shown as lost after %s", took)
	}
	if !strings.Contains(s.eval(`document.querySelector('[data-test="sign"]').innerText`), "Data is old") {
		t.Error("without a link the signs still look new")
	}
	again := s.connected()
	if again.last != "12" {
		t.Errorf("resumed after %q, want 12", again.last)
	}
	s.fact(again, 12) // a repeat
	s.fact(again, 13)
	s.until(`document.querySelectorAll(".stream li").length === 3`)
	hrefs := s.eval(`[...document.querySelectorAll(".stream li a")].map((a) => a.getAttribute("href")).sort()`)
	if hrefs != "/console/cases/case-11,/console/cases/case-12,/console/cases/case-13" {
		t.Errorf("the stream shows %s", hrefs)
	}
}

func haste(t *testing.T, ctx context.Context) {
	s := openSurface(t, ctx, newFakeAPI(), "/wall")
	stream := s.connected()
	s.until(`document.querySelector('[data-test="sign"]')`)
	s.eval(`(window.changes = [], new MutationObserver(() => changes.push(performance.now()))
		.observe(document.querySelector('[data-test="open-total"]'), {characterData: true, subtree: true, childList: true}), "")`)
	pace := time.NewTicker(10 * time.Millisecond)
	defer pace.Stop()
	for n := 2; n <= 200; n++ {
		<-pace.C
		s.send(stream, "signs", 0, fakeBoard(n))
	}
	s.until(`document.querySelector('[data-test="open-total"]').innerText.startsWith("200")`)
	var changes int
	var seconds float64
	if _, err := fmt.Sscan(s.eval(`changes.length + " " + (changes.at(-1) - changes[0]) / 1000`), &changes, &seconds); err != nil {
		t.Fatal(err)
	}
	if float64(changes) > 2*seconds+2 { // one at each end, and one that a busy machine drew late
		t.Errorf("a tile changed %d times in %.1f s", changes, seconds)
	}
}

func detailOf(c map[string]any, facts ...any) map[string]any {
	c["chain"] = map[string]any{"readings": []any{}, "more": 0, "detection": map[string]any{"id": "d", "subject": "gauge-1", "episode": 1},
		"rule": map[string]any{"scenario": "road-ponding", "version": 1, "title": map[string]string{"zh": "积水", "en": "Ponding"}, "operator": "match",
			"where": "", "when": "data.level_cm >= 15", "until": "", "for": "", "note": "", "hash": "0123456789abcdef"}}
	c["facts"], c["photos"] = facts, []any{}
	c["commands"] = []any{map[string]any{"command": "file", "allowed": true, "reason": ""}}
	return c
}

const typed = `(() => { const n = document.querySelector('[data-test="note"]'); n.value = "seen on site"; n.dispatchEvent(new Event("input", {bubbles: true})); return ""; })()`

func conflict(t *testing.T, ctx context.Context) {
	f := newFakeAPI()
	f.say("GET /api/v1/cases/case-1", 200, detailOf(fakeCase(1, 1, "accepted"), fakeFact(1, "accepted", "Program")))
	f.say("POST /api/v1/cases/case-1/commands", 409, map[string]any{"detail": "the case has changed", "current": fakeCase(1, 2, "filed")})
	s := openSurface(t, ctx, f, "/console/cases/case-1")
	s.until(`document.querySelector('[data-test="cmd-file"]')`)
	s.connected()
	s.eval(typed)
	f.say("GET /api/v1/cases/case-1", 200, detailOf(fakeCase(1, 2, "filed"), fakeFact(1, "accepted", "Program"), fakeFact(2, "filed", "王 / Wang")))
	s.eval(`document.querySelector('[data-test="cmd-file"]').click()`)
	s.until(`document.querySelector('[data-test="refusal"]')`)
	if said := s.eval(`document.querySelector('[data-test="refusal"]').innerText`); !strings.Contains(said, "Wang") || !strings.Contains(said, "Filed") {
		t.Errorf("the conflict says only %q", said)
	}
	if note := s.eval(`document.querySelector('[data-test="note"]').value`); note != "seen on site" {
		t.Errorf("the note became %q", note)
	}
	// Given again, it goes to the case as it is now, with what was written.
	f.say("POST /api/v1/cases/case-1/commands", 200, fakeCase(1, 3, "filed"))
	f.say("GET /api/v1/cases/case-1", 200, detailOf(fakeCase(1, 3, "filed"), fakeFact(1, "accepted", "Program"), fakeFact(2, "filed", "王 / Wang"), fakeFact(3, "filed", "李 / Li")))
	s.eval(`(() => { const ask = window.fetch; window.fetch = (u, i) => { if (i?.method === "POST") window.sent = i.body; return ask(u, i); }; return ""; })()`)
	s.until(`document.querySelector('[data-test="again"]')`)
	s.eval(`document.querySelector('[data-test="again"]').click()`)
	s.until(`document.querySelector('[data-test="refusal"]') === null`)
	if sent := s.eval(`window.sent`); !strings.Contains(sent, `"version":2`) || !strings.Contains(sent, "seen on site") {
		t.Errorf("given again as %s", sent)
	}
}

func failure(t *testing.T, ctx context.Context) {
	f := newFakeAPI()
	f.say("GET /api/v1/cases", 503, map[string]any{"detail": "the database rests"})
	s := openSurface(t, ctx, f, "/console?open=true")
	s.until(`document.querySelector(".failure")?.innerText.includes("the database rests")`)
	f.say("GET /api/v1/cases", 200, map[string]any{"items": []any{}, "total": 0, "next": ""})
	s.eval(`document.querySelector(".failure button").click()`)
	s.until(`document.querySelector('[data-test="total"]')?.dataset.total === "0" && document.querySelector(".empty")`)
}

// signs: every sign can be reached, by pages and by class; each says what is usual, or that nobody knows yet; each leads to the cases behind it.
func signs(t *testing.T, ctx context.Context) {
	s := openSurface(t, ctx, newFakeAPI(), "/wall")
	s.until(`document.querySelectorAll('[data-test="sign"]').length === 60`) // a narrow page scrolls
	if _, err := chromedp.Run(s.ctx, chromedp.EmulateViewport(1920, 1080)); err != nil {
		t.Fatal(err)
	}
	s.until(`document.querySelector('[data-test="page-after"]')`)
	tile := func(id string) string {
		return s.eval(`document.querySelector('[data-indicator="` + id + `"]').innerText`)
	}
	for id, wants := range map[string][]string{
		"emergency-calls": {"1", "calls", "+0.5 in 15 min", "usual 31.5 ± 4", "2 cases behind it"}, "on-time": {"Alarm", "no trend", "history < 1 week"}, "rain": {"No data yet", "–"},
	} {
		for _, want := range wants {
			if said := tile(id); !strings.Contains(said, want) {
				t.Errorf("the tile of %s says %q, not %q", id, said, want)
			}
		}
	}
	for id, want := range map[string]string{"emergency-calls": "/console?open=true&indicator=emergency-calls", "on-time": "/console?indicator=on-time"} {
		if href := s.eval(`document.querySelector('[data-indicator="` + id + `"]').getAttribute("href")`); href != want {
			t.Errorf("%s leads to %s", id, href)
		}
	}
	seen := map[string]bool{}
	for range 60 {
		for id := range strings.SplitSeq(s.eval(`[...document.querySelectorAll('[data-test="sign"]')].map((x) => x.dataset.indicator).join()`), ",") {
			seen[id] = true
		}
		s.eval(`document.querySelector('[data-test="page-after"]').click()`)
	}
	if len(seen) != 60 {
		t.Errorf("the pages show %d of 60 signs", len(seen))
	}
	s.eval(`[...document.querySelectorAll('[data-test="class"]')].find((x) => x.innerText.includes("Not normal")).click()`)
	s.until(`document.querySelectorAll('[data-test="sign"]').length === 1 && document.querySelector('[data-indicator="on-time"]')`)
	if at := s.eval(`location.search`); at != "?show=notable" {
		t.Errorf("the address is %q", at)
	}
	s.eval(`history.back()`)
	s.until(`document.querySelectorAll('[data-test="sign"]').length > 1`)
	if over := s.eval(`[...document.querySelectorAll('[data-test="sign"]')].filter((x) => x.scrollHeight > x.clientHeight).length`); over != "0" {
		t.Errorf("%s tiles are too small for what they say", over)
	}
}

// figuresOnly: who may not see cases is led nowhere but to what the account may see.
func figuresOnly(t *testing.T, ctx context.Context) {
	f := newFakeAPI()
	f.say("GET /api/v1/me", 200, map[string]any{"id": "wall", "name": "大屏 / Wall", "roles": []string{"viewer"}, "demo": true, "can": map[string]bool{"wall": true}})
	f.say("GET /api/v1/cases", 403, map[string]any{"detail": "no rule lets [viewer] do case.read"})
	s := openSurface(t, ctx, f, "/wall")
	s.until(`document.querySelector('[data-test="sign"]')`)
	if links := s.eval(`[...document.querySelectorAll("main a")].map((a) => a.getAttribute("href"))`); links != "" {
		t.Errorf("the wall leads to %s", links)
	}
	if s.eval(`String(document.querySelector(".stream"))`) != "null" {
		t.Error("there is a stream that can never show anything")
	}
	s = openSurface(t, ctx, f, "/console?open=true")
	s.until(`document.querySelector('[data-test="denied"] a')?.getAttribute("href") === "/wall"`)
	if s.eval(`String(document.querySelector(".filters"))`) != "null" {
		t.Error("there are filters for a list that is refused")
	}
}

func keyboard(t *testing.T, ctx context.Context) {
	f := newFakeAPI()
	f.say("GET /api/v1/cases/case-1", 200, detailOf(fakeCase(1, 1, "accepted"), fakeFact(1, "accepted", "Program")))
	s := openSurface(t, ctx, f, "/console/cases/case-1")
	s.until(`document.querySelector('[data-test="cmd-file"]')`)
	press := func(on, key, more string) {
		s.eval(fmt.Sprintf(`%s.dispatchEvent(new KeyboardEvent("keydown", {key: %q, bubbles: true, cancelable: true%s}))`, on, key, more))
	}
	press("document.body", "f", "")
	s.until(`document.activeElement.dataset.test === "note"`)
	if s.eval(`document.querySelector('[data-test="refusal"]') === null`) != "true" {
		t.Error("a single key gave a command")
	}
	f.say("POST /api/v1/cases/case-1/commands", 200, fakeCase(1, 2, "filed"))
	f.say("GET /api/v1/cases/case-1", 200, detailOf(fakeCase(1, 2, "filed"), fakeFact(1, "accepted", "Program"), fakeFact(2, "filed", "Li")))
	press("document.activeElement", "Enter", ", ctrlKey: true")
	s.until(`document.querySelector('[data-test="state"]').dataset.state === "filed"`)
}
