package mqtt_test

import (
	"context"
	"net"
	"testing"

	"github.com/eclipse/paho.golang/paho"
)

// A connection is told how much it may keep here: without bounds one device could have gigabytes of topic names and half-sent messages remembered.
func TestAConnectionKeepsLittle(t *testing.T) {
	t.Parallel()
	c := start(t)
	conn, err := net.Dial("tcp", c.addr)
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan byte, 1)
	client := paho.NewClient(paho.ClientConfig{Conn: conn, OnServerDisconnect: func(d *paho.Disconnect) { gone <- d.ReasonCode }})
	ack, err := client.Connect(t.Context(), &paho.Connect{ClientID: "test", KeepAlive: 30, CleanStart: true})
	if err != nil {
		t.Fatal(err)
	}
	if most := ack.Properties.ReceiveMaximum; most == nil || *most > 128 {
		t.Errorf("so many messages may be half sent: %v", most)
	}
	alias := uint16(65)
	publish, cancel := context.WithCancel(t.Context())
	go client.Publish(publish, &paho.Publish{Topic: "city/water.level/p-7", QoS: 1, Payload: []byte(`{"cm":17}`), Properties: &paho.PublishProperties{TopicAlias: &alias}})
	select {
	case reason := <-gone:
		if reason != 0x94 { // topic alias invalid
			t.Errorf("ended with %#x", reason)
		}
	case <-c.arrived:
		t.Error("a 65th name of a topic was kept")
	}
	cancel()
}
