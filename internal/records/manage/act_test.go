package manage_test

import (
	"os"
	"testing"

	"twoweave/internal/manage/appraisal"
	"twoweave/internal/manage/appraisaldesk/appraisaldesktest"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/records/manage"
)

func TestEveryFigureEqualsASecondReadingOfTheFacts(t *testing.T) {
	t.Parallel()
	cases := 2_000
	if os.Getenv("TWOWEAVE_SLOW") != "" {
		cases = 200_000
	}
	appraisaldesktest.Run(t, appraisaldesktest.Suite{
		Store: manage.Store{}, Migrations: manage.Migrations, Cases: cases,
		Save: func(tx *sqldb.Tx, c casework.Case, acts []appraisal.Act) error {
			if err := (manage.Store{}).SaveCase(tx, c, 0, nil); err != nil {
				return err
			}
			return manage.Store{}.KeepActs(tx, acts, c.ID, 0)
		},
	})
}
