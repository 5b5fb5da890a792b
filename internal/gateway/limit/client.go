package limit

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// proxies are the networks whose word on their clients is believed.
type proxies []netip.Prefix

func (p proxies) trust(a netip.Addr) bool {
	for _, network := range p {
		if network.Contains(a) {
			return true
		}
	}
	return false
}

// addressOf reads HOST:PORT or HOST.
func addressOf(remote string) (netip.Addr, bool) {
	if host, _, err := net.SplitHostPort(remote); err == nil {
		remote = host
	}
	a, err := netip.ParseAddr(strings.TrimSpace(remote))
	return a.Unmap().WithZone(""), err == nil
}

// introduce gives a request the address of its client, and says whether that client spoke TLS to the proxy. The headers of strangers are taken away: nothing
// behind this door can be misled by them.
func (p proxies) introduce(r *http.Request) {
	forwarded := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
	proto := r.Header.Get("X-Forwarded-Proto")
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip"} {
		r.Header.Del(name)
	}
	at, ok := addressOf(r.RemoteAddr)
	if !ok || !p.trust(at) {
		return
	}
	if proto == "https" && r.TLS == nil {
		r.TLS = &tls.ConnectionState{} // what asks for it asks whether cookies may say Secure
	}
	hops := strings.Split(forwarded, ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, ok := addressOf(hops[i])
		if !ok {
			break // whatever stands before was written by nobody we know
		}
		at = hop
		if !p.trust(hop) {
			break
		}
	}
	r.RemoteAddr = net.JoinHostPort(at.String(), "0")
}

// network is what an address is counted under: whoever has an IPv6 address has a whole network of them.
func network(remote string) string {
	a, ok := addressOf(remote)
	if !ok {
		return remote
	}
	if a.Is4() {
		return a.String()
	}
	wide, err := a.Prefix(64)
	if err != nil {
		return a.String()
	}
	return wide.String()
}
