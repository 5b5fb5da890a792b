package detect

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"runtime"
	"sync"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

// Log is what a Runner reads: *bus.Bus.
type Log interface {
	Read(ctx context.Context, from bus.Seq, parts bus.PartSet, fn func(bus.Message) error) error
}

// Options are what a Runner works with. Log, Blobs, Owners, Sink, Loader, Clock and Logger are needed.
type Options struct {
	Log    Log
	Blobs  Blobs
	Owners Owners
	Sink   Sink
	Loader Loader
	Clock  clock.Clock // of leases only; the machine's, also when the log's time is another
	Logger *slog.Logger

	Worker    string         // must be new with each start; empty = a random name
	Workers   int            // goroutines that compute; 0 = one a processor
	TTL       time.Duration  // how long a lease lasts without being renewed; 0 = 5 s
	Grace     time.Duration  // how long a stop may take to commit and to write snapshots; 0 = 10 s
	Snapshots SnapshotPolicy // zero fields = the defaults below
}

// SnapshotPolicy says when a partition's state is kept. None of it changes what is found.
type SnapshotPolicy struct {
	Messages int           // after this many messages (10,000)
	Every    time.Duration // or after this much log time (1 minute),
	AtLeast  int           // but not for fewer messages than this (30)
	Full     int           // every so many changes a full one (15)
}

func (p SnapshotPolicy) withDefaults() SnapshotPolicy {
	return SnapshotPolicy{cmp.Or(p.Messages, 10_000), cmp.Or(p.Every, time.Minute), cmp.Or(p.AtLeast, 30), cmp.Or(p.Full, 15)}
}

// Runner computes the partitions that are leased to it. Make it with NewRunner; Run may be called once.
type Runner struct {
	opts    Options
	archive archive
	sets    sets
	board   *board
	workers []*worker
	saves   sync.WaitGroup
	slots   chan struct{} // snapshots written at the same time
	reclaim chan struct{} // a partition was lost at the fence

	held   map[int]*run // by Run's goroutine
	broken map[int]bool // leased, but not restored; likewise
	round  int          // the number of the reader; by Run's goroutine
	next   bus.Seq      // where all of held would continue; by Run's goroutine and, while it runs, the reader's
}

// NewRunner makes a Runner that owns nothing yet.
func NewRunner(o Options) *Runner {
	o.Worker = cmp.Or(o.Worker, ident.New())
	o.Workers = cmp.Or(o.Workers, runtime.GOMAXPROCS(0))
	o.TTL, o.Grace = cmp.Or(o.TTL, 5*time.Second), cmp.Or(o.Grace, 10*time.Second)
	o.Snapshots = o.Snapshots.withDefaults()
	r := &Runner{
		opts: o, archive: archive{o.Blobs, o.Logger}, sets: sets{loader: o.Loader}, board: newBoard(o.Workers),
		slots: make(chan struct{}, 4), reclaim: make(chan struct{}, 1), held: map[int]*run{}, broken: map[int]bool{},
	}
	for i := range o.Workers {
		r.workers = append(r.workers, newWorker(r, i))
	}
	return r
}

// Run computes until ctx ends; then it commits what is computed, writes last snapshots, gives back its leases and returns nil. It returns a
// Conflict when the log no longer has what a partition needs. No goroutine of it is left when it returns.
func (r *Runner) Run(ctx context.Context) error {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx)) // goes on for Grace after the reading ends
	defer cancel()
	quit := make(chan struct{})
	var workers sync.WaitGroup
	for _, w := range r.workers {
		workers.Go(func() { w.loop(work, quit) })
	}
	err := r.supervise(ctx)
	defer time.AfterFunc(r.opts.Grace, cancel).Stop()
	close(quit)
	workers.Wait()
	r.saves.Wait()
	if rerr := r.opts.Owners.Release(work, r.opts.Worker); rerr != nil {
		r.opts.Logger.WarnContext(work, "leases not given back; they will expire", "err", rerr)
	}
	r.board.clear()
	return err
}

