package manage_test

import (
	"testing"

	"twoweave/internal/access"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/dutydesk/dutydesktest"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/records/manage"
)

func TestTheDutyDeskOnThisStore(t *testing.T) {
	t.Parallel()
	dutydesktest.Run(t, dutydesktest.Suite{
		Store: manage.Store{}, Migrations: manage.Migrations,
		Audit: func(tx *sqldb.Tx, actor string) ([]access.Audit, error) {
			return manage.Store{}.FindAudit(tx, casedesk.AuditQuery{Actor: actor, Limit: 100})
		},
	})
}
