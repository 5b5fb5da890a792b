package vault

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/platform/sqldb"
)

// PersonID names a person in records and events. It is random and says nothing about them.
type PersonID string

// Migrations are the vault's tables.
var Migrations = []sqldb.Migration{{Name: "vault-1", SQL: `
CREATE TABLE person (
	id           TEXT   NOT NULL PRIMARY KEY,
	kind         TEXT   NOT NULL,
	lookup       TEXT,
	wrapped_key  TEXT,
	created_at   BIGINT NOT NULL,
	forgotten_at BIGINT,
	UNIQUE (kind, lookup),
	CHECK ((forgotten_at IS NULL) = (wrapped_key IS NOT NULL)),
	CHECK ((forgotten_at IS NULL) = (lookup IS NOT NULL))
);
CREATE TABLE vault_master (
	one         BIGINT NOT NULL PRIMARY KEY,
	fingerprint TEXT   NOT NULL
);`}, {Name: "vault-2", SQL: `
CREATE TABLE vault_key (
	id      BIGINT NOT NULL PRIMARY KEY,
	made_at BIGINT NOT NULL
);
ALTER TABLE vault_master ADD COLUMN wrap BIGINT;
ALTER TABLE person ADD COLUMN master BIGINT;
CREATE INDEX person_by_master ON person (master);`}}

// Bind ties the database to this master key: the first key that binds is remembered, another one is fault.Conflict. Call it at start, so
// that a program started with the wrong key file, or with a new one in place of a lost one, stops before it writes anything.
func (v *Vault) Bind(tx *sqldb.Tx) error {
	const op = "vault.Bind"
	mine, err := v.keyed("fingerprint", "")
	if err != nil {
		return fault.Wrap(op, err)
	}
	if _, err := tx.Exec(`INSERT INTO vault_master (one, fingerprint) VALUES (1, $1) ON CONFLICT (one) DO NOTHING`, mine); err != nil {
		return fault.Wrap(op, err)
	}
	var bound string
	if err := tx.QueryRow(`SELECT fingerprint FROM vault_master WHERE one = 1`).Scan(&bound); err != nil {
		return fault.Wrap(op, err)
	}
	if bound != mine {
		return fault.New(fault.Conflict, op, "the database was written under another master key; start with the key file it was made with")
	}
	return fault.Wrap(op, v.bindVersion(tx))
}

// bindVersion remembers the version that persons are wrapped under, or looks whether the key file has the one that was remembered.
func (v *Vault) bindVersion(tx *sqldb.Tx) error {
	id, err := current(tx)
	if err != nil {
		return err
	}
	if id != 0 {
		_, err = v.with(id)
		return err
	}
	return v.announce(tx, v.ring.Load().primary)
}

// announce makes a version the one that new persons are wrapped under, in every program that uses the database.
func (v *Vault) announce(tx *sqldb.Tx, id MasterID) error {
	if _, err := tx.Exec(`INSERT INTO vault_key (id, made_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, int64(id), sqldb.Micros(v.clock.Now())); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE vault_master SET wrap = $1 WHERE one = 1`, int64(id))
	return err
}

// current is the version that new persons are wrapped under; 0 before the database is bound.
func current(tx *sqldb.Tx) (MasterID, error) {
	var id *int64
	err := tx.QueryRow(`SELECT wrap FROM vault_master WHERE one = 1`).Scan(&id)
	if sqldb.NotFound(err) || (err == nil && id == nil) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return MasterID(*id), nil
}

// Person finds the person of a kind ("resident", "firm") by an identifying value, or makes one with a key of its own. Callers that ask for
// the same new value at the same time get the same person. An empty kind or value is fault.Invalid.
func (v *Vault) Person(tx *sqldb.Tx, kind, value string) (PersonID, error) {
	const op = "vault.Person"
	lookup, err := v.lookup(kind, value)
	if err != nil {
		return "", err
	}
	p, err := findPerson(tx, kind, lookup)
	if !sqldb.NotFound(err) {
		return p, fault.Wrap(op, err)
	}
	if err := v.create(tx, kind, lookup); err != nil {
		return "", fault.Wrap(op, err)
	}
	p, err = findPerson(tx, kind, lookup)
	return p, fault.Wrap(op, err)
}

// Find is Person for readers: it makes nobody. A person that was never met, or is forgotten, is fault.NotFound.
func (v *Vault) Find(tx *sqldb.Tx, kind, value string) (PersonID, error) {
	const op = "vault.Find"
	lookup, err := v.lookup(kind, value)
	if err != nil {
		return "", err
	}
	p, err := findPerson(tx, kind, lookup)
	if sqldb.NotFound(err) {
		return "", fault.New(fault.NotFound, op, "nobody is known by this value")
	}
	return p, fault.Wrap(op, err)
}

