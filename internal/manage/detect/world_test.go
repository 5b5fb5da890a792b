package detect

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/geo"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/order"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

// world is what outlives processes: the log, the blobs, and the database with leases, fence and output.
type world struct {
	mu      sync.Mutex
	more    chan struct{} // closed and replaced when the log grows
	log     []bus.Message // of position index+1
	blobs   map[string][]byte
	workers map[string]time.Time // expiry
	parts   [bus.Partitions]progress
	sets    map[string]*pack.Set
	stale   int // commits that the fence refused
}

type progress struct {
	epoch     int64
	seq       bus.Seq
	owner     string
	committed []Commit
}

func newWorld(sets ...*pack.Set) *world {
	w := &world{more: make(chan struct{}), blobs: map[string][]byte{}, workers: map[string]time.Time{}, sets: map[string]*pack.Set{}}
	for _, s := range sets {
		w.sets[s.Activation] = s
	}
	return w
}

// append adds messages to the log and gives them their positions.
func (w *world) append(all ...bus.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range all {
		m.Seq = bus.Seq(len(w.log) + 1)
		w.log = append(w.log, m)
	}
	close(w.more)
	w.more = make(chan struct{})
}

func (w *world) last() bus.Seq {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bus.Seq(len(w.log))
}

// output is what was committed for a partition.
func (w *world) output(part int) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all Output
	for _, c := range w.parts[part].committed {
		all.Detections = append(all.Detections, c.Detections...)
		all.Exceptions = append(all.Exceptions, c.Exceptions...)
	}
	return encodeOutput(&all)
}

// encodeOutput is the encodings of all detections, then of all exceptions.
func encodeOutput(o *Output) (b []byte) {
	for i := range o.Detections {
		b = AppendDetection(b, &o.Detections[i])
	}
	for _, e := range o.Exceptions {
		b = fmt.Appendf(b, "%d %d %s %s %s", e.Seq, e.N, e.Kind, e.At, e.Reason)
	}
	return b
}

// process is one program in the world. When it is dead, nothing it does has an effect; when it is frozen, it neither
// claims nor commits until it is thawed; then what it was about to do happens.
type process struct {
	*world
	name string

	mu      sync.Mutex
	dead    bool
	left    int           // operations until it dies; 0 = for ever
	writes  bool          // only commits and puts count as operations
	frozen  chan struct{} // closed when it goes on
	samples []indicator.Sample
	fail    func(op string) error // what else goes wrong
}

func (w *world) process(name string) *process {
	p := &process{world: w, name: name}
	return p
}

var errDying = fault.New(fault.Unavailable, "world", "the process dies")

var errDead = fault.New(fault.Unavailable, "world", "the process is dead")

// step is called at the begin of each operation that leaves the process.
func (p *process) step(op string) error {
	p.mu.Lock()
	frozen := p.frozen
	p.mu.Unlock()
	if frozen != nil && (op == "commit" || op == "claim") {
		<-frozen
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left > 0 && (!p.writes || op == "commit" || op == "put") {
		if p.left--; p.left == 0 {
			p.dead = true
			return errDying
		}
	}
	if p.dead {
		return errDead
	}
	if p.fail != nil {
		return p.fail(op)
	}
	return nil
}

func (p *process) freeze() (thaw func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ch := make(chan struct{})
	p.frozen = ch
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.frozen = nil
		close(ch)
	}
}

func (p *process) isDead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

// Read is Log.
func (p *process) Read(ctx context.Context, from bus.Seq, parts bus.PartSet, fn func(bus.Message) error) error {
	for at := int(from) - 1; ; at++ {
		m, err := p.message(ctx, at)
		if err != nil {
			return err
		}
		if m.Kind == bus.Events && !parts.Has(m.Part) {
			continue
		}
		if err := p.step("read"); err != nil {
			return err
		}
		m.Body = bytes.Clone(m.Body)
		if err := fn(m); err != nil {
			return err
		}
	}
}

func (p *process) message(ctx context.Context, at int) (bus.Message, error) {
	for {
		p.world.mu.Lock()
		more, log := p.world.more, p.world.log
		p.world.mu.Unlock()
		if at < len(log) {
			return log[at], ctx.Err()
		}
		select {
		case <-more:
		case <-ctx.Done():
			return bus.Message{}, ctx.Err()
		}
	}
}

