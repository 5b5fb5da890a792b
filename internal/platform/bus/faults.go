package bus

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"twoweave/internal/base/fault"
)

const tooLargeCode = 10054 // JetStream: message size exceeds maximum allowed

// toFault classifies what the client library returned. What the server could not do now (no answer, no space, a failed write) is
// Unavailable; a fault stays what it is.
func toFault(op string, err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return fault.Wrap(op, err)
	}
	kind, msg := fault.Unavailable, "the log does not answer or has no space; the message may or may not be stored"
	api, isAPI := errors.AsType[*jetstream.APIError](err)
	switch {
	case errors.Is(err, nats.ErrMaxPayload), isAPI && api.ErrorCode == tooLargeCode:
		kind, msg = fault.Invalid, "the message is larger than the log takes"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		msg = "given up before the log answered; the message may or may not be stored"
	case isAPI && api.Code >= 400 && api.Code < 500 && api.Code != 408 && api.Code != 404:
		kind, msg = fault.Internal, ""
	}
	return &fault.Error{Kind: kind, Op: op, Msg: msg, Err: err}
}

func errClosed(op string) error { return fault.New(fault.Unavailable, op, "the log is closed") }