// supervise holds leases and keeps the reader at work until ctx ends.
func (r *Runner) supervise(ctx context.Context) error {
	var s session
	defer func() { s.stop() }()
	for ctx.Err() == nil {
		if r.settle(ctx, &s) || s.ended() {
			if err := s.stop(); fault.Is(err, fault.Conflict) {
				return err
			}
			s = r.read(ctx)
		}
		r.rest(ctx, s)
	}
	return nil
}

// rest waits for the next beat, or for the reader's end, or for a partition lost at the fence.
func (r *Runner) rest(ctx context.Context, s session) {
	beat, cancel := r.after(ctx, r.opts.TTL/3)
	defer cancel()
	pause, cancelPause := r.after(ctx, r.opts.TTL/30) // losing one partition after another must not become a storm of claims
	defer cancelPause()
	select {
	case <-ctx.Done():
	case <-beat:
	case <-s.done:
		<-pause
	case <-r.reclaim:
		<-pause
	}
}

// after closes the channel when d has passed or ctx has ended.
func (r *Runner) after(ctx context.Context, d time.Duration) (<-chan struct{}, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	until := r.opts.Clock.Now().Add(d)
	go func() {
		defer close(done)
		if err := r.opts.Clock.Wait(ctx, until); err != nil && ctx.Err() == nil {
			r.opts.Logger.ErrorContext(ctx, "the clock cannot wait", "err", err)
		}
	}()
	return done, func() { cancel(); <-done }
}

// settle claims, and takes up and drops partitions accordingly. It says whether the reader must be told.
func (r *Runner) settle(ctx context.Context, s *session) (changed bool) {
	leases, err := r.opts.Owners.Claim(ctx, r.opts.Worker, r.opts.Clock.Now(), r.opts.TTL)
	if err != nil {
		if ctx.Err() == nil {
			r.opts.Logger.WarnContext(ctx, "leases not renewed; the fence decides until they are", "err", err)
		}
		return false
	}
	keep := map[int]Lease{}
	for _, l := range leases {
		keep[l.Part] = l
	}
	for part := range r.broken {
		if _, still := keep[part]; !still {
			delete(r.broken, part)
			r.board.release(part)
		}
	}
	var gone []*run
	for part, x := range r.held {
		if l, still := keep[part]; !still || l.Epoch != x.lease.Epoch || x.lost.Load() {
			gone = append(gone, x)
		} else {
			delete(keep, part)
		}
	}
	fresh := r.openAll(ctx, keep)
	if len(gone) == 0 && len(fresh) == 0 {
		return false
	}
	if err := s.stop(); err != nil {
		r.opts.Logger.DebugContext(ctx, "the reader ended", "err", err)
	}
	for _, x := range gone {
		r.drop(x)
	}
	for _, x := range fresh {
		r.takeUp(x)
	}
	return true
}

func (r *Runner) drop(x *run) {
	x.lost.Store(true)
	r.board.drop(x)
	delete(r.held, x.lease.Part)
	r.workerOf(x.lease.Part).post(command{drop: x})
	r.opts.Logger.Info("partition dropped", "part", x.lease.Part, "epoch", x.lease.Epoch)
}

// takeUp hands a restored partition to its worker. No reader is at work.
func (r *Runner) takeUp(x *run) {
	if next := x.p.Seq() + 1; len(r.held) == 0 || next < r.next {
		r.next = next
	}
	r.held[x.lease.Part] = x
	delete(r.broken, x.lease.Part)
	r.workerOf(x.lease.Part).post(command{add: x})
}

// openAll restores the newly leased partitions, as many as can be.
func (r *Runner) openAll(ctx context.Context, leases map[int]Lease) (all []*run) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	slots := make(chan struct{}, len(r.workers))
	for _, l := range leases {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			x, err := r.open(ctx, l)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				r.cannot(ctx, l, err)
				return
			}
			all = append(all, x)
		})
	}
	wg.Wait()
	return all
}

