package app

import (
	"context"
	"net/http"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/gateway/signin"
	"twoweave/internal/gateway/web"
	"twoweave/internal/platform/identity"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/records/manage"
	"twoweave/internal/registry"
)

// How many passphrases are checked at once, and how many attempts may wait: 19 MiB each while they are checked, nothing while they wait.
const (
	hashesAtOnce = 2
	hashesWait   = 64
)

// accountsOf is the accounts as identities see them.
type accountsOf struct{ manage.Store }

func seen(a manage.Account) identity.Account {
	return identity.Account{Actor: a.Actor(), Blocked: !a.DisabledAt.IsZero()}
}

// Account finds one.
func (s accountsOf) Account(tx *sqldb.Tx, id string) (identity.Account, error) {
	a, err := s.Store.Account(tx, id)
	return seen(a), err
}

// Accounts lists all.
func (s accountsOf) Accounts(tx *sqldb.Tx) ([]identity.Account, error) {
	all, err := s.Store.Accounts(tx)
	list := make([]identity.Account, len(all))
	for i, a := range all {
		list[i] = seen(a)
	}
	return list, err
}

// CreateAccount keeps one whose key nobody knows: its person signs in with a passphrase.
func (s accountsOf) CreateAccount(tx *sqldb.Tx, a access.Actor, at time.Time) error {
	_, _, err := s.Store.CreateAccount(tx, manage.Account{ID: a.ID, Name: a.Name, Roles: a.Roles, Unit: registry.UnitID(a.Unit), CreatedAt: at})
	return err
}

// BlockAccount disables one.
func (s accountsOf) BlockAccount(tx *sqldb.Tx, id string, at time.Time) error {
	return s.DisableAccount(tx, id, at)
}

// UnblockAccount enables one.
func (s accountsOf) UnblockAccount(tx *sqldb.Tx, id string) error { return s.EnableAccount(tx, id) }

// buildIdentity makes the built-in provider of identities.
func (a *App) buildIdentity() (err error) {
	a.identity, err = identity.New(identity.Options{DB: a.database, Accounts: accountsOf{a.records}, Clock: a.o.Clock, Secret: a.secret,
		Hasher: identity.NewHasher(identity.DefaultCost, hashesAtOnce, hashesWait)})
	return err
}

// buildSignIn mounts signing in, and makes the pages, which need to know who asks. The demo alone lets visitors enter.
func (a *App) buildSignIn(mux *http.ServeMux, people actors) (*web.Handler, error) {
	if err := a.buildIdentity(); err != nil {
		return nil, err
	}
	a.signin = signin.New(signin.Options{People: sessions{people, a.o.Clock}, Identity: a.identity, Units: a.unitNames, Auditing: a.auditing(), Life: manage.SessionLife, Clock: a.o.Clock,
		Log: a.o.Log.With("part", "signin")})
	pages, err := a.buildPages()
	if err != nil {
		return nil, err
	}
	a.signin.Mount(mux, pages.Show)
	if a.o.Demo {
		a.signin.MountEnter(mux, a.o.Visitors)
	}
	return pages, nil
}

// unitNames are the units of the directory in force, in its order.
func (a *App) unitNames() (all []signin.Unit) {
	for _, u := range a.now.get().Directory.Units {
		all = append(all, signin.Unit{ID: string(u.ID), Name: u.Name})
	}
	return all
}

// FirstLink is the address at which the first administrator chooses a name and a passphrase, once and for an hour; empty when somebody has an account.
func (a *App) FirstLink(ctx context.Context) (string, error) {
	secret, needed, err := a.identity.FirstLink(ctx)
	if err != nil || !needed {
		return "", err
	}
	return a.URL() + "/welcome/" + secret, nil
}
