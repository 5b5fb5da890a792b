package app

import (
	"strings"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/gateway/signin"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/records/manage"
)

// A session ends with its shift, with half a shift of silence, with a sign-out and with its account; each beginning, end and refusal is on the audit, and no token is in
// the database.
func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, migrations(), func(t *testing.T, db *sqldb.DB) {
		c := clock.NewManual(time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC))
		s := sessions{actors{db: db, clock: c}, c}
		var li access.Actor
		update := func(fn func(*sqldb.Tx) error) {
			t.Helper()
			if err := db.Update(t.Context(), fn); err != nil {
				t.Fatal(err)
			}
		}
		update(func(tx *sqldb.Tx) error {
			account, _, err := s.store.CreateAccount(tx, manage.Account{ID: "li", Name: "Li", Roles: []access.Role{access.Operator}, CreatedAt: c.Now()})
			li = account.Actor()
			return err
		})
		begin := func() string {
			t.Helper()
			token, err := s.Begin(t.Context(), li, signin.ByKey, "10.0.0.1")
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		in := func(token string) bool {
			t.Helper()
			actor, err := s.Actor(t.Context(), token)
			if err != nil && !fault.Is(err, fault.Unauthenticated) {
				t.Fatal(err)
			}
			return err == nil && actor.ID == "li"
		}
		busy, idle := begin(), begin()
		for range 11 {
			c.Advance(time.Hour)
			if !in(busy) {
				t.Fatalf("a busy session ended at %v", c.Now())
			}
		}
		if in(idle) || in("") || in(strings.ToUpper(busy)) {
			t.Error("half a shift of silence, or no token, and still signed in")
		}
		c.Advance(time.Hour)
		if in(busy) {
			t.Error("the session outlived its shift")
		}
		one, two := begin(), begin()
		if err := s.End(t.Context(), one, "10.0.0.1"); err != nil || in(one) || !in(two) {
			t.Errorf("signing out: %v", err)
		}
		if all, err := s.Sessions(t.Context(), "li", two); err != nil || len(all) != 1 || !all[0].Own || all[0].From != "10.0.0.1" {
			t.Errorf("the own sessions are %+v, %v", all, err)
		}
		roles := func(list string) {
			update(func(tx *sqldb.Tx) error {
				_, err := tx.Exec(`UPDATE account SET roles = $1 WHERE id = 'li'`, list)
				return err
			})
		}
		if roles(`["operator","admin"]`); in(two) {
			t.Error("the session outlived a change of rights")
		}
		if roles(`["operator"]`); !in(two) {
			t.Error("rights that are as they were end nothing")
		}
		update(func(tx *sqldb.Tx) error { return s.store.DisableAccount(tx, "li", c.Now()) })
		if in(two) {
			t.Error("the session outlived its account")
		}
		if err := s.Refuse(t.Context(), "10.0.0.9", "no account has this key"); err != nil {
			t.Fatal(err)
		}
		said := map[access.Action]int{}
		update(func(tx *sqldb.Tx) error {
			clear(said)
			rows, err := s.store.FindAudit(tx, casedesk.AuditQuery{Thing: "session", Limit: 100})
			for _, a := range rows {
				said[a.Action]++
			}
			return err
		})
		if said[sessionBegun] != 4 || said[sessionEnded] != 1 || said[sessionRefused] != 1 {
			t.Errorf("the audit says %v", said)
		}
		tokens := 0
		update(func(tx *sqldb.Tx) error {
			return tx.QueryRow(`SELECT COUNT(*) FROM session WHERE token_hash IN ($1, $2, $3, $4)`, busy, idle, one, two).Scan(&tokens)
		})
		if tokens != 0 {
			t.Error("the database holds tokens")
		}
	})
}
