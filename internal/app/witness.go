package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/notify"
)

// witness is who keeps the audit's heads outside the program, in the demo: a web server of its own that takes webhooks which are signed, and writes each
// on a line of a file. A real one is somebody else's machine.
type witness struct {
	clock  clock.Clock
	secret notify.Secret
	mu     sync.Mutex
	file   *os.File
}

const (
	witnessName = "witness"
	witnessFile = "witness.jsonl"
	maxHead     = 64 << 10
)

// startWitness starts the demo's witness and tells the configuration of it.
func startWitness(c *Config, clk clock.Clock) (closing func() error, err error) {
	const op = "app.startWitness"
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fault.New(fault.Invalid, op, "folder %s cannot be made: %v", c.Data, err)
	}
	w := &witness{clock: clk, secret: "whsec_dHdvd2VhdmUtZGVtby13aXRuZXNzLXNlY3JldA=="}
	if w.file, err = os.OpenFile(filepath.Join(c.Data, witnessFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return nil, fault.Wrap(op, err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(fault.New(fault.Unavailable, op, "no port for the simulated witness: %v", err), w.file.Close())
	}
	server := &http.Server{Handler: w, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener) // ends with Close
	if c.Notify.Source == "" {
		c.Notify.Source = "urn:twoweave:demo"
	}
	c.Notify.Webhooks = append(c.Notify.Webhooks, notify.Endpoint{Name: witnessName, URL: "http://" + listener.Addr().String() + "/", Secrets: []notify.Secret{w.secret}})
	c.Notify.Allow = append(c.Notify.Allow, "127.0.0.1")
	c.Audit = Audit{Every: "1m", Rows: 200, Witness: Witness{Webhook: witnessName}}
	return func() error { return errors.Join(server.Close(), w.file.Close()) }, nil
}

// ServeHTTP keeps a head. One that comes twice stands there twice, which harms nothing.
func (w *witness) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(out, r.Body, maxHead))
	if err == nil {
		_, err = notify.Verify(r.Header, body, w.clock.Now(), w.secret)
	}
	if err != nil {
		http.Error(out, "no head of ours", http.StatusUnauthorized)
		return
	}
	if err := w.keep(body); err != nil {
		http.Error(out, "could not be kept", http.StatusServiceUnavailable)
		return
	}
	out.WriteHeader(http.StatusNoContent)
}

// keep writes a line and answers when it is on disk.
func (w *witness) keep(body []byte) error {
	var line bytes.Buffer
	if err := json.Compact(&line, body); err != nil {
		return err
	}
	line.WriteByte('\n')
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.file.Write(line.Bytes()); err != nil {
		return err
	}
	return w.file.Sync()
}
