package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

const (
	connections = 4 // MQTT connections, as a city has several device gateways
	queue       = 4096
	sendTimeout = 10 * time.Second
)

// devices sends sensors' messages over MQTT with QoS 1: what is not acknowledged is sent again by the client.
type devices struct {
	clients []paho.Client
	queues  []chan message
	log     *slog.Logger
}

func newDevices(address, name, key string, log *slog.Logger) *devices {
	d := &devices{log: log}
	for i := range connections {
		o := paho.NewClientOptions().AddBroker("tcp://" + address).SetClientID(fmt.Sprintf("demo-gateway-%d", i)).SetUsername(name).SetPassword(key).
			SetProtocolVersion(4).SetConnectRetry(true).SetConnectRetryInterval(time.Second).SetMaxReconnectInterval(2 * time.Second).SetCleanSession(false)
		d.clients = append(d.clients, paho.NewClient(o))
		d.queues = append(d.queues, make(chan message, queue))
	}
	return d
}

// run sends what is queued on one connection until ctx ends.
func (d *devices) run(ctx context.Context, i int) error {
	if token := d.clients[i].Connect(); !wait(ctx, token) {
		return ctx.Err()
	}
	defer d.clients[i].Disconnect(250)
	for {
		select {
		case m := <-d.queues[i]:
			if token := d.clients[i].Publish("events", 1, false, m.encode()); !wait(ctx, token) {
				return ctx.Err()
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// wait waits for a token; the client itself resends after a lost connection.
func wait(ctx context.Context, token paho.Token) bool {
	select {
	case <-token.Done():
		return true
	case <-ctx.Done():
		return false
	}
}

// queue hands a message to the connection of its device; when the program cannot keep up, the device drops it, as devices do.
func (d *devices) queue(m message) {
	h := 0
	for _, b := range []byte(m.Subject) {
		h = h*31 + int(b)
	}
	select {
	case d.queues[uint(h)%connections] <- m:
	default:
		d.log.Warn("a device's message was dropped: the queue is full", "subject", m.Subject)
	}
}

// systems sends other systems' messages over HTTP, as NDJSON, and sends them again until they are accepted.
type systems struct {
	client *Client
	queue  chan []message
	log    *slog.Logger
}

func (s *systems) run(ctx context.Context) error {
	for {
		select {
		case batch := <-s.queue:
			for s.send(ctx, batch) != nil && ctx.Err() == nil {
				s.log.Warn("the program did not take a system's messages; trying again", "messages", len(batch))
				if !pause(ctx, time.Second) {
					return ctx.Err()
				}
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *systems) send(ctx context.Context, batch []message) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	var body bytes.Buffer
	for _, m := range batch {
		body.Write(m.encode())
		body.WriteByte('\n')
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.client.base+"/api/v1/events", &body)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	r.Header.Set("Authorization", "Bearer "+s.client.key)
	res, err := s.client.http.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(res.Body, 4096)) // only for the log
	if res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests {
		return fmt.Errorf("answered %s", res.Status)
	}
	if res.StatusCode != http.StatusAccepted || bytes.Contains(text, []byte(`"index"`)) {
		s.log.Warn("the program refused messages", "status", res.Status, "answer", string(text))
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
