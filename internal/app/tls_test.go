package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twoweave/internal/base/clock"
)

// issue writes a certificate of its own for this machine, valid now, and gives what trusts it.
func issue(t *testing.T, folder, name string) (TLS, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	now := clock.System{}.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: now.Add(-time.Hour),
		NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err2 := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	private, err3 := x509.MarshalECPrivateKey(key)
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	files := TLS{Cert: filepath.Join(folder, "cert.pem"), Key: filepath.Join(folder, "key.pem")}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := errors.Join(os.WriteFile(files.Cert, cert, 0o600), os.WriteFile(files.Key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}), 0o600)); err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(cert)
	return files, pool
}

// Pages and API come over TLS alone: browsers are told so, cookies say so, old versions are refused, plain HTTP is sent on, and a command in plain is not.
func TestServingOverTLS(t *testing.T) {
	t.Parallel()
	c := configIn(filepath.Join(t.TempDir(), "data"))
	files, trusted := issue(t, t.TempDir(), "first")
	files.Redirect = "127.0.0.1:0"
	c.Listen, c.TLS = "127.0.0.1:0", files
	a := started(t, c, Options{Demo: true, Visitors: []string{"nobody"}})
	defer stopped(t, a)
	client := func(version uint16) *http.Client {
		return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, MaxVersion: version}, DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	res, err := client(0).PostForm(a.URL()+"/language", url.Values{"lang": {"en"}, "to": {"/"}})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if !strings.HasPrefix(a.URL(), "https://") || res.Header.Get("Strict-Transport-Security") == "" || len(res.Cookies()) != 1 || !res.Cookies()[0].Secure {
		t.Errorf("%s: %v %v", a.URL(), res.Header, res.Cookies())
	}
	if _, err := client(tls.VersionTLS11).Get(a.URL()); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	plain := "http://" + a.plain.Addr().String()
	if res, err = client(0).Get(plain + "/wall?x=1"); err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusMovedPermanently || res.Header.Get("Location") != a.URL()+"/wall?x=1" {
		t.Errorf("plain HTTP leads to %v", res.Header)
	}
	if res, err = client(0).Get(plain + "/api/v1/cases"); err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("a program that asks in plain was answered with %d", res.StatusCode)
	}
	if res, err = client(0).PostForm(plain+"/signin", url.Values{"key": {"k"}}); err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("a key in plain was answered with %d", res.StatusCode)
	}
}

// With tls.mqtt devices come over TLS alone.
func TestDevicesOverTLS(t *testing.T) {
	t.Parallel()
	c := configIn(filepath.Join(t.TempDir(), "data"))
	files, trusted := issue(t, t.TempDir(), "devices")
	files.MQTT = true
	c.Listen, c.MQTT, c.TLS = "127.0.0.1:0", "127.0.0.1:0", files
	a := started(t, c, Options{})
	defer stopped(t, a)
	secure, err := tls.Dial("tcp", a.MQTT(), &tls.Config{RootCAs: trusted})
	if first := firstOfAnswer(t, secure, err); first != connack {
		t.Errorf("over TLS the first byte is %#x", first)
	}
	plain, err := net.Dial("tcp", a.MQTT())
	if first := firstOfAnswer(t, plain, err); first == connack {
		t.Error("a device came in in plain")
	}
}

const connack = 0x20 // first byte of MQTT's answer to CONNECT

// firstOfAnswer asks to be let in over MQTT and gives the first byte of the answer; 0 when none comes.
func firstOfAnswer(t *testing.T, conn net.Conn, err error) byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	connect := []byte{0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 1, 'x'} // CONNECT of MQTT 3.1.1, without a name
	got := make([]byte, 4)
	if _, err = conn.Write(connect); err == nil {
		_, err = io.ReadFull(conn, got)
	}
	if err != nil {
		return 0
	}
	return got[0]
}

