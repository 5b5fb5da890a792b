package identity

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
)

// Purpose is what a one-time link is for.
type Purpose string

const (
	First      Purpose = "first"      // the first administrator chooses a name and a passphrase
	Invitation Purpose = "invitation" // somebody invited chooses a passphrase
	Reset      Purpose = "reset"      // somebody who has an account chooses a new one
)

// How long a link may be used: the first one is on a terminal and at hand, others travel.
const (
	FirstLife = time.Hour
	LinkLife  = 24 * time.Hour
)

// Link is what a one-time link leads to.
type Link struct {
	Purpose Purpose
	Account string // the name to sign in with; empty for the first administrator
	Name    string
}

// Choice is what somebody enters who follows a link. Only the first administrator chooses Account and Name.
type Choice struct{ Account, Name, Passphrase string }

// The reasons why a choice is refused.
const (
	BadAccount fault.Code = "account.form"
	BadName    fault.Code = "account.name"
	Taken      fault.Code = "account.taken"
	LinkOver   fault.Code = "link.over"
)

var accountForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,39}$`)

func checkNames(account, name string) error {
	const op = "identity.checkNames"
	if !accountForm.MatchString(account) {
		return fault.Say(fault.Invalid, op, BadAccount, "a name to sign in with has 2 to 40 small letters, digits, dots and dashes")
	}
	if n := utf8.RuneCountInString(name); n == 0 || n > 80 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		return fault.Say(fault.Invalid, op, BadName, "a person's name has 1 to 80 characters")
	}
	return nil
}

// FirstLink makes the link of the first administrator when nobody has an account yet; earlier ones are void. needed is false when somebody has.
func (p *Provider) FirstLink(ctx context.Context) (secret string, needed bool, err error) {
	err = p.o.DB.Update(ctx, func(tx *sqldb.Tx) error {
		secret = ""
		if needed, err = p.nobody(tx); err != nil || !needed {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM identity_link WHERE purpose = $1`, string(First)); err != nil {
			return fault.Wrap("identity.FirstLink", err)
		}
		secret, err = p.makeLink(tx, First, "", access.Program("identity"), FirstLife)
		return err
	})
	return secret, needed, err
}

// nobody says whether no person has an account in force; devices are no persons.
func (p *Provider) nobody(tx *sqldb.Tx) (bool, error) {
	all, err := p.o.Accounts.Accounts(tx)
	person := func(a Account) bool {
		return !a.Blocked && slices.ContainsFunc(a.Roles, func(r access.Role) bool { return r != access.Device })
	}
	return !slices.ContainsFunc(all, person), err
}

func (p *Provider) makeLink(tx *sqldb.Tx, purpose Purpose, account string, by access.Actor, life time.Duration) (string, error) {
	secret, now := newSecret(), p.now()
	if _, err := tx.Exec(`DELETE FROM identity_link WHERE until < $1 OR (account = $2 AND account <> '')`, sqldb.Micros(now), account); err != nil {
		return "", fault.Wrap("identity.makeLink", err)
	}
	_, err := tx.Exec(`INSERT INTO identity_link (hash, purpose, account, made_by, until) VALUES ($1, $2, $3, $4, $5)`,
		digest(secret), string(purpose), account, by.ID, sqldb.Micros(now.Add(life)))
	return secret, fault.Wrap("identity.makeLink", err)
}

// Link is what a link leads to; fault.NotFound when it was used, is over or never was.
func (p *Provider) Link(ctx context.Context, secret string) (l Link, err error) {
	err = p.o.DB.View(ctx, func(tx *sqldb.Tx) error {
		l, err = p.readLink(tx, secret)
		return err
	})
	return l, err
}

