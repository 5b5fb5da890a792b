package notify

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// guard dials for webhooks, and refuses what a receiver's name must not lead to: this machine, networks that are not public, and the metadata services
// of clouds. Otherwise whoever may name a receiver could have the program speak to whatever the program can reach (server-side request forgery).
//
// It decides on the address that it dials, at the moment of dialling, and dials just that address: so a name that resolves to another address the next
// time gains nothing.
type guard struct {
	allow    []netip.Prefix // one's own networks
	only     bool           // nothing but allow
	resolver Resolver
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
}

func newGuard(o WebhookOptions, only bool) *guard {
	g := &guard{allow: o.Allow, only: only, resolver: o.Resolver, dial: o.Dial}
	if g.resolver == nil {
		g.resolver = net.DefaultResolver
	}
	if g.dial == nil {
		g.dial = (&net.Dialer{ControlContext: g.control}).DialContext
	}
	return g
}

// Resolver looks up the addresses of a name; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// metadata are addresses at which clouds tell a machine its credentials. No allow-list opens them.
var metadata = prefixes("169.254.169.254/32", "169.254.170.2/32", "169.254.170.23/32", "fd00:ec2::/32", "fd20:ce::254/128", // AWS, Azure, GCP and others
	"100.100.100.200/32", // Alibaba Cloud
	"192.0.0.192/32",     // Oracle
	"168.63.129.16/32")   // Azure's host

// special are the blocks of IPv4 and IPv6 that are not the public network, after IANA's registries of special-purpose addresses. Of IPv6, only global
// unicast is let through at all.
var (
	special = prefixes("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
		"192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
	globalUnicast = netip.MustParsePrefix("2000::/3")
)

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, s := range texts {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}

func anyContains(list []netip.Prefix, ip netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// permits says whether an address may be dialled. An IPv4 address that is written as an IPv6 one is the IPv4 address.
func (g *guard) permits(ip netip.Addr) bool {
	if !ip.IsValid() || ip.Zone() != "" {
		return false
	}
	ip = ip.Unmap()
	switch {
	case ip.IsUnspecified(), ip.IsMulticast(), anyContains(metadata, ip):
		return false
	case anyContains(g.allow, ip):
		return true
	case g.only, anyContains(special, ip):
		return false
	}
	return ip.Is4() || globalUnicast.Contains(ip)
}

// DialContext is for http.Transport.
func (g *guard) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	found, err := g.addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	err = g.forbidden()
	for _, ip := range found {
		if !g.permits(ip) {
			continue
		}
		var c net.Conn
		if c, err = g.dial(ctx, network, net.JoinHostPort(ip.String(), port)); err == nil {
			return c, nil
		}
	}
	return nil, err
}

// addresses are those of a host. A host that looks like a number but is no plain address ("0x7f.1", "2130706433") is refused: it means different
// addresses to different programs.
func (g *guard) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	if endsInNumber(host) {
		return nil, g.forbidden()
	}
	return g.resolver.LookupNetIP(ctx, "ip", host)
}

// endsInNumber is the test of the WHATWG URL standard for hosts that are meant as IPv4 addresses.
func endsInNumber(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := strings.ToLower(host[strings.LastIndexByte(host, '.')+1:])
	if strings.Trim(last, "0123456789") == "" {
		return true
	}
	hex, is := strings.CutPrefix(last, "0x")
	_, err := strconv.ParseUint(hex, 16, 64)
	return is && (hex == "" || err == nil || errors.Is(err, strconv.ErrRange))
}

func (g *guard) forbidden() error {
	if g.only {
		return refuse("未加密的 http 只能用于允许清单内的地址", "plain http is for addresses of the allow-list only")
	}
	return refuse("接收方的网址指向不允许的内部地址", "the receiver's URL leads to an address inside that is not allowed")
}

// control checks the address once more, as the system is about to connect: for dialers that would look names up by themselves.
func (g *guard) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !g.permits(at.Addr()) {
		return g.forbidden()
	}
	return nil
}
