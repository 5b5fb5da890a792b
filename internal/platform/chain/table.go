package chain

import (
	"database/sql"
	"strings"

	"twoweave/internal/platform/sqldb"
)

// Migrations are the tables of this package: how far the chain is, who links, and the heads.
var Migrations = []sqldb.Migration{{Name: "chain-1", SQL: `
CREATE TABLE audit_chain (
	one          BIGINT NOT NULL PRIMARY KEY,
	installation TEXT   NOT NULL,
	position     BIGINT NOT NULL,
	hash         BYTEA  NOT NULL,
	linked_at    BIGINT NOT NULL,
	owner        TEXT   NOT NULL,
	leased_until BIGINT NOT NULL
);
CREATE TABLE audit_head (
	number       BIGINT NOT NULL PRIMARY KEY,
	installation TEXT   NOT NULL,
	position     BIGINT NOT NULL,
	alg          TEXT   NOT NULL,
	hash         TEXT   NOT NULL,
	at           BIGINT NOT NULL,
	sign_alg     TEXT   NOT NULL,
	public_key   TEXT   NOT NULL,
	signature    TEXT   NOT NULL
);`}}

// genesis is the hash before the first row.
func genesis() []byte { return make([]byte, 32) }

// state is how far the chain is.
type state struct {
	installation string
	position     int64
	hash         []byte
	linkedAt     int64
	owner        string
	until        int64
}

func readState(tx *sqldb.Tx) (s state, err error) {
	err = tx.QueryRow(`SELECT installation, position, hash, linked_at, owner, leased_until FROM audit_chain WHERE one = 1`).
		Scan(&s.installation, &s.position, &s.hash, &s.linkedAt, &s.owner, &s.until)
	return s, err
}

// begin makes the one row of the state. Hash is never empty: an empty BYTEA may come back as nil.
func begin(tx *sqldb.Tx, installation string) error {
	_, err := tx.Exec(`INSERT INTO audit_chain (one, installation, position, hash, linked_at, owner, leased_until) VALUES (1, $1, 0, $2, 0, '', 0)
		ON CONFLICT (one) DO NOTHING`, installation, genesis())
	return err
}

// selected is the columns of the table as both engines give them in one form: a BOOLEAN as a number, so that SQLite does not hide what else stands there.
func (t Table) selected() string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
		if c.Kind == Bool {
			names[i] = "CAST(" + c.Name + " AS INTEGER)"
		}
	}
	return strings.Join(names, ", ")
}

// row is one row of the table with its link.
type row struct {
	values   []any
	position any
	linkedAt any
	alg      any
	hash     any
}

func (t Table) scan(rows *sql.Rows) (r row, err error) {
	r.values = make([]any, len(t.Columns))
	into := []any{&r.position, &r.linkedAt, &r.alg, &r.hash}
	for i := range r.values {
		into = append(into, &r.values[i])
	}
	return r, rows.Scan(into...)
}

func (t Table) find(tx *sqldb.Tx, condition string, args ...any) (all []row, err error) {
	rows, err := tx.Query(`SELECT position, linked_at, alg, hash, `+t.selected()+` FROM `+t.Name+` WHERE `+condition, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		r, err := t.scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// loose is rows that are not linked, the eldest first.
func (t Table) loose(tx *sqldb.Tx, limit int) ([]row, error) {
	return t.find(tx, `position = 0 ORDER BY `+t.At+`, `+t.ID+` LIMIT $1`, limit)
}

// page is linked rows after a position and up to another, in the chain's order. That positions are greater than 0 is said last: it lets the engines use the
// partial index, and SQLite begins a range at the first lower bound it reads.
func (t Table) page(tx *sqldb.Tx, after, upTo int64, limit int) ([]row, error) {
	return t.find(tx, `position > $1 AND position <= $2 AND position > 0 ORDER BY position LIMIT $3`, after, upTo, limit)
}

// name finds the values that name a row.
func (t Table) name(values []any) (at, id any) {
	for i, c := range t.Columns {
		switch c.Name {
		case t.At:
			at = values[i]
		case t.ID:
			id = values[i]
		}
	}
	return at, id
}

const headColumns = `number, installation, position, alg, hash, at, sign_alg, public_key, signature`

// Heads are the heads kept in the database, from the one after a number on.
func Heads(tx *sqldb.Tx, after int64) (all []Head, err error) {
	rows, err := tx.Query(`SELECT `+headColumns+` FROM audit_head WHERE number > $1 ORDER BY number`, after)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		h := Head{Format: headFormat}
		var at int64
		if err := rows.Scan(&h.Number, &h.Installation, &h.Position, &h.Alg, &h.Hash, &at, &h.SignAlg, &h.Key, &h.Signature); err != nil {
			return nil, err
		}
		h.At = sqldb.FromMicros(at)
		all = append(all, h)
	}
	return all, rows.Err()
}

func lastHead(tx *sqldb.Tx) (h Head, err error) {
	var at int64
	err = tx.QueryRow(`SELECT number, position, at FROM audit_head ORDER BY number DESC LIMIT 1`).Scan(&h.Number, &h.Position, &at)
	if sqldb.NotFound(err) {
		return Head{}, nil
	}
	h.At = sqldb.FromMicros(at)
	return h, err
}

func putHead(tx *sqldb.Tx, h Head) error {
	_, err := tx.Exec(`INSERT INTO audit_head (`+headColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		h.Number, h.Installation, h.Position, h.Alg, h.Hash, sqldb.Micros(h.At), h.SignAlg, h.Key, h.Signature)
	return err
}