// With tls.device_ca a device needs a certificate that one of the authorities issued, beside its key; browsers are not asked for one.
func TestDevicesShowCertificates(t *testing.T) {
	t.Parallel()
	c := configIn(filepath.Join(t.TempDir(), "data"))
	files, trusted := issue(t, t.TempDir(), "server")
	device, _ := issue(t, t.TempDir(), "device")
	stranger, _ := issue(t, t.TempDir(), "stranger")
	files.MQTT, files.DeviceCA = true, device.Cert
	c.Listen, c.MQTT, c.TLS = "127.0.0.1:0", "127.0.0.1:0", files
	a := started(t, c, Options{})
	defer stopped(t, a)
	for name, d := range map[string]struct {
		shown TLS
		in    bool
	}{"its own": {device, true}, "a stranger's": {stranger, false}, "the server's": {files, false}, "none": {TLS{}, false}} {
		config := &tls.Config{RootCAs: trusted}
		if d.shown.On() {
			pair, err := tls.LoadX509KeyPair(d.shown.Cert, d.shown.Key)
			if err != nil {
				t.Fatal(err)
			}
			config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		}
		conn, err := tls.Dial("tcp", a.MQTT(), config)
		if in := firstOfAnswer(t, conn, err) == connack; in != d.in {
			t.Errorf("a device that shows %s certificate is let in: %v", name, in)
		}
	}
	browser := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, DisableKeepAlives: true}}
	res, err := browser.Get(a.URL() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
}

// A renewed certificate is in force within a minute; one that is half written leaves the old one there.
func TestACertificateIsRenewed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	files, _ := issue(t, folder, "first")
	clk := clock.NewManual(time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC))
	c := &certificate{files: files, clock: clk, log: slog.New(slog.DiscardHandler)}
	name := func() string {
		t.Helper()
		pair, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(pair.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return leaf.Subject.CommonName
	}
	touch := func(at time.Duration) {
		t.Helper()
		when := clock.System{}.Now().Add(at)
		if err := errors.Join(os.Chtimes(files.Cert, when, when), os.Chtimes(files.Key, when, when)); err != nil {
			t.Fatal(err)
		}
	}
	if name() != "first" {
		t.Fatal(name())
	}
	issue(t, folder, "second")
	touch(time.Minute)
	if name() != "first" {
		t.Error("the files are looked at for each connection")
	}
	clk.Advance(lookAgain)
	if name() != "second" {
		t.Error("the renewed certificate is not in force")
	}
	if err := os.WriteFile(files.Key, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	touch(2 * time.Minute)
	clk.Advance(lookAgain)
	if name() != "second" {
		t.Error("half a key replaced a whole one")
	}
}

func TestTLSSettings(t *testing.T) {
	t.Parallel()
	good, _ := issue(t, t.TempDir(), "x")
	known := TLS{Cert: good.Cert, Key: good.Key, MQTT: true, DeviceCA: good.Cert}
	overPlain, nobody, noCertificate := known, known, known
	overPlain.MQTT, nobody.DeviceCA, noCertificate.DeviceCA = false, "nowhere.pem", good.Key
	for name, c := range map[string]struct {
		tls  TLS
		good bool
	}{
		"none":                            {TLS{}, true},
		"both":                            {good, true},
		"no key":                          {TLS{Cert: good.Cert}, false},
		"no such file":                    {TLS{Cert: good.Cert, Key: "nowhere.pem"}, false},
		"devices alone":                   {TLS{MQTT: true}, false},
		"redirect":                        {TLS{Cert: good.Cert, Key: good.Key, Redirect: "80"}, false},
		"device certificates":             {known, true},
		"device certificates, plain MQTT": {overPlain, false},
		"no file of authorities":          {nobody, false},
		"a file without a certificate":    {noCertificate, false},
	} {
		if problems := c.tls.check(); (problems == nil) != c.good {
			t.Errorf("%s: %v", name, problems)
		}
	}
}
