package browser_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"
)

// gate stands between one browser and the demo: shut, it is a network that is gone for everything in the browser, service workers too.
type gate struct {
	*httptest.Server
	shut  atomic.Bool
	build atomic.Pointer[string] // the version that the field page's worker carries instead of the true one
}

func newGate(t *testing.T) *gate {
	t.Helper()
	to, err := url.Parse(demo.url)
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{}
	proxy := &httputil.ReverseProxy{FlushInterval: -1, ModifyResponse: g.rebuilt, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
		r.Out.Header.Del("Accept-Encoding")
	}}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.shut.Load() {
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { g.CloseClientConnections(); g.Close() })
	return g
}

// cut takes the network away, or gives it back.
func (g *gate) cut(shut bool) {
	g.shut.Store(shut)
	if shut {
		g.CloseClientConnections()
	}
}

// rebuilt lets the server look like the next build of the program.
func (g *gate) rebuilt(r *http.Response) error {
	version := g.build.Load()
	if version == nil || r.Request.URL.Path != "/field/worker.js" {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	head, rest, _ := bytes.Cut(body, []byte(`"version":"`))
	body = append(append(append(head, `"version":"`...), *version...), rest[16:]...)
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
}

// kept is what the field page's worker has kept, by cache.
func (p *tab) kept() string {
	p.t.Helper()
	return p.eval(`(async () => {
		const all = [];
		for (const name of await caches.keys()) all.push(name + " " + (await (await caches.open(name)).keys()).map((r) => new URL(r.url).pathname).sort().join(" "));
		return all.join("; ");
	})()`)
}

const shellFiles = "/assets/field.js /assets/icon.svg /assets/style.css /field"

// A field worker takes a photo and a step without a network, closes the page and opens it again where there still is none: it opens, says what waits, shows no
// task of earlier and keeps nothing else. When the network is back all comes once, by itself; and the next build of the program takes the page over.
func TestTheFieldPageOpensWithoutANetwork(t *testing.T) {
	t.Parallel()
	centre := open(t, 1280, 900)
	centre.enter("visitor-duty")
	id := centre.sentOut("shell")
	g := newGate(t)
	street := open(t, 390, 844)
	visit := func(path string) { do(street, chromedp.Navigate(g.URL+path)) }
	visit("/")
	street.click(`form[data-test="enter-visitor-field"] button`)
	task := fmt.Sprintf(`[data-test="task"][data-id="%s"]`, id)
	street.until(fmt.Sprintf(`document.querySelector('%s') && navigator.serviceWorker.controller`, task))
	name := street.eval(`caches.keys().then((all) => all.join())`)
	if got := street.kept(); got != name+" "+shellFiles {
		t.Fatalf("the worker keeps %q", got)
	}

	g.cut(true)
	street.until(`document.querySelector('[data-test="offline"]')`) // pushes what is below it down
	street.attach(task+` [data-test="photo-before"]`, camera(t))
	street.until(fmt.Sprintf(`document.querySelectorAll('%s [data-test="thumb"]').length === 1`, task))
	street.click(task + ` [data-test="task-start"]`)
	street.until(`document.querySelector('[data-test="waiting"]')?.dataset.n === "2"`)
	do(street, chromedp.Navigate("about:blank"))
	visit("/field")
	street.until(`document.querySelector('[data-test="waiting"]')?.dataset.n === "2" && document.querySelector('[data-test="closed"]') && document.querySelector('[data-test="offline"]')`)
	street.picture("opened")
	street.axe("the field page without a network")
	if got := street.eval(`String(document.querySelectorAll('[data-test="task"]').length)`); got != "0" {
		t.Errorf("%s tasks are shown that nobody sent", got)
	}
	if got := centre.photos(id) + centre.kinds(id); got != "[]taken filed dispatched" {
		t.Fatalf("before the network is back the server has %s", got)
	}

	g.cut(false)
	street.until(fmt.Sprintf(`document.querySelector('%s [data-test="photos-there"]')?.dataset.n === "1" && !document.querySelector('[data-test="waiting"]')`, task))
	if got := centre.photos(id) + " " + centre.kinds(id); got != `["before 1200×1600 small clean field"] taken filed dispatched started` {
		t.Errorf("the server has %s", got)
	}

	next := "0123456789abcdef"
	g.build.Store(&next)
	visit("/field")
	street.until(`(caches.keys().then((all) => { window.builds = all.join(); }), window.builds === "tw-field-` + next + `")`)
	if got := street.kept(); got != "tw-field-"+next+" "+shellFiles {
		t.Errorf("after the next build the worker keeps %q", got)
	}
	g.cut(true)
	visit("/field")
	street.until(`document.querySelector('[data-test="closed"]')`)
}
