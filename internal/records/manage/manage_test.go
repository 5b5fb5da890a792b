package manage_test

import (
	"os"
	"testing"

	"twoweave/internal/access"
	"twoweave/internal/manage/casedesk/casedesktest"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/records/manage"
	"twoweave/internal/registry"
)

func TestMain(m *testing.M) { os.Exit(sqldbtest.Main(m)) }

func hire(tx *sqldb.Tx, who access.Actor) error {
	_, _, err := manage.Store{}.CreateAccount(tx, manage.Account{ID: who.ID, Name: who.Name, Roles: who.Roles, Unit: registry.UnitID(who.Unit), CreatedAt: casedesktest.Start})
	return err
}

var suite = casedesktest.Suite{Store: manage.Store{}, Migrations: manage.Migrations, Hire: hire}

func TestTheDeskOnThisStore(t *testing.T) {
	t.Parallel()
	casedesktest.Run(t, suite)
}

// The figures are printed by go test -v -run Speed.
func TestSpeed(t *testing.T) {
	casedesktest.Speed(t, suite, 60, 10_000)
}
