package bus

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"twoweave/internal/base/fault"
)

// JetStream's error numbers that we tell apart.
const (
	codeTooLarge    jetstream.ErrorCode = 10054 // message size exceeds maximum allowed
	codeAccountFull jetstream.ErrorCode = 10002 // resource limits exceeded for account
	codeNoResources jetstream.ErrorCode = 10023 // insufficient resources
	codeStorageFull jetstream.ErrorCode = 10047 // insufficient storage resources available
	codeStoreFailed jetstream.ErrorCode = 10077 // a stream's own limit, or a failed write
)

// storeFull reports whether a message was refused for want of space.
func storeFull(err error) bool {
	api, ok := errors.AsType[*jetstream.APIError](err)
	if !ok {
		return false
	}
	switch api.ErrorCode {
	case codeAccountFull, codeNoResources, codeStorageFull, codeStoreFailed:
		return true
	}
	return false
}

// toFault classifies what the client library returned. What the server could not do now (no answer, no space, a failed write) is
// Unavailable; a fault stays what it is.
func toFault(op string, err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return fault.Wrap(op, err)
	}
	kind, msg := fault.Unavailable, "the log does not answer or has no space; the message may or may not be stored"
	api, isAPI := errors.AsType[*jetstream.APIError](err)
	switch {
	case errors.Is(err, nats.ErrMaxPayload), isAPI && api.ErrorCode == codeTooLarge:
		kind, msg = fault.Invalid, "the message is larger than the log takes"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		msg = "given up before the log answered; the message may or may not be stored"
	case isAPI && api.Code >= 400 && api.Code < 500 && api.Code != 408 && api.Code != 404:
		kind, msg = fault.Internal, ""
	}
	return &fault.Error{Kind: kind, Op: op, Msg: msg, Err: err}
}

func errNotSent(op string, err error) error {
	return &fault.Error{Kind: fault.Unavailable, Op: op, Msg: "given up while other messages were on their way; nothing was sent", Err: err}
}

func errClosed(op string) error { return fault.New(fault.Unavailable, op, "the log is closed") }
