package notify

import (
	"errors"
	"net"
	"net/netip"
	"testing"
)

// The last line of the defence, should an address ever get past the first: the system's own dialer asks the guard about whom it is about to connect to.
func TestSystemsDialerAsksTheGuard(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for allow, want := range map[string]bool{"10.0.0.0/8": false, "127.0.0.0/8": true} {
		g := newGuard(WebhookOptions{Allow: []netip.Prefix{netip.MustParsePrefix(allow)}}, false)
		for _, host := range []string{"127.0.0.1", "localhost"} {
			c, err := g.dial(t.Context(), "tcp4", net.JoinHostPort(host, port))
			if err == nil {
				_ = c.Close()
			}
			if _, refused := errors.AsType[*Failure](err); (err == nil) != want || refused == want {
				t.Errorf("%s with %s: %v", host, allow, err)
			}
		}
	}
}
