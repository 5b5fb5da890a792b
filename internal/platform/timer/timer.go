package timer

import (
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
)

// Migrations are the tables of this package.
var Migrations = []sqldb.Migration{{Name: "timer-1", SQL: `
	CREATE TABLE timer (
		kind       TEXT   NOT NULL,
		key        TEXT   NOT NULL,
		due        BIGINT NOT NULL,
		payload    BYTEA  NOT NULL,
		attempts   BIGINT NOT NULL DEFAULT 0,
		try_at     BIGINT NOT NULL,
		last_error TEXT   NOT NULL DEFAULT '',
		PRIMARY KEY (kind, key)
	);
	CREATE INDEX timer_try_at ON timer (try_at, due, kind, key);`}}

// Timer asks for a call of the handler of Kind when Due has come. Key says what it is about, such as a case's id; Payload is the handler's
// own and may be empty; a handler never gets nil.
type Timer struct {
	Kind    string
	Key     string
	Due     time.Time
	Payload []byte
}

// Set sets t in the caller's transaction. A timer of the same kind and key is replaced, its failures forgotten.
func Set(tx *sqldb.Tx, t Timer) error {
	const op = "timer.Set"
	if t.Kind == "" || t.Key == "" || t.Due.IsZero() {
		return fault.New(fault.Internal, op, "a timer needs kind, key and due time")
	}
	payload := t.Payload
	if payload == nil {
		payload = []byte{}
	}
	_, err := tx.Exec(`INSERT INTO timer (kind, key, due, try_at, payload) VALUES ($1, $2, $3, $3, $4)
		ON CONFLICT (kind, key) DO UPDATE SET due = excluded.due, try_at = excluded.due, payload = excluded.payload, attempts = 0, last_error = ''`,
		t.Kind, t.Key, sqldb.Micros(t.Due), payload)
	return fault.Wrap(op, err)
}

// Cancel removes a timer in the caller's transaction; if there is none it does nothing.
func Cancel(tx *sqldb.Tx, kind, key string) error {
	_, err := tx.Exec(`DELETE FROM timer WHERE kind = $1 AND key = $2`, kind, key)
	return fault.Wrap("timer.Cancel", err)
}
