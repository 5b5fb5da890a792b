package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
)

// Read calls fn with every event message of parts, every tick and every control, in log order, starting at position from, and waits for
// more at the end. It returns fn's error as it is, ctx's error when ctx ends, and Unavailable after Close.
//
// from 0 or 1 means "whatever is still there". Any other from is a reader's next position, and nothing may be missing between it and the
// end: when retention has removed messages at or after it, or when it lies beyond the end of the log (the log was replaced), Read returns
// Conflict, which names the range. Messages that are purged while a reader is still behind them are not delivered; see Purge.
func (b *Bus) Read(ctx context.Context, from Seq, parts PartSet, fn func(Message) error) error {
	t := b.logTail("bus.Read", from, parts, fn)
	return t.run(ctx)
}

// ReadTo is Read that returns nil once every message up to position end, inclusive, has been given to fn: for a replay of what is there. The
// message at end need not be one of parts. An end beyond the end of the log is a Conflict.
func (b *Bus) ReadTo(ctx context.Context, from, end Seq, parts PartSet, fn func(Message) error) error {
	const op = "bus.ReadTo"
	last, err := b.LastSeq(ctx)
	if err != nil {
		return fault.Wrap(op, err)
	}
	if end > last {
		return fault.New(fault.Conflict, op, "position %d lies beyond the end of the log, which is %d", end, last)
	}
	t := b.logTail(op, from, parts, fn)
	if t.end = uint64(end); t.next > t.end {
		return nil
	}
	return t.run(ctx)
}

func (b *Bus) logTail(op string, from Seq, parts PartSet, fn func(Message) error) *tail {
	return &tail{
		bus: b, op: op, stream: logStream, subjects: readSubjects(parts), next: uint64(max(from, 1)),
		deliver: func(m jetstream.Msg, seq uint64) error {
			msg, ok, err := decode(m.Subject(), seq, m.Data())
			if err != nil || !ok {
				return err
			}
			return fn(msg)
		},
		check: func(ctx context.Context) error { return b.checkLogStart(ctx, from) },
	}
}

// tail reads a stream in order from position next on, for ever. It keeps its own position and takes a fresh server-side consumer whenever
// anything is in doubt, so that a lost connection, a lost server and a lost message are all the same case.
type tail struct {
	bus      *Bus
	op       string
	stream   string
	subjects []string
	next     uint64
	end      uint64 // the last position wanted, which the stream has already; 0 = for ever
	deliver  func(m jetstream.Msg, seq uint64) error
	check    func(ctx context.Context) error // once, before the first message
}

const (
	pullMessages = 256
	pullBytes    = 16 << 20 // below the client's limit of buffered bytes per subscription
	heartbeat    = 5 * time.Second
	idleConsumer = time.Minute // the server forgets a consumer nobody pulls from
	retryPause   = 250 * time.Millisecond
)

// stopError carries out of the delivery loop what no new consumer can mend: an error, or nil at the wanted end.
type stopError struct{ err error }

func (s stopError) Error() string { return fmt.Sprint("stop: ", s.err) }

func (t *tail) run(ctx context.Context) error {
	ctx, cancel := t.bus.within(ctx)
	defer cancel()
	err := t.untilStopped(ctx)
	if t.bus.life.Err() != nil && ctx.Err() != nil {
		return errClosed(t.op)
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return ctx.Err()
	}
	return err
}

// within is ctx, ended too by Close.
func (b *Bus) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(b.life, cancel)
	return ctx, func() { stop(); cancel() }
}

func (t *tail) untilStopped(ctx context.Context) error {
	for {
		err := t.once(ctx)
		if stop, ok := errors.AsType[stopError](err); ok {
			return stop.err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		t.bus.opts.Log.Debug("reader starts again", slog.String("stream", t.stream), slog.Uint64("next", t.next), slog.Any("reason", err))
		if err := (clock.System{}).Wait(ctx, clock.System{}.Now().Add(retryPause)); err != nil {
			return err
		}
	}
}

// once reads through one server-side consumer until something goes wrong.
func (t *tail) once(ctx context.Context) error {
	ctx, cancel := t.bus.subBack.join(ctx)
	defer cancel()
	if err := t.checkPosition(ctx); err != nil {
		return err
	}
	cons, err := t.bus.subJS.CreateConsumer(ctx, t.stream, t.consumer())
	if err != nil {
		return err
	}
	defer t.drop(cons)
	if t.end > 0 && cons.CachedInfo().NumPending == 0 {
		return stopError{nil}
	}
	it, err := cons.Messages(jetstream.PullMaxMessagesWithBytesLimit(pullMessages, pullBytes), jetstream.PullHeartbeat(heartbeat))
	if err != nil {
		return err
	}
	defer it.Stop()
	for delivered := uint64(1); ; delivered++ {
		if err := t.one(ctx, it, delivered); err != nil {
			return err
		}
	}
}

func (t *tail) consumer() jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       t.next,
		AckPolicy:         jetstream.AckNonePolicy,
		FilterSubjects:    t.subjects,
		MemoryStorage:     true,
		Replicas:          1,
		InactiveThreshold: idleConsumer,
	}
}

