package bus

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"twoweave/internal/base/fault"
)

const (
	attemptTimeout = 10 * time.Second
	attempts       = 3 // together well inside the dedup window
	dedupWindow    = 2 * time.Minute
)

// AppendEvents adds a batch of one partition to the log and returns its position once it is durable. class is how long it is kept. id names
// the message for retries. Invalid: a wrong partition, class or id, or a body beyond MaxBody. Unavailable: no answer, no space, or ctx
// ended; the outcome is then open. body is not kept.
func (b *Bus) AppendEvents(ctx context.Context, part int, class Retention, id string, body []byte) (Seq, error) {
	const op = "bus.AppendEvents"
	if !validPart(part) {
		return 0, fault.New(fault.Invalid, op, "partition %d: allowed are 0 to %d", part, Partitions-1)
	}
	if err := class.check(op); err != nil {
		return 0, err
	}
	seq, err := b.publish(ctx, op, logStream, eventSubject(part, class), idEvents+id, body)
	return Seq(seq), err
}

// AppendTick says that the second of at has come. Of several calls for one second, from any process within the dedup window, one becomes a
// message, and all get its position.
func (b *Bus) AppendTick(ctx context.Context, at time.Time) (Seq, error) {
	id := idTick + strconv.FormatInt(at.Unix(), 10)
	seq, err := b.publish(ctx, "bus.AppendTick", logStream, subjectTick, id, encodeTick(at))
	return Seq(seq), err
}

// AppendControl adds a message that every partition sees at the same position. Errors as for AppendEvents.
func (b *Bus) AppendControl(ctx context.Context, id string, body []byte) (Seq, error) {
	seq, err := b.publish(ctx, "bus.AppendControl", logStream, subjectControl, idControl+id, body)
	return Seq(seq), err
}

// Publish announces a fact on subject "fact.…" and returns its position in FACTS once it is durable. The same id within the dedup window
// gives the first one's position. Errors as for AppendEvents.
func (b *Bus) Publish(ctx context.Context, subject, id string, body []byte) (uint64, error) {
	const op = "bus.Publish"
	if err := checkFact(op, subject); err != nil {
		return 0, err
	}
	return b.publish(ctx, op, factsStream, subject, id, body)
}

// MaxBody is the largest body, in bytes, that the server takes in one message.
func (b *Bus) MaxBody() int { return int(b.pub.MaxPayload()) - headerReserve }

// Kinds of message in LOG have id spaces of their own: a control never hides behind a batch of the same id.
const (
	idEvents  = "e."
	idControl = "c."
	idTick    = "tick-"
	idFloor   = "floor."
)

const headerReserve = 1 << 10 // for the message id and the protocol's own headers

func (b *Bus) publish(ctx context.Context, op, stream, subject, id string, body []byte) (uint64, error) {
	if err := b.checkMessage(op, id, body); err != nil {
		return 0, err
	}
	if err := b.enter(ctx, op); err != nil {
		return 0, err
	}
	defer b.leave()
	start := b.opts.Clock.Now()
	seq, err := b.publishDurably(ctx, stream, subject, id, body)
	if err != nil {
		b.stats.failed.Add(1)
		return 0, toFault(op, err)
	}
	b.stats.appended.Add(1)
	b.stats.bytes.Add(uint64(len(body)))
	b.stats.latency.Store(int64(b.opts.Clock.Now().Sub(start)))
	return seq, nil
}

func (b *Bus) checkMessage(op, id string, body []byte) error {
	if id == "" || len(id) > 512 {
		return fault.New(fault.Invalid, op, "a message needs an id of 1 to 512 bytes")
	}
	for _, c := range []byte(id) {
		if c < ' ' || c == 0x7f {
			return fault.New(fault.Invalid, op, "message id %q holds control characters", id)
		}
	}
	if most := b.MaxBody(); len(body) > most {
		return fault.New(fault.Invalid, op, "a message of %d bytes is too large; at most %d are allowed", len(body), most)
	}
	return nil
}

// enter waits for a token. It counts the message as on its way, so that Close waits for it.
func (b *Bus) enter(ctx context.Context, op string) error {
	if ctx.Err() != nil {
		return errNotSent(op, ctx.Err())
	}
	select {
	case b.gate <- struct{}{}:
	case <-ctx.Done():
		return errNotSent(op, ctx.Err())
	case <-b.life.Done():
		return errClosed(op)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		<-b.gate
		return errClosed(op)
	}
	b.flight.Add(1)
	return nil
}

func (b *Bus) leave() {
	<-b.gate
	b.flight.Done()
}

// publishDurably sends until acknowledged; the id makes a second attempt safe. The server has synced the file's bytes when it
// acknowledges; the folder that names the file is ours to sync.
func (b *Bus) publishDurably(ctx context.Context, stream, subject, id string, body []byte) (uint64, error) {
	ack, err := b.attempt(ctx, subject, id, body)
	for n := 1; n < attempts && retryable(ctx, err); n++ {
		b.stats.retried.Add(1)
		ack, err = b.attempt(ctx, subject, id, body)
	}
	if err != nil {
		return 0, err
	}
	if ack.Stream != stream {
		return 0, fault.New(fault.Internal, "bus.publish", "subject %s was stored in the foreign stream %s", subject, ack.Stream)
	}
	if b.dirs != nil {
		return ack.Sequence, b.dirs.syncBlocks(stream)
	}
	return ack.Sequence, nil
}

func (b *Bus) attempt(ctx context.Context, subject, id string, body []byte) (*jetstream.PubAck, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	ctx, leave := b.pubLost.join(ctx)
	defer leave()
	msg := &nats.Msg{Subject: subject, Data: body}
	return b.pubJS.PublishMsg(ctx, msg, jetstream.WithMsgID(id), jetstream.WithRetryAttempts(0))
}

// retryable holds for no answer in time and for a server that is just coming up; a refusal is final.
func retryable(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil {
		return false
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) ||
		errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse)
}