// cannot notes a partition that is leased but not restored.
func (r *Runner) cannot(ctx context.Context, l Lease, err error) {
	if ctx.Err() != nil {
		return
	}
	r.broken[l.Part] = true
	r.board.fail(l.Part, err)
	r.opts.Logger.ErrorContext(ctx, "partition not restored; it is tried again", "part", l.Part, "err", err)
}

// open restores a partition from its newest snapshot.
func (r *Runner) open(ctx context.Context, l Lease) (*run, error) {
	x := &run{lease: l, p: New(l.Part, nil), since: r.round + 1}
	st, err := r.archive.newest(ctx, l.Part)
	if err != nil || st == nil {
		return x, err
	}
	m, err := decodeMeta(st.records)
	if err != nil {
		return nil, err
	}
	sets, err := r.setsOf(ctx, m)
	if err != nil {
		return nil, err
	}
	if x.p, err = restore(l.Part, st.seq, m, st.records, sets); err != nil {
		return nil, err
	}
	x.saved, x.savedAt, x.deltas = st.seq, x.p.clock, st.deltas
	if said := x.p.said(); len(said) > 0 {
		r.opts.Sink.Samples(ctx, said) // before the partition works: nothing else of it comes at the same time
	}
	r.opts.Logger.InfoContext(ctx, "partition restored", "part", l.Part, "epoch", l.Epoch, "seq", st.seq, "committed", l.Seq)
	return x, nil
}

// setsOf loads the sets that a partition's state refers to.
func (r *Runner) setsOf(ctx context.Context, m meta) ([]*pack.Set, error) {
	var sets []*pack.Set
	for _, a := range m.activations() {
		set, err := r.sets.load(ctx, a)
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
	}
	return sets, nil
}

func (r *Runner) workerOf(part int) *worker { return r.workers[part%len(r.workers)] }

// session is one reader of the log for a fixed set of partitions.
type session struct {
	cancel context.CancelFunc
	done   chan struct{}
	err    *error
}

// stop ends the reader and waits for it. It may be called again, and on no session at all.
func (s *session) stop() error {
	if s.cancel == nil {
		return nil
	}
	s.cancel()
	<-s.done
	if err := *s.err; !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func (s *session) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// read starts a reader for all that is held; none when nothing is.
func (r *Runner) read(ctx context.Context) session {
	var parts bus.PartSet
	missing := maps.Clone(r.broken)
	for part, x := range r.held {
		parts = parts.Add(part)
		if x.lost.Load() {
			missing[part] = true
		}
	}
	r.round++
	round := r.round
	if len(r.held) == 0 {
		r.board.resume(round, 0, missing)
		return session{}
	}
	r.board.resume(round, r.next-1, missing)
	ctx, cancel := context.WithCancel(ctx)
	s := session{cancel: cancel, done: make(chan struct{}), err: new(error)}
	go func() {
		defer close(s.done)
		*s.err = r.opts.Log.Read(ctx, r.next, parts, func(m bus.Message) error { return r.dispatch(ctx, item{m, round}) })
		if *s.err != nil && ctx.Err() == nil {
			r.opts.Logger.ErrorContext(ctx, "the log cannot be read", "from", r.next, "err", *s.err)
		}
	}()
	return s
}

// dispatch hands a message to the worker of its partition, or to all, and waits while they are full.
func (r *Runner) dispatch(ctx context.Context, m item) error {
	to := r.workers
	if m.Kind == bus.Events {
		to = []*worker{r.workerOf(m.Part)}
	}
	for _, w := range to {
		r.board.sent(w.number, m.Seq)
		select {
		case w.in <- m:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	r.next = m.Seq + 1
	r.board.reading(m.Seq)
	return nil
}
