package crash

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"testing"

	paho5 "github.com/eclipse/paho.golang/paho"
	paho3 "github.com/eclipse/paho.mqtt.golang"

	"twoweave/internal/platform/synctrace"
)

// request is one thing asked of the program on a connection.
type request struct {
	tokens  []string // what must be durable before it is answered: ids of events, or the note of a command
	command string   // the case of a command
}

// journal is what was asked on which connection, in order; a connection is named by the client's address. The answers on a connection come in
// the order of the requests, so that each answer in a trace is known to be of which request.
type journal struct {
	mu  sync.Mutex
	all map[string][]request
}

func newJournal() *journal { return &journal{all: map[string][]request{}} }

func (j *journal) note(from net.Addr, r request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.all[from.String()] = append(j.all[from.String()], r)
}

// noted is ctx under which a request is noted when it has got its connection.
func (j *journal) noted(ctx context.Context, r request) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { j.note(c.Conn.LocalAddr(), r) }})
}

// answered is a request with the place of its answer in the trace.
type answered struct {
	request
	op int
}

// answers finds the answer of every request. Each must have one.
func (j *journal) answers(t *testing.T, tr *synctrace.Trace) (all []answered) {
	t.Helper()
	seen := map[string]int{}
	for _, i := range tr.Find(func(op *synctrace.Op) bool { return op.Kind == synctrace.Send && positive(op.Data) }) {
		_, rest, _ := strings.Cut(tr.Ops[i].Path, "->")
		client := strings.TrimSuffix(rest, "]")
		if n := seen[client]; n < len(j.all[client]) {
			all = append(all, answered{j.all[client][n], i})
		}
		seen[client]++
	}
	for client, asked := range j.all {
		if seen[client] != len(asked) {
			t.Errorf("the trace has %d answers to %d requests from %s", seen[client], len(asked), client)
		}
	}
	return all
}

// positive: an answer that acknowledges, of HTTP or MQTT.
func positive(data []byte) bool {
	return bytes.HasPrefix(data, []byte("HTTP/1.1 2")) || len(data) > 0 && data[0] == 0x40
}

// sender sends events over one connection of one kind and notes them.
type sender func(t *testing.T, ids []string, events []string)

// overHTTP is a sender over one HTTP connection.
func (p *program) overHTTP(j *journal, media string) sender {
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}
	return func(t *testing.T, ids, events []string) {
		body := strings.Join(events, "\n")
		if media == "application/cloudevents-batch+json" {
			body = "[" + strings.Join(events, ",") + "]"
		}
		n, err := p.send(j.noted(t.Context(), request{tokens: ids}), client, media, []byte(body))
		if err != nil || n != len(events) {
			t.Errorf("%s: %d of %d accepted: %v", media, n, len(events), err)
		}
	}
}

// overMQTT3 and overMQTT5 are senders of single events over one connection with QoS 1.
func (p *program) overMQTT3(t *testing.T, j *journal) sender {
	t.Helper()
	conn, err := net.Dial("tcp", p.mqtt)
	if err != nil {
		t.Fatal(err)
	}
	o := paho3.NewClientOptions().AddBroker("tcp://" + p.mqtt).SetClientID("three-" + conn.LocalAddr().String()).SetProtocolVersion(4).SetAutoReconnect(false)
	o.SetCustomOpenConnectionFn(func(*url.URL, paho3.ClientOptions) (net.Conn, error) { return conn, nil })
	client := paho3.NewClient(o)
	if token := client.Connect(); token.Wait() && token.Error() != nil {
		t.Fatal(token.Error())
	}
	t.Cleanup(func() { client.Disconnect(0) })
	return func(t *testing.T, ids, events []string) {
		for i, e := range events {
			j.note(conn.LocalAddr(), request{tokens: ids[i : i+1]})
			if token := client.Publish("events", 1, false, e); token.Wait() && token.Error() != nil {
				t.Error(token.Error())
			}
		}
	}
}

func (p *program) overMQTT5(t *testing.T, j *journal) sender {
	t.Helper()
	conn, err := net.Dial("tcp", p.mqtt)
	if err != nil {
		t.Fatal(err)
	}
	client := paho5.NewClient(paho5.ClientConfig{Conn: conn})
	if _, err := client.Connect(t.Context(), &paho5.Connect{ClientID: "five-" + conn.LocalAddr().String(), KeepAlive: 60, CleanStart: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(&paho5.Disconnect{}) }) // the program may be gone
	return func(t *testing.T, ids, events []string) {
		for i, e := range events {
			j.note(conn.LocalAddr(), request{tokens: ids[i : i+1]})
			if _, err := client.Publish(t.Context(), &paho5.Publish{Topic: "events", QoS: 1, Payload: []byte(e)}); err != nil {
				t.Error(err)
			}
		}
	}
}

// noteCommand files a case over a connection of its own.
func (p *program) noteCommand(j *journal, id, key string, version int64) error {
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1, DisableKeepAlives: true}}
	body := fmt.Sprintf(`{"command":"file","version":%d,"note":%q}`, version, key)
	ctx := j.noted(context.Background(), request{tokens: []string{key}, command: id})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.http+"/api/v1/cases/"+id+"/commands", strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+p.key)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return &unexpected{res.StatusCode, ""}
	}
	return nil
}
