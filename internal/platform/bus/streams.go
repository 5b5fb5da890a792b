package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"twoweave/internal/base/fault"
)

const factsAge = 7 * 24 * time.Hour

// streamConfigs are the settings the program needs. Anything not named here is the operator's on an external server.
func streamConfigs(replicas int) []jetstream.StreamConfig {
	return []jetstream.StreamConfig{{
		Name:        logStream,
		Description: "Twoweave: event batches, ticks, controls, in one order",
		Subjects:    []string{prefixEvents + "*.*", subjectTick, subjectControl, prefixFloor + "*"},
		Storage:     jetstream.FileStorage,
		Retention:   jetstream.LimitsPolicy,
		Discard:     jetstream.DiscardNew,
		Duplicates:  dedupWindow,
		Replicas:    replicas,
	}, {
		Name:        factsStream,
		Description: "Twoweave: what was committed",
		Subjects:    []string{allFacts},
		Storage:     jetstream.FileStorage,
		Retention:   jetstream.LimitsPolicy,
		Discard:     jetstream.DiscardNew,
		MaxAge:      factsAge,
		Duplicates:  dedupWindow,
		Replicas:    replicas,
	}}
}

func (b *Bus) ensureStreams(ctx context.Context) error {
	for _, want := range streamConfigs(b.opts.Replicas) {
		if err := b.ensureStream(ctx, want); err != nil {
			return streamFault(want.Name, err)
		}
	}
	return nil
}

// ensureStream creates the stream, or brings the settings that are ours to what they must be. Two processes may do it at once.
func (b *Bus) ensureStream(ctx context.Context, want jetstream.StreamConfig) error {
	s, err := b.pubJS.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		_, err = b.pubJS.CreateStream(ctx, want)
		return err
	}
	if err != nil {
		return err
	}
	have := s.CachedInfo().Config
	next := withOurs(have, want)
	if sameOurs(have, next) {
		return nil
	}
	b.opts.Log.Info("stream had other settings; bringing them up to date", slog.String("stream", want.Name))
	_, err = b.pubJS.UpdateStream(ctx, next)
	return err
}

// withOurs is the existing configuration with the fields that the program decides.
func withOurs(have, want jetstream.StreamConfig) jetstream.StreamConfig {
	next := have
	next.Description, next.Subjects = want.Description, want.Subjects
	next.Storage, next.Retention, next.Discard = want.Storage, want.Retention, want.Discard
	next.MaxAge, next.Duplicates = want.MaxAge, want.Duplicates
	next.MaxMsgs, next.MaxMsgsPerSubject = -1, -1
	next.DenyPurge, next.Sealed, next.NoAck = false, false, false
	if want.Replicas > 0 {
		next.Replicas = want.Replicas
	}
	return next
}

func sameOurs(a, b jetstream.StreamConfig) bool {
	return a.Description == b.Description && slices.Equal(a.Subjects, b.Subjects) &&
		a.Storage == b.Storage && a.Retention == b.Retention && a.Discard == b.Discard &&
		a.MaxAge == b.MaxAge && a.Duplicates == b.Duplicates &&
		a.MaxMsgs == b.MaxMsgs && a.MaxMsgsPerSubject == b.MaxMsgsPerSubject &&
		a.DenyPurge == b.DenyPurge && a.Sealed == b.Sealed && a.NoAck == b.NoAck && a.Replicas == b.Replicas
}

// streamFault tells a refused configuration (an operator must act) from a server that does not answer.
func streamFault(name string, err error) error {
	api, ok := errors.AsType[*jetstream.APIError](err)
	if !ok {
		return toFault("bus.ensureStream", err)
	}
	return &fault.Error{Kind: fault.Conflict, Op: "bus.ensureStream", Err: err,
		Msg: fmt.Sprintf("stream %s cannot have the settings the program needs: %s", name, api.Description)}
}
