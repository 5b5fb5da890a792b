package notify

import (
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/platform/sqldb"
)

// Mend corrects a dead letter: another address, another text, or both; empty values leave what there is. It does not send: Resend does. Its receiver
// takes what was mended for a new message (see Message.Key). A message that is no dead letter is a Conflict, one that is not there NotFound.
func Mend(tx *sqldb.Tx, id ID, to string, body lang.Text) error {
	const op = "notify.Mend"
	e, err := Get(tx, id)
	if err != nil {
		return fault.Wrap(op, err)
	}
	if e.Status != Dead {
		return fault.New(fault.Conflict, op, "message %q is %s; only dead letters can be mended", id, e.Status)
	}
	if to != "" {
		e.To = to
	}
	if body != (lang.Text{}) {
		e.Body = body
	}
	if err := e.check(); err != nil {
		return fault.New(fault.Invalid, op, "message %q cannot be sent like this: %s", id, fault.Message(err))
	}
	_, err = tx.Exec(`UPDATE notify SET recipient = $1, lane = $2, body_zh = $3, body_en = $4, revision = revision + 1 WHERE id = $5`,
		e.To, laneOf(e.Channel, e.To), e.Body.ZH, e.Body.EN, string(id))
	return fault.Wrap(op, err)
}

// Resend lets dead letters and cancelled messages go out again, at once and with a new day of tries, whatever their NotBefore and NotAfter said. Unless
// it was mended, a message goes under its old key: who got it already knows it. A message in another state is a Conflict, one that is not there
// NotFound; then none is resent.
func Resend(tx *sqldb.Tx, ids ...ID) error {
	const op = "notify.Resend"
	for _, id := range ids {
		n, err := tx.Exec(`UPDATE notify SET status = $1, owner = '', try_at = 0, not_before = 0, not_after = 0, first_at = 0, attempts = 0, done_at = 0, reason_zh = '', reason_en = ''
			WHERE id = $2 AND channel <> $3 AND status IN ($4, $5)`, string(Waiting), string(id), string(App), string(Dead), string(Cancelled))
		if err != nil {
			return fault.Wrap(op, err)
		}
		if n == 0 {
			return fault.Wrap(op, refused(tx, id, "dead letters and cancelled messages can be sent again"))
		}
	}
	return nil
}

// Cancel gives up a message that waits or is dead, or takes an unread one out of the inbox. A try that is under way may still arrive; the message then counts
// as sent. A message that was sent, or is cancelled, is a Conflict, one that is not there NotFound.
func Cancel(tx *sqldb.Tx, id ID, now time.Time) error {
	const op = "notify.Cancel"
	n, err := tx.Exec(`UPDATE notify SET status = $1, done_at = $2 WHERE id = $3 AND (status IN ($4, $5) OR channel = $6 AND status = $7 AND read_at = 0)`,
		string(Cancelled), sqldb.Micros(now), string(id), string(Waiting), string(Dead), string(App), string(Sent))
	if err == nil && n == 0 {
		err = refused(tx, id, "messages that wait or are dead can be cancelled")
	}
	return fault.Wrap(op, err)
}

// refused says why nothing could be done to a message.
func refused(tx *sqldb.Tx, id ID, allowed string) error {
	e, err := Get(tx, id)
	if err != nil {
		return err
	}
	return fault.New(fault.Conflict, "", "message %q is %s; only %s", id, e.Status, allowed)
}

// Erase removes all messages to a recipient, whatever their state: for a person who is to be forgotten.
func Erase(tx *sqldb.Tx, c Channel, to string) error {
	_, err := tx.Exec(`DELETE FROM notify WHERE recipient = $1 AND channel = $2`, to, string(c))
	return fault.Wrap("notify.Erase", err)
}
