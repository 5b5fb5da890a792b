package outbox

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
)

const (
	batch     = 200
	lease     = 10 * time.Second       // far longer than a batch takes, and what a crash delays messages by
	poll      = 250 * time.Millisecond // the longest sleep: messages also come from other processes
	firstTry  = time.Second            // after a failure; doubled each time
	lastTry   = 5 * time.Minute        // the longest such wait
	givingUp  = 3                      // failures in a row after which the bus, not the message, is taken to be at fault
	outageTry = time.Second            // how long Run then leaves the bus alone
)

// Publisher is the bus. Publish returns when the message is durable, with its sequence there. Publishing an id again is no second message.
type Publisher interface {
	Publish(ctx context.Context, subject, id string, body []byte) (seq uint64, err error)
	// LastID is the id of the last message published on a subject; empty when there is none.
	LastID(ctx context.Context, subject string) (string, error)
}

// Relay moves messages from the outbox of a database to a Publisher.
type Relay struct {
	db    *sqldb.DB
	bus   Publisher
	clock clock.Clock
	log   *slog.Logger
	owner string
	wake  chan struct{}
	seen  map[string]bool // subjects whose end on the bus was looked at; by Drain
}

// NewRelay makes a Relay with an owner name of its own.
func NewRelay(db *sqldb.DB, bus Publisher, c clock.Clock, log *slog.Logger) *Relay {
	return &Relay{db: db, bus: bus, clock: c, log: log, owner: rand.Text(), wake: make(chan struct{}, 1), seen: map[string]bool{}}
}

// Wake lets Run look for messages now: call it after committing some. It never blocks.
func (r *Relay) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run publishes messages as they come until ctx ends, and returns ctx's error. Outages of bus and database are logged and waited for.
func (r *Relay) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		pause := poll
		if _, err := r.Drain(ctx); err != nil && ctx.Err() == nil {
			r.log.Error("messages are not leaving", "error", err)
			pause = outageTry
		}
		r.sleep(ctx, r.clock.Now().Add(pause))
	}
	return ctx.Err()
}

// Drain publishes what can be published now and returns how many messages that were. Messages that wait after a failure, and those leased by another Relay, are not
// waited for. An error means that the bus or the database does not answer. It may not be called twice at once.
func (r *Relay) Drain(ctx context.Context) (n int, err error) {
	for {
		b, err := r.claim(ctx)
		if err != nil || len(b.rows) == 0 {
			return n, fault.Wrap("outbox.Drain", err)
		}
		outage := r.recall(ctx, b)
		if outage == nil {
			outage = r.publish(ctx, b)
		}
		n += b.count(published)
		// Also when ctx has ended: what was published need not be published again.
		err = r.settle(context.WithoutCancel(ctx), b)
		if err = errors.Join(outage, err); err != nil {
			return n, fault.Wrap("outbox.Drain", err)
		}
	}
}

// state is what became of a row in a batch.
type state int

const (
	untouched state = iota // given back as it was
	published
	failed
)

type row struct {
	Message
	seq      int64
	attempts int64
	doubtful bool // leased or tried before: it may be published already
	state    state
	err      error
}

// leased is a batch of rows that are this Relay's until a time.
type leased struct {
	rows  []*row
	until time.Time
}

func (b leased) count(s state) (n int) {
	for _, r := range b.rows {
		if r.state == s {
			n++
		}
	}
	return n
}

// publish publishes the rows of b in order. A row that fails keeps back the later ones of its subject. It returns the last error if it gave up on the bus.
func (r *Relay) publish(ctx context.Context, b leased) error {
	ctx, stop := r.until(ctx, b.until)
	defer stop()
	blocked := map[string]bool{}
	inRow := 0
	for _, m := range b.rows {
		if m.state == published || blocked[m.Subject] {
			continue
		}
		if ctx.Err() != nil || !r.clock.Now().Before(b.until) { // the clock ends ctx too, but a moment later
			return nil
		}
		_, m.err = r.bus.Publish(ctx, m.Subject, m.ID, m.Body)
		if m.err == nil {
			m.state, inRow = published, 0
			continue
		}
		blocked[m.Subject] = true
		if ctx.Err() != nil {
			return nil // cut off, not refused
		}
		m.state = failed
		r.log.Warn("a message was not published", "id", m.ID, "subject", m.Subject, "attempts", m.attempts+1, "error", m.err)
		if inRow++; inRow == givingUp {
			return &fault.Error{Kind: fault.Unavailable, Op: "outbox.publish", Msg: "the bus does not take messages", Err: m.err}
		}
	}
	return nil
}

// recall marks the rows that were published before, by a Relay that died or whose bus did not answer. The bus itself recognises a repeated id only for
// minutes, and a program may stay down for longer. A subject's messages are published in order, so its last one on the bus tells all.
func (r *Relay) recall(ctx context.Context, b leased) error {
	looked := map[string]bool{}
	for _, m := range b.rows {
		if looked[m.Subject] || r.seen[m.Subject] && !m.doubtful {
			continue
		}
		id, err := r.bus.LastID(ctx, m.Subject)
		if err != nil {
			return err
		}
		looked[m.Subject], r.seen[m.Subject] = true, true
		if err := r.mark(ctx, b, m.Subject, id); err != nil {
			return err
		}
	}
	return nil
}

// mark takes a subject's rows up to the one with an id as published, if that one is still in the outbox.
func (r *Relay) mark(ctx context.Context, b leased, subject, id string) error {
	var last int64
	err := r.db.View(ctx, func(tx *sqldb.Tx) error {
		return tx.QueryRow(`SELECT seq FROM outbox WHERE id = $1 AND subject = $2`, id, subject).Scan(&last)
	})
	if sqldb.NotFound(err) {
		return nil
	}
	for _, m := range b.rows {
		if err == nil && m.Subject == subject && m.seq <= last {
			m.state = published
		}
	}
	return err
}

// until is ctx, ended when the clock reaches t.
func (r *Relay) until(ctx context.Context, t time.Time) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		if r.clock.Wait(ctx, t) == nil {
			cancel()
		}
	})
	return ctx, func() { cancel(); wg.Wait() }
}

func backOff(attempts int64) time.Duration { return min(firstTry<<min(attempts, 20), lastTry) }

// sleep waits for the time, a Wake or the end of ctx.
func (r *Relay) sleep(ctx context.Context, until time.Time) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-r.wake:
			cancel()
		case <-ctx.Done():
		}
	})
	_ = r.clock.Wait(ctx, until) // it ends early on purpose
	cancel()
	wg.Wait()
}