// one delivers the next message. A consumer numbers what it sends without holes; a hole means that something was lost on the way.
func (t *tail) one(ctx context.Context, it jetstream.MessagesContext, want uint64) error {
	m, err := it.Next(jetstream.NextContext(ctx))
	if err != nil {
		return err
	}
	meta, err := m.Metadata()
	if err != nil {
		return err
	}
	if meta.Sequence.Consumer != want || meta.Sequence.Stream < t.next {
		return errLostOnWay
	}
	return t.take(m, meta)
}

func (t *tail) take(m jetstream.Msg, meta *jetstream.MsgMetadata) error {
	seq := meta.Sequence.Stream
	if t.end > 0 && seq > t.end {
		return stopError{nil}
	}
	if err := t.deliver(m, seq); err != nil {
		return stopError{err}
	}
	t.next = seq + 1
	if t.end > 0 && (seq == t.end || meta.NumPending == 0) {
		return stopError{nil}
	}
	return nil
}

var errLostOnWay = errors.New("a message was lost on its way to the reader")

// checkPosition refuses a position that the stream cannot continue from: first the caller's own check, later, after an interruption,
// that the stream still reaches as far as this reader has read.
func (t *tail) checkPosition(ctx context.Context) error {
	info, err := t.bus.state(ctx, t.bus.subJS, t.stream)
	if err != nil {
		return err
	}
	if t.next > info.LastSeq+1 {
		return stopError{fault.New(fault.Conflict, t.op, "position %d lies beyond the end of stream %s, which is %d: it is not the stream that was read before",
			t.next, t.stream, info.LastSeq)}
	}
	if t.check == nil {
		return nil
	}
	err = t.check(ctx)
	if fault.Is(err, fault.Conflict) {
		return stopError{err}
	}
	if err == nil {
		t.check = nil
	}
	return err
}

// drop removes the consumer at once; without an answer the server forgets it after a minute.
func (t *tail) drop(cons jetstream.Consumer) {
	ctx, cancel := context.WithTimeout(t.bus.life, time.Second)
	defer cancel()
	if err := t.bus.subJS.DeleteConsumer(ctx, t.stream, cons.CachedInfo().Name); err != nil {
		t.bus.opts.Log.Debug("reader's consumer not removed", slog.String("stream", t.stream), slog.Any("error", err))
	}
}

// LastSeq is the position of the newest message of LOG, 0 when there has never been one. It may be a message that Read does not deliver:
// of another partition, or the bus's own. ReadTo knows when there is no more.
func (b *Bus) LastSeq(ctx context.Context) (Seq, error) {
	s, err := b.state(ctx, b.pubJS, logStream)
	return Seq(s.LastSeq), wrapState("bus.LastSeq", err)
}

// FirstSeq is the position of the oldest message that LOG still has, one beyond LastSeq when it has none. It is a figure for people: to read
// what is there, read from 0, since a class of messages may be gone from beyond this position too.
func (b *Bus) FirstSeq(ctx context.Context) (Seq, error) {
	s, err := b.state(ctx, b.pubJS, logStream)
	if err == nil && s.Msgs == 0 {
		return Seq(s.LastSeq + 1), nil
	}
	return Seq(s.FirstSeq), wrapState("bus.FirstSeq", err)
}

func (b *Bus) state(ctx context.Context, js jetstream.JetStream, name string) (jetstream.StreamState, error) {
	s, err := js.Stream(ctx, name)
	if err != nil {
		return jetstream.StreamState{}, err
	}
	return s.CachedInfo().State, nil
}

func wrapState(op string, err error) error {
	if err == nil {
		return nil
	}
	return toFault(op, err)
}
