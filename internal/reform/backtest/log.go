package backtest

import (
	"context"
	"encoding/binary"
	"time"

	"twoweave/internal/platform/bus"
)

// Log is the retained log: a *bus.Bus.
type Log interface {
	LastSeq(ctx context.Context) (bus.Seq, error)
	ReadTo(ctx context.Context, from, end bus.Seq, parts bus.PartSet, fn func(bus.Message) error) error
}

// Progress is told now and then how far the reading of the log has come. It may be nil.
type Progress func(done, of bus.Seq)

// told is how many positions lie between two calls of a Progress.
const told = 20_000

// read gives fn all that the log still has, in order.
func read(ctx context.Context, log Log, parts bus.PartSet, progress Progress, fn func(bus.Message) error) error {
	end, err := log.LastSeq(ctx)
	if err != nil {
		return err
	}
	next := bus.Seq(told)
	return log.ReadTo(ctx, 0, end, parts, func(m bus.Message) error {
		if progress != nil && m.Seq >= next {
			next = m.Seq + told
			progress(m.Seq, end)
		}
		return fn(m)
	})
}

// stampOf is when a batch was formed, read from its head alone: the format, then the stamp.
func stampOf(body []byte) (time.Time, bool) {
	if len(body) < 2 {
		return time.Time{}, false
	}
	micros, n := binary.Varint(body[1:])
	return time.UnixMicro(micros).UTC(), n > 0
}
