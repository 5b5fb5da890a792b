package app

import (
	"log/slog"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/ident"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/dutydesk"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/reform/pack"
	"twoweave/internal/registry"
)

// buildDuty makes the duty room.
func (a *App) buildDuty(log *slog.Logger) {
	a.duty = dutydesk.New(dutydesk.Options{DB: a.database, Store: a.records, Teller: inboxes{a.o.Clock}, Clock: a.o.Clock, Log: log, Wake: a.wake})
}

// inboxes brings what the duty room tells to the persons' inboxes.
type inboxes struct{ clock clock.Clock }

// Tell leaves a message. Its id is new each time: somebody who is called again must hear of it again.
func (b inboxes) Tell(tx *sqldb.Tx, person registry.PersonID, about string, text lang.Text) error {
	return notify.Put(tx, notify.Message{ID: notify.ID("duty/" + ident.New()), Channel: notify.App, To: string(person), Subject: text, Body: text, About: about, At: b.clock.Now()})
}

// dutyCity is what the duty room must know of a set of packs.
func dutyCity(set *pack.Set) dutydesk.City {
	return dutydesk.City{Directory: set.Directory, Working: registry.ByCalendar(set.Calendar)}
}

// ladders has the duty room call people about cases.
type ladders struct{ app *App }

// Call calls whoever is on duty for the case's unit.
func (l ladders) Call(tx *sqldb.Tx, id string, c *casework.Case, title lang.Text) error {
	return l.app.duty.Place(tx, dutydesk.Draft{ID: dutydesk.CallID(id), About: "case/" + string(c.ID), Title: title, Unit: c.Unit})
}

// Withdraw ends a call that nobody has answered.
func (l ladders) Withdraw(tx *sqldb.Tx, id string, why lang.Text) error {
	return l.app.duty.Withdraw(tx, dutydesk.CallID(id), why)
}
