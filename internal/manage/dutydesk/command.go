package dutydesk

import (
	"context"
	"encoding/json"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/platform/sqldb"
)

// Request is who commands, and under which idempotency key.
type Request struct {
	Actor          access.Actor
	IdempotencyKey string // needed; chosen by the client, at most MaxKey bytes
	Route          string // the route it came by; part of what the key is bound to
}

// MaxKey bounds an idempotency key.
const MaxKey = 200

// decided is a command that may be done: what access said, and how it is kept. keep gives what the caller sees.
type decided[T any] struct {
	audit access.Audit
	keep  func() (T, error)
}

// do carries out a command in one transaction, or gives the answer that was given before. A refusal is kept in a transaction of its own.
func do[T any](ctx context.Context, d *Desk, r Request, digest string, decide func(*sqldb.Tx, time.Time) (decided[T], error)) (T, error) {
	var got T
	if r.IdempotencyKey == "" || len(r.IdempotencyKey) > MaxKey {
		return got, fault.New(fault.Invalid, "", "a command needs an Idempotency-Key of 1 to %d bytes", MaxKey)
	}
	var refused *access.Audit
	err := d.DB.Update(ctx, func(tx *sqldb.Tx) error {
		got, refused = *new(T), nil
		now := d.now()
		answer, taken, err := d.Store.ReserveDuty(tx, r.key(), now, now.Add(KeepAnswers))
		if err != nil {
			return err
		}
		if taken {
			got, err = repeat[T](answer, digest)
			return err
		}
		c, err := decide(tx, now)
		if err != nil {
			refused = &c.audit
			return err
		}
		if got, err = c.keep(); err != nil {
			return err
		}
		return d.answer(tx, r, digest, got)
	})
	if err != nil && refused != nil && refused.Actor != "" {
		return keepRefusal[T](ctx, d, r, digest, *refused, err)
	}
	if err == nil {
		d.Wake()
	}
	return got, err
}

func (d *Desk) answer(tx *sqldb.Tx, r Request, digest string, view any) error {
	body, err := json.Marshal(view)
	if err != nil {
		return err
	}
	return d.Store.KeepDutyAnswer(tx, r.key(), Answer{Content: digest, Body: body})
}

// keepRefusal keeps the audit fact of a refusal, and the refusal as the answer under the key. When the same command was sent twice at once and its other half was
// answered first, the answer is that one.
func keepRefusal[T any](ctx context.Context, d *Desk, r Request, digest string, audit access.Audit, refusal error) (T, error) {
	audit.Decision.Allow = false
	if audit.Decision.Reason == "" {
		audit.Decision.Reason = fault.Message(refusal)
	}
	var first T
	var answer error
	err := d.DB.Update(ctx, func(tx *sqldb.Tx) error {
		first, answer = *new(T), refusal
		if err := d.Store.AppendAudit(tx, audit); err != nil {
			return err
		}
		now := d.now()
		kept, taken, err := d.Store.ReserveDuty(tx, r.key(), now, now.Add(KeepAnswers))
		if err != nil {
			return err
		}
		if taken {
			first, answer = repeat[T](kept, digest)
			return nil
		}
		problems, err := json.Marshal(fault.Problems(refusal))
		if err != nil {
			return err
		}
		return d.Store.KeepDutyAnswer(tx, r.key(), Answer{Content: digest, Refused: fault.KindOf(refusal), Message: fault.Message(refusal), Body: problems})
	})
	if err != nil {
		return *new(T), err
	}
	return first, answer
}

// repeat gives a kept answer again.
func repeat[T any](a Answer, digest string) (T, error) {
	const op = "dutydesk.repeat"
	var v T
	if a.Content != digest {
		return v, fault.New(fault.Conflict, op, "this Idempotency-Key was used for another command")
	}
	if a.Message == "" {
		return v, json.Unmarshal(a.Body, &v)
	}
	refusal := fault.New(a.Refused, op, "%s", a.Message)
	if err := json.Unmarshal(a.Body, &refusal.Problems); err != nil {
		return v, err
	}
	return v, refusal
}

// key is what an answer is kept under: keys of two actors or routes never meet.
func (r *Request) key() string {
	return ident.Derive("idempotency", "duty", r.Actor.ID, r.Route, r.IdempotencyKey)
}

// content is a digest of what was asked.
func content(command string, parts ...any) string {
	body, _ := json.Marshal(parts) // texts, lists and times always have a form
	return ident.Derive("content", command, string(body))
}

// note checks a remark that goes with a command.
func checkNote(note string) error {
	if !writable(note, MaxNote) {
		return fault.Invalidly("dutydesk", fault.Problem{Field: "note", Message: "at most 1000 characters, without control characters"})
	}
	return nil
}
