package detect

import (
	"cmp"
	"context"
	"log/slog"
	"slices"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/bus"
)

// Blobs keeps snapshots: *blob.Dir.
type Blobs interface {
	Put(ctx context.Context, key string, body []byte) error
	Get(ctx context.Context, key string) ([]byte, error) // NotFound
	List(ctx context.Context, prefix string) ([]string, error)
	Delete(ctx context.Context, key string) error
}

// archive reads and writes the snapshots of partitions. It has no state: what there is, is in the names.
type archive struct {
	blobs Blobs
	log   *slog.Logger
}

// stored is a partition's state put together from snapshots.
type stored struct {
	header
	records []record // live
	deltas  int      // laid over the full one
}

// names lists a partition's snapshots of a kind, the newest first.
func (a archive) names(ctx context.Context, part int, kind snapshotKind) ([]header, error) {
	keys, err := a.blobs.List(ctx, folder(part))
	if err != nil {
		return nil, fault.Wrap("detect.snapshots", err)
	}
	var all []header
	for _, key := range keys {
		if h, ok := parseName(key); ok && h.kind == kind {
			all = append(all, h)
		}
	}
	slices.SortFunc(all, func(x, y header) int { return cmp.Or(cmp.Compare(y.seq, x.seq), cmp.Compare(y.epoch, x.epoch)) })
	return all, nil
}

func (a archive) read(ctx context.Context, h header) (*snapshot, error) {
	body, err := a.blobs.Get(ctx, h.name())
	if err != nil {
		return nil, fault.Wrap("detect.snapshot", err)
	}
	s, err := decodeSnapshot(body)
	if err == nil {
		err = s.fits(h)
	}
	return s, err
}

func (a archive) write(ctx context.Context, s *snapshot) error {
	return fault.Wrap("detect.snapshot", a.blobs.Put(ctx, s.name(), s.encode()))
}

// load is the newest readable state of a partition not beyond a position; nil when the partition has no snapshot. A damaged full one is logged and the one
// before it taken. When there are full ones and none can be read, that is an Invalid fault: to compute the partition anew, a person
// removes them. Unavailable: the store.
func (a archive) load(ctx context.Context, part int, until bus.Seq) (*stored, error) {
	fulls, err := a.names(ctx, part, full)
	if err != nil {
		return nil, err
	}
	var last error
	for _, h := range fulls {
		if h.seq > until {
			continue
		}
		s, err := a.read(ctx, h)
		if err == nil {
			return a.extend(ctx, s, until)
		}
		if fault.Is(err, fault.Unavailable) {
			return nil, err
		}
		a.log.ErrorContext(ctx, "a snapshot cannot be read; an older one is tried", "snapshot", h.name(), "err", err)
		last = err
	}
	return nil, last
}

// newest is load without a limit.
func (a archive) newest(ctx context.Context, part int) (*stored, error) {
	return a.load(ctx, part, ^bus.Seq(0))
}

// extend lays the deltas that follow a full snapshot over it, as far as they can be read.
func (a archive) extend(ctx context.Context, s *snapshot, until bus.Seq) (*stored, error) {
	at := &stored{header: s.header, records: s.records}
	all, err := a.names(ctx, s.part, delta)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(h header) bool { return h.seq > until })
	for {
		h, ok := next(all, at.seq)
		if !ok {
			at.records = live(at.records)
			return at, nil
		}
		d, err := a.read(ctx, h)
		if fault.Is(err, fault.Unavailable) {
			return nil, err
		}
		if err != nil {
			a.log.ErrorContext(ctx, "a change snapshot cannot be read; the state stays as it was before it", "snapshot", h.name(), "err", err)
			all = slices.DeleteFunc(all, func(x header) bool { return x == h })
			continue
		}
		at.header, at.records = d.header, merge(at.records, d.records)
		at.deltas++
	}
}

// next is the delta that continues from a position: that of the latest owner, and of these the longest step.
func next(all []header, from bus.Seq) (h header, ok bool) {
	for _, x := range all { // the newest first
		if x.base == from && x.seq > from && (!ok || x.epoch > h.epoch) {
			h, ok = x, true
		}
	}
	return h, ok
}

// prune deletes what is older than the second newest full snapshot that can be read, and damaged full ones. It reads those it counts on, so that
// damage is found while there is another. With fewer than two it deletes nothing.
func (a archive) prune(ctx context.Context, part int) error {
	fulls, err := a.names(ctx, part, full)
	if err != nil || len(fulls) < 3 {
		return err
	}
	deltas, err := a.names(ctx, part, delta)
	if err != nil {
		return err
	}
	good, rest, err := a.readable(ctx, fulls, 2)
	if err != nil || len(good) < 2 {
		return err
	}
	for _, h := range deltas {
		if h.seq <= good[1].seq {
			rest = append(rest, h)
		}
	}
	for _, h := range rest {
		if err := a.blobs.Delete(ctx, h.name()); err != nil {
			return fault.Wrap("detect.prune", err)
		}
	}
	return nil
}

// readable parts the names into the first ones that can be read, up to a number, and the rest.
func (a archive) readable(ctx context.Context, all []header, most int) (good, rest []header, err error) {
	for _, h := range all {
		if len(good) == most {
			rest = append(rest, h)
			continue
		}
		switch _, err := a.read(ctx, h); {
		case err == nil:
			good = append(good, h)
		case fault.Is(err, fault.Invalid):
			a.log.ErrorContext(ctx, "a snapshot is damaged", "snapshot", h.name(), "err", err)
			rest = append(rest, h)
		default:
			return nil, nil, err
		}
	}
	return good, rest, nil
}

// SafeSeq is the position up to which no partition will ever read the log again, not even when its newest full snapshot is damaged: what is
// not beyond it may be purged. 0 when some partition has fewer than two full snapshots.
func SafeSeq(ctx context.Context, blobs Blobs) (bus.Seq, error) {
	a, safe := archive{blobs: blobs}, ^bus.Seq(0)
	for part := range bus.Partitions {
		fulls, err := a.names(ctx, part, full)
		if err != nil {
			return 0, err
		}
		if len(fulls) < 2 {
			return 0, nil
		}
		safe = min(safe, fulls[1].seq)
	}
	return safe, nil
}
