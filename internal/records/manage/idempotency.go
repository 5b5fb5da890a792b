package manage

import (
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
)

var idempotencyTables = []sqldb.Migration{{Name: "manage-idempotency-1", SQL: `
CREATE TABLE idempotency (
	id         TEXT   NOT NULL PRIMARY KEY,
	expires_at BIGINT NOT NULL,
	content    TEXT   NOT NULL,
	refused    BIGINT NOT NULL,
	message    TEXT   NOT NULL,
	body       TEXT   NOT NULL
);
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);`}}

// Reserve takes a key until it expires, or returns the answer kept under it. A key that has expired is free.
func (Store) Reserve(tx *sqldb.Tx, key string, now, expires time.Time) (command.Answer, bool, error) {
	const op = "records.Reserve"
	rows, err := tx.Exec(`INSERT INTO idempotency (id, expires_at, content, refused, message, body) VALUES ($1, $2, '', 0, '', '')
		ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at, content = '', refused = 0, message = '', body = ''
		WHERE idempotency.expires_at <= $3`, key, sqldb.Micros(expires), sqldb.Micros(now))
	if err != nil || rows > 0 {
		return command.Answer{}, false, fault.Wrap(op, err)
	}
	var a command.Answer
	var body string
	err = tx.QueryRow(`SELECT content, refused, message, body FROM idempotency WHERE id = $1`, key).Scan(&a.Content, &a.Refused, &a.Message, &body)
	a.Body = []byte(body)
	return a, true, fault.Wrap(op, err)
}

// KeepAnswer keeps the answer under a reserved key.
func (Store) KeepAnswer(tx *sqldb.Tx, key string, a command.Answer) error {
	_, err := tx.Exec(`UPDATE idempotency SET content = $2, refused = $3, message = $4, body = $5 WHERE id = $1`,
		key, a.Content, int64(a.Refused), a.Message, string(a.Body))
	return fault.Wrap("records.KeepAnswer", err)
}

// DropAnswers removes answers that expired before a moment.
func (Store) DropAnswers(tx *sqldb.Tx, expiredBefore time.Time) (int64, error) {
	n, err := tx.Exec(`DELETE FROM idempotency WHERE expires_at < $1`, sqldb.Micros(expiredBefore))
	return n, fault.Wrap("records.DropAnswers", err)
}
