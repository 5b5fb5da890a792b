package ingest

import (
	"context"
	"sync"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/manage/event"
	"twoweave/internal/platform/bus"
)

type laneKey struct {
	part   int
	class  bus.Retention
	copies bool // keyed copies
}

// lane is the queue of one partition and retention class. While it is draining, one goroutine appends its batches one after the other.
type lane struct {
	key      laneKey
	waiting  []*item
	draining bool
}

// item is one event on its way into the log.
type item struct {
	event    event.Event
	index    int // in its call
	held     int // bytes reserved for it
	unplaced bool
	lane     laneKey
	copies   []laneKey // where keyed copies of it go
	left     int       // appends that are not settled, those of copies included; under the Ingest's lock
	call     *call
}

// enqueue puts a call's items into their lanes, all at once, so that calls do not interleave within a lane.
func (in *Ingest) enqueue(c *call, items []*item) {
	if len(items) == 0 {
		close(c.done)
		return
	}
	c.expect(items)
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, it := range items {
		it.left = 1 + len(it.copies)
		in.queue(it.lane, it)
		for _, key := range it.copies {
			in.queue(key, it)
		}
	}
}

// queue puts an item, or a copy of it, into a lane. The caller holds the lock.
func (in *Ingest) queue(key laneKey, it *item) {
	l := in.lanes[key]
	if l == nil {
		l = &lane{key: key}
		in.lanes[key] = l
	}
	l.waiting = append(l.waiting, it)
	if !l.draining {
		l.draining = true
		in.busy.Go(func() { in.drain(l) })
	}
}

// drain appends what waits in a lane until nothing does. The batch is formed after the slot is won, so that it gathers while it waits.
func (in *Ingest) drain(l *lane) {
	for {
		in.slots <- struct{}{}
		items, batch := in.form(l)
		if len(items) == 0 {
			<-in.slots
			return
		}
		_, err := in.opts.Log.AppendEvents(in.life, l.key.part, l.key.class, ident.New(), event.AppendBatch(nil, batch))
		<-in.slots
		in.finish(l, items, err)
	}
}

// form takes the next batch from a lane and stamps it; with nothing there the lane stops draining.
func (in *Ingest) form(l *lane) ([]*item, *event.Batch) {
	in.mu.Lock()
	defer in.mu.Unlock()
	n, size := 0, 0
	for n < len(l.waiting) && n < in.opts.MaxBatch {
		size += len(l.waiting[n].event.Data)
		if n > 0 && size > in.opts.MaxBytes {
			break
		}
		n++
	}
	items := l.waiting[:n:n]
	if l.waiting = l.waiting[n:]; len(l.waiting) == 0 {
		l.waiting = nil // lets go of the memory of what was sent
	}
	if n == 0 {
		l.draining = false
		return nil, nil
	}
	if now := in.opts.Clock.Now(); now.After(in.stamp) {
		in.stamp = now
	}
	b := &event.Batch{Stamp: in.stamp, Copies: l.key.copies, Events: make([]event.Event, n)}
	for i, it := range items {
		b.Events[i] = it.event
	}
	return items, b
}

// finish settles a batch's items after its append.
func (in *Ingest) finish(l *lane, items []*item, err error) {
	if err != nil {
		in.opts.Logger.Error("a batch may not be in the log; its events are in doubt",
			"partition", l.key.part, "class", string(l.key.class), "events", len(items), "err", err)
	}
	if !l.key.copies { // what is counted is the event, not its copies
		in.tally.settle(items, err == nil)
	}
	in.leave(items)
	for _, it := range items {
		o := Outcome{Accepted: true, Unplaced: it.unplaced}
		if err != nil {
			o = Outcome{Kind: fault.Unavailable, Reason: InDoubt}
		}
		it.call.set(it.index, o)
	}
}

// leave gives back the room of items of which nothing waits any more.
func (in *Ingest) leave(items []*item) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, it := range items {
		if it.left--; it.left == 0 {
			in.queued--
			in.held -= it.held
		}
	}
}

// call is one Accept that waits for its items.
type call struct {
	done chan struct{} // closed when nothing waits any more

	mu      sync.Mutex
	waiting map[int]int // by index: appends of the item that are not settled, its copies included
	settled map[int]Outcome
	worst   Reason // the first reason that is no refusal as invalid
}

func (c *call) expect(items []*item) {
	c.settled = make(map[int]Outcome, len(items))
	for _, it := range items {
		c.waiting[it.index] = 1 + len(it.copies)
	}
}

// note remembers an outcome that makes the call fail as a whole.
func (c *call) note(o Outcome) {
	if !o.Accepted && o.Kind != fault.Invalid && c.worst == "" {
		c.worst = o.Reason
	}
}

func (c *call) set(index int, o Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.note(o)
	if before, some := c.settled[index]; !some || before.Accepted {
		c.settled[index] = o // an item is accepted when all its appends are
	}
	if c.waiting[index]--; c.waiting[index] == 0 {
		delete(c.waiting, index)
	}
	if len(c.waiting) == 0 {
		close(c.done)
	}
}

func (c *call) wait(ctx context.Context) {
	select {
	case <-c.done:
	case <-ctx.Done():
	}
}

// settle copies the outcomes; what still waits was given up by the caller.
func (c *call) settle(out []Outcome) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, o := range c.settled {
		out[i] = o
	}
	for i := range c.waiting { // also of an event that is in the log already while its copy is not
		out[i] = Outcome{Kind: fault.Unavailable, Reason: GivenUp}
		c.note(out[i])
	}
	switch c.worst {
	case "":
		return nil
	case GivenUp:
		return fault.New(fault.Unavailable, "ingest.Accept", "given up before every event was durable; send the others again")
	case SealFailed:
		return fault.New(fault.Unavailable, "ingest.Accept", "personal values cannot be protected now; send the events again")
	}
	return fault.New(fault.Unavailable, "ingest.Accept", "the log did not confirm; send the events again")
}
