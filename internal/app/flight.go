package app

import (
	"context"
	"sync"

	"twoweave/internal/manage/event"
	"twoweave/internal/platform/bus"
)

// flight counts the events that this process has put into the log and that its detection has not passed yet.
type flight struct {
	log      *bus.Bus
	position func() bus.Seq // up to where detection has computed

	mu      sync.Mutex
	batches []sent // by rising position, as good as: appends of different partitions may overtake each other
}

type sent struct {
	seq    bus.Seq
	events int
}

// pruneAt is how many batches are remembered before those that detection has passed are forgotten.
const pruneAt = 4096

// AppendEvents appends to the log and remembers what was appended.
func (f *flight) AppendEvents(ctx context.Context, part int, class bus.Retention, id string, body []byte) (bus.Seq, error) {
	seq, err := f.log.AppendEvents(ctx, part, class, id, body)
	if err != nil {
		return seq, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.batches = append(f.batches, sent{seq, event.BatchSize(body)})
	if len(f.batches) >= pruneAt {
		f.prune()
	}
	return seq, nil
}

// events is how many events are in flight.
func (f *flight) events() (n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.prune()
	for _, b := range f.batches {
		n += int64(b.events)
	}
	return n
}

// prune forgets the batches that detection has passed. The caller holds the lock.
func (f *flight) prune() {
	at := f.position()
	kept := f.batches[:0]
	for _, b := range f.batches {
		if b.seq > at {
			kept = append(kept, b)
		}
	}
	f.batches = kept
}
