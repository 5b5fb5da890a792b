package app

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
)

// TLS is how pages and API are served over TLS. Zero: not at all.
type TLS struct {
	Cert     string `yaml:"cert"`      // PEM file: the certificate, then those that vouch for it
	Key      string `yaml:"key"`       // PEM file of its private key
	Redirect string `yaml:"redirect"`  // address where plain HTTP is sent on to TLS, such as :80; empty: nowhere
	MQTT     bool   `yaml:"mqtt"`      // devices come over TLS as well
	DeviceCA string `yaml:"device_ca"` // PEM file of authorities: a device must show a certificate that one of them issued; empty: its key is enough
}

// On says whether there is TLS.
func (t TLS) On() bool { return t.Cert != "" }

// check says what is wrong with the settings, and with the files behind them.
func (t TLS) check() (problems []fault.Problem) {
	if t == (TLS{}) {
		return nil
	}
	if t.Cert == "" || t.Key == "" {
		return []fault.Problem{{Field: "tls", Message: "needs both cert and key, the paths of two PEM files"}}
	}
	if _, err := tls.LoadX509KeyPair(t.Cert, t.Key); err != nil {
		problems = append(problems, fault.Problem{Field: "tls", Message: "the certificate cannot be used: " + err.Error()})
	}
	if _, _, err := net.SplitHostPort(t.Redirect); t.Redirect != "" && err != nil {
		problems = append(problems, fault.Problem{Field: "tls.redirect", Message: "must be HOST:PORT, such as :80"})
	}
	if t.DeviceCA == "" {
		return problems
	}
	if !t.MQTT {
		problems = append(problems, fault.Problem{Field: "tls.device_ca", Message: "needs mqtt: true; devices show certificates over TLS alone"})
	}
	if _, err := authorities(t.DeviceCA); err != nil {
		problems = append(problems, fault.Problem{Field: "tls.device_ca", Message: err.Error()})
	}
	return problems
}

// authorities are the certificates of a PEM file.
func authorities(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate in PEM form", path)
	}
	return pool, nil
}

// lookAgain is how often the files of a certificate are looked at: a renewed one is in force without a restart.
const lookAgain = time.Minute

// certificate is one that is read anew when its files have changed. What cannot be read leaves the one before in force.
type certificate struct {
	files TLS
	clock clock.Clock
	log   *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	from    time.Time // when the newer of the two files was written
	looked  time.Time
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.clock.Now(); c.current == nil || now.Sub(c.looked) >= lookAgain {
		c.looked = now
		c.look()
	}
	if c.current == nil {
		return nil, fault.New(fault.Unavailable, "app.certificate", "there is no certificate that can be read")
	}
	return c.current, nil
}

func (c *certificate) look() {
	var from time.Time
	for _, path := range []string{c.files.Cert, c.files.Key} {
		if info, err := os.Stat(path); err == nil && info.ModTime().After(from) {
			from = info.ModTime()
		}
	}
	if c.current != nil && from.Equal(c.from) {
		return
	}
	pair, err := tls.LoadX509KeyPair(c.files.Cert, c.files.Key)
	if err != nil {
		c.log.Error("the changed certificate cannot be read; the one before stays in force", "error", err)
		return
	}
	if c.current != nil {
		c.log.Info("a changed certificate is in force")
	}
	c.current, c.from = &pair, from
}

// tlsConfig is what servers need; nil without TLS.
func (a *App) tlsConfig() *tls.Config {
	if !a.config.TLS.On() {
		return nil
	}
	c := &certificate{files: a.config.TLS, clock: a.o.Clock, log: a.o.Log.With("part", "tls")}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
}

// deviceTLS is what the listener of devices needs: with authorities, whoever shows no certificate of theirs is turned away before a byte of MQTT is read.
func (a *App) deviceTLS() (*tls.Config, error) {
	c := a.tlsConfig()
	if a.config.TLS.DeviceCA == "" {
		return c, nil
	}
	var err error
	if c.ClientCAs, err = authorities(a.config.TLS.DeviceCA); err != nil {
		return nil, err
	}
	c.ClientAuth = tls.RequireAndVerifyClientCert
	return c, nil
}

// sendOn answers plain HTTP with the same address over TLS. A command is not sent on: whoever gave it has shown it to the network already, and must learn that.
func sendOn(port string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			name = r.Host
		}
		forPrograms := strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/prometheus/") // they send a key, and would go on sending it in plain unnoticed
		if r.Method != http.MethodGet && r.Method != http.MethodHead || forPrograms {
			http.Error(w, "Use https: what was sent here could be read by others on the network.", http.StatusForbidden)
			return
		}
		if port != "443" {
			name = net.JoinHostPort(name, port)
		}
		http.Redirect(w, r, "https://"+name+r.URL.RequestURI(), http.StatusMovedPermanently)
	})
}
