package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
)

// Carrier brings messages of one channel to their receivers.
//
// Send returns nil once the receiver has taken m, and else a *Failure that says what to do about it. It returns soon after ctx has ended. It is called
// from many goroutines, and it may be called again for a message that arrived; m.Key is then the same.
type Carrier interface {
	Send(ctx context.Context, m Message) error
}

// Verdict is what a failure says about later tries.
type Verdict int

const (
	TryLater Verdict = iota // of this message; others may pass
	Unwell                  // the receiver itself fails, or asks to be left alone: so would other messages
	Refused                 // for good: another try would fail in the same way
)

// Failure is why a try did not bring a message to its receiver.
type Failure struct {
	Verdict  Verdict
	Answered bool          // of Refused: the receiver said so, and so is well
	Wait     time.Duration // how long the receiver asks to be left alone; 0: it does not say
	Why      lang.Text     // in plain words, without address and text
	Err      error         // for the log; without address and text, too
}

// Error is the text for the log.
func (f *Failure) Error() string {
	if f.Err == nil {
		return f.Why.EN
	}
	return f.Why.EN + ": " + f.Err.Error()
}

// Unwrap gives the cause to errors.Is and errors.As.
func (f *Failure) Unwrap() error { return f.Err }

// say is a text in both languages; the arguments are the same in both.
func say(zh, en string, args ...any) lang.Text {
	return lang.Text{ZH: fmt.Sprintf(zh, args...), EN: fmt.Sprintf(en, args...)}
}

func refuse(zh, en string, args ...any) *Failure {
	return &Failure{Verdict: Refused, Why: say(zh, en, args...)}
}

// failureOf is err as a failure. What no carrier explained is our own mistake or trouble: it is tried again.
func failureOf(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	text := fault.Message(err)
	return &Failure{Verdict: TryLater, Why: say("本系统未能发出：%s", "the program could not send it: %s", text), Err: err}
}

const (
	firstTry = 2 * time.Second // after a failure; doubled each time
	lastTry  = time.Hour       // the longest such wait, and the longest Retry-After that is kept to
)

func backOff(attempts int64) time.Duration { return min(firstTry<<min(max(attempts, 0), 20), lastTry) }
