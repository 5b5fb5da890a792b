package manage_test

import (
	"os"
	"testing"
	"time"

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

// The figures are printed by go test -v -run Speed; with TWOWEAVE_SLOW=1 they are taken over ten thousand cases, and a filter that is too slow fails. Not parallel: it
// would measure the other tests.
func TestSpeed(t *testing.T) {
	if os.Getenv("TWOWEAVE_SLOW") == "1" {
		casedesktest.Speed(t, suite, casedesktest.Load{Loops: 200, Cases: 10_000, Most: 50 * time.Millisecond})
		return
	}
	casedesktest.Speed(t, suite, casedesktest.Load{Loops: 20, Cases: 500, Most: time.Minute})
}

// Longer with TWOWEAVE_SLOW=1.
func TestRandomCommandsAndCrashes(t *testing.T) {
	t.Parallel()
	commands := 150
	if os.Getenv("TWOWEAVE_SLOW") == "1" {
		commands = 1_000
	}
	casedesktest.Crashes(t, suite, commands)
}

// A storm of 10,000 reports with TWOWEAVE_SLOW=1; not parallel, for the same reason.
func TestStorm(t *testing.T) {
	if os.Getenv("TWOWEAVE_SLOW") == "1" {
		casedesktest.Storm(t, suite, 10_000, time.Second) // alone on a machine: 100 ms
		return
	}
	casedesktest.Storm(t, suite, 200, time.Minute)
}
