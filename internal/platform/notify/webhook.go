package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
)

// Endpoint is a receiver of webhooks.
type Endpoint struct {
	Name    string   `yaml:"name"` // as in Message.To
	URL     string   `yaml:"url"`  // https; http for addresses of the allow-list only
	Secrets []Secret `yaml:"secrets"`
}

// Check says what is wrong with an endpoint. Every message is signed with each of its secrets: to change one, add the new one, let the receiver change,
// take the old one out.
func (e Endpoint) Check() (problems []fault.Problem) {
	add := func(field, message string) {
		problems = append(problems, fault.Problem{Field: field, Message: message})
	}
	if e.Name == "" {
		add("name", "is missing")
	}
	u, err := url.Parse(e.URL)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		add("url", "must be an https URL, or an http one for an address of the allow-list")
	case u.User != nil || u.Fragment != "":
		add("url", "must hold no user, password or fragment")
	}
	if len(e.Secrets) == 0 {
		add("secrets", "at least one is needed, to sign with")
	}
	for _, s := range e.Secrets {
		if _, err := s.key(); err != nil {
			add("secrets", fault.Message(err))
		}
	}
	return problems
}

// Directory knows the receivers of webhooks. It is asked at every try, so that a changed URL or secret holds for messages that wait. A name that it does
// not know is a NotFound fault.
type Directory interface {
	Endpoint(ctx context.Context, name string) (Endpoint, error)
}

// Endpoints is a Directory that does not change.
type Endpoints []Endpoint

// Endpoint finds one by its name.
func (all Endpoints) Endpoint(_ context.Context, name string) (Endpoint, error) {
	for _, e := range all {
		if e.Name == name {
			return e, nil
		}
	}
	return Endpoint{}, fault.New(fault.NotFound, "notify.Endpoints", "there is no webhook receiver %q", name)
}

// WebhookOptions are what a WebhookCarrier works with. Source, Directory and Clock are needed.
type WebhookOptions struct {
	Source    string // CloudEvents source: a URI of this installation
	Directory Directory
	Clock     clock.Clock
	Allow     []netip.Prefix // addresses of one's own networks that receivers may have; metadata services, multicast and 0.0.0.0 stay refused

	Roots    *x509.CertPool                                                       // who signs receivers' certificates; nil: the system's
	Resolver Resolver                                                             // nil: the system's
	Dial     func(ctx context.Context, network, address string) (net.Conn, error) // to an address that was checked; nil: the system's
}

// WebhookCarrier brings messages to other systems: CloudEvents 1.0 in structured JSON, signed by Standard Webhooks.
type WebhookCarrier struct {
	o      WebhookOptions
	secure *http.Client
	plain  *http.Client
}

// NewWebhook makes a carrier. It uses no proxy, follows no redirect, and dials anew for each message, each time through the guard.
func NewWebhook(o WebhookOptions) *WebhookCarrier {
	return &WebhookCarrier{o: o, secure: o.client(false), plain: o.client(true)}
}

func (o WebhookOptions) client(only bool) *http.Client {
	g := newGuard(o, only)
	return &http.Client{CheckRedirect: noRedirect, Transport: &http.Transport{
		DialContext:            g.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: maxAnswer,
	}}
}

// cloudEvent is the JSON event format of CloudEvents 1.0.
type cloudEvent struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"`
	Type            string          `json:"type"`
	Subject         string          `json:"subject,omitempty"`
	Time            string          `json:"time"`
	DataContentType string          `json:"datacontenttype"`
	Data            json.RawMessage `json:"data"`
}

// Send posts m to the endpoint of its name.
func (w *WebhookCarrier) Send(ctx context.Context, m Message) error {
	e, err := w.endpoint(ctx, m.To)
	if err != nil {
		return err
	}
	body, err := json.Marshal(cloudEvent{SpecVersion: "1.0", ID: m.Key(), Source: w.o.Source, Type: m.Type, Subject: m.About,
		Time: m.At.UTC().Format(time.RFC3339Nano), DataContentType: "application/json", Data: m.Data})
	if err != nil {
		return err
	}
	now := w.o.Clock.Now()
	signature, err := Sign(m.Key(), now, body, e.Secrets...)
	if err != nil {
		return err
	}
	header := http.Header{"Content-Type": {"application/cloudevents+json"}, headerID: {m.Key()},
		headerTimestamp: {strconv.FormatInt(now.Unix(), 10)}, headerSignature: {signature}}
	u, err := url.Parse(e.URL)
	if err != nil {
		return err
	}
	return post(ctx, w.clientFor(u), e.URL, header, body, w.o.Clock.Now)
}

func (w *WebhookCarrier) endpoint(ctx context.Context, name string) (Endpoint, error) {
	e, err := w.o.Directory.Endpoint(ctx, name)
	if fault.Is(err, fault.NotFound) {
		return e, refuse("没有名为 %s 的接收系统", "there is no webhook receiver %s", name)
	}
	if err == nil && e.Check() != nil {
		return e, refuse("接收系统 %s 的设置有误", "the settings of the webhook receiver %s are wrong", name)
	}
	return e, err
}
