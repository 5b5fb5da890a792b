package limit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// free is what each body may have of the memory without asking.
const free = 64 << 10

// body is a request's body that is looked at while it is read: how deep it nests, and how much memory all bodies take.
type body struct {
	ctx     context.Context // of the request
	address string
	from    io.ReadCloser
	door    *Door
	control *http.ResponseController
	json    bool
	nesting nesting
	read    int64
	taken   int64 // of the door's memory
	failed  error
}

// mayBeJSON says whether a body is read as JSON. What says nothing is.
func mayBeJSON(media string) bool {
	media = strings.ToLower(strings.TrimSpace(media))
	for _, other := range []string{"image/", "multipart/", "text/", "application/octet-stream", "application/x-www-form-urlencoded"} {
		if strings.HasPrefix(media, other) {
			return false
		}
	}
	return true
}

// Read reads on, until something is over a limit.
func (b *body) Read(p []byte) (n int, err error) {
	if b.failed != nil {
		return 0, b.failed
	}
	n, err = b.from.Read(p)
	if b.failed = b.check(p[:n]); b.failed != nil {
		return 0, b.failed
	}
	if errors.Is(err, io.EOF) {
		b.control.SetReadDeadline(time.Time{}) // it was the body's; the answer may take longer
	}
	return n, err
}

func (b *body) check(p []byte) error {
	b.read += int64(len(p))
	if more := b.read - free - b.taken; more > 0 {
		if err := b.slow(more); err != nil {
			return err
		}
		b.taken += more
		if b.door.bodies.Add(more) > int64(b.door.l.BodyMemory) {
			return b.door.refuse("body-memory", http.StatusServiceUnavailable, time.Second, "too much is being sent at this moment; send it again")
		}
	}
	if b.json && !b.nesting.within(p, b.door.l.Depth) {
		return b.door.refuse("depth", http.StatusBadRequest, 0, fmt.Sprintf("JSON may be nested %d levels deep at most", b.door.l.Depth))
	}
	return nil
}

// slow waits for the turn of some more bytes.
func (b *body) slow(more int64) error {
	kib := int((b.taken+more)>>10 - b.taken>>10)
	now := b.door.clock.Now()
	wait := b.door.kibibytes.reserve(b.address, kib, now)
	if wait == 0 {
		return nil
	}
	b.door.refused.WithLabelValues("bodies-address").Inc()
	return b.door.clock.Wait(b.ctx, now.Add(wait))
}

func (b *body) release() { b.door.bodies.Add(-b.taken) }

// Close closes the body.
func (b *body) Close() error { return b.from.Close() }

// nesting counts how deep JSON is while it passes by. What is no JSON is counted somehow; its reader will say so.
type nesting struct {
	depth         int
	text, escaped bool
}

// within says whether the next piece stays within a depth.
func (n *nesting) within(piece []byte, most int) bool {
	for _, c := range piece {
		switch {
		case n.escaped:
			n.escaped = false
		case n.text:
			n.escaped, n.text = c == '\\', c != '"'
		case c == '"':
			n.text = true
		case c == '[' || c == '{':
			if n.depth++; n.depth > most {
				return false
			}
		case c == ']' || c == '}':
			n.depth--
		}
	}
	return true
}

// TooDeep says whether JSON nests deeper than the limit.
func (d *Door) TooDeep(json []byte) bool {
	var n nesting
	if n.within(json, d.l.Depth) {
		return false
	}
	d.refused.WithLabelValues("depth").Inc()
	return true
}