// Forget destroys the person's key and the hash they were found by. It is final when the transaction commits. Forgetting twice is one
// forgetting; forgetting a person that never was is fault.NotFound.
func (v *Vault) Forget(tx *sqldb.Tx, p PersonID) error {
	const op = "vault.Forget"
	n, err := tx.Exec(`UPDATE person SET wrapped_key = NULL, master = NULL, lookup = NULL, forgotten_at = COALESCE(forgotten_at, $1) WHERE id = $2`,
		sqldb.Micros(v.clock.Now()), string(p))
	if err == nil && n == 0 {
		return noSuchPerson(op)
	}
	return fault.Wrap(op, err)
}

func findPerson(tx *sqldb.Tx, kind, lookup string) (p PersonID, err error) {
	err = tx.QueryRow(`SELECT id FROM person WHERE kind = $1 AND lookup = $2`, kind, lookup).Scan((*string)(&p))
	return p, err
}

// create adds a person unless one with the lookup has come in between.
func (v *Vault) create(tx *sqldb.Tx, kind, lookup string) error {
	p := PersonID(ident.New())
	master, err := current(tx)
	if err != nil {
		return err
	}
	key, err := v.newKey(p, master)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO person (id, kind, lookup, wrapped_key, master, created_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (kind, lookup) DO NOTHING`, string(p), kind, lookup, key, numbered(master), sqldb.Micros(v.clock.Now()))
	return err
}

// numbered is a version as its column holds it: none before the database is bound.
func numbered(id MasterID) *int64 {
	if id == 0 {
		return nil
	}
	n := int64(id)
	return &n
}

// newKey makes a person's key and wraps it.
func (v *Vault) newKey(p PersonID, master MasterID) (string, error) {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return "", err
	}
	return v.wrap(h, p, master)
}

// wrap encrypts a person's key under a version of the master key. The wrapping is bound to the person, so that keys cannot be exchanged between rows.
func (v *Vault) wrap(h *keyset.Handle, p PersonID, master MasterID) (string, error) {
	if master == 0 {
		master = v.ring.Load().primary
	}
	r, err := v.with(master)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	if err := h.WriteWithAssociatedData(keyset.NewBinaryWriter(&b), r.wrap[master], []byte(p)); err != nil {
		return "", err
	}
	return encode(b.Bytes()), nil
}

// unwrap is the other way. master is the version that the row names, 0 for a row of before versions were noted.
func (v *Vault) unwrap(p PersonID, wrapped string, master MasterID) (*keyset.Handle, error) {
	if master == 0 {
		master = v.ring.Load().primary // its cipher opens what is under any version
	}
	r, err := v.with(master)
	if err != nil {
		return nil, err
	}
	cipher, err := decode(wrapped)
	if err != nil {
		return nil, err
	}
	h, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(cipher)), r.wrap[master], []byte(p))
	if err != nil {
		return nil, &fault.Error{Op: "vault.unwrap", Msg: "the person's key does not open under this master key", Err: err}
	}
	return h, nil
}

// key reads and unwraps the person's key. It is read each time and never kept, so that Forget works at once and everywhere.
func (v *Vault) key(tx *sqldb.Tx, p PersonID) (tink.AEAD, error) {
	const op = "vault.key"
	var wrapped *string
	var master *int64
	err := tx.QueryRow(`SELECT wrapped_key, master FROM person WHERE id = $1`, string(p)).Scan(&wrapped, &master)
	switch {
	case sqldb.NotFound(err):
		return nil, noSuchPerson(op)
	case err != nil:
		return nil, fault.Wrap(op, err)
	case wrapped == nil:
		return nil, &fault.Error{Kind: fault.NotFound, Op: op, Msg: "this person's data is forgotten", Err: errForgotten}
	}
	if master == nil {
		master = new(int64)
	}
	h, err := v.unwrap(p, *wrapped, MasterID(*master))
	if err != nil {
		return nil, err
	}
	return aead.New(h)
}

var errForgotten = errors.New("forgotten")

// Forgotten reports whether err says that the person was forgotten, rather than never known.
func Forgotten(err error) bool { return errors.Is(err, errForgotten) }

func noSuchPerson(op string) error { return fault.New(fault.NotFound, op, "there is no such person") }

// lookup is the keyed hash that stands for an identifying value in the table.
func (v *Vault) lookup(kind, value string) (string, error) {
	const op = "vault.lookup"
	value = Normal(value)
	if kind == "" || value == "" {
		return "", fault.New(fault.Invalid, op, "a person needs a kind and an identifying value")
	}
	h, err := v.keyed("lookup", kind, value)
	return h, fault.Wrap(op, err)
}

// keyed hashes the parts, each with its length, under the finding key.
func (v *Vault) keyed(parts ...string) (string, error) {
	var input []byte
	for _, p := range parts {
		input = binary.BigEndian.AppendUint64(input, uint64(len(p)))
		input = append(input, p...)
	}
	h, err := v.ring.Load().find.ComputePrimaryPRF(input, 32)
	return base64.RawURLEncoding.EncodeToString(h), err
}

// Normal is the writing of an identifying value under which it is compared: full-width ASCII (１３８) becomes ASCII, and white space
// at the ends goes.
func Normal(value string) string {
	narrow := func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '\u3000':
			return ' '
		}
		return r
	}
	return strings.TrimSpace(strings.Map(narrow, value))
}
