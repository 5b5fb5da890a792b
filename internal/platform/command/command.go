// Package command carries out what people and other systems command: once, whole, and on record.
//
// A use case says what a command means; Do says how any command is carried out. In one transaction it takes the caller's idempotency key, lets the use
// case decide and keep, and keeps the answer under the key. A command that comes again with the same key, by the same actor and route, gets the first
// answer and has no second effect, also when the first answer was a refusal; the key with another content is a Conflict. A refusal keeps nothing but its
// audit fact and itself as the answer, in a transaction of its own, since the first one was rolled back.
//
// What a command needs (a version, a reason), whether it may be done (package access) and what comes of it is the use case's own.
package command

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/platform/sqldb"
)

const (
	// KeepAnswers is how long a command can be repeated with its idempotency key and gets the first answer.
	KeepAnswers = 24 * time.Hour
	// MaxKey bounds an idempotency key, in bytes.
	MaxKey = 200
)

// Request is who commands, and under which idempotency key.
type Request struct {
	Actor          access.Actor
	IdempotencyKey string // needed; chosen by the client, at most MaxKey bytes
	Route          string // the route it came by; part of what the key is bound to
}

// Key is what the answer is kept under: a digest, so that keys of two actors, routes or use cases never meet and their length is bounded. What a command
// makes can derive its own id from it.
func (r *Request) Key(space string) string {
	return ident.Derive("idempotency", space, r.Actor.ID, r.Route, r.IdempotencyKey)
}

// Check refuses a request without a usable key.
func (r *Request) Check() error {
	if r.IdempotencyKey == "" || len(r.IdempotencyKey) > MaxKey {
		return fault.New(fault.Invalid, "", "a command needs an Idempotency-Key of 1 to %d bytes", MaxKey)
	}
	return nil
}

// Content is a digest of what was asked: the command and everything that it depends on.
func Content(command string, parts ...any) string {
	body, _ := json.Marshal(parts) // texts, lists and times always have a form
	return ident.Derive("content", command, string(body))
}

// Answer is what a command led to, as it is kept under its key.
type Answer struct {
	Content string     // digest of what was asked
	Refused fault.Kind // with Message, when the command was refused
	Message string
	Body    []byte // what the caller saw, as JSON; for a refusal its problems and what it was about
}

// Store keeps answers and audit facts.
type Store interface {
	// Reserve takes a key until it expires. When it is taken already, taken is true and answer is what was kept under it.
	Reserve(tx *sqldb.Tx, key string, now, expires time.Time) (answer Answer, taken bool, err error)
	KeepAnswer(tx *sqldb.Tx, key string, a Answer) error
	AppendAudit(tx *sqldb.Tx, all ...access.Audit) error
}

// Runner is where the commands of one use case are carried out. It is safe for many goroutines.
type Runner struct {
	DB    *sqldb.DB
	Store Store
	Clock clock.Clock
	Space string // names the use case in its keys
}

// Decided is a command that may be done: what access said, and how it is kept. Keep gives what the caller sees; it keeps the audit fact too, with the
// rest. A refusal is a Decided with its Audit and an error.
type Decided[T any] struct {
	Audit access.Audit
	Keep  func() (T, error)
}

// Stale is the Conflict of a command that was decided on another version: it carries the thing as it is now.
type Stale[T any] struct {
	Current T
	Err     error
}

// Error is the text for the log.
func (s *Stale[T]) Error() string { return s.Err.Error() }

// Unwrap gives the fault behind it.
func (s *Stale[T]) Unwrap() error { return s.Err }

// Do carries out a command, or gives the answer that was given before. decide may run more than once, each time in a new transaction. A refusal by
// decide that has an Audit is kept with it; without one (nothing was asked yet: there is no such thing, the text is too long) it is just returned.
func Do[T any](ctx context.Context, x Runner, r Request, content string, decide func(*sqldb.Tx, time.Time) (Decided[T], error)) (T, error) {
	var got T
	if err := r.Check(); err != nil {
		return got, err
	}
	var refused *access.Audit
	err := x.DB.Update(ctx, func(tx *sqldb.Tx) error {
		got, refused = *new(T), nil
		now := x.now()
		answer, taken, err := x.Store.Reserve(tx, r.Key(x.Space), now, now.Add(KeepAnswers))
		if err != nil {
			return err
		}
		if taken {
			got, err = repeat[T](answer, content)
			return err
		}
		c, err := decide(tx, now)
		if err != nil {
			refused = &c.Audit
			return err
		}
		if got, err = c.Keep(); err != nil {
			return err
		}
		return keep(tx, x, r, Answer{Content: content}, got)
	})
	if err != nil && refused != nil && refused.Actor != "" {
		return keepRefusal[T](ctx, x, r, content, *refused, err)
	}
	if err != nil {
		return *new(T), err
	}
	return got, nil
}

// now is the clock's time as records keep it: what is due at a moment must be due when it is read back.
func (x *Runner) now() time.Time { return x.Clock.Now().UTC().Truncate(time.Microsecond) }

func keep(tx *sqldb.Tx, x Runner, r Request, a Answer, body any) error {
	var err error
	if a.Body, err = json.Marshal(body); err != nil {
		return err
	}
	return x.Store.KeepAnswer(tx, r.Key(x.Space), a)
}

// refusal is the body of a kept refusal.
type refusal[T any] struct {
	Said     fault.Coded     `json:"said,omitzero"`
	Problems []fault.Problem `json:"problems,omitempty"`
	Current  *T              `json:"current,omitempty"`
}

// keepRefusal keeps the audit fact of a refusal, and the refusal as the answer under the key. When the same command was sent twice at once and its other
// half was answered first, the answer is that one.
func keepRefusal[T any](ctx context.Context, x Runner, r Request, content string, audit access.Audit, refused error) (T, error) {
	audit.Decision.Allow = false
	if audit.Decision.Reason == "" {
		audit.Decision.Reason = fault.Message(refused)
	}
	body := refusal[T]{Said: fault.Said(refused), Problems: fault.Problems(refused)}
	if stale, is := errors.AsType[*Stale[T]](refused); is {
		body.Current = &stale.Current
	}
	var first T
	var answer error
	err := x.DB.Update(ctx, func(tx *sqldb.Tx) error {
		first, answer = *new(T), refused
		if err := x.Store.AppendAudit(tx, audit); err != nil {
			return err
		}
		now := x.now()
		kept, taken, err := x.Store.Reserve(tx, r.Key(x.Space), now, now.Add(KeepAnswers))
		if err != nil {
			return err
		}
		if taken {
			first, answer = repeat[T](kept, content)
			return nil
		}
		return keep(tx, x, r, Answer{Content: content, Refused: fault.KindOf(refused), Message: fault.Message(refused)}, body)
	})
	if err != nil {
		return *new(T), err
	}
	return first, answer
}

// repeat gives a kept answer again.
func repeat[T any](a Answer, content string) (T, error) {
	const op = "command.repeat"
	var v T
	if a.Content != content {
		return v, fault.Say(fault.Conflict, op, "command.key-used", "this Idempotency-Key was used for another command")
	}
	if a.Message == "" {
		return v, json.Unmarshal(a.Body, &v)
	}
	var body refusal[T]
	if err := json.Unmarshal(a.Body, &body); err != nil {
		return v, err
	}
	again := fault.New(a.Refused, op, "%s", a.Message)
	again.Coded = body.Said
	if again.Problems = body.Problems; body.Current != nil {
		return v, &Stale[T]{Current: *body.Current, Err: again}
	}
	return v, again
}
