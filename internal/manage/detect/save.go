package detect

import (
	"context"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/bus"
)

// snapshotDue says whether a partition's state should be kept now. Partitions are spread over the interval, so that not all are written at once.
func (r *Runner) snapshotDue(x *run) bool {
	policy := r.opts.Snapshots
	if x.saving.Load() || x.lost.Load() || x.messages < policy.AtLeast && x.messages < policy.Messages {
		return false
	}
	if x.savedAt == never || x.savedAt == 0 {
		x.savedAt = x.p.clock - spanOf(policy.Every)*micros(x.lease.Part)/bus.Partitions
	}
	return x.messages >= policy.Messages || x.p.clock-x.savedAt >= spanOf(policy.Every)
}

// take encodes what changed and leaves it to be written. Everything up to here is committed, else nothing is taken.
func (r *Runner) take(ctx context.Context, x *run) {
	if x.pending != nil || x.lost.Load() || x.failed != nil {
		return
	}
	s := x.snapshot()
	x.saving.Store(true)
	r.saves.Go(func() {
		r.slots <- struct{}{}
		defer func() { <-r.slots }()
		defer x.saving.Store(false)
		r.save(ctx, x, s)
	})
}

// takeLast is take at a stop: the write before it may still be at work, and this one follows it.
func (r *Runner) takeLast(ctx context.Context, x *run) {
	for n := 0; x.saving.Load(); n++ {
		if pause(ctx, 0) != nil {
			return
		}
	}
	r.take(ctx, x)
}

// snapshot is the next one in the chain: what changed since the last, or everything when there is none.
func (x *run) snapshot() *snapshot {
	s := &snapshot{header: header{
		kind: delta, part: x.lease.Part, epoch: x.lease.Epoch, seq: x.p.Seq(), base: x.saved, activation: x.p.activation.Activation,
	}}
	s.records = x.p.changes()
	if x.saved == 0 || x.whole {
		s.kind, s.base, s.records, x.whole = full, 0, x.p.all(), false
	}
	x.saved, x.savedAt, x.messages = s.seq, x.p.clock, 0
	return s
}

// save writes a snapshot, and after enough changes a full one made of what is written already, so that the partition need not wait for it.
func (r *Runner) save(ctx context.Context, x *run, s *snapshot) {
	if !r.write(ctx, x, s) {
		x.whole = true // the chain has a hole
		return
	}
	if s.kind == full {
		x.deltas = 0
		r.prune(ctx, x)
		return
	}
	if x.deltas++; x.deltas < r.opts.Snapshots.Full {
		return
	}
	whole, err := r.compact(ctx, s.header)
	if err != nil {
		r.opts.Logger.ErrorContext(ctx, "no full snapshot made of the changes; the partition will give one", "part", x.lease.Part, "err", err)
		x.whole = true
		return
	}
	if r.write(ctx, x, whole) {
		x.deltas = 0
		r.prune(ctx, x)
	}
}

// compact makes the full snapshot of the position of a delta.
func (r *Runner) compact(ctx context.Context, h header) (*snapshot, error) {
	st, err := r.archive.load(ctx, h.part, h.seq)
	if err != nil {
		return nil, err
	}
	if st == nil || st.seq != h.seq {
		return nil, fault.New(fault.Invalid, "detect.compact", "the snapshots of partition %d do not reach %d", h.part, h.seq)
	}
	h.kind, h.base = full, 0
	return &snapshot{header: h, records: st.records}, nil
}

// write keeps trying until the snapshot stands, the partition is lost, or ctx ends.
func (r *Runner) write(ctx context.Context, x *run, s *snapshot) bool {
	began := r.opts.Clock.Now()
	for n := 0; ; n++ {
		err := r.archive.write(ctx, s)
		if err == nil {
			r.opts.Logger.DebugContext(ctx, "snapshot kept", "snapshot", s.name(), "records", len(s.records), "took", r.opts.Clock.Now().Sub(began))
			return true
		}
		r.opts.Logger.WarnContext(ctx, "snapshot not kept", "snapshot", s.name(), "try", n+1, "err", err)
		if x.lost.Load() || pause(ctx, n) != nil {
			return false
		}
	}
}

func (r *Runner) prune(ctx context.Context, x *run) {
	if err := r.archive.prune(ctx, x.lease.Part); err != nil {
		r.opts.Logger.WarnContext(ctx, "old snapshots not removed; they will be", "part", x.lease.Part, "err", err)
	}
}
