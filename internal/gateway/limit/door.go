package limit

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
)

// Door holds what is counted while a program runs. It is safe for many goroutines.
type Door struct {
	l       Limits
	clock   clock.Clock
	proxies proxies

	signIn, readAddress, commandAddress           *buckets
	readAccount, commandAccount, events, messages *buckets
	invented, kibibytes                           *buckets
	subjects                                      *subjects
	requests, connections, devices                *places
	streams, streamsAccount                       *places
	bodies                                        atomic.Int64 // bytes of large bodies that are being taken in

	refused *prometheus.CounterVec
}

// New makes a door with limits that were filled and checked, and shows its figures in metrics.
func New(l Limits, c clock.Clock, metrics prometheus.Registerer) *Door {
	d := &Door{l: l, clock: c,
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "twoweave_gate_refused_total", Help: "What was refused at the gateways, by the limit that it was over."}, []string{"limit"})}
	for _, text := range l.Proxies {
		if p, err := prefix(text); err == nil {
			d.proxies = append(d.proxies, p)
		}
	}
	for at, rate := range map[**buckets]Rate{&d.signIn: l.SignInAddress, &d.readAddress: l.ReadAddress, &d.commandAddress: l.CommandAddress,
		&d.readAccount: l.ReadAccount, &d.commandAccount: l.CommandAccount, &d.events: l.EventsAccount, &d.messages: l.PublishAccount,
		&d.invented: l.SubjectsAccount, &d.kibibytes: l.BodiesAddress} {
		*at = newBuckets(rate, l.RememberClients)
	}
	d.subjects = newSubjects(l.RememberSubjects)
	const many = 1 << 30
	d.requests = newPlaces(many, l.RequestsAddress)
	d.connections = newPlaces(l.Connections, l.ConnectionsAddress)
	d.devices = newPlaces(l.Devices, l.DevicesAddress)
	d.streams = newPlaces(l.Streams, l.StreamsAddress)
	d.streamsAccount = newPlaces(many, l.StreamsAccount)
	d.show(metrics)
	return d
}

func (d *Door) show(metrics prometheus.Registerer) {
	held := func(name, help string, n func() int) {
		metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(n()) }))
	}
	metrics.MustRegister(d.refused)
	held("twoweave_gate_connections", "Open connections to pages and API.", d.connections.held)
	held("twoweave_gate_devices", "Open MQTT connections.", d.devices.held)
	held("twoweave_gate_streams", "Open live streams.", d.streams.held)
	held("twoweave_gate_requests", "Requests that are worked on, streams apart.", d.requests.held)
	held("twoweave_gate_body_bytes", "Memory of large bodies that are being taken in.", func() int { return int(d.bodies.Load()) })
}

// Refusal is that somebody is over a limit. It is a fault.Exhausted.
type Refusal struct {
	Limit  string
	Status int
	Wait   time.Duration // until it may be tried again; 0: it is no question of time
	Detail string
}

// Error is the text for the log.
func (r *Refusal) Error() string { return "limit " + r.Limit + ": " + r.Detail }

// Unwrap gives the fault behind it.
func (r *Refusal) Unwrap() error { return fault.New(fault.Exhausted, "limit", "%s", r.Detail) }

// Answer is the form that the refusal has over HTTP.
func (r *Refusal) Answer() (status int, code, detail string, wait time.Duration) {
	return r.Status, "limit." + r.Limit, r.Detail, r.Wait
}

func (d *Door) refuse(limit string, status int, wait time.Duration, detail string) *Refusal {
	d.refused.WithLabelValues(limit).Inc()
	return &Refusal{Limit: limit, Status: status, Wait: wait, Detail: detail}
}

const tooMany = "too many requests; wait a little and try again"

func (d *Door) rate(limit string, b *buckets, client string, n int) error {
	if wait := b.take(client, n, d.clock.Now()); wait > 0 {
		return d.refuse(limit, http.StatusTooManyRequests, wait, tooMany)
	}
	return nil
}

// Account says whether an account may ask once more: to read, or something else.
func (d *Door) Account(account string, reads bool) error {
	if reads {
		return d.rate("read-account", d.readAccount, account, 1)
	}
	return d.rate("command-account", d.commandAccount, account, 1)
}

// Events says whether a sender may send n more events.
func (d *Door) Events(sender string, n int) error {
	return d.rate("events-account", d.events, sender, n)
}

// Wait waits until a sender may send one more MQTT message: its connection is read no further meanwhile. It is Unavailable when ctx ends first.
func (d *Door) Wait(ctx context.Context, sender string) error {
	now := d.clock.Now()
	wait := max(d.messages.reserve(sender, 1, now), d.events.reserve(sender, 1, now))
	if wait == 0 {
		return nil
	}
	d.refused.WithLabelValues("publish-account").Inc()
	return fault.Wrap("limit.Wait", d.clock.Wait(ctx, now.Add(wait)))
}

// retryStream is when somebody with too many streams may try again.
const retryStream = 10 * time.Second

// Stream takes a place for a live stream; leave gives it back.
func (d *Door) Stream(r *http.Request, account string) (leave func(), err error) {
	address := network(r.RemoteAddr)
	if !d.streams.enter(address) {
		return nil, d.refuse("streams-address", http.StatusTooManyRequests, retryStream, "too many live streams are open; close some")
	}
	if !d.streamsAccount.enter(account) {
		d.streams.leave(address)
		return nil, d.refuse("streams-account", http.StatusTooManyRequests, retryStream, "this account has too many live streams open; close some")
	}
	return func() {
		d.streamsAccount.leave(account)
		d.streams.leave(address)
	}, nil
}

// class is how a request counts before it is known whose it is.
func (d *Door) class(r *http.Request) (limit string, b *buckets) {
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch path := r.URL.Path; {
	case strings.HasPrefix(path, "/welcome/"), !reads && (strings.HasPrefix(path, "/signin") || path == "/enter" || path == "/me/passphrase" || path == "/me/factor"):
		return "sign-in-address", d.signIn
	case reads:
		return "read-address", d.readAddress
	}
	return "command-address", d.commandAddress
}
