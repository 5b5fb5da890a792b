package exchange

import (
	"context"
	"encoding/json"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/sqldb"
)

// Answer is what a peer is told of its message. The same message gets the same answer.
type Answer struct {
	Outcome Outcome        `json:"outcome"`
	Order   string         `json:"order"`            // the number by which the message named it
	Case    string         `json:"case,omitempty"`   // our number
	Status  string         `json:"status,omitempty"` // where the case stood, in the peer's words
	State   casework.State `json:"state,omitempty"`  // likewise, in ours
	Note    *lang.Text     `json:"note,omitempty"`   // what had to be assumed
}

// refusal is how a refusal is kept.
type refusal struct {
	Message  string          `json:"message"`
	Problems []fault.Problem `json:"problems,omitempty"`
}

// Receive carries out a message of a peer whose signature was verified, or gives the answer that was given before.
//
// Faults: Invalid for what cannot be read, with the fields, and for a move that the case's state does not allow; Denied when access refuses; Conflict for another
// content under a known id or number, and for an order that is over; Unavailable for an order that is not here yet: the peer sends it again.
func (d *Desk) Receive(ctx context.Context, p *Peer, body []byte, way Way) (Answer, error) {
	const op = "exchange.Receive"
	in, err := read(body)
	if err != nil {
		if kept := d.Turn(ctx, p, err); kept != nil {
			return Answer{}, fault.Wrap(op, kept)
		}
		return Answer{}, fault.Wrap(op, err)
	}
	w, err := d.begin(ctx, p, in, way)
	if err == nil {
		err = d.DB.Update(ctx, w.run)
	}
	if lasting(err) {
		err = d.keepRefusal(ctx, w, err)
	}
	if err != nil {
		return Answer{}, fault.Wrap(op, err)
	}
	d.Cases.Wake()
	return w.answer, nil
}

// lasting says whether an error is an answer, not a trouble that may be over when the message comes again.
func lasting(err error) bool {
	return fault.Is(err, fault.Invalid) || fault.Is(err, fault.Denied) || fault.Is(err, fault.Conflict) || fault.Is(err, fault.NotFound)
}

// work is one message being carried out.
type work struct {
	desk     *Desk
	peer     *Peer
	in       Incoming
	message  Message
	prepared Prepared
	note     lang.Text

	answer  Answer
	refused access.Audit // of a refusal by access or casework
}

// begin looks up what must be known before the transaction.
func (d *Desk) begin(ctx context.Context, p *Peer, in Incoming, way Way) (*work, error) {
	now := d.now()
	w := &work{desk: d, peer: p, in: in, message: Message{
		ID: ident.Derive("exchange", string(p.ID), in.ID), Peer: p.ID, Name: in.ID, Type: in.Type, Number: in.Body.Order, Content: in.content, Way: way, At: now, Outcome: Carried,
	}}
	w.message.Order = orderOf(p.ID, in.Body.Order)
	if direction[in.Type] == Out {
		w.message.Order = ours(p.ID, in.Body.Order)
	}
	audit, err := access.Ask(now, access.Request{Actor: p.Actor(""), Action: access.SendOrder, Thing: w.thing(), Purpose: access.Exchange})
	if err != nil {
		w.refused = audit
		return w, err
	}
	return w, w.prepare(ctx)
}

func (w *work) thing() access.Thing { return access.Thing{Kind: "order", ID: string(w.message.Order)} }

// now is the clock's time as records keep it.
func (d *Desk) now() time.Time { return d.Clock.Now().UTC().Truncate(time.Microsecond) }

// run does it in one transaction: it may be run again.
func (w *work) run(tx *sqldb.Tx) error {
	w.answer, w.refused = Answer{}, access.Audit{}
	kept, fresh, err := w.desk.Store.KeepMessage(tx, w.message)
	if err != nil {
		return err
	}
	if !fresh {
		w.answer, err = repeat(kept, w.message)
		return err
	}
	if err := w.carry(tx); err != nil {
		return err
	}
	m := w.message
	m.Outcome = w.answer.Outcome
	if m.Answer, err = json.Marshal(w.answer); err != nil {
		return err
	}
	return w.desk.Store.AnswerMessage(tx, m)
}

// repeat gives the answer that was given before.
func repeat(kept, m Message) (a Answer, err error) {
	const op = "exchange.repeat"
	if kept.Content != m.Content {
		return a, fault.New(fault.Conflict, op, "message %q came before with another content", m.Name)
	}
	if kept.Outcome != Refused && kept.Outcome != Conflict {
		return a, json.Unmarshal(kept.Answer, &a)
	}
	var r refusal
	if err := json.Unmarshal(kept.Answer, &r); err != nil {
		return a, err
	}
	again := fault.New(kept.Refused, op, "%s", r.Message)
	again.Problems = r.Problems
	return a, again
}

// keepRefusal keeps that a message was refused, for the peer that sends it again and for people to see, in a transaction of its own. Another content under a
// known id is kept beside the first.
func (d *Desk) keepRefusal(ctx context.Context, w *work, refused error) error {
	m := w.message
	if m.Outcome, m.Refused = Refused, fault.KindOf(refused); m.Refused == fault.Conflict {
		m.Outcome = Conflict
	}
	var err error
	if m.Answer, err = json.Marshal(refusal{fault.Message(refused), fault.Problems(refused)}); err != nil {
		return err
	}
	var answer error
	err = d.DB.Update(ctx, func(tx *sqldb.Tx) error {
		answer = refused
		kept, fresh, err := d.Store.KeepMessage(tx, m)
		if err == nil && !fresh && kept.Content != m.Content {
			m.ID = ident.Derive("exchange", string(m.Peer), m.Name, m.Content)
			_, fresh, err = d.Store.KeepMessage(tx, m)
		}
		if err != nil {
			return err
		}
		if !fresh {
			if kept.Content == m.Content {
				w.answer, answer = repeat(kept, m)
			}
			return nil
		}
		return d.Store.AppendAudit(tx, w.audit(refused))
	})
	if err != nil {
		return err
	}
	return answer
}

// audit is the trace of a refusal.
func (w *work) audit(refused error) access.Audit {
	a := w.refused
	if a.Actor == "" {
		who := w.peer.Actor("")
		a = access.Audit{At: w.message.At, Actor: who.ID, Roles: string(access.Peer), Action: access.SendOrder, Thing: w.thing().String(), Purpose: access.Exchange}
	}
	if a.Decision.Allow = false; a.Decision.Reason == "" {
		a.Decision.Reason = fault.Message(refused)
	}
	return a
}

// Turn counts what was turned away at the door, and leaves a trace of it: a wrong signature, a message that cannot be read.
func (d *Desk) Turn(ctx context.Context, p *Peer, why error) error {
	now, who := d.now(), p.Actor("")
	reason := fault.Message(why)
	for _, problem := range fault.Problems(why) {
		reason += "; " + problem.String()
	}
	return fault.Wrap("exchange.Turn", d.DB.Update(ctx, func(tx *sqldb.Tx) error {
		if err := d.Store.CountRefused(tx, p.ID, now, reason); err != nil {
			return err
		}
		return d.Store.AppendAudit(tx, access.Audit{At: now, Actor: who.ID, Roles: string(access.Peer), Action: access.SendOrder, Thing: "order", Purpose: access.Exchange,
			Decision: access.Decision{Rule: "none", Reason: reason}})
	}))
}
