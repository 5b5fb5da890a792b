package manage_test

import (
	"os"
	"testing"

	"twoweave/internal/manage/incidentdesk/incidentdesktest"
	"twoweave/internal/records/manage"
)

var incidents = incidentdesktest.Suite{Store: manage.Store{}, Migrations: manage.Migrations}

func TestTheCommandPostOnThisStore(t *testing.T) {
	t.Parallel()
	incidentdesktest.Run(t, incidents)
}

// Longer with TWOWEAVE_SLOW=1.
func TestRandomCommandsInTheCommandPostAndCrashes(t *testing.T) {
	t.Parallel()
	commands := 100
	if os.Getenv("TWOWEAVE_SLOW") == "1" {
		commands = 2_000
	}
	incidentdesktest.Crashes(t, incidents, commands)
}
