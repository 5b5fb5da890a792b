package detect

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/bus"
)

// run is one partition at work. Its worker's goroutine uses it, but for what is said otherwise.
type run struct {
	lease   Lease
	p       *Partition
	since   int         // the first reader whose messages are for it
	failed  error       // it stands still since,
	stuck   bus.Seq     // at this message
	lost    atomic.Bool // set by whoever learns it first
	dropped bool        // no longer leased, as the last claim told; under the board's lock
	pending *Commit     // output not yet committed
	first   bus.Seq     // of pending

	saved    bus.Seq // the last message in a snapshot that was taken
	savedAt  micros  // log time then
	messages int     // since then
	saving   atomic.Bool
	deltas   int  // since the last full one; by the goroutine that writes while saving
	whole    bool // the next one must be full; likewise
}

func (x *run) status() Status {
	return Status{Part: x.lease.Part, Epoch: x.lease.Epoch, Seq: x.p.Seq(), Time: x.p.Time(), Accounting: x.p.Accounting(), Err: x.failed}
}

// worker computes the partitions p with p modulo workers = number.
type worker struct {
	r      *Runner
	number int
	in     chan item
	runs   map[int]*run
	at     bus.Seq // the last message handled,
	round  int     // and the reader that it came from

	mu       sync.Mutex
	commands []command
	called   chan struct{}
}

// item is a message with the number of the reader that it came from. What an earlier reader has read may still wait when a partition is taken up that is
// further back: it must not have it, or it would pass over everything between.
type item struct {
	bus.Message
	round int
}

// command changes what a worker computes.
type command struct{ add, drop *run }

const (
	queue     = 128 // messages that wait for a worker
	maxCommit = 64  // detections and exceptions gathered for one commit: people's commands wait while it is written
	maxTries  = 8   // of a commit that fails for another reason than that the store is away
)

func newWorker(r *Runner, number int) *worker {
	return &worker{r: r, number: number, in: make(chan item, queue), runs: map[int]*run{}, called: make(chan struct{}, 1)}
}

// post tells the worker, before the next message.
func (w *worker) post(c command) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.commands = append(w.commands, c)
	select {
	case w.called <- struct{}{}:
	default:
	}
}

// loop works until quit closes; then it commits and keeps what it has. ctx is the end of patience.
func (w *worker) loop(ctx context.Context, quit <-chan struct{}) {
	for {
		select {
		case <-quit:
			w.finish(ctx)
			return
		default:
		}
		w.obey()
		select {
		case m := <-w.in:
			w.obey() // again: a partition may have been added since, and this message be its first
			w.message(ctx, m)
			continue
		default:
			w.flush(ctx) // nothing waits: what there is goes out at once
		}
		select {
		case m := <-w.in:
			w.obey()
			w.message(ctx, m)
		case <-w.called:
		case <-quit:
		}
	}
}

// obey carries out the commands.
func (w *worker) obey() {
	w.mu.Lock()
	commands := w.commands
	w.commands = nil
	w.mu.Unlock()
	for _, c := range commands {
		if c.add != nil {
			w.runs[c.add.lease.Part] = c.add
			w.r.board.put(c.add.status())
		}
		if c.drop != nil && w.runs[c.drop.lease.Part] == c.drop {
			delete(w.runs, c.drop.lease.Part)
			w.r.board.remove(c.drop.lease.Part)
		}
	}
	if len(commands) > 0 {
		w.publish()
	}
}

func (w *worker) message(ctx context.Context, m item) {
	if m.Kind == bus.Events {
		if x := w.runs[m.Part]; x != nil && m.round >= x.since {
			w.apply(ctx, x, m.Message)
		}
	} else {
		for _, part := range slices.Sorted(maps.Keys(w.runs)) {
			if x := w.runs[part]; m.round >= x.since {
				w.apply(ctx, x, m.Message)
			}
		}
	}
	w.at, w.round = m.Seq, m.round
	w.publish()
}

// apply lets a partition have a message, unless it had it already.
func (w *worker) apply(ctx context.Context, x *run, m bus.Message) {
	if x.failed != nil || x.lost.Load() || m.Seq <= x.p.Seq() {
		return
	}
	out, ok := w.compute(ctx, x, m)
	if !ok {
		return
	}
	x.messages++
	if len(out.Samples) > 0 {
		w.r.opts.Sink.Samples(ctx, out.Samples)
	}
	if !out.Empty() && m.Seq > x.lease.Seq {
		x.gather(m.Seq, out)
		if len(x.pending.Detections)+len(x.pending.Exceptions) >= maxCommit {
			w.commit(ctx, x)
		}
	}
	if w.r.snapshotDue(x) {
		w.commit(ctx, x)
		w.r.take(ctx, x)
	}
	w.r.board.put(x.status())
}

