package detect

import (
	"context"
	"testing"
	"time"

	"twoweave/internal/platform/bus"
)

// A partition that is taken up further back does not get what an earlier reader has left in the worker's queue: it would pass over what is between.
func TestAPartitionTakenUpGetsNothingOfAnEarlierReader(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r := w.process("one").runner(1)
	worker := r.workers[0]
	tick := func(seq bus.Seq) bus.Message {
		return bus.Message{Seq: seq, Kind: bus.Tick, Tick: time.Unix(1_800_000_000+int64(seq), 0)}
	}
	r.round = 1
	r.board.resume(1, 49, nil)
	worker.in <- item{tick(50), 1} // left by the first reader

	x := &run{lease: Lease{Part: 3, Epoch: 1}, p: New(3, nil), since: 2}
	worker.post(command{add: x})
	r.board.resume(2, 9, nil)
	r.board.sent(0, 10)
	if at := r.Position(); at != 9 {
		t.Errorf("position %d before anything of the new reader is handled, want 9", at)
	}
	ctx := context.Background()
	worker.obey()
	worker.message(ctx, <-worker.in)
	if at := r.Position(); at != 9 {
		t.Errorf("position %d after what the reader before had left, want 9", at)
	}
	if x.p.Seq() != 0 {
		t.Fatalf("the partition stands at %d after another reader's message", x.p.Seq())
	}
	r.board.reading(10)
	worker.message(ctx, item{tick(10), 2})
	if x.p.Seq() != 10 || r.Position() != 10 {
		t.Errorf("the partition stands at %d, the position is %d, want 10", x.p.Seq(), r.Position())
	}
}
