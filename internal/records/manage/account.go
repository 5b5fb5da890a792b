package manage

import (
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/registry"
)

var accountTables = []sqldb.Migration{{Name: "manage-account-1", SQL: `
CREATE TABLE account (
	id          TEXT   NOT NULL PRIMARY KEY,
	name        TEXT   NOT NULL,
	roles       TEXT   NOT NULL, -- JSON list
	unit        TEXT   NOT NULL,
	key_hash    TEXT   NOT NULL UNIQUE, -- SHA-256 of the key; keys are random, so that no salt is needed
	created_at  BIGINT NOT NULL,
	disabled_at BIGINT NOT NULL
);`}, {Name: "manage-account-2", SQL: `ALTER TABLE account ADD COLUMN key_ends_at BIGINT NOT NULL DEFAULT 0;`},
	{Name: "manage-account-3", SQL: `ALTER TABLE account ADD COLUMN key_scope TEXT NOT NULL DEFAULT '';`}}

// Account is somebody, or some device, that has a key.
type Account struct {
	ID         string // empty on creation: a random one
	Name       string
	Roles      []access.Role
	Unit       registry.UnitID
	CreatedAt  time.Time
	DisabledAt time.Time // zero while it may be used
	KeyEndsAt  time.Time // zero: the key has no end
	KeyScope   access.Scope
}

// Actor is the account as access sees its person. The scope is the key's: AccountByKey's callers add it.
func (a *Account) Actor() access.Actor {
	return access.Actor{ID: a.ID, Name: a.Name, Roles: a.Roles, Unit: string(a.Unit)}
}

const accountColumns = `id, name, roles, unit, created_at, disabled_at, key_ends_at, key_scope`

// keyPrefix makes a key recognisable where it does not belong.
const keyPrefix = "tw_"

// CreateAccount keeps a new account and returns it with its key: 256 random bits, kept only as a digest, so that it is shown once. A taken id is a
// Conflict; an unknown role or a missing name is Invalid.
func (Store) CreateAccount(tx *sqldb.Tx, a Account) (Account, string, error) {
	const op = "records.CreateAccount"
	if err := checkAccount(op, &a); err != nil {
		return Account{}, "", err
	}
	if a.ID == "" {
		a.ID = ident.New()
	}
	roles, err := json.Marshal(a.Roles)
	if err != nil {
		return Account{}, "", fault.Wrap(op, err)
	}
	key := newKey()
	rows, err := tx.Exec(`INSERT INTO account (id, name, roles, unit, key_hash, created_at, disabled_at, key_ends_at, key_scope) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)
		ON CONFLICT (id) DO NOTHING`, a.ID, a.Name, string(roles), string(a.Unit), hashKey(key), sqldb.Micros(a.CreatedAt), sqldb.Micros(a.KeyEndsAt), a.KeyScope.String())
	if err != nil {
		return Account{}, "", fault.Wrap(op, err)
	}
	if rows == 0 {
		return Account{}, "", fault.New(fault.Conflict, op, "there is an account %q already", a.ID)
	}
	return a, key, nil
}

func checkAccount(op string, a *Account) error {
	if a.Name == "" || len(a.Roles) == 0 {
		return fault.New(fault.Invalid, op, "an account needs a name and at least one role of %v", access.Roles)
	}
	for _, r := range a.Roles {
		if !slices.Contains(access.Roles, r) {
			return fault.New(fault.Invalid, op, "%q is no role; the roles are %v", r, access.Roles)
		}
	}
	if slices.Contains(a.Roles, access.FieldWorker) && a.Unit == "" {
		return fault.New(fault.Invalid, op, "a field worker needs a unit: without one there is no case to see")
	}
	return nil
}

func newKey() string {
	var b [32]byte
	rand.Read(b[:]) // never fails: the runtime ends the program instead
	return keyPrefix + base64.RawURLEncoding.EncodeToString(b[:])
}

func hashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// RenewKey gives an account another key, which ends at a time or, when that is zero, never. The one before is void from then on; the scope stays unless another one is given.
func (s Store) RenewKey(tx *sqldb.Tx, id string, ends time.Time, scope *access.Scope) (string, error) {
	const op = "records.RenewKey"
	key := newKey()
	rows, err := tx.Exec(`UPDATE account SET key_hash = $2, key_ends_at = $3 WHERE id = $1`, id, hashKey(key), sqldb.Micros(ends))
	if err == nil && rows == 0 {
		_, err = s.Account(tx, id)
	}
	if err == nil && scope != nil {
		_, err = tx.Exec(`UPDATE account SET key_scope = $2 WHERE id = $1`, id, scope.String())
	}
	return key, fault.Wrap(op, err)
}

