package ingest

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

// Log is where accepted events go: *bus.Bus.
type Log interface {
	// AppendEvents is durable on return. After an error the outcome is open; the same id makes another attempt safe.
	AppendEvents(ctx context.Context, part int, class bus.Retention, id string, body []byte) (bus.Seq, error)
}

// Sealer puts values under a person's own key.
type Sealer interface {
	// Seal finds or makes the person that value identifies (kind says how: "phone") and seals each field. It is durable on return.
	Seal(ctx context.Context, kind, value string, fields map[string][]byte) (person string, sealed map[string]string, err error)
}

// Options are what an Ingest needs. Log, Clock and Logger must be there. A zero limit means its default.
type Options struct {
	Log    Log
	Clock  clock.Clock
	Sealer Sealer // nil: types with personal values are refused
	Secret []byte // keys the digests of bodies; the same for as long as the log's dedup horizon
	Logger *slog.Logger

	MaxBatch  int // events in one append, default 500
	MaxBytes  int // bytes of data in one append, default 1 MiB
	MaxFlight int // appends on their way at once, default 16
	MaxQueue  int // events waiting, default 50,000
	MaxHeld   int // bytes of data waiting, default 64 MiB
}

func (o *Options) defaults() {
	for _, d := range []struct {
		field *int
		value int
	}{{&o.MaxBatch, 500}, {&o.MaxBytes, 1 << 20}, {&o.MaxFlight, 16}, {&o.MaxQueue, 50_000}, {&o.MaxHeld, 64 << 20}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
}

// Ingest accepts events. All methods may be called from many goroutines.
type Ingest struct {
	opts  Options
	set   atomic.Pointer[pack.Set]
	slots chan struct{} // one token for each append on its way
	tally tally

	life   context.Context
	cancel context.CancelFunc
	busy   sync.WaitGroup // calls and lanes that are not settled

	mu     sync.Mutex
	lanes  map[laneKey]*lane
	queued int
	held   int
	stamp  time.Time // of the last batch
	closed bool
}

// New makes an Ingest that refuses everything until Use has given it content.
func New(o Options) *Ingest {
	o.defaults()
	in := &Ingest{opts: o, slots: make(chan struct{}, o.MaxFlight), lanes: map[laneKey]*lane{}}
	in.life, in.cancel = context.WithCancel(context.Background())
	in.tally.init(o.Clock.Now())
	return in
}

// Use makes set the content that events are checked against, from the next call of Accept on.
func (in *Ingest) Use(set *pack.Set) { in.set.Store(set) }

// Outcome is what became of one event.
type Outcome struct {
	Accepted bool       // it is in the log, durably
	Unplaced bool       // accepted, but its area is not known
	Kind     fault.Kind // when not accepted: Invalid, Exhausted, Unavailable (in doubt or given up: send it again)
	Reason   Reason     // when not accepted
	Problems []fault.Problem
}

// Accept checks, seals and appends events that sender has sent, and returns once all that are good are durable, or ctx ends. There is one
// outcome for each event, in the order given, also with an error. The error is nil when every event was accepted or refused as Invalid;
// Exhausted when the queue is full; Unavailable when the log or the sealing failed, or ctx ended first: then some outcomes are in doubt.
// Accept does not change events and keeps no memory of theirs after it returned, except when ctx ended first.
func (in *Ingest) Accept(ctx context.Context, sender event.Sender, events []event.Event) ([]Outcome, error) {
	out := make([]Outcome, len(events))
	in.tally.receive(len(events))
	need := sizeOf(events)
	if refusal := in.reserve(len(events), need); refusal != nil {
		in.refuseAll(out, events, refusal)
		return out, &refusal.Error
	}
	defer in.busy.Done()
	c := &call{waiting: map[int]int{}, done: make(chan struct{})}
	items := in.prepare(ctx, c, sender, events, out)
	in.release(len(events)-len(items), need-sizeOfItems(items))
	in.enqueue(c, items)
	c.wait(ctx)
	return out, c.settle(out)
}

// refusal is an Exhausted or Unavailable answer to a whole call.
type refusal struct {
	fault.Error
	reason Reason
}

func refuse(kind fault.Kind, reason Reason, msg string) *refusal {
	return &refusal{Error: fault.Error{Kind: kind, Op: "ingest.Accept", Msg: msg}, reason: reason}
}

// reserve takes room in the queue for a call before any work is done for it.
func (in *Ingest) reserve(events, bytes int) *refusal {
	in.mu.Lock()
	defer in.mu.Unlock()
	switch {
	case in.closed:
		return refuse(fault.Unavailable, Stopping, "the program is stopping")
	case in.set.Load() == nil:
		return refuse(fault.Unavailable, NoContent, "no content is active yet")
	case in.queued+events > in.opts.MaxQueue || in.held+bytes > in.opts.MaxHeld:
		return refuse(fault.Exhausted, QueueFull, "too many events are waiting to become durable; send again later, in smaller batches")
	}
	in.queued += events
	in.held += bytes
	in.busy.Add(1) // the call, until it is answered
	return nil
}

func (in *Ingest) release(events, bytes int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.queued -= events
	in.held -= bytes
}

func (in *Ingest) refuseAll(out []Outcome, events []event.Event, r *refusal) {
	for i := range out {
		out[i] = Outcome{Kind: r.Kind, Reason: r.reason}
		in.tally.refuse(events[i].Type, r.reason, false)
	}
}

// Close refuses new calls and waits until everything that waits is settled, or ctx ends; then appends that are still on their way are
// given up and their events are in doubt.
func (in *Ingest) Close(ctx context.Context) error {
	in.mu.Lock()
	in.closed = true
	in.mu.Unlock()
	defer in.cancel()
	settled := make(chan struct{})
	go func() { in.busy.Wait(); close(settled) }()
	select {
	case <-settled:
		return nil
	case <-ctx.Done():
		in.cancel()
		<-settled
		return fault.Wrap("ingest.Close", ctx.Err())
	}
}

func sizeOf(events []event.Event) int {
	n := 0
	for i := range events {
		n += len(events[i].Data)
	}
	return n
}

func sizeOfItems(items []*item) int {
	n := 0
	for _, it := range items {
		n += it.held
	}
	return n
}
