package manage_test

import (
	"testing"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/records/manage"
)

// A case is saved only over the version that was read, whatever the engine's isolation adds to that.
func TestACaseIsSavedOverTheVersionThatWasRead(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, manage.Migrations, func(t *testing.T, db *sqldb.DB) {
		c := casework.Case{ID: "c", Number: "20260701-000001", Version: 3, State: casework.Filed, OpenedAt: dawn, UpdatedAt: dawn}
		in(t, db, func(s manage.Store, tx *sqldb.Tx) error { return s.SaveCase(tx, c, 0, nil) })
		next := c
		next.Version = 4
		for _, from := range []int64{0, 1, 2, 4} {
			err := db.Update(t.Context(), func(tx *sqldb.Tx) error { return manage.Store{}.SaveCase(tx, next, from, nil) })
			if !fault.Is(err, fault.Conflict) {
				t.Errorf("over version %d: %v", from, err)
			}
		}
		in(t, db, func(s manage.Store, tx *sqldb.Tx) error { return s.SaveCase(tx, next, 3, nil) })
		in(t, db, func(s manage.Store, tx *sqldb.Tx) error {
			got, err := s.Case(tx, "c")
			if got.Version != 4 || !got.OpenedAt.Equal(dawn) || !got.DueAt.IsZero() {
				t.Errorf("kept %+v", got)
			}
			return err
		})
	})
}
