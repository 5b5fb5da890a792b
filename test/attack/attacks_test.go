package attack

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// got counts what attackers got.
type got struct {
	mu sync.Mutex
	by map[string]int
}

func (g *got) note(what string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.by == nil {
		g.by = map[string]int{}
	}
	g.by[what]++
}

func (g *got) answer(status int, err error) {
	if err != nil {
		g.note("cut off")
		return
	}
	g.note(fmt.Sprint(status))
}

func (g *got) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []string
	for what, n := range g.by {
		all = append(all, fmt.Sprintf("%s: %d", what, n))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// attack does its worst until ctx ends.
type attack struct {
	name, pace string
	run        func(context.Context, *city, *got)
}

var attacks = []attack{
	{"password guessing", "100 guesses/s, other names each, 250 addresses", guessing},
	{"oversized bodies", "4 at a time, 64 MB each", oversized},
	{"deeply nested bodies", "20/s, 100,000 levels, also in base64", nested},
	{"gzip bombs", "20/s, 250 KB that become 256 MB", bombs},
	{"slow heads", "2,000 connections from 4 addresses, a byte a second", slowHeads},
	{"slow bodies", "1,000 connections from 4 addresses, a byte a second", slowBodies},
	{"idle streams", "5,000 streams with 8 stolen keys, from 20 addresses, 500 more each second", idleStreams},
	{"streams that do not read", "200 streams, each asks for all that ever was", deafStreams},
	{"dedup poisoning", "the true device's next ids, 1,000/s", dedup},
	{"clock poisoning", "1,000 events/s from 1970 to 2200", clocks},
	{"key flooding", "10,000 invented places/s with high water", flood},
}

// every does something at a pace, several at a time, until ctx ends.
func every(ctx context.Context, pace time.Duration, hands int, do func(n int)) {
	var all sync.WaitGroup
	defer all.Wait()
	free := make(chan struct{}, hands)
	beat := time.NewTicker(pace)
	defer beat.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
		select {
		case free <- struct{}{}:
			all.Go(func() { do(n); <-free })
		default: // all hands wait for answers
		}
	}
}

func from(network, n int) string { return fmt.Sprintf("127.0.%d.%d", network, n%250+1) }

func guessing(ctx context.Context, c *city, g *got) {
	clients := make([]*http.Client, 250)
	for i := range clients {
		clients[i] = client(from(2, i), 30*time.Second)
	}
	every(ctx, 10*time.Millisecond, 200, func(n int) {
		form := url.Values{"name": {fmt.Sprintf("person-%d", rand.IntN(1000))}, "passphrase": {fmt.Sprintf("correct horse battery %d", n)}}
		status, _, header, err := c.ask(ctx, clients[n%len(clients)], "", "POST", "/signin", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
		if err == nil && status == http.StatusSeeOther {
			_, word, _ := strings.Cut(header.Get("Location"), "error=")
			g.note("refused as " + word)
			return
		}
		g.answer(status, err)
	})
}

// zeros is a body of some size.
func zeros(size int64) io.Reader { return io.LimitReader(endless{}, size) }

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func oversized(ctx context.Context, c *city, g *got) {
	by := client(from(3, 1), 30*time.Second)
	every(ctx, 20*time.Millisecond, 4, func(n int) {
		path, key, media := "/api/v1/events", c.keys["rogue"], "application/x-ndjson"
		if n%2 == 1 {
			path, key, media = "/signin", "", "application/x-www-form-urlencoded"
		}
		status, _, _, err := c.ask(ctx, by, key, "POST", path, media, zeros(64<<20))
		g.answer(status, err)
	})
}

func nested(ctx context.Context, c *city, g *got) {
	by := client(from(4, 1), 30*time.Second)
	deep := strings.Repeat("[", 100_000)
	hidden := fmt.Sprintf(`{"specversion":"1.0","id":"x","source":"s","type":"water.level","data_base64":%q}`, base64.StdEncoding.EncodeToString([]byte(strings.Repeat("[", 9_000)+strings.Repeat("]", 9_000))))
	every(ctx, 50*time.Millisecond, 8, func(n int) {
		body := deep
		if n%2 == 1 {
			body = hidden
		}
		status, _, _, err := c.ask(ctx, by, c.keys["rogue"], "POST", "/api/v1/events", "application/cloudevents+json", strings.NewReader(body))
		g.answer(status, err)
	})
}

func bombs(ctx context.Context, c *city, g *got) {
	by := client(from(5, 1), 30*time.Second)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.Copy(z, zeros(256<<20))
	_ = z.Close()
	every(ctx, 50*time.Millisecond, 8, func(int) {
		status, _, _, err := c.ask(ctx, by, c.keys["rogue"], "POST", "/api/v1/events", "application/x-ndjson", bytes.NewReader(packed.Bytes()), "Content-Encoding", "gzip")
		g.answer(status, err)
	})
}

// hold opens connections until there are as many as wanted, and feeds each a byte a second; one that is closed is opened anew.
func hold(ctx context.Context, c *city, g *got, network, addresses, many int, head string) {
	var all sync.WaitGroup
	defer all.Wait()
	for i := range many {
		all.Go(func() {
			for ctx.Err() == nil {
				drip(ctx, c, g, from(network, i%addresses), head)
				select {
				case <-ctx.Done():
				case <-time.After(time.Second):
				}
			}
		})
		<-time.After(time.Millisecond)
	}
}

func drip(ctx context.Context, c *city, g *got, from, head string) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 5 * time.Second}
	conn, err := d.DialContext(ctx, "tcp", c.addr)
	if err != nil {
		g.note("not connected")
		return
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	begun := time.Now()
	if _, err := io.WriteString(conn, head); err != nil {
		g.note("closed at once")
		return
	}
	for {
		_ = conn.SetReadDeadline(time.Now().Add(time.Second))
		answer := make([]byte, 64)
		n, err := conn.Read(answer)
		if e, ok := err.(net.Error); ok && e.Timeout() {
			if _, err := io.WriteString(conn, "x"); err == nil {
				continue
			}
		}
		switch held := time.Since(begun).Round(5 * time.Second); {
		case ctx.Err() != nil:
			g.note("held to the end")
		case n > 12:
			g.note(fmt.Sprintf("answered %s after about %v", answer[9:12], held))
		default:
			g.note(fmt.Sprintf("closed after about %v", held))
		}
		return
	}
}

