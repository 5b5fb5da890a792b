package crash

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	batchEvents = 250 // of one request
	senders     = 8
)

// batch is what one request holds; it is sent again, byte for byte, until it is acknowledged.
type batch struct {
	n      int
	body   []byte
	opens  []string // subjects whose reading is over the threshold
	closes []string // subjects whose reading is below it again
	tries  int
}

// ledger is the client's log: what was sent and what was acknowledged. It lives outside the program.
type ledger struct {
	mu      sync.Mutex
	made    int      // batches
	again   []*batch // sent, not acknowledged
	acked   int      // batches
	resent  int      // batches, counted for each time
	opened  map[string]bool
	closed  map[string]bool
	closing []string // acknowledged as open, to be closed by a later batch
	faults  []string // answers that must not be
}

func newLedger() *ledger { return &ledger{opened: map[string]bool{}, closed: map[string]bool{}} }

// next is a batch to send: first those that have no acknowledgement yet. nil: nothing is left, and no new one is wanted.
func (l *ledger) next(fresh bool) *batch {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.again); n > 0 {
		b := l.again[n-1]
		l.again = l.again[:n-1]
		l.resent++
		return b
	}
	if !fresh {
		return nil
	}
	l.made++
	b := &batch{n: l.made, closes: l.closing}
	l.closing = nil
	b.fill(time.Now())
	return b
}

// fill writes the events: one that opens a case, those that end some, and harmless ones of a few hundred sensors.
func (b *batch) fill(now time.Time) {
	b.opens = []string{fmt.Sprintf("leak-%d", b.n)}
	var body bytes.Buffer
	line := func(i int, subject string, percent float64) {
		body.WriteString(reading(fmt.Sprintf("e-%d-%d", b.n, i), subject, percent, now))
		body.WriteByte('\n')
	}
	i := 0
	for _, s := range b.opens {
		line(i, s, 60)
		i++
	}
	for _, s := range b.closes {
		line(i, s, 2)
		i++
	}
	for ; i < batchEvents; i++ {
		line(i, fmt.Sprintf("calm-%d", (b.n*37+i)%400), 3)
	}
	b.body = body.Bytes()
}

func (l *ledger) acknowledged(b *batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked++
	for _, s := range b.opens {
		l.opened[s] = true
	}
	if len(b.opens) > 0 && len(l.closing) < 20 {
		l.closing = append(l.closing, b.opens[0])
	}
	for _, s := range b.closes {
		l.closed[s] = true
	}
}

func (l *ledger) unanswered(b *batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b.tries++
	l.again = append(l.again, b)
}

func (l *ledger) fault(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, fmt.Sprintf(format, args...))
}

// load sends while the program runs; up and down are called around each life of the program.
type load struct {
	p        *program
	l        *ledger
	inFlight atomic.Int64 // events of requests that are written whole and not answered
	acks     atomic.Int64 // events acknowledged in this life
	lost     atomic.Int64 // events that were in flight when the program died
	stop     context.CancelFunc
	fresh    atomic.Bool
	all      sync.WaitGroup
}

// up starts the senders.
func (d *load) up(t testing.TB) {
	ctx, cancel := context.WithCancel(t.Context())
	d.stop = cancel
	d.inFlight.Store(0)
	d.lost.Store(0)
	d.acks.Store(0)
	transport := &http.Transport{MaxIdleConnsPerHost: senders}
	client := &http.Client{Transport: transport, Timeout: 60 * time.Second}
	for range senders {
		d.all.Go(func() { d.sender(ctx, client) })
	}
}

// down waits for the senders, after the program has died or when nothing is left to send.
func (d *load) down() {
	d.all.Wait()
	d.stop()
}

// sender sends batch after batch until one is not answered.
func (d *load) sender(ctx context.Context, client *http.Client) {
	for {
		b := d.l.next(d.fresh.Load())
		if b == nil {
			return
		}
		accepted, written, err := d.one(ctx, client, b)
		if status, ok := err.(*unexpected); ok && status.status == http.StatusServiceUnavailable {
			d.l.unanswered(b) // it stops, or the log does not answer: again later
			continue
		}
		if err != nil {
			if written {
				d.lost.Add(batchEvents)
			}
			d.l.unanswered(b)
			if _, ok := err.(*unexpected); ok {
				d.l.fault("batch %d: %v", b.n, err)
			}
			return
		}
		if accepted != batchEvents {
			d.l.fault("batch %d: %d of %d accepted", b.n, accepted, batchEvents)
		}
		d.acks.Add(batchEvents)
		d.l.acknowledged(b)
	}
}

func (d *load) one(ctx context.Context, client *http.Client, b *batch) (accepted int, written bool, err error) {
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(info httptrace.WroteRequestInfo) {
		if info.Err == nil && !sent.Swap(true) {
			d.inFlight.Add(batchEvents)
		}
	}})
	accepted, err = d.p.send(ctx, client, jsonLines, b.body)
	if sent.Load() {
		d.inFlight.Add(-batchEvents)
	}
	return accepted, sent.Load(), err
}
