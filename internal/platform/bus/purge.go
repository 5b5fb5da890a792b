package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"twoweave/internal/base/fault"
)

// Purge removes the event messages of a class that the server stored before the given time, and returns how many. Ticks, controls and other
// classes stay. The age is that of the server's clock at the append, not of any time inside the message.
//
// Purge first records, durably, up to where the class is gone, so that a reader that starts before that point is refused. (A full store has
// no space for the record; then it is written right after.) The caller must know that every reader has a durable position
// beyond before: a reader at work behind it would miss what is removed.
func (b *Bus) Purge(ctx context.Context, class Retention, before time.Time) (uint64, error) {
	const op = "bus.Purge"
	if err := class.check(op); err != nil {
		return 0, err
	}
	return b.purge(ctx, op, string(class), classSubject(class), before)
}

// PurgeTicks removes the ticks stored before the given time, as Purge does for a class.
func (b *Bus) PurgeTicks(ctx context.Context, before time.Time) (uint64, error) {
	return b.purge(ctx, "bus.PurgeTicks", tickFloor, subjectTick, before)
}

func (b *Bus) purge(ctx context.Context, op, name, subject string, before time.Time) (uint64, error) {
	ctx, cancel := b.within(ctx)
	defer cancel()
	end, err := b.firstSince(ctx, before)
	if err != nil {
		return 0, toFault(op, err)
	}
	if some, err := b.anyBefore(ctx, subject, end); err != nil || !some {
		return 0, wrapState(op, err)
	}
	err = b.raiseFloor(ctx, op, name, end)
	if err != nil && !storeFull(err) {
		return 0, err
	}
	n, perr := b.purgeSubject(ctx, subject, end)
	if err != nil && perr == nil { // the record found no space; now there is some
		err = b.raiseFloor(ctx, op, name, end)
	}
	return n, wrapState(op, errors.Join(err, perr))
}

// firstSince is the position of the first message of any kind stored at or after t, or the one beyond the end when there is none.
func (b *Bus) firstSince(ctx context.Context, t time.Time) (uint64, error) {
	s, err := b.state(ctx, b.pubJS, logStream)
	if err != nil {
		return 0, err
	}
	cons, err := b.pubJS.CreateConsumer(ctx, logStream, jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &t,
		AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, Replicas: 1, InactiveThreshold: idleConsumer,
	})
	if err != nil {
		return 0, err
	}
	defer func() { _ = b.pubJS.DeleteConsumer(ctx, logStream, cons.CachedInfo().Name) }() // else forgotten after a minute
	if cons.CachedInfo().NumPending == 0 {
		return s.LastSeq + 1, nil // what comes later has a later position
	}
	m, err := cons.Next(jetstream.FetchContext(ctx))
	if err != nil {
		return 0, err
	}
	meta, err := m.Metadata()
	if err != nil {
		return 0, err
	}
	return min(meta.Sequence.Stream, s.LastSeq+1), nil
}

// anyBefore reports whether LOG has a message of the subject below position end.
func (b *Bus) anyBefore(ctx context.Context, subject string, end uint64) (bool, error) {
	s, err := b.pubJS.Stream(ctx, logStream)
	if err != nil {
		return false, err
	}
	m, err := s.GetMsg(ctx, 1, jetstream.WithGetMsgSubject(subject))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return m.Sequence < end, nil
}

// purgeSubject asks the server itself, since the client library does not tell how many messages it removed.
func (b *Bus) purgeSubject(ctx context.Context, subject string, end uint64) (uint64, error) {
	req, err := json.Marshal(map[string]any{"filter": subject, "seq": end})
	if err != nil {
		return 0, err
	}
	answer, err := b.pub.RequestWithContext(ctx, "$JS.API.STREAM.PURGE."+logStream, req)
	if err != nil {
		return 0, err
	}
	var reply struct {
		Purged uint64              `json:"purged"`
		Error  *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(answer.Data, &reply); err != nil {
		return 0, fmt.Errorf("read the purge answer: %w", err)
	}
	if reply.Error != nil {
		return 0, reply.Error
	}
	return reply.Purged, nil
}

// A floor is a message of the bus's own in LOG, the last of its subject: below its number the class is gone.

func (b *Bus) raiseFloor(ctx context.Context, op, name string, end uint64) error {
	have, err := b.floor(ctx, name)
	if err != nil {
		return toFault(op, err)
	}
	if end <= have {
		return nil
	}
	text := strconv.FormatUint(end, 10)
	seq, err := b.publish(ctx, op, logStream, prefixFloor+name, idFloor+name+"."+text, []byte(text))
	if err != nil {
		return err
	}
	_, err = b.purgeSubject(ctx, prefixFloor+name, seq)
	return wrapState(op, err)
}

func (b *Bus) floor(ctx context.Context, name string) (uint64, error) {
	s, err := b.pubJS.Stream(ctx, logStream)
	if err != nil {
		return 0, err
	}
	m, err := s.GetLastMsgForSubject(ctx, prefixFloor+name)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(string(m.Data), 10, 64)
}

// checkLogStart refuses a start at which something that was once there is missing.
func (b *Bus) checkLogStart(ctx context.Context, from Seq) error {
	if from <= 1 {
		return nil
	}
	s, err := b.subJS.Stream(ctx, logStream)
	if err != nil {
		return err
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(prefixFloor+"*"))
	if err != nil {
		return err
	}
	if first := Seq(info.State.FirstSeq); from < first {
		return gone("messages", from, first)
	}
	for subject := range info.State.Subjects {
		name := strings.TrimPrefix(subject, prefixFloor)
		end, err := b.floor(ctx, name)
		if err != nil {
			return err
		}
		if from < Seq(end) {
			return gone(name+" messages", from, Seq(end))
		}
	}
	return nil
}

func gone(what string, from, end Seq) error {
	return fault.New(fault.Conflict, "bus.Read", "%s from position %d to %d are no longer kept", what, from, end-1)
}
