package manage_test

import (
	"fmt"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/records/manage"
)

// Different things are counted, in the time alone, and nobody is found again after the alarm; a search finds what all its fields say.
func TestLookersAndSearches(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	sqldbtest.Each(t, manage.Migrations, func(t *testing.T, db *sqldb.DB) {
		var s manage.Store
		keep := func(who, thing string, action access.Action, at time.Time, allow bool) {
			t.Helper()
			if err := db.Update(t.Context(), func(tx *sqldb.Tx) error {
				return s.AppendAudit(tx, access.Audit{At: at, Actor: who, Action: action, Thing: thing, Decision: access.Decision{Allow: allow}})
			}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 3 {
			keep("anna", fmt.Sprint("person/", i), access.ReadPersonal, noon, i > 0)
			keep("bert", "person/1", access.ReadPersonal, noon, true)
			keep("cleo", fmt.Sprint("person/", i), access.ReadPersonal, noon.Add(-time.Duration(i)*time.Hour), true)
		}
		view := func(fn func(tx *sqldb.Tx) error) {
			t.Helper()
			if err := db.View(t.Context(), fn); err != nil {
				t.Fatal(err)
			}
		}
		lookers := func(want ...manage.Looker) {
			t.Helper()
			view(func(tx *sqldb.Tx) error {
				got, err := s.Lookers(tx, noon.Add(-time.Minute), 3)
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%v, not %v", got, want)
				}
				return err
			})
		}
		lookers(manage.Looker{Account: "anna", Things: 3})
		keep("system:looks", "account/anna", access.ManyLooks, noon, true)
		lookers()
		keep("dora", "case/1", access.IdleLook, noon, true)
		keep("dora", "case/2", access.IdleLook, noon, true)
		for want, q := range map[int]manage.AuditSearch{12: {}, 3: {Who: "anna"}, 1: {Who: "anna", Thing: "person/2"}, 4: {Flagged: true}, 10: {From: noon}, 0: {Action: access.ReadAudit}} {
			q.To, q.Limit = noon.Add(time.Second), 100
			view(func(tx *sqldb.Tx) error {
				got, err := s.SearchAudit(tx, q)
				if len(got) != want {
					t.Errorf("%+v finds %d, not %d", q, len(got), want)
				}
				return err
			})
		}
	})
}
