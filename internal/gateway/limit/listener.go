package limit

import (
	"net"
	"sync"
)

// listener hands out connections within the limits, and closes the others at once.
type listener struct {
	net.Listener
	door  *Door
	held  *places
	limit string
}

// Pages is a listener for pages and API.
func (d *Door) Pages(l net.Listener) net.Listener {
	return &listener{l, d, d.connections, "connections-address"}
}

// Devices is a listener for MQTT.
func (d *Door) Devices(l net.Listener) net.Listener {
	return &listener{l, d, d.devices, "devices-address"}
}

// Accept gives the next connection that is within the limits.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		client := l.client(c)
		if l.held.enter(client) {
			return &connection{Conn: c, leave: sync.OnceFunc(func() { l.held.leave(client) })}, nil
		}
		l.door.refused.WithLabelValues(l.limit).Inc()
		if t, ok := c.(*net.TCPConn); ok {
			t.SetLinger(0) // nothing of it is to be kept, not even its end
		}
		c.Close() // whoever is turned away is not asked whether they have heard
	}
}

// client is whom a connection is counted for: nobody, when a trusted proxy makes it for many.
func (l *listener) client(c net.Conn) string {
	remote := c.RemoteAddr().String()
	if at, ok := addressOf(remote); ok && l.door.proxies.trust(at) {
		return ""
	}
	return network(remote)
}

// connection gives its place back when it is closed.
type connection struct {
	net.Conn
	leave func()
}

// Close closes the connection.
func (c *connection) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