// Put, Get, List and Delete are Blobs.
func (p *process) Put(_ context.Context, key string, body []byte) error {
	if err := p.step("put"); err != nil {
		return err
	}
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	p.blobs[key] = bytes.Clone(body)
	return nil
}

func (p *process) Get(_ context.Context, key string) ([]byte, error) {
	if err := p.step("get"); err != nil {
		return nil, err
	}
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	body, ok := p.blobs[key]
	if !ok {
		return nil, fault.New(fault.NotFound, "world.Get", "there is no blob %q", key)
	}
	return bytes.Clone(body), nil
}

func (p *process) List(_ context.Context, prefix string) ([]string, error) {
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	keys := slices.Sorted(maps.Keys(p.blobs))
	return slices.DeleteFunc(keys, func(k string) bool { return !strings.HasPrefix(k, prefix) }), nil
}

func (p *process) Delete(_ context.Context, key string) error {
	if err := p.step("delete"); err != nil {
		return err
	}
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	delete(p.blobs, key)
	return nil
}

// Claim and Release are Owners.
func (p *process) Claim(_ context.Context, worker string, now time.Time, ttl time.Duration) ([]Lease, error) {
	if err := p.step("claim"); err != nil {
		return nil, err
	}
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	p.workers[worker] = now.Add(ttl)
	maps.DeleteFunc(p.workers, func(_ string, expiry time.Time) bool { return !expiry.After(now) })
	share := (bus.Partitions + len(p.workers) - 1) / len(p.workers)
	var leases []Lease
	for part := range p.parts {
		x := &p.parts[part]
		if _, lives := p.workers[x.owner]; !lives {
			x.owner = ""
		}
		if x.owner == worker && len(leases) >= share {
			x.owner = ""
		}
		if x.owner == "" && len(leases) < share {
			x.owner = worker
			x.epoch++
		}
		if x.owner == worker {
			leases = append(leases, Lease{Part: part, Epoch: x.epoch, Seq: x.seq})
		}
	}
	return leases, nil
}

func (p *process) Release(_ context.Context, worker string) error {
	if err := p.step("release"); err != nil {
		return err
	}
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	delete(p.workers, worker)
	return nil
}

// Commit and Samples are Sink. A process that dies in a commit may have committed or not.
func (p *process) Commit(_ context.Context, c Commit) error {
	err := p.step("commit")
	if err != nil && (err != errDying || c.Seq%2 == 0) {
		return err
	}
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	x := &p.parts[c.Part]
	if x.epoch != c.Epoch || x.seq >= c.Seq {
		p.stale++
		return ErrNotOwner
	}
	x.seq = c.Seq
	x.committed = append(x.committed, c)
	return err
}

func (p *process) Samples(_ context.Context, all []indicator.Sample) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.samples = append(p.samples, all...)
}

// Load is Loader.
func (p *process) Load(_ context.Context, a Activation) (*pack.Set, error) {
	if err := p.step("load"); err != nil {
		return nil, err
	}
	if set := p.sets[a.Activation]; set != nil {
		return set, nil
	}
	return nil, fault.New(fault.NotFound, "world.Load", "there is no activation %q", a.Activation)
}

// runner is a Runner of the process, with snapshots often enough to matter.
func (p *process) runner(workers int) *Runner {
	return NewRunner(Options{
		Log: p, Blobs: p, Owners: p, Sink: p, Loader: p, Clock: clock.System{}, Logger: slog.New(slog.DiscardHandler),
		Worker: p.name, Workers: workers, TTL: 3 * time.Second, Grace: 100 * time.Millisecond,
		Snapshots: SnapshotPolicy{Messages: 40, Every: 20 * time.Second, AtLeast: 10, Full: 3},
	})
}

// start runs the Runner until stop is called; stop returns what Run did.
func start(t *testing.T, r *Runner) (stop func() error) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	return func() error { cancel(); return <-done }
}

