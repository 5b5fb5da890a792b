package notifytest

import (
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
)

// Request is what a Receiver got.
type Request struct {
	Path   string
	Header http.Header
	Body   []byte
}

// Answer is what a Receiver says: a status (0 is 204) and headers; HangUp closes the connection instead.
type Answer struct {
	Status int
	Header map[string]string
	HangUp bool
}

// Receiver is an HTTP server that keeps the requests it got.
type Receiver struct {
	URL   string
	Roots *x509.CertPool // who signed its certificate; nil without TLS

	mu     sync.Mutex
	got    []Request
	answer func(r Request) Answer
	came   chan Request
}

// NewReceiver starts a receiver that takes everything, until t ends.
func NewReceiver(t testing.TB) *Receiver {
	r := newReceiver()
	s := httptest.NewUnstartedServer(r)
	s.Config.ErrorLog = quiet
	s.Start()
	t.Cleanup(s.Close)
	r.URL = s.URL
	return r
}

// NewSecureReceiver starts a receiver that speaks HTTPS. Its certificate is for 127.0.0.1 and example.com.
func NewSecureReceiver(t testing.TB) *Receiver {
	r := newReceiver()
	s := httptest.NewUnstartedServer(r)
	s.Config.ErrorLog = quiet
	s.StartTLS()
	t.Cleanup(s.Close)
	r.URL, r.Roots = s.URL, x509.NewCertPool()
	r.Roots.AddCert(s.Certificate())
	return r
}

// quiet is where a server's complaints about its clients go: tests provoke them.
var quiet = log.New(io.Discard, "", 0)

func newReceiver() *Receiver {
	return &Receiver{answer: func(Request) Answer { return Answer{} }, came: make(chan Request, 10000)}
}

// OnRequest sets how the receiver answers. answer may be called from several goroutines at once, and may wait.
func (r *Receiver) OnRequest(answer func(r Request) Answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// Came gives each request as it comes in.
func (r *Receiver) Came() <-chan Request { return r.came }

// Got is what came in so far.
func (r *Receiver) Got() []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// ServeHTTP keeps the request and answers it.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return // cut off by the sender
	}
	got := Request{Path: request.URL.Path, Header: request.Header.Clone(), Body: body}
	a := r.keep(got)(got)
	if a.HangUp {
		panic(http.ErrAbortHandler)
	}
	for name, value := range a.Header {
		w.Header().Set(name, value)
	}
	if a.Status == 0 {
		a.Status = http.StatusNoContent
	}
	w.WriteHeader(a.Status)
}

func (r *Receiver) keep(got Request) (answer func(Request) Answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, got)
	select {
	case r.came <- got:
	default: // nobody looks
	}
	return r.answer
}
