package mqtt

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"sync"
	"time"

	broker "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/manage/event"
)

// MaxPacket bounds an MQTT packet in bytes.
const MaxPacket = 256 << 10

// acceptTimeout bounds how long one publish may wait for the log before its connection is closed.
const acceptTimeout = 30 * time.Second

// Options are what the gateway needs.
type Options struct {
	Listener net.Listener
	Topics   []Topic
	// Accept makes one event durable or says what is wrong with it: problems for a bad event, an error when the log does not answer.
	Accept func(ctx context.Context, sender event.Sender, e event.Event) ([]fault.Problem, error)
	// Authenticate finds who holds a key. It is asked at each connect.
	Authenticate func(ctx context.Context, name, key string) (access.Actor, error)
	// Anonymous is the actor of a connection without a user name, or nil when there must be one.
	Anonymous *access.Actor
	Log       *slog.Logger
}

// Gateway serves MQTT on one listener.
type Gateway struct {
	server *broker.Server
}

// New makes a gateway; Serve starts it.
func New(o Options) (*Gateway, error) {
	caps := broker.NewDefaultServerCapabilities()
	caps.MaximumPacketSize = MaxPacket
	caps.RetainAvailable = 0
	caps.SharedSubAvailable = 0
	caps.WildcardSubAvailable = 0
	caps.MaximumSessionExpiryInterval = 0
	caps.TopicAliasMaximum = 64 // each keeps a topic for as long as the connection lasts
	caps.ReceiveMaximum = 128   // what waits for the second half of QoS 2
	caps.MaximumInflight = 128
	server := broker.New(&broker.Options{Capabilities: caps, Logger: slog.New(failures{o.Log.Handler()})})
	h := &hook{o: o}
	if err := server.AddHook(h, nil); err != nil {
		return nil, fault.Wrap("mqtt.New", err)
	}
	if err := server.AddListener(listeners.NewNet("mqtt", o.Listener)); err != nil {
		return nil, fault.Wrap("mqtt.New", err)
	}
	return &Gateway{server: server}, nil
}

// Serve starts answering and returns at once.
func (g *Gateway) Serve() error { return fault.Wrap("mqtt.Serve", g.server.Serve()) }

// Close ends all connections; publishes that wait for the log are not acknowledged.
func (g *Gateway) Close() error { return fault.Wrap("mqtt.Close", g.server.Close()) }

// failures lets only the broker's errors into the log: it warns of every device that goes away, which devices do.
type failures struct{ slog.Handler }

// Enabled says whether an entry is grave enough.
func (f failures) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelError && f.Handler.Enabled(ctx, level)
}

// hook is where the broker asks us. The broker calls it from each connection's own goroutine.
type hook struct {
	broker.HookBase
	o      Options
	scopes sync.Map // *broker.Client → access.Scope, of connected clients whose key has one
}

func (h *hook) ID() string { return "twoweave" }

func (h *hook) Provides(b byte) bool {
	return bytes.Contains([]byte{broker.OnConnectAuthenticate, broker.OnACLCheck, broker.OnPublish, broker.OnDisconnect}, []byte{b})
}

// OnConnectAuthenticate finds the actor by name and key, and remembers who it is as the client's user name.
func (h *hook) OnConnectAuthenticate(cl *broker.Client, pk packets.Packet) bool {
	if len(pk.Connect.Username) == 0 {
		cl.Properties.Username = nil
		return h.o.Anonymous != nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), acceptTimeout)
	defer cancel()
	actor, err := h.o.Authenticate(ctx, string(pk.Connect.Username), string(pk.Connect.Password))
	if err == nil {
		err = refusal(actor)
	}
	if err != nil {
		h.o.Log.Warn("mqtt connection refused", "user", string(pk.Connect.Username), "remote", cl.Net.Remote, "reason", fault.Message(err))
		return false
	}
	cl.Properties.Username = []byte(actor.ID)
	if len(actor.Scope) > 0 {
		h.scopes.Store(cl, actor.Scope)
	}
	return true
}

// OnACLCheck lets everyone connected publish (topics are judged with the message) and nobody subscribe; so a will reaches nobody either.
func (h *hook) OnACLCheck(_ *broker.Client, _ string, write bool) bool { return write }