// AccountByKey is the account a key belongs to at a time. An unknown key, one that has ended, and a disabled account are the same Unauthenticated fault.
func (Store) AccountByKey(tx *sqldb.Tx, key string, at time.Time) (Account, error) {
	a, err := scanAccount(tx.QueryRow(`SELECT `+accountColumns+` FROM account WHERE key_hash = $1 AND disabled_at = 0 AND (key_ends_at = 0 OR key_ends_at > $2)`, hashKey(key), sqldb.Micros(at)))
	if sqldb.NotFound(err) {
		return Account{}, fault.New(fault.Unauthenticated, "records.AccountByKey", "this key is not known")
	}
	return a, fault.Wrap("records.AccountByKey", err)
}

// Account is the account with the id, disabled or not.
func (Store) Account(tx *sqldb.Tx, id string) (Account, error) {
	a, err := scanAccount(tx.QueryRow(`SELECT `+accountColumns+` FROM account WHERE id = $1`, id))
	return a, missing("records.Account", err, "account", id)
}

// Accounts are all accounts, by name.
func (Store) Accounts(tx *sqldb.Tx) ([]Account, error) {
	all, err := collect(tx, func(r *sql.Rows) (Account, error) { return scanAccount(r) },
		`SELECT `+accountColumns+` FROM account ORDER BY name, id`)
	return all, fault.Wrap("records.Accounts", err)
}

// CountAccounts is the number of accounts that may be used.
func (Store) CountAccounts(tx *sqldb.Tx) (int, error) {
	n := 0
	err := tx.QueryRow(`SELECT COUNT(*) FROM account WHERE disabled_at = 0`).Scan(&n)
	return n, fault.Wrap("records.CountAccounts", err)
}

// EnableAccount lets an account that was disabled be used again.
func (s Store) EnableAccount(tx *sqldb.Tx, id string) error {
	const op = "records.EnableAccount"
	rows, err := tx.Exec(`UPDATE account SET disabled_at = 0 WHERE id = $1`, id)
	if err == nil && rows == 0 {
		_, err = s.Account(tx, id)
	}
	return fault.Wrap(op, err)
}

// DisableAccount ends the use of an account and its key until it is enabled again. Its id stays taken, since history names it.
func (s Store) DisableAccount(tx *sqldb.Tx, id string, at time.Time) error {
	const op = "records.DisableAccount"
	rows, err := tx.Exec(`UPDATE account SET disabled_at = $2 WHERE id = $1 AND disabled_at = 0`, id, sqldb.Micros(at))
	if err != nil || rows > 0 {
		return fault.Wrap(op, err)
	}
	_, err = s.Account(tx, id)
	return fault.Wrap(op, err)
}

// Person is an officer who may handle cases: an account in use with a field worker's role.
func (s Store) Person(tx *sqldb.Tx, id string) (casework.Person, error) {
	a, err := s.Account(tx, id)
	if err != nil {
		return casework.Person{}, err
	}
	if !a.DisabledAt.IsZero() || !slices.Contains(a.Roles, access.FieldWorker) {
		return casework.Person{}, fault.New(fault.NotFound, "records.Person", "%s does not handle cases", a.Name)
	}
	return casework.Person{ID: a.ID, Name: a.Name, Unit: a.Unit}, nil
}

func scanAccount(row scanner) (Account, error) {
	var a Account
	var roles, scope string
	var created, disabled, ends int64
	if err := row.Scan(&a.ID, &a.Name, &roles, &a.Unit, &created, &disabled, &ends, &scope); err != nil {
		return Account{}, err
	}
	a.CreatedAt, a.DisabledAt, a.KeyEndsAt = sqldb.FromMicros(created), sqldb.FromMicros(disabled), sqldb.FromMicros(ends)
	if scope != "" {
		a.KeyScope = strings.Split(scope, ",")
	}
	return a, json.Unmarshal([]byte(roles), &a.Roles)
}
