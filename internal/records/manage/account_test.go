package manage_test

import (
	"strings"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/records/manage"
)

// in runs fn in a transaction that must succeed.
func in(t *testing.T, db *sqldb.DB, fn func(s manage.Store, tx *sqldb.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), func(tx *sqldb.Tx) error { return fn(manage.Store{}, tx) }); err != nil {
		t.Fatal(err)
	}
}

func TestAnAccountIsFoundByItsKeyUntilItIsDisabled(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, manage.Migrations, func(t *testing.T, db *sqldb.DB) {
		want := manage.Account{Name: "Li", Roles: []access.Role{access.FieldWorker, access.Verifier}, Unit: "street-1", CreatedAt: dawn}
		var key string
		in(t, db, func(s manage.Store, tx *sqldb.Tx) (err error) {
			want, key, err = s.CreateAccount(tx, want)
			return err
		})
		if len(key) < 43 || !strings.HasPrefix(key, "tw_") || want.ID == "" {
			t.Fatalf("key %q, id %q", key, want.ID)
		}
		in(t, db, func(s manage.Store, tx *sqldb.Tx) error {
			got, err := s.AccountByKey(tx, key, dawn)
			if a := got.Actor(); a.ID != want.ID || !a.Has(access.Verifier) || a.Unit != "street-1" || a.Name != "Li" {
				t.Errorf("account = %+v", got)
			}
			if _, err := s.AccountByKey(tx, key+"x", dawn); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("another key: %v", err)
			}
			return err
		})
		in(t, db, func(s manage.Store, tx *sqldb.Tx) error { return s.DisableAccount(tx, want.ID, dawn) })
		in(t, db, func(s manage.Store, tx *sqldb.Tx) error {
			if _, err := s.AccountByKey(tx, key, dawn); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("a disabled account's key: %v", err)
			}
			if _, err := s.Person(tx, want.ID); !fault.Is(err, fault.NotFound) {
				t.Errorf("a disabled person: %v", err)
			}
			if n, err := s.CountAccounts(tx); n != 0 || err != nil {
				t.Errorf("%d accounts may be used (%v)", n, err)
			}
			if err := s.DisableAccount(tx, "nobody", dawn); !fault.Is(err, fault.NotFound) {
				t.Errorf("nobody: %v", err)
			}
			all, err := s.Accounts(tx)
			if len(all) != 1 || !all[0].DisabledAt.Equal(dawn) {
				t.Errorf("accounts = %+v", all)
			}
			return err
		})
	})
}

func TestKeysAreNotKept(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, manage.Migrations, func(t *testing.T, db *sqldb.DB) {
		in(t, db, func(s manage.Store, tx *sqldb.Tx) error {
			_, key, err := s.CreateAccount(tx, manage.Account{Name: "Li", Roles: []access.Role{access.Viewer}})
			var kept string
			if err := tx.QueryRow(`SELECT key_hash FROM account`).Scan(&kept); err != nil {
				return err
			}
			if len(kept) != 64 || strings.Contains(kept, key[3:]) {
				t.Errorf("kept %q for key %q", kept, key)
			}
			return err
		})
	})
}

func TestWrongAccountsAreRefused(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, manage.Migrations, func(t *testing.T, db *sqldb.DB) {
		in(t, db, func(s manage.Store, tx *sqldb.Tx) error {
			for _, a := range []manage.Account{
				{Roles: []access.Role{access.Viewer}}, {Name: "Li"}, {Name: "Li", Roles: []access.Role{"king"}}, {Name: "Li", Roles: []access.Role{access.System}},
				{Name: "Li", Roles: []access.Role{access.FieldWorker}},
			} {
				if _, _, err := s.CreateAccount(tx, a); !fault.Is(err, fault.Invalid) {
					t.Errorf("%+v: %v", a, err)
				}
			}
			one := manage.Account{ID: "li", Name: "Li", Roles: []access.Role{access.Viewer}}
			_, _, err := s.CreateAccount(tx, one)
			if _, _, again := s.CreateAccount(tx, one); !fault.Is(again, fault.Conflict) {
				t.Errorf("twice: %v", again)
			}
			return err
		})
	})
}

// A key has an end where it was given one, and is void once the account has another.
func TestKeysEnd(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, manage.Migrations, func(t *testing.T, db *sqldb.DB) {
		in(t, db, func(s manage.Store, tx *sqldb.Tx) error {
			a, first, err := s.CreateAccount(tx, manage.Account{Name: "Partner", Roles: []access.Role{access.Viewer}, CreatedAt: dawn, KeyEndsAt: dawn.Add(time.Hour)})
			if err != nil {
				return err
			}
			works := func(key string, after time.Duration) bool {
				got, err := s.AccountByKey(tx, key, dawn.Add(after))
				if err != nil && !fault.Is(err, fault.Unauthenticated) {
					t.Error(err)
				}
				return err == nil && got.ID == a.ID
			}
			if !works(first, time.Hour-time.Microsecond) || works(first, time.Hour) {
				t.Error("the key does not end when it should")
			}
			second, err := s.RenewKey(tx, a.ID, time.Time{}, nil)
			if err != nil || works(first, 0) || !works(second, 1000*time.Hour) {
				t.Errorf("after a new key (%v) the first works: %v, the second: %v", err, works(first, 0), works(second, 1000*time.Hour))
			}
			if _, err := s.RenewKey(tx, "nobody", time.Time{}, nil); !fault.Is(err, fault.NotFound) {
				t.Errorf("a key for nobody: %v", err)
			}
			return nil
		})
	})
}
