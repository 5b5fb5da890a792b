package detect

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"twoweave/internal/platform/bus"
)

// Status is one partition as its Runner sees it.
type Status struct {
	Part       int
	Epoch      int64
	Seq        bus.Seq   // the last message applied
	Time       time.Time // log time
	Accounting Accounting
	Err        error // why it stands still; nil while it works
}

// board is where the workers say how far they are and others read it.
type board struct {
	mu      sync.Mutex
	read    bus.Seq // the last message handed out
	after   bus.Seq // where the reader began
	round   int     // and its number
	lanes   []lane
	parts   map[int]Status
	missing map[int]bool  // leased, as far as we know, but not at work: lost at the fence, or not restored
	changed chan struct{} // closed and replaced when something moves and somebody waits
	waiting int
}

// lane is a worker's part of the way.
type lane struct{ sent, handled bus.Seq }

func newBoard(workers int) *board {
	return &board{lanes: make([]lane, workers), parts: map[int]Status{}, missing: map[int]bool{}, changed: make(chan struct{})}
}

// update changes the board and wakes whoever waits.
func (b *board) update(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
	if b.waiting > 0 {
		close(b.changed)
		b.changed = make(chan struct{})
	}
}

func (b *board) reading(seq bus.Seq)          { b.update(func() { b.read = seq }) }
func (b *board) sent(worker int, seq bus.Seq) { b.update(func() { b.lanes[worker].sent = seq }) }
func (b *board) put(s Status)                 { b.update(func() { b.parts[s.Part] = s }) }

// lose notes a partition that was lost at the fence. When the last claim has told already that it is another's, it is not missing here: noted
// after that claim, nothing would take the note away again.
func (b *board) lose(x *run) {
	b.update(func() {
		if !x.dropped {
			b.missing[x.lease.Part] = true
		}
	})
}

// drop notes that a claim has told that the partition is another's. A new reader follows, which knows all that is missing then.
func (b *board) drop(x *run) { b.update(func() { x.dropped = true }) }

// remove takes a partition that is no longer at work from the board.
func (b *board) remove(part int) { b.update(func() { delete(b.parts, part) }) }

// release takes a partition from the board that was missing and is no longer leased.
func (b *board) release(part int) {
	b.update(func() { delete(b.parts, part); delete(b.missing, part) })
}

func (b *board) clear() { b.update(func() { b.read = 0; clear(b.parts); clear(b.missing) }) }

// fail notes that a leased partition cannot be restored.
func (b *board) fail(part int, err error) {
	b.update(func() {
		s := b.parts[part]
		s.Part, s.Err = part, err
		b.parts[part], b.missing[part] = s, true
	})
}

// resume says that a new reader begins after a position, for all that is leased but what is missing. A worker may still have messages of the reader
// before; it is only done with what the new one begins after when it is done with them.
func (b *board) resume(round int, after bus.Seq, missing map[int]bool) {
	b.update(func() {
		b.round, b.after, b.read, b.missing = round, after, after, missing
		for i, l := range b.lanes {
			if l.handled >= l.sent {
				l.handled = after
			}
			b.lanes[i] = lane{sent: after, handled: min(l.handled, after)}
		}
	})
}

// handled says up to where a worker is done with a reader's messages. Once it has messages of a new reader, how far it was with those before says
// nothing about them.
func (b *board) handled(worker, round int, seq bus.Seq) {
	b.update(func() {
		switch l := &b.lanes[worker]; {
		case round == b.round:
			l.handled = seq
		case l.sent <= b.after:
			l.handled = max(l.handled, min(seq, l.sent))
		}
	})
}

// position is up to where everything held is computed and committed. The caller holds the lock.
func (b *board) position() bus.Seq {
	at := b.read
	if len(b.missing) > 0 {
		return 0
	}
	for _, l := range b.lanes {
		if l.handled < l.sent {
			at = min(at, l.handled)
		}
	}
	return at
}

// Position is the message of the log up to which everything that this Runner holds is computed and committed; 0 when it holds nothing. It
// falls back when the Runner takes up a partition that is behind.
func (r *Runner) Position() bus.Seq {
	r.board.mu.Lock()
	defer r.board.mu.Unlock()
	return r.board.position()
}

// WaitFor returns nil once Position has reached seq, or ctx's error.
func (r *Runner) WaitFor(ctx context.Context, seq bus.Seq) error {
	b := r.board
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting++
	defer func() { b.waiting-- }()
	for b.position() < seq {
		changed := b.changed
		b.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		b.mu.Lock()
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// Status is the partitions that this Runner holds, in rising order.
func (r *Runner) Status() []Status {
	r.board.mu.Lock()
	defer r.board.mu.Unlock()
	all := make([]Status, 0, len(r.board.parts))
	for _, part := range slices.Sorted(maps.Keys(r.board.parts)) {
		all = append(all, r.board.parts[part])
	}
	return all
}

// Accounting is what became of the events of each partition that this Runner holds, since the beginning of the log.
func (r *Runner) Accounting() map[int]Accounting {
	all := map[int]Accounting{}
	for _, s := range r.Status() {
		all[s.Part] = s.Accounting
	}
	return all
}

// Ready is nil while every partition that is held works; otherwise it says which do not, and why.
func (r *Runner) Ready() error {
	var wrong []error
	for _, s := range r.Status() {
		if s.Err != nil {
			wrong = append(wrong, fmt.Errorf("partition %d stands still: %w", s.Part, s.Err))
		}
	}
	return errors.Join(wrong...)
}