func (p *Provider) readLink(tx *sqldb.Tx, secret string) (Link, error) {
	const op = "identity.Link"
	gone := fault.Say(fault.NotFound, op, LinkOver, "this link was used or is over")
	var l Link
	var until int64
	err := tx.QueryRow(`SELECT purpose, account, until FROM identity_link WHERE hash = $1`, digest(secret)).Scan(&l.Purpose, &l.Account, &until)
	if sqldb.NotFound(err) {
		return l, gone
	}
	if err != nil {
		return l, fault.Wrap(op, err)
	}
	if !p.now().Before(sqldb.FromMicros(until)) {
		return l, gone
	}
	if l.Purpose == First {
		if free, err := p.nobody(tx); err != nil || !free {
			return l, cmpOr(err, gone)
		}
		return l, nil
	}
	a, err := p.inForce(tx, l.Account)
	if fault.Is(err, fault.Unauthenticated) {
		return l, gone
	}
	l.Name = a.Name
	return l, err
}

func cmpOr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// Accept uses a link: the person has chosen a passphrase, and signs in with it from now on. The account's sessions are over. What comes back is whose link it was.
func (p *Provider) Accept(ctx context.Context, secret string, c Choice) (account string, err error) {
	l, err := p.Link(ctx, secret)
	if err != nil {
		return "", err
	}
	if l.Purpose == First {
		l.Account, l.Name = strings.ToLower(strings.TrimSpace(c.Account)), strings.TrimSpace(c.Name)
		if err := checkNames(l.Account, l.Name); err != nil {
			return "", err
		}
	}
	if err := CheckPassphrase(c.Passphrase, l.Account, l.Name); err != nil {
		return "", err
	}
	hash, err := p.o.Hasher.Hash(ctx, c.Passphrase)
	if err != nil {
		return "", err
	}
	err = p.o.DB.Update(ctx, func(tx *sqldb.Tx) error { return p.accept(tx, secret, l, hash) })
	if err == nil {
		p.accounts.clear(l.Account)
	}
	return l.Account, err
}

// accept keeps what a link was used for. The link is taken first: of two who use it at once, one comes too late.
func (p *Provider) accept(tx *sqldb.Tx, secret string, l Link, hash string) error {
	if _, err := p.readLink(tx, secret); err != nil {
		return err
	}
	n, err := tx.Exec(`DELETE FROM identity_link WHERE hash = $1`, digest(secret))
	if err != nil || n == 0 {
		return cmpOr(fault.Wrap("identity.accept", err), fault.Say(fault.NotFound, "identity.accept", LinkOver, "this link was used or is over"))
	}
	actor := access.Actor{ID: l.Account, Name: l.Name, Roles: []access.Role{access.Admin}}
	if l.Purpose == First {
		err := p.o.Accounts.CreateAccount(tx, actor, p.now())
		if fault.Is(err, fault.Conflict) {
			return fault.Say(fault.Conflict, "identity.accept", Taken, "this name is taken")
		}
		if err != nil {
			return err
		}
	} else {
		a, err := p.o.Accounts.Account(tx, l.Account)
		if err != nil {
			return err
		}
		actor = a.Actor
	}
	if err := p.keepPassphrase(tx, l.Account, hash); err != nil {
		return err
	}
	if err := p.o.Accounts.EndSessions(tx, l.Account); err != nil {
		return err
	}
	fact, err := access.Ask(p.now(), access.Request{Actor: actor, Action: access.KeepSelf, Thing: access.Thing{Kind: "passphrase", ID: string(l.Purpose)}, Purpose: access.SigningIn})
	if err != nil {
		return err
	}
	return p.o.Accounts.AppendAudit(tx, fact)
}

func (p *Provider) keepPassphrase(tx *sqldb.Tx, account, hash string) error {
	_, err := tx.Exec(`INSERT INTO identity_person (account, passphrase, changed_at) VALUES ($1, $2, $3)
		ON CONFLICT (account) DO UPDATE SET passphrase = excluded.passphrase, changed_at = excluded.changed_at`, account, hash, sqldb.Micros(p.now()))
	return fault.Wrap("identity.keepPassphrase", err)
}

// inForce is an account that may be used.
func (p *Provider) inForce(tx *sqldb.Tx, id string) (Account, error) {
	a, err := p.o.Accounts.Account(tx, id)
	if fault.Is(err, fault.NotFound) || err == nil && a.Blocked {
		return a, fault.New(fault.Unauthenticated, "identity.inForce", "account %q is not in force", id)
	}
	return a, err
}
