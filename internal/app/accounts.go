package app

import (
	"context"
	"os"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/records/manage"
)

// Accounts are the accounts of a program, which may be running at the same time.
type Accounts struct {
	db    *sqldb.DB
	clock clock.Clock
	store manage.Store
}

// OpenAccounts opens the accounts of the program with a configuration.
func OpenAccounts(ctx context.Context, config Config) (*Accounts, error) {
	if err := os.MkdirAll(config.Data, 0o700); err != nil {
		return nil, fault.New(fault.Invalid, "app", "data folder %s cannot be made: %v", config.Data, err)
	}
	db, err := sqldb.Open(ctx, config.databaseURL(), migrations())
	if err != nil {
		return nil, err
	}
	return &Accounts{db: db, clock: clock.System{}}, nil
}

// Close closes the database.
func (a *Accounts) Close() error { return a.db.Close() }

// Add makes an account and gives its key, which is not kept.
func (a *Accounts) Add(ctx context.Context, account manage.Account, lasts time.Duration) (made manage.Account, key string, err error) {
	account.CreatedAt, account.KeyEndsAt = a.clock.Now(), a.until(lasts)
	err = a.db.Update(ctx, func(tx *sqldb.Tx) error {
		if made, key, err = a.store.CreateAccount(tx, account); err != nil {
			return err
		}
		return a.audit(tx, "account-add", made.ID)
	})
	return made, key, err
}

// RenewKey gives an account another key; the one before is void. The scope stays unless another one is given.
func (a *Accounts) RenewKey(ctx context.Context, id string, lasts time.Duration, scope *access.Scope) (key string, err error) {
	err = a.db.Update(ctx, func(tx *sqldb.Tx) error {
		if key, err = a.store.RenewKey(tx, id, a.until(lasts), scope); err != nil {
			return err
		}
		return a.audit(tx, "account-key", id)
	})
	return key, err
}

// until is the end of a key that lasts so long; zero lasts for ever.
func (a *Accounts) until(lasts time.Duration) time.Time {
	if lasts == 0 {
		return time.Time{}
	}
	return a.clock.Now().Add(lasts)
}

// audit notes what was done from the shell: whoever may write the database has a name there, not here.
func (a *Accounts) audit(tx *sqldb.Tx, what, id string) error {
	row, err := access.Ask(a.clock.Now(), access.Request{Actor: access.Program("shell"), Action: access.KeepPeople, Thing: access.Thing{Kind: what, ID: id}, Purpose: access.SigningIn})
	if err != nil {
		return err
	}
	return a.store.AppendAudit(tx, row)
}

// List gives all accounts.
func (a *Accounts) List(ctx context.Context) (all []manage.Account, err error) {
	err = a.db.View(ctx, func(tx *sqldb.Tx) error {
		all, err = a.store.Accounts(tx)
		return err
	})
	return all, err
}

// Disable ends an account and its sessions.
func (a *Accounts) Disable(ctx context.Context, id string) error {
	return a.db.Update(ctx, func(tx *sqldb.Tx) error {
		if err := a.store.DisableAccount(tx, id, a.clock.Now()); err != nil {
			return err
		}
		return a.audit(tx, "account-disable", id)
	})
}

func (a *App) countAccounts(ctx context.Context) (n int, err error) {
	err = a.database.View(ctx, func(tx *sqldb.Tx) error {
		n, err = a.records.CountAccounts(tx)
		return err
	})
	return n, err
}

// actors finds accounts for whoever signs in.
type actors struct {
	db    *sqldb.DB
	clock clock.Clock
	store manage.Store
}

func (a actors) ByKey(ctx context.Context, key string) (access.Actor, error) {
	account, err := a.find(ctx, func(tx *sqldb.Tx) (manage.Account, error) { return a.store.AccountByKey(tx, key, a.clock.Now()) })
	actor := account.Actor()
	actor.Scope = account.KeyScope
	return actor, err
}

func (a actors) ByID(ctx context.Context, id string) (access.Actor, error) {
	account, err := a.find(ctx, func(tx *sqldb.Tx) (manage.Account, error) { return a.store.Account(tx, id) })
	return account.Actor(), err
}

func (a actors) find(ctx context.Context, get func(*sqldb.Tx) (manage.Account, error)) (manage.Account, error) {
	var account manage.Account
	err := a.db.View(ctx, func(tx *sqldb.Tx) error {
		var err error
		account, err = get(tx)
		return err
	})
	switch {
	case fault.Is(err, fault.NotFound) || (err == nil && !account.DisabledAt.IsZero()):
		return manage.Account{}, fault.New(fault.Unauthenticated, "app.actors", "no account in force has this key")
	case err != nil:
		return manage.Account{}, err
	}
	return account, nil
}
