package bus_test

import (
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"
)

// proxy stands between a bus and its server and can hold back what they say.
type proxy struct {
	listener net.Listener
	target   string
	wg       sync.WaitGroup

	mu    sync.Mutex
	gate  *sync.Cond
	held  bool
	ended bool
	conns []net.Conn
}

func newProxy(t testing.TB, target string) *proxy {
	p := &proxy{listener: must(net.Listen("tcp", "127.0.0.1:0")), target: target}
	p.gate = sync.NewCond(&p.mu)
	p.wg.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		in, err := p.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = in.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, in, out)
		p.mu.Unlock()
		p.wg.Go(func() { p.copy(in, out) })
		p.wg.Go(func() { p.copy(out, in) })
	}
}

// copy passes bytes on while the proxy is not held.
func (p *proxy) copy(to, from net.Conn) {
	defer func() { _ = to.Close() }()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		p.wait()
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}

func (p *proxy) wait() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.held && !p.ended {
		p.gate.Wait()
	}
}

func (p *proxy) set(held bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = held
	p.gate.Broadcast()
}

func (p *proxy) pause()  { p.set(true) }
func (p *proxy) resume() { p.set(false) }

// cut breaks every connection; new ones are accepted.
func (p *proxy) cut() {
	p.mu.Lock()
	conns := p.conns
	p.conns = nil
	p.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
	}
}

func (p *proxy) close() {
	p.mu.Lock()
	p.ended = true
	p.gate.Broadcast()
	p.mu.Unlock()
	for _, c := range []io.Closer{p.listener} {
		_ = c.Close()
	}
	p.cut()
	p.wg.Wait()
}

// waitFor yields until the condition holds.
func waitFor(t testing.TB, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("waited in vain")
		}
	}
}
