// Package browser_test drives the whole program in a real browser, as a person would: it starts the demo, opens its pages in headless Chromium,
// clicks and types, and looks at what is there. Chromium is needed; its absence is a failure, never a skip.
package browser_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is how long a page may take to come to what a step waits for, on a busy machine.
const patience = time.Minute

// program is a demo of its own, built once and started once for all journeys.
type program struct {
	url  string
	stop func()
}

var (
	demo  program
	built string // the program, for tests that start one of their own
)

func TestMain(m *testing.M) {
	code, err := withDemo(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "browser tests:", err)
		code = 1
	}
	os.Exit(code)
}

func withDemo(m *testing.M) (int, error) {
	folder, err := os.MkdirTemp("", "twoweave-browser-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(folder)
	built = filepath.Join(folder, "twoweave")
	build := exec.Command("go", "build", "-o", built, "../../cmd/twoweave")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build: %w\n%s", err, out)
	}
	if demo, err = launch("demo", "--data", filepath.Join(folder, "data"), "--listen", "127.0.0.1:0", "--mqtt", "127.0.0.1:0"); err != nil {
		return 1, err
	}
	defer demo.stop()
	return m.Run(), nil
}

var address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// launch starts the program and waits until it says where it is.
func launch(args ...string) (program, error) {
	cmd := exec.Command(built, args...)
	var log lockedBuffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return program{}, err
	}
	if err := cmd.Start(); err != nil {
		return program{}, err
	}
	found := make(chan string, 1)
	go func() {
		var seen bytes.Buffer
		buf := make([]byte, 4096)
		for {
			n, err := out.Read(buf)
			seen.Write(buf[:n])
			if url := address.Find(seen.Bytes()); url != nil {
				found <- string(url)
				io.Copy(io.Discard, out) // the program must never wait for us to read
				return
			}
			if err != nil {
				close(found)
				return
			}
		}
	}()
	stop := func() { cmd.Process.Signal(os.Interrupt); cmd.Wait() }
	select {
	case url, ok := <-found:
		if !ok {
			return program{}, fmt.Errorf("the program ended before it was ready:\n%s", log.String())
		}
		return program{url: url, stop: stop}, nil
	case <-time.After(patience):
		stop()
		return program{}, fmt.Errorf("the program was not ready within %s:\n%s", patience, log.String())
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// tab is one browser window with its own cookies.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string // where the program is
}

// open starts a browser of its own for one person, who looks at the demo.
func open(t *testing.T, width, height int64) *tab {
	t.Helper()
	return openAt(t, demo.url, width, height)
}

func openAt(t *testing.T, base string, width, height int64) *tab {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is needed: apt-get install chromium (make test does it)")
	}
	opts := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	for name, value := range map[string]any{"no-sandbox": true, "disable-gpu": true, "disable-quic": true, "disable-background-networking": true,
		"disable-component-update": true, "disable-sync": true, "accept-lang": "zh-CN", "window-size": fmt.Sprintf("%d,%d", width, height)} {
		opts = append(opts, chromedp.Flag(name, value))
	}
	opts = append(opts, chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()))
	alloc, cancelAlloc := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	limit, cancelLimit := context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(func() { cancelLimit(); cancel(); cancelAlloc() })
	// The first action starts the browser, which lives as long as that action's context: it must be the tab's own.
	if _, err := chromedp.Run(limit, chromedp.EmulateViewport(width, height)); err != nil {
		t.Fatal("chromium does not start: ", err)
	}
	return &tab{t: t, ctx: limit, base: base}
}

// do runs one action and ends the test when it fails.
func do[T any](p *tab, a chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		p.picture("failed")
		p.t.Fatalf("%T: %v\n%s", a, err, p.text())
	}
	return v
}

// until waits until an expression is true in the page, over navigations: while a page changes there is nothing to ask, and it is asked again.
func (p *tab) until(expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if ok {
			return
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			p.picture("failed")
			p.t.Fatalf("it never came to %s (last error: %v)\n%s", expression, err, p.text())
		}
	}
}

func (p *tab) goTo(path string) {
	p.t.Helper()
	do(p, chromedp.Navigate(p.base+path))
}

// aim waits until an element stands still, can be pressed and is not covered, and says where its middle is: pages move while they load. From then on the page
// remembers whether a click has reached the element.
const aim = `new Promise((found) => {
	let last = "";
	const look = () => {
		const e = document.querySelector(%q);
		e?.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
		const box = e?.getBoundingClientRect(), x = box?.x + box?.width / 2, y = box?.y + box?.height / 2, here = [x, y, box?.width, box?.height].join();
		const top = e && e.checkVisibility() && !e.disabled && here === last ? document.elementFromPoint(x, y) : null;
		last = here;
		if (!top || !(e.contains(top) || top.closest("label")?.contains(e))) return requestAnimationFrame(look);
		window.clicked = { aimed: true, reached: false };
		top.addEventListener("click", () => (window.clicked.reached = true), { once: true, capture: true });
		found([x, y]);
	};
	look();
})`

// click clicks as a person does: on what stands still, and again when it moved away at the last moment or the page was left meanwhile.
func (p *tab) click(selector string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	for ctx.Err() == nil {
		at, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](fmt.Sprintf(aim, selector), chromedp.EvalAwaitPromise))
		if err != nil {
			continue
		}
		do(p, chromedp.MouseClickXY(at[0], at[1]))
		missed, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`window.clicked?.aimed === true && !window.clicked.reached`))
		if err != nil || !missed { // the page that was left cannot be asked any more
			return
		}
	}
	p.picture("failed")
	p.t.Fatalf("%s could not be clicked\n%s", selector, p.text())
}

func (p *tab) eval(expression string) string {
	p.t.Helper()
	return do(p, chromedp.Evaluate[string](expression, chromedp.EvalAwaitPromise))
}

func (p *tab) text() string {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("location.pathname + '\\n' + document.body.innerText.slice(0, 3000)"))
	if err != nil {
		return err.Error()
	}
	return text
}

// picture keeps a screenshot where TWOWEAVE_PICTURES says, for people to look at.
func (p *tab) picture(name string) {
	folder := os.Getenv("TWOWEAVE_PICTURES")
	if folder == "" {
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, 10*time.Second)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, filepath.Base(p.t.Name())+"-"+name+".png"), png, 0o644)
	}
	if err != nil {
		p.t.Log("no picture:", err)
	}
}
