package bus

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go/jetstream"

	"twoweave/internal/base/fault"
)

// FactsOrigin is the position before the first fact: following from it delivers everything. The stream's message there is the bus's own and
// is never delivered, so that 0 can mean "only new ones" and FactsLast is never 0.
const FactsOrigin uint64 = 1

const originSubject = "fact._origin"

// Follow calls fn with the facts after position from, in order, and waits for more at the end. from 0 means "only what is published after
// this call"; to lose nothing between a query and its updates, take FactsLast first, query, then follow from there. It returns fn's
// error as it is, ctx's error when ctx ends, Unavailable after Close, and Conflict when facts after from have aged out or when
// from lies beyond the end. fn owns body.
func (b *Bus) Follow(ctx context.Context, from uint64, fn func(seq uint64, subject string, body []byte) error) error {
	const op = "bus.Follow"
	if from == 0 {
		last, err := b.FactsLast(ctx)
		if err != nil {
			return fault.Wrap(op, err)
		}
		from = last
	}
	t := tail{
		bus: b, op: op, stream: factsStream, next: from + 1,
		deliver: func(m jetstream.Msg, seq uint64) error { return fn(seq, m.Subject(), m.Data()) },
		check:   func(ctx context.Context) error { return b.checkFactsStart(ctx, from) },
	}
	return t.run(ctx)
}

// FactsLast is the position of the newest fact, FactsOrigin when there is none yet.
func (b *Bus) FactsLast(ctx context.Context) (uint64, error) {
	s, err := b.state(ctx, b.pubJS, factsStream)
	return s.LastSeq, wrapState("bus.FactsLast", err)
}

func (b *Bus) checkFactsStart(ctx context.Context, from uint64) error {
	s, err := b.state(ctx, b.subJS, factsStream)
	if err != nil {
		return err
	}
	if from != FactsOrigin && s.FirstSeq > from+1 {
		return fault.New(fault.Conflict, "bus.Follow", "facts %d to %d are no longer kept", from+1, s.FirstSeq-1)
	}
	return nil
}

// writeOrigin puts the bus's own message at position 1 of an empty FACTS. Of several processes one succeeds.
func (b *Bus) writeOrigin(ctx context.Context) error {
	s, err := b.state(ctx, b.pubJS, factsStream)
	if err != nil {
		return toFault("bus.writeOrigin", err)
	}
	if s.LastSeq > 0 {
		return nil
	}
	_, err = b.pubJS.Publish(ctx, originSubject, nil, jetstream.WithExpectLastSequence(0))
	if api, ok := errors.AsType[*jetstream.APIError](err); ok && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence {
		return nil
	}
	if err != nil {
		return toFault("bus.writeOrigin", err)
	}
	return nil
}

// LastID is the id under which the last fact of a subject was published; empty when there is none.
func (b *Bus) LastID(ctx context.Context, subject string) (string, error) {
	const op = "bus.LastID"
	if err := checkFact(op, subject); err != nil {
		return "", err
	}
	s, err := b.pubJS.Stream(ctx, factsStream)
	if err != nil {
		return "", toFault(op, err)
	}
	m, err := s.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return "", nil
	}
	if err != nil {
		return "", toFault(op, err)
	}
	return m.Header.Get(jetstream.MsgIDHeader), nil
}
