package outbox

import (
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
)

// Migrations are the tables of this package.
var Migrations = []sqldb.Migration{{Name: "outbox-1", SQL: `
	CREATE TABLE outbox (
		seq          $identity,
		id           TEXT   NOT NULL UNIQUE,
		subject      TEXT   NOT NULL,
		body         BYTEA  NOT NULL,
		owner        TEXT   NOT NULL DEFAULT '',
		leased_until BIGINT NOT NULL DEFAULT 0,
		attempts     BIGINT NOT NULL DEFAULT 0,
		try_at       BIGINT NOT NULL DEFAULT 0,
		last_error   TEXT   NOT NULL DEFAULT ''
	);
	CREATE INDEX outbox_subject ON outbox (subject, seq);`}}

// Message is what goes to the bus. ID is its own for ever: two messages with one id are the same message.
type Message struct {
	ID      string
	Subject string
	Body    []byte
}

// Put queues messages, in their order, in the caller's transaction. An id that is queued already is a unique violation.
func Put(tx *sqldb.Tx, messages ...Message) error {
	const op = "outbox.Put"
	for _, m := range messages {
		if m.ID == "" || m.Subject == "" {
			return fault.New(fault.Internal, op, "a message needs id and subject")
		}
		body := m.Body
		if body == nil {
			body = []byte{}
		}
		if _, err := tx.Exec(`INSERT INTO outbox (id, subject, body) VALUES ($1, $2, $3)`, m.ID, m.Subject, body); err != nil {
			return fault.Wrap(op, err)
		}
	}
	return nil
}
