package mqtt_test

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	paho3 "github.com/eclipse/paho.mqtt.golang"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/gateway/mqtt"
	"twoweave/internal/manage/event"
)

// city is a gateway over a log that a test holds in its hand.
type city struct {
	addr    string
	release chan struct{} // Accept waits for a value per event
	mu      sync.Mutex
	events  []event.Event
	senders []event.Sender
	arrived chan struct{}
	answer  error
}

func (c *city) accept(ctx context.Context, sender event.Sender, e event.Event) ([]fault.Problem, error) {
	c.mu.Lock()
	c.events, c.senders = append(c.events, e), append(c.senders, sender)
	c.mu.Unlock()
	c.arrived <- struct{}{}
	<-c.release
	if e.Type == "unknown" {
		return []fault.Problem{{Field: "type", Message: "is not declared"}}, nil
	}
	return nil, c.answer
}

func start(t *testing.T) *city {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &city{addr: l.Addr().String(), release: make(chan struct{}, 16), arrived: make(chan struct{}, 16)}
	var topics []mqtt.Topic
	for _, p := range mqtt.DefaultTopics {
		topic, err := mqtt.ParseTopic(p)
		if err != nil {
			t.Fatal(err)
		}
		topics = append(topics, topic)
	}
	anonymous := access.Actor{ID: "anonymous", Roles: []access.Role{access.Device}}
	g, err := mqtt.New(mqtt.Options{Listener: l, Topics: topics, Accept: c.accept, Anonymous: &anonymous, Log: slog.New(slog.DiscardHandler),
		Authenticate: func(_ context.Context, name, key string) (access.Actor, error) {
			if key != "secret" {
				return access.Actor{}, fault.New(fault.Unauthenticated, "test", "wrong key")
			}
			role := access.Device
			if name == "viewer" {
				role = access.Viewer
			}
			actor := access.Actor{ID: name, Roles: []access.Role{role}}
			if name == "river" {
				actor.Scope = access.Scope{"event.send:river.*"}
			}
			return actor, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Serve(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { close(c.release); g.Close() })
	return c
}

func (c *city) connect5(t *testing.T, name, key string) (*paho.Client, error) {
	t.Helper()
	conn, err := net.Dial("tcp", c.addr)
	if err != nil {
		t.Fatal(err)
	}
	client := paho.NewClient(paho.ClientConfig{Conn: conn})
	connect := &paho.Connect{ClientID: "test", KeepAlive: 30, CleanStart: true}
	if name != "" {
		connect.Username, connect.UsernameFlag, connect.Password, connect.PasswordFlag = name, true, []byte(key), true
	}
	_, err = client.Connect(t.Context(), connect)
	return client, err
}

func TestPubackWaitsForTheLog(t *testing.T) {
	t.Parallel()
	c := start(t)
	client, err := c.connect5(t, "gauge", "secret")
	if err != nil {
		t.Fatal(err)
	}
	acked := make(chan error, 1)
	go func() {
		_, err := client.Publish(context.Background(), &paho.Publish{Topic: "city/water.level/p-7", QoS: 1, Payload: []byte(`{"cm":17}`)})
		acked <- err
	}()
	<-c.arrived
	select {
	case err := <-acked:
		t.Fatalf("acknowledged before the log answered: %v", err)
	default:
	}
	c.release <- struct{}{}
	if err := <-acked; err != nil {
		t.Fatal(err)
	}
	e := c.events[0]
	if e.Type != "water.level" || e.Subject != "p-7" || string(e.Data) != `{"cm":17}` || e.ID == "" || c.senders[0] != "gauge" {
		t.Errorf("event = %+v from %q", e, c.senders[0])
	}
}

func TestBadEventIsRefusedWithAReasonCode(t *testing.T) {
	t.Parallel()
	c := start(t)
	client, err := c.connect5(t, "", "")
	if err != nil {
		t.Fatal(err)
	}
	c.release <- struct{}{}
	for _, topic := range []string{"city/unknown/x", "elsewhere"} {
		res, err := client.Publish(t.Context(), &paho.Publish{Topic: topic, QoS: 1, Payload: []byte(`{}`)})
		if err == nil || res == nil || res.ReasonCode != 0x99 {
			t.Errorf("%s: answer %+v, %v; want reason code 0x99", topic, res, err)
		}
	}
}

func TestWhenTheLogIsDownNothingIsAcknowledged(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.answer = fault.New(fault.Unavailable, "test", "the log is down")
	opts := paho3.NewClientOptions().AddBroker("tcp://" + c.addr).SetProtocolVersion(4).SetAutoReconnect(false).SetConnectRetry(false)
	lost := make(chan error, 1)
	opts.SetConnectionLostHandler(func(_ paho3.Client, err error) { lost <- err })
	client := paho3.NewClient(opts)
	if tok := client.Connect(); tok.WaitTimeout(5*time.Second) && tok.Error() != nil {
		t.Fatal(tok.Error())
	}
	token := client.Publish("city/water.level/p-7", 1, false, `{"cm":17}`)
	<-c.arrived
	c.release <- struct{}{}
	<-lost
	select {
	case <-token.Done():
		if token.Error() == nil {
			t.Error("the publish was acknowledged although the log was down")
		}
	default:
	}
}

func TestConnectionsAreJudged(t *testing.T) {
	t.Parallel()
	c := start(t)
	if _, err := c.connect5(t, "gauge", "guess"); err == nil {
		t.Error("a wrong key was let in")
	}
	if _, err := c.connect5(t, "viewer", "secret"); err == nil {
		t.Error("a viewer may send events")
	}
}

// A key whose scope names types sends those alone; what one connection may does not widen when others come and go.
func TestAScopeOfTypes(t *testing.T) {
	t.Parallel()
	c := start(t)
	client, err := c.connect5(t, "river", "secret")
	if err != nil {
		t.Fatal(err)
	}
	send := func(topic string) byte {
		t.Helper()
		res, err := client.Publish(t.Context(), &paho.Publish{Topic: topic, QoS: 1, Payload: []byte(`{"cm":17}`)})
		if res == nil {
			t.Fatal(err)
		}
		return res.ReasonCode
	}
	for range 3 {
		c.release <- struct{}{}
	}
	if level, quality, water := send("city/river.level/r"), send("city/river.quality/r"), send("city/water.level/p-7"); level != 0 || quality != 0 || water != 0x99 {
		t.Errorf("answers %#x, %#x and %#x", level, quality, water)
	}
	if len(c.events) != 2 {
		t.Errorf("%d events came in", len(c.events))
	}
}

// A device hears nothing of others: neither by a topic's name, nor by a pattern, nor by a shared subscription.
func TestNobodySubscribes(t *testing.T) {
	t.Parallel()
	c := start(t)
	for _, topic := range []string{"city/water.level/p-7", "city/#", "$SYS/#", "$share/g/city/+/+"} {
		client, err := c.connect5(t, "gauge", "secret")
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Subscribe(t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: topic, QoS: 1}}})
		if err == nil || answer != nil && answer.Reasons[0] < 0x80 {
			t.Errorf("%s: %+v, %v", topic, answer, err)
		}
	}
}

func TestTopicPatterns(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "a/+/b", "a/#", "a/{colour}", "{subject...}/a"} {
		if _, err := mqtt.ParseTopic(bad); err == nil {
			t.Errorf("pattern %q was taken", bad)
		}
	}
}
