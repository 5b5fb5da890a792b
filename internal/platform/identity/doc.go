// Package identity is the built-in provider of identities: who a person is, proved by a passphrase.
//
// An account says what somebody may do; it belongs to the records. This package keeps beside it what proves that somebody is the account's person: an argon2id hash of
// the passphrase, and one-time links by which a passphrase is chosen. Sessions are the records' too. Of all secrets only digests are kept, and nobody, an administrator neither, can read a
// passphrase or choose one for somebody else: an administrator gives out a link.
//
// Guessing is made slow, never impossible to outwait: each failure makes the next attempt on an account, and from an address, wait longer, up to a bound. A browser on
// which a person has signed in before keeps a mark of its own and is counted apart, so that a stranger's guesses do not keep the person out.
//
// Hashing costs memory on purpose. How many hashes are computed at once is bounded, and how many wait is too; what comes beyond is told to come again.
package identity

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/platform/sqldb"
)

// Migrations are the tables of identities.
var Migrations = []sqldb.Migration{{Name: "identity-1", SQL: `
CREATE TABLE identity_person (
	account    TEXT    NOT NULL PRIMARY KEY,
	passphrase TEXT    NOT NULL, -- argon2id with its parameters and salt; empty while invited
	changed_at BIGINT  NOT NULL
);
CREATE TABLE identity_link (
	hash    TEXT   NOT NULL PRIMARY KEY, -- SHA-256 of the link's secret; it is random, so that no salt is needed
	purpose TEXT   NOT NULL, -- first, invitation, reset
	account TEXT   NOT NULL, -- empty for the first administrator, who chooses one
	made_by TEXT   NOT NULL,
	until   BIGINT NOT NULL
);`}, {Name: "identity-2", SQL: `
ALTER TABLE identity_person ADD COLUMN totp TEXT NOT NULL DEFAULT ''; -- sealed secret of the second factor; empty without one
ALTER TABLE identity_person ADD COLUMN totp_step BIGINT NOT NULL DEFAULT 0; -- the last time step whose code was used
CREATE TABLE identity_recovery (
	hash    TEXT NOT NULL PRIMARY KEY, -- codes are random, so that no salt is needed
	account TEXT NOT NULL
);
CREATE INDEX identity_recovery_by_account ON identity_recovery (account);`}}

// Account is an account as this package sees it.
type Account struct {
	access.Actor
	Blocked bool
}

// Accounts keeps accounts and the audit.
type Accounts interface {
	// Account is the account with an id, blocked or not; fault.NotFound when there is none.
	Account(tx *sqldb.Tx, id string) (Account, error)
	Accounts(tx *sqldb.Tx) ([]Account, error)
	// CreateAccount keeps a new account; fault.Conflict when its id is taken, fault.Invalid when it cannot be.
	CreateAccount(tx *sqldb.Tx, a access.Actor, at time.Time) error
	BlockAccount(tx *sqldb.Tx, id string, at time.Time) error
	UnblockAccount(tx *sqldb.Tx, id string) error
	// EndSessions ends all sessions of an account.
	EndSessions(tx *sqldb.Tx, account string) error
	AppendAudit(tx *sqldb.Tx, all ...access.Audit) error
}

// Options are what a Provider needs.
type Options struct {
	DB       *sqldb.DB
	Accounts Accounts
	Clock    clock.Clock
	Secret   []byte // the installation's own, at least 32 bytes: marks of browsers are made with it
	Hasher   *Hasher
}

// Provider proves identities. It is safe for many goroutines.
type Provider struct {
	o         Options
	accounts  *throttle
	addresses *throttle
	stranger  string // the hash that is checked for a name that nobody has: it takes as long
}

// New makes a Provider.
func New(o Options) (*Provider, error) {
	stranger, err := o.Hasher.fresh(newSecret())
	if err != nil {
		return nil, err
	}
	return &Provider{o: o, accounts: newThrottle(perAccount), addresses: newThrottle(perAddress), stranger: stranger}, nil
}

// Client is where somebody asks from.
type Client struct {
	Address string   // without port
	Agent   string   // what the browser says it is
	Marks   []string // of a browser on which people have signed in before
}

// now is the clock's time as records keep it.
func (p *Provider) now() time.Time { return p.o.Clock.Now().UTC().Truncate(time.Microsecond) }

// newSecret is 256 random bits as text.
func newSecret() string {
	var b [32]byte
	rand.Read(b[:]) // never fails: the runtime ends the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// mac is a statement about an account that only this installation can make.
func (p *Provider) mac(about string, parts ...string) string {
	m := hmac.New(sha256.New, p.o.Secret)
	m.Write([]byte("twoweave identity " + about))
	for _, part := range parts {
		m.Write([]byte{0})
		m.Write([]byte(part))
	}
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}
