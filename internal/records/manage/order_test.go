package manage_test

import (
	"testing"

	"twoweave/internal/access"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/orderdesk/orderdesktest"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/records/manage"
)

func TestTheOrderDeskOnThisStore(t *testing.T) {
	t.Parallel()
	orderdesktest.Run(t, orderdesktest.Suite{
		Store: manage.Store{}, Migrations: manage.Migrations,
		Audit: func(tx *sqldb.Tx, actor string) ([]access.Audit, error) {
			return manage.Store{}.FindAudit(tx, casedesk.AuditQuery{Actor: actor, Limit: 100})
		},
	})
}
