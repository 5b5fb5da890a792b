package app

import (
	"context"
	"log/slog"
	"time"

	"twoweave/internal/manage/citydesk"
	"twoweave/internal/reform/pack"
)

// buildCity makes the desk at which the city's content is changed on a screen.
func (a *App) buildCity(log *slog.Logger) {
	a.city = citydesk.New(citydesk.Options{DB: a.database, Store: a.records, Content: inForce{a}, Clock: a.o.Clock, Log: log})
}

// inForce is the content that the program works by, for the desk that changes it.
type inForce struct{ app *App }

// InForce is the set in force.
func (f inForce) InForce() *pack.Set { return f.app.now.get() }

// Renew ties the packs in force together with the revisions, and puts that in force.
func (f inForce) Renew(ctx context.Context) error {
	f.app.reloading.Lock()
	defer f.app.reloading.Unlock()
	set, err := f.app.city.Amended(ctx, f.app.now.get().Packs...)
	if err != nil {
		return err
	}
	return f.app.put(ctx, set)
}

// settleEvery is how long a change that another program on the same records made may take to arrive here.
const settleEvery = 15 * time.Second

// runSettling puts in force what was changed elsewhere, or kept just before a crash.
func (a *App) runSettling(ctx context.Context) error {
	for {
		if err := a.city.Settle(ctx); err != nil && ctx.Err() == nil {
			a.o.Log.Error("what was changed on a screen is not in force here; what runs keeps running", "error", err)
		}
		if err := a.o.Clock.Wait(ctx, a.o.Clock.Now().Add(settleEvery)); err != nil {
			return err
		}
	}
}
