package identity

import (
	"context"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
)

// State is how somebody's account stands.
type State string

const (
	Invited State = "invited" // has not chosen a passphrase yet
	Active  State = "active"
	KeyOnly State = "key" // has a key and no passphrase: a program, a device, or somebody who signs in with the key
	Blocked State = "blocked"
)

// Person is somebody with an account, as administrators see them.
type Person struct {
	access.Actor
	State    State
	LinkTill time.Time // until when a link given out for the account can be used; zero without one
}

// People are all accounts.
func (p *Provider) People(ctx context.Context, by access.Actor) (all []Person, err error) {
	if d := access.Decide(access.Request{Actor: by, Action: access.ReadPeople, Thing: access.Thing{Kind: "account"}, Purpose: access.SigningIn}); !d.Allow {
		return nil, d.Refusal("identity.People")
	}
	err = p.o.DB.View(ctx, func(tx *sqldb.Tx) error {
		all = nil
		accounts, err := p.o.Accounts.Accounts(tx)
		if err != nil {
			return err
		}
		chosen, err := p.passphrases(tx)
		if err != nil {
			return err
		}
		links, err := p.links(tx)
		for _, a := range accounts {
			has, is := chosen[a.ID]
			all = append(all, Person{Actor: a.Actor, State: stateOf(a, has, is), LinkTill: links[a.ID]})
		}
		return err
	})
	return all, err
}

func stateOf(a Account, has, is bool) State {
	switch {
	case a.Blocked:
		return Blocked
	case has:
		return Active
	case is:
		return Invited
	}
	return KeyOnly
}

// passphrases says of everybody who was invited whether a passphrase was chosen.
func (p *Provider) passphrases(tx *sqldb.Tx) (map[string]bool, error) {
	rows, err := tx.Query(`SELECT account, passphrase FROM identity_person`)
	if err != nil {
		return nil, fault.Wrap("identity.passphrases", err)
	}
	defer rows.Close()
	all := map[string]bool{}
	for rows.Next() {
		var account, hash string
		if err := rows.Scan(&account, &hash); err != nil {
			return nil, fault.Wrap("identity.passphrases", err)
		}
		all[account] = hash != ""
	}
	return all, fault.Wrap("identity.passphrases", rows.Err())
}

func (p *Provider) links(tx *sqldb.Tx) (map[string]time.Time, error) {
	rows, err := tx.Query(`SELECT account, until FROM identity_link WHERE until > $1`, sqldb.Micros(p.now()))
	if err != nil {
		return nil, fault.Wrap("identity.links", err)
	}
	defer rows.Close()
	all := map[string]time.Time{}
	for rows.Next() {
		var account string
		var until int64
		if err := rows.Scan(&account, &until); err != nil {
			return nil, fault.Wrap("identity.links", err)
		}
		all[account] = sqldb.FromMicros(until)
	}
	return all, fault.Wrap("identity.links", rows.Err())
}

// Invite makes an account and the link by which its person chooses a passphrase. The link's secret is not kept.
func (p *Provider) Invite(ctx context.Context, by, person access.Actor) (secret string, err error) {
	person.ID, person.Name = strings.ToLower(strings.TrimSpace(person.ID)), strings.TrimSpace(person.Name)
	err = p.keep(ctx, by, "invite", person.ID, func(tx *sqldb.Tx) error {
		if err := checkNames(person.ID, person.Name); err != nil {
			return err
		}
		err := p.o.Accounts.CreateAccount(tx, person, p.now())
		if fault.Is(err, fault.Conflict) {
			return fault.Say(fault.Conflict, "identity.Invite", Taken, "this name is taken")
		}
		if err != nil {
			return err
		}
		if err := p.keepPassphrase(tx, person.ID, ""); err != nil {
			return err
		}
		secret, err = p.makeLink(tx, Invitation, person.ID, by, LinkLife)
		return err
	})
	return secret, err
}

// Reset makes a link by which somebody chooses a new passphrase. The old one ends at once, the second factor and all sessions with it.
func (p *Provider) Reset(ctx context.Context, by access.Actor, account string) (secret string, err error) {
	err = p.keep(ctx, by, "reset", account, func(tx *sqldb.Tx) error {
		if _, err := p.inForce(tx, account); err != nil {
			return err
		}
		if err := p.keepPassphrase(tx, account, ""); err != nil {
			return err
		}
		if err := dropFactor(tx, account); err != nil {
			return err
		}
		if err := p.o.Accounts.EndSessions(tx, account); err != nil {
			return err
		}
		secret, err = p.makeLink(tx, Reset, account, by, LinkLife)
		return err
	})
	return secret, err
}

// Block ends the use of an account, with its sessions, links and key.
func (p *Provider) Block(ctx context.Context, by access.Actor, account string) error {
	return p.keep(ctx, by, "block", account, func(tx *sqldb.Tx) error {
		if err := p.o.Accounts.BlockAccount(tx, account, p.now()); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM identity_link WHERE account = $1`, account); err != nil {
			return fault.Wrap("identity.Block", err)
		}
		return p.o.Accounts.EndSessions(tx, account)
	})
}

// Unblock lets an account be used again, with the passphrase that it had.
func (p *Provider) Unblock(ctx context.Context, by access.Actor, account string) error {
	return p.keep(ctx, by, "unblock", account, func(tx *sqldb.Tx) error { return p.o.Accounts.UnblockAccount(tx, account) })
}

// keep changes an account when its keeper may, with the line on the audit, which a refusal leaves too.
func (p *Provider) keep(ctx context.Context, by access.Actor, what, account string, change func(*sqldb.Tx) error) error {
	fact, refused := access.Ask(p.now(), access.Request{Actor: by, Action: access.KeepPeople, Thing: access.Thing{Kind: "account-" + what, ID: account, By: account}, Purpose: access.SigningIn})
	err := p.o.DB.Update(ctx, func(tx *sqldb.Tx) error {
		if refused == nil {
			if err := change(tx); err != nil {
				return err
			}
		}
		return p.o.Accounts.AppendAudit(tx, fact)
	})
	return cmpOr(err, refused)
}
