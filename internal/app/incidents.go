package app

import (
	"context"
	"log/slog"

	"twoweave/internal/base/lang"
	"twoweave/internal/manage/dutydesk"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/incidentdesk"
	"twoweave/internal/manage/order"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/registry"
)

// buildIncidents makes the command post.
func (a *App) buildIncidents(log *slog.Logger) {
	a.incidents = incidentdesk.New(incidentdesk.Options{DB: a.database, Store: a.records, Room: room{inboxes{a.o.Clock}, a}, Staff: a.staff, Level: a.highest,
		Clock: a.o.Clock, Log: log, Wake: a.wake})
}

// room is how the command post reaches people: by their inboxes, and through the duty room.
type room struct {
	inboxes
	app *App
}

// Call calls whoever is on duty for a unit.
func (r room) Call(tx *sqldb.Tx, id, about string, unit registry.UnitID, title lang.Text) error {
	return r.app.duty.Place(tx, dutydesk.Draft{ID: dutydesk.CallID(id), About: about, Title: title, Unit: unit})
}

// Withdraw ends a call that nobody has answered.
func (r room) Withdraw(tx *sqldb.Tx, id string, why lang.Text) error {
	return r.app.duty.Withdraw(tx, dutydesk.CallID(id), why)
}

// staff are the accounts that are not disabled.
func (a *App) staff(tx *sqldb.Tx) ([]incidentdesk.Member, error) {
	accounts, err := a.records.Accounts(tx)
	var all []incidentdesk.Member
	for i := range accounts {
		if x := &accounts[i]; x.DisabledAt.IsZero() {
			all = append(all, incidentdesk.Member{ID: registry.PersonID(x.ID), Name: x.Name, Roles: x.Roles, Unit: registry.UnitID(x.Unit)})
		}
	}
	return all, err
}

// highest is the highest city state of some areas now; of none, of the whole city.
func (a *App) highest(ctx context.Context, areas []event.AreaCode) (order.Level, error) {
	board, err := a.orders.Board(ctx)
	if err != nil || len(areas) == 0 {
		return board.Highest, err
	}
	highest := order.Daily
	for i := range board.Areas {
		for _, code := range areas {
			if one := &board.Areas[i]; one.Area == code && one.Level.Rank() > highest.Rank() {
				highest = one.Level
			}
		}
	}
	return highest, nil
}