// busyLog makes a log of about n events over all partitions: ticks, activations, repeats, contradictions, late and early events, and a batch
// that cannot be read.
func busyLog(rng func(int) int, n int, sets ...*pack.Set) (log []bus.Message, events int) {
	activate := func(s *pack.Set) {
		log = append(log, bus.Message{Kind: bus.Control, Body: ActivationOf(s).Encode()})
	}
	activate(sets[0])
	at, used, made := 0, 1, map[int]int{}
	for events < n {
		if used < len(sets) && events > n*used/len(sets) {
			activate(sets[used])
			used++
		}
		if rng(9) == 0 {
			at += 1 + rng(5)
			log = append(log, bus.Message{Kind: bus.Tick, Tick: zero.Add(time.Duration(at) * time.Second)})
			continue
		}
		b := &event.Batch{Stamp: zero.Add(time.Duration(at) * time.Second)}
		subject := rng(80)
		for range 1 + rng(4) {
			made[subject]++
			b.Events = append(b.Events, randomEvent(rng, made[subject], subject, at))
		}
		events += len(b.Events)
		m := bus.Message{Kind: bus.Events, Part: event.PartitionOf(fmt.Sprint(subject)), Body: event.AppendBatch(nil, b)}
		if rng(500) == 0 {
			m.Body = m.Body[:len(m.Body)/2]
			events -= len(b.Events) - 1 // counted as one
		}
		log = append(append(log, m), copiesOf(sets[used-1], b)...)
		if rng(60) == 0 {
			log = append(log, randomOrder(rng, at))
		}
	}
	return log, events
}

// copiesOf are the keyed copies of a batch, as ingest makes them.
func copiesOf(set *pack.Set, b *event.Batch) (log []bus.Message) {
	parts := map[int][]event.Event{}
	for i := range b.Events {
		e := &b.Events[i]
		t := set.Types[e.Type]
		row := t.NewRow()
		if t.Fill(e, row) != nil {
			continue
		}
		var done []int
		for _, key := range t.CopyKeys(e, row) {
			if part := event.PartitionOf(key); !slices.Contains(done, part) {
				parts[part], done = append(parts[part], *e), append(done, part)
			}
		}
	}
	for _, part := range slices.Sorted(maps.Keys(parts)) {
		copies := &event.Batch{Stamp: b.Stamp, Copies: true, Events: parts[part]}
		log = append(log, bus.Message{Kind: bus.Events, Part: part, Body: event.AppendBatch(nil, copies)})
	}
	return log
}

// randomOrder puts a city state or a silence in force, or takes one back.
func randomOrder(rng func(int) int, at int) bus.Message {
	id := fmt.Sprint(rng(4))
	c := order.Control{Kind: order.TakeBack, ID: id}
	until := zero.Add(time.Duration(at+20+rng(60)) * time.Second)
	switch rng(4) {
	case 0:
		c = order.Control{Kind: order.PutState, State: &order.State{ID: id, Level: order.Levels()[rng(3)], Area: "middle", Until: until}}
	case 1:
		c = order.Control{Kind: order.PutState, State: &order.State{ID: id, Level: order.Special}}
	case 2:
		c = order.Control{Kind: order.PutSilence, Silence: &order.Silence{ID: id, Scenarios: []string{"mean", "high", "quiet"}, Until: until}}
	}
	return bus.Message{Kind: bus.Control, Body: c.Encode()}
}

func randomEvent(rng func(int) int, made, subject, at int) event.Event {
	id := made
	if rng(10) == 0 {
		id = max(1, made-rng(10)) // a repeat
	}
	a := arrival{key: subject*100_000 + id, body: rng(4) / 3, sub: fmt.Sprint(subject), t: at - []int{0, 0, 0, 1, 5, 20, 45, -10}[rng(8)], cm: []int{0, 5, 12, 20, 20}[rng(5)]}
	e := a.event()
	plate := fmt.Sprintf("plate-%d", subject%9)
	e.Data = append(bytes.TrimSuffix(e.Data, []byte("}")), fmt.Sprintf(`,"plate":%q}`, plate)...)
	e.Data = bytes.Replace(e.Data, []byte("{,"), []byte("{"), 1)
	e.Place = &geo.Point{Lon: 121.5 + float64(rng(12))/1000, Lat: 31.2 + float64(subject%3)/1000}
	if rng(20) == 0 {
		e.Type, e.Data = "call", fmt.Appendf(nil, `{"urgent":true,"plate":%q}`, plate)
	}
	return e
}