// compute applies the message; false when the partition cannot go on.
func (w *worker) compute(ctx context.Context, x *run, m bus.Message) (Output, bool) {
	if m.Kind != bus.Control {
		return x.p.Apply(m), true
	}
	w.commit(ctx, x) // one commit has one set
	c, err := DecodeControl(m.Body)
	if err != nil {
		w.fail(ctx, x, m.Seq, err)
		return Output{}, false
	}
	if c.Order != nil {
		return x.p.Order(m.Seq, *c.Order), true
	}
	set, err := w.r.sets.await(ctx, *c.Activation)
	if err != nil {
		w.fail(ctx, x, m.Seq, err)
		return Output{}, false
	}
	return x.p.Activate(m.Seq, *c.Activation, set), !x.lost.Load()
}

func (x *run) gather(seq bus.Seq, out Output) {
	if x.pending == nil {
		x.first = seq
		x.pending = &Commit{Part: x.lease.Part, Epoch: x.lease.Epoch, Set: x.p.Set()}
	}
	x.pending.Seq = seq
	x.pending.Detections = append(x.pending.Detections, out.Detections...)
	x.pending.Exceptions = append(x.pending.Exceptions, out.Exceptions...)
	x.pending.Rules = append(x.pending.Rules, out.Rules...)
}

// flush commits the pending output of all partitions, side by side, so that a store can sync once for all.
func (w *worker) flush(ctx context.Context) {
	var wg sync.WaitGroup
	for _, x := range w.runs {
		if x.pending != nil {
			wg.Go(func() { w.commit(ctx, x) })
		}
	}
	wg.Wait()
	w.publish()
}

// commit brings a partition's pending output to the sink, and does not let go of it until it stands, the partition is lost, or ctx ends.
func (w *worker) commit(ctx context.Context, x *run) {
	if x.pending == nil || x.lost.Load() || x.failed != nil {
		return
	}
	err := w.try(ctx, x)
	switch {
	case err == nil:
		x.lease.Seq, x.pending = x.pending.Seq, nil
	case errors.Is(err, ErrNotOwner):
		w.lose(ctx, x)
	default:
		w.fail(ctx, x, x.first, err) // it may stand or not: it must neither grow nor be followed
	}
}

func (w *worker) try(ctx context.Context, x *run) error {
	for n := 0; ; n++ {
		err := w.r.opts.Sink.Commit(ctx, *x.pending)
		if err == nil || errors.Is(err, ErrNotOwner) || x.lost.Load() {
			return err
		}
		if !passing(err) && n >= maxTries {
			return err
		}
		w.r.opts.Logger.WarnContext(ctx, "output not committed; tried again", "part", x.lease.Part, "seq", x.pending.Seq, "try", n+1, "err", err)
		if pause(ctx, n) != nil {
			return err
		}
	}
}

// passing says that an error is about the store and not about what was asked of it.
func passing(err error) bool {
	return fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Exhausted)
}

// pause waits longer with each try: 20 ms to 2.5 s.
func pause(ctx context.Context, try int) error {
	d := 20 * time.Millisecond << min(try, 7)
	return clock.System{}.Wait(ctx, clock.System{}.Now().Add(d))
}

// lose gives up a partition that another owns: nothing of it is committed or kept any more.
func (w *worker) lose(ctx context.Context, x *run) {
	x.lost.Store(true)
	w.r.board.lose(x)
	w.r.opts.Logger.WarnContext(ctx, "partition lost at the fence", "part", x.lease.Part, "epoch", x.lease.Epoch, "seq", x.pending.Seq)
	w.post(command{drop: x})
	select {
	case w.r.reclaim <- struct{}{}:
	default:
	}
}

// fail makes a partition stand still. It stays leased, so that nobody else runs into the same; a person must look.
func (w *worker) fail(ctx context.Context, x *run, at bus.Seq, err error) {
	if ctx.Err() != nil {
		x.lost.Store(true) // the program stops before it is settled; whoever is next settles it
		return
	}
	x.failed, x.stuck = err, at
	w.r.opts.Logger.ErrorContext(ctx, "partition stopped", "part", x.lease.Part, "seq", at, "err", err)
	w.r.board.put(x.status())
}

// publish tells up to where everything of this worker is computed and committed.
func (w *worker) publish() {
	floor := w.at
	for _, x := range w.runs {
		if x.pending != nil && x.first <= floor {
			floor = x.first - 1
		}
		if x.failed != nil && x.stuck <= floor {
			floor = x.stuck - 1
		}
	}
	w.r.board.handled(w.number, w.round, floor)
}

// finish commits what is pending and takes a last snapshot of each partition.
func (w *worker) finish(ctx context.Context) {
	w.obey()
	w.flush(ctx)
	for _, x := range w.runs {
		if x.pending == nil && !x.lost.Load() && x.messages > 0 {
			w.r.takeLast(ctx, x)
		}
	}
}
