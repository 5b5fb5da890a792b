package limit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"twoweave/internal/base/clock"
)

// StreamPath is the one route whose answers have no end: it is counted among the streams.
const StreamPath = "/api/v1/stream"

// Handler lets requests through to next that are within the limits, and gives each answer the headers that keep it to itself unless next says otherwise.
func (d *Door) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.proxies.introduce(r)
		reserved(w.Header(), r.TLS != nil)
		leave, err := d.admit(r)
		if err != nil {
			d.answer(w, r, err)
			return
		}
		defer leave()
		control := http.NewResponseController(w)
		control.SetWriteDeadline(clock.System{}.Now().Add(d.l.AnswerTime)) // not settable: a test's recorder
		if r.Body != nil && r.Body != http.NoBody {
			b := &body{ctx: r.Context(), address: network(r.RemoteAddr), from: r.Body, door: d, control: control, json: mayBeJSON(r.Header.Get("Content-Type"))}
			defer b.release()
			control.SetReadDeadline(clock.System{}.Now().Add(d.l.BodyTime))
			r.Body = b
			if err := d.form(r); err != nil {
				d.answer(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// reserved is what every answer says unless its handler knows better.
func reserved(h http.Header, overTLS bool) {
	if overTLS {
		h.Set("Strict-Transport-Security", "max-age=31536000") // come over TLS alone from now on
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

func (d *Door) admit(r *http.Request) (leave func(), err error) {
	address := network(r.RemoteAddr)
	name, bucket := d.class(r)
	if err := d.rate(name, bucket, address, 1); err != nil {
		return nil, err
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, d.refuse("packed-body", http.StatusUnsupportedMediaType, 0, "packed bodies are not taken: send it without Content-Encoding")
	}
	if r.URL.Path == StreamPath {
		return func() {}, nil
	}
	if !d.requests.enter(address) {
		return nil, d.refuse("requests-address", http.StatusServiceUnavailable, time.Second, "too many requests from this address are being worked on")
	}
	return func() { d.requests.leave(address) }, nil
}

// ofPrograms says whether a path is for programs, whose bodies their route bounds, and who read problem documents.
func ofPrograms(path string) bool {
	return strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/prometheus/")
}

// form takes in what a page sends, as a whole: it is small, and nothing of it is worth a second thought before all of it is there.
func (d *Door) form(r *http.Request) error {
	if ofPrograms(r.URL.Path) {
		return nil
	}
	taken, err := io.ReadAll(io.LimitReader(r.Body, int64(d.l.FormBytes)+1))
	var over *Refusal
	var late net.Error
	switch {
	case len(taken) > int(d.l.FormBytes):
		return d.refuse("form-bytes", http.StatusRequestEntityTooLarge, 0, fmt.Sprintf("a form may have %v at most", d.l.FormBytes))
	case errors.As(err, &over):
		return over
	case errors.As(err, &late) && late.Timeout():
		return d.refuse("body-time", http.StatusRequestTimeout, 0, "the form came too slowly")
	case err != nil:
		return &Refusal{Limit: "broken-body", Status: http.StatusBadRequest, Detail: "the form broke off"}
	}
	r.Body = io.NopCloser(bytes.NewReader(taken))
	return nil
}

// answer tells a refusal, in the form that whoever asks can read.
func (d *Door) answer(w http.ResponseWriter, r *http.Request, err error) {
	var over *Refusal
	if !errors.As(err, &over) {
		over = &Refusal{Status: http.StatusInternalServerError, Detail: "this went wrong"}
	}
	if over.Wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(RetryAfter(over.Wait)))
	}
	if over.Status != http.StatusTooManyRequests {
		w.Header().Set("Connection", "close") // what else comes on it belongs to a body that nobody wants
	}
	if !ofPrograms(r.URL.Path) {
		http.Error(w, over.Detail+"\n请求超出限制（"+over.Limit+"），请稍后再试或缩小内容。", over.Status)
		return
	}
	kind := "exhausted"
	if over.Wait == 0 {
		kind = "invalid"
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(over.Status)
	json.NewEncoder(w).Encode(map[string]any{"type": "about:blank", "title": http.StatusText(over.Status), "status": over.Status, "detail": over.Detail, "kind": kind,
		"code": "limit." + over.Limit}) // the client is gone when this fails
}

// RetryAfter is a wait in whole seconds, at least one.
func RetryAfter(wait time.Duration) int { return max(1, int(math.Ceil(wait.Seconds()))) }