func slowHeads(ctx context.Context, c *city, g *got) {
	hold(ctx, c, g, 6, 4, 2000, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
}

func slowBodies(ctx context.Context, c *city, g *got) {
	var both sync.WaitGroup
	defer both.Wait()
	both.Go(func() {
		hold(ctx, c, g, 7, 4, 500, "POST /signin HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\n")
	})
	hold(ctx, c, g, 7, 4, 500, "POST /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+c.keys["rogue"]+"\r\nContent-Type: application/x-ndjson\r\nContent-Length: 8000000\r\n\r\n")
}

// stream opens a live stream and holds it to the end, reading or not.
func stream(ctx context.Context, c *city, g *got, from, key, after string, deaf bool) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 10 * time.Second}
	conn, err := d.DialContext(ctx, "tcp", c.addr)
	if err != nil {
		g.note("not connected")
		return
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if deaf {
		_ = conn.(*net.TCPConn).SetReadBuffer(4096)
	}
	_, _ = fmt.Fprintf(conn, "GET /api/v1/stream%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", after, c.keys[key])
	in := bufio.NewReaderSize(conn, 1024)
	line, err := in.ReadString('\n')
	if err != nil {
		g.note("cut off")
		return
	}
	if !strings.Contains(line, "200") {
		g.note(strings.TrimSpace(line[9:]))
		return
	}
	g.note("opened")
	if deaf {
		<-ctx.Done()
		return
	}
	if _, _ = io.Copy(io.Discard, in); ctx.Err() == nil {
		g.note("cut off later")
	}
}

func streams(ctx context.Context, c *city, g *got, network, addresses, many int, after string, deaf bool) {
	var all sync.WaitGroup
	defer all.Wait()
	for i := range many {
		if ctx.Err() != nil {
			break
		}
		all.Go(func() { stream(ctx, c, g, from(network, i%addresses), fmt.Sprint("stolen-", i%8), after, deaf) })
		<-time.After(2 * time.Millisecond)
	}
}

func idleStreams(ctx context.Context, c *city, g *got) { streams(ctx, c, g, 8, 20, 5000, "", false) }

func deafStreams(ctx context.Context, c *city, g *got) {
	streams(ctx, c, g, 9, 20, 200, "?after=1", true)
}

// lies sends events of a rogue device at a pace, a hundred at a time.
func lies(ctx context.Context, c *city, g *got, network int, pace time.Duration, many int, event func(n int) string) {
	by := client(from(network, 1), 30*time.Second)
	every(ctx, pace, 8, func(n int) {
		var lines strings.Builder
		for i := range many {
			lines.WriteString(event(n*many + i))
		}
		status, _, _, err := c.ask(ctx, by, c.keys["rogue"], "POST", "/api/v1/events", "application/x-ndjson", strings.NewReader(lines.String()))
		if ctx.Err() == nil {
			g.answer(status, err)
		}
	})
}

// dedup takes the ids that the true device will use next, with the same source, for harmless readings of its own.
func dedup(ctx context.Context, c *city, g *got) {
	lies(ctx, c, g, 10, 100*time.Millisecond, 100, func(n int) string {
		return reading(trueID(n), fmt.Sprintf("decoy-%d", n%500), 1, time.Now())
	})
}

func clocks(ctx context.Context, c *city, g *got) {
	lies(ctx, c, g, 11, 100*time.Millisecond, 100, func(n int) string {
		at := time.Date(1970+rand.IntN(230), 1, 1, 0, 0, 0, 0, time.UTC)
		return reading(fmt.Sprintf("clock-%d-%d", n, rand.Int()), fmt.Sprintf("adrift-%d", n%500), 1, at)
	})
}

func flood(ctx context.Context, c *city, g *got) {
	lies(ctx, c, g, 12, 100*time.Millisecond, 1000, func(n int) string {
		return reading(fmt.Sprintf("flood-%d-%d", n, rand.Int()), fmt.Sprintf("nowhere-%d-%d", n, rand.Int()), 30, time.Now())
	})
}
