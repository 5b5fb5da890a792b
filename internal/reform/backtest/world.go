package backtest

import (
	"maps"
	"slices"
	"time"

	"twoweave/internal/manage/detect"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
	"twoweave/internal/rule"
)

// world is the partitions of one set that does not change. A partition is made when its first event comes: before that it would only have heard ticks and
// orders, of which it is told then.
type world struct {
	set    *pack.Set
	parts  map[int]*detect.Partition
	sorted []int // of parts
	rows   map[event.TypeName]*rule.Row
	orders []ordered
	ticked time.Time
}

// ordered is an order where it stands in the log.
type ordered struct {
	seq     bus.Seq
	control order.Control
}

func newWorld(set *pack.Set) *world {
	return &world{set: set, parts: map[int]*detect.Partition{}, rows: map[event.TypeName]*rule.Row{}}
}

func (w *world) part(n int) *detect.Partition {
	p := w.parts[n]
	if p != nil {
		return p
	}
	p = detect.New(n, w.set)
	for _, o := range w.orders {
		p.Order(o.seq, o.control)
	}
	if !w.ticked.IsZero() {
		p.Tick(0, w.ticked)
	}
	w.parts[n] = p
	w.sorted = slices.Sorted(maps.Keys(w.parts))
	return p
}

// events applies a batch of events to its partition, then a copy of each event to the partitions of its other keys. The batch stays the caller's.
func (w *world) events(seq bus.Seq, part int, b *event.Batch) []scenario.Detection {
	own := *b
	own.Events = slices.Clone(b.Events)
	found := w.part(part).Events(seq, &own).Detections
	for i := range b.Events {
		e := &b.Events[i]
		t := w.set.Types[e.Type]
		if t == nil || !t.Copied() {
			continue
		}
		row := w.rows[e.Type]
		if row == nil {
			row = t.NewRow()
			w.rows[e.Type] = row
		}
		for _, n := range t.CopyParts(e, row) {
			found = append(found, w.part(n).Copy(seq, i, b.Stamp, *e).Detections...)
		}
	}
	return found
}

func (w *world) tick(seq bus.Seq, at time.Time) (found []scenario.Detection) {
	w.ticked = at
	for _, n := range w.sorted {
		found = append(found, w.parts[n].Tick(seq, at).Detections...)
	}
	return found
}

func (w *world) order(seq bus.Seq, c order.Control) (found []scenario.Detection) {
	w.orders = append(w.orders, ordered{seq, c})
	for _, n := range w.sorted {
		found = append(found, w.parts[n].Order(seq, c).Detections...)
	}
	return found
}
