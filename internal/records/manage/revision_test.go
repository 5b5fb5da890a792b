package manage_test

import (
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/citydesk/citydesktest"
	"twoweave/internal/manage/matter"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/records/manage"
	"twoweave/internal/registry"
)

func TestTheCityDeskOnThisStore(t *testing.T) {
	t.Parallel()
	citydesktest.Run(t, citydesktest.Suite{
		Store: manage.Store{}, Migrations: manage.Migrations,
		Open: func(tx *sqldb.Tx, id string, unit registry.UnitID) error {
			return manage.Store{}.SaveCase(tx, casework.Case{ID: casework.ID(id), Number: id, Version: 1, State: casework.Filed, Unit: unit, OpenedAt: dawn, UpdatedAt: dawn}, 0, nil)
		},
		Arbitrate: arbitrate,
		Audit: func(tx *sqldb.Tx, actor string) ([]access.Audit, error) {
			return manage.Store{}.FindAudit(tx, casedesk.AuditQuery{Actor: actor, Limit: 100})
		},
	})
}

// arbitrate keeps a case that was dispatched, given back and given to another, one fact after the other, as the desk does.
func arbitrate(tx *sqldb.Tx, a registry.Arbitration) error {
	s := manage.Store{}
	c := casework.Case{ID: casework.ID(a.Case), Number: a.Case, Class: matter.ClassID(a.Class), Area: a.Area, Detection: scenario.DetectionID{Subject: a.Case}, OpenedAt: dawn, UpdatedAt: dawn}
	for i, step := range []struct {
		kind casework.FactKind
		unit registry.UnitID
	}{{casework.FactDispatched, a.From}, {casework.FactReturned, a.From}, {casework.FactArbitrated, a.To}} {
		c.Version, c.Unit, c.State = int64(i+1), step.unit, casework.Dispatched
		f := casework.Fact{Case: c.ID, Version: c.Version, Kind: step.kind, At: a.At.Add(time.Duration(i) * time.Minute)}
		if err := s.SaveCase(tx, c, int64(i), []casework.Fact{f}); err != nil {
			return err
		}
	}
	return nil
}
