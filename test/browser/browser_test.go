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

var demo program

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
	binary := filepath.Join(folder, "twoweave")
	build := exec.Command("go", "build", "-o", binary, "../../cmd/twoweave")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build: %w\n%s", err, out)
	}
	if demo, err = startDemo(binary, filepath.Join(folder, "data")); err != nil {
		return 1, err
	}
	defer demo.stop()
	return m.Run(), nil
}

var address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

func startDemo(binary, data string) (program, error) {
	cmd := exec.Command(binary, "demo", "--data", data, "--listen", "127.0.0.1:0", "--mqtt", "127.0.0.1:0")
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
				io.Copy(io.Discard, out) // the demo must never wait for us to read
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
			return program{}, fmt.Errorf("the demo ended before it was ready:\n%s", log.String())
		}
		return program{url: url, stop: stop}, nil
	case <-time.After(patience):
		stop()
		return program{}, fmt.Errorf("the demo was not ready within %s:\n%s", patience, log.String())
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
	t   *testing.T
	ctx context.Context
}

// open starts a browser of its own for one person.
func open(t *testing.T, width, height int64) *tab {
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
	return &tab{t: t, ctx: limit}
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
	do(p, chromedp.Navigate(demo.url+path))
}

func (p *tab) click(selector string) {
	p.t.Helper()
	do(p, chromedp.Click(chromedp.CSS(selector)))
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