// OnPublish returns once the event is durable; see the package comment for what the sender is told otherwise.
func (h *hook) OnPublish(cl *broker.Client, pk packets.Packet) (packets.Packet, error) {
	pk.FixedHeader.Retain = false
	e, problems := h.event(pk)
	if len(problems) == 0 && !h.scope(cl).Sends(string(e.Type)) {
		problems = []fault.Problem{{Field: "type", Message: string(e.Type) + " is not in the scope of this key"}}
	}
	if len(problems) == 0 {
		ctx, cancel := context.WithTimeout(context.Background(), acceptTimeout)
		defer cancel()
		var err error
		if problems, err = h.o.Accept(ctx, h.sender(cl), e); err != nil {
			return pk, h.unavailable(cl, pk, err)
		}
	}
	if len(problems) == 0 {
		return pk, nil
	}
	h.o.Log.Warn("mqtt event refused", "client", cl.ID, "topic", pk.TopicName, "problems", problems)
	if cl.Properties.ProtocolVersion == 5 && pk.FixedHeader.Qos > 0 {
		return pk, packets.ErrPayloadFormatInvalid
	}
	return pk, nil
}

// OnDisconnect forgets the connection's scope.
func (h *hook) OnDisconnect(cl *broker.Client, _ error, _ bool) { h.scopes.Delete(cl) }

func (h *hook) scope(cl *broker.Client) access.Scope {
	if s, narrowed := h.scopes.Load(cl); narrowed {
		return s.(access.Scope)
	}
	return nil
}

// unavailable closes the connection without an acknowledgement, so that the sender tries again.
func (h *hook) unavailable(cl *broker.Client, pk packets.Packet, err error) error {
	h.o.Log.Error("mqtt event not accepted", "client", cl.ID, "topic", pk.TopicName, "error", err)
	cl.Stop(err)
	return packets.ErrRejectPacket
}

func (h *hook) sender(cl *broker.Client) event.Sender {
	if len(cl.Properties.Username) == 0 {
		return event.Sender(h.o.Anonymous.ID)
	}
	return event.Sender(cl.Properties.Username)
}

// event reads a message: a whole CloudEvent where the message says so, else data whose attributes come from topic and user properties.
func (h *hook) event(pk packets.Packet) (event.Event, []fault.Problem) {
	if isStructured(pk) {
		return event.FromJSON(pk.Payload)
	}
	a := event.Attributes{SpecVersion: "1.0", Source: "mqtt:" + pk.TopicName}
	if !h.place(pk.TopicName, &a) {
		return event.Event{}, []fault.Problem{{Field: "topic", Message: pk.TopicName + " fits no pattern of the topic map: " + h.patterns()}}
	}
	for _, p := range pk.Properties.User {
		setProperty(&a, p.Key, p.Val)
	}
	if a.ID == "" {
		a.ID = ident.New() // the sender gave nothing by which a repetition could be recognised
	}
	return event.FromAttributes(a, bytes.Clone(pk.Payload))
}

func (h *hook) place(topic string, a *event.Attributes) bool {
	for _, t := range h.o.Topics {
		if try := *a; t.match(topic, &try) {
			*a = try
			return true
		}
	}
	return false
}

func (h *hook) patterns() string {
	var b bytes.Buffer
	for i, t := range h.o.Topics {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(t.pattern)
	}
	return b.String()
}

func isStructured(pk packets.Packet) bool {
	if ct := pk.Properties.ContentType; ct != "" {
		return ct == "application/cloudevents+json" || ct == "application/cloudevents+json; charset=utf-8"
	}
	return bytes.Contains(pk.Payload, []byte(`"specversion"`))
}

func setProperty(a *event.Attributes, key, value string) {
	switch key {
	case "specversion":
		a.SpecVersion = value
	case "time":
		a.Time = value
	case "place":
		a.Place = value
	default:
		if set := topicAttributes[key]; set != nil {
			set(a, value)
		}
	}
}

func refusal(actor access.Actor) error {
	d := access.Decide(access.Request{Actor: actor, Action: access.SendEvent, Purpose: access.Signalling, Thing: access.Thing{Kind: "event"}})
	if d.Allow {
		return nil
	}
	return fault.New(fault.Denied, "mqtt", "%s", d.Reason)
}
