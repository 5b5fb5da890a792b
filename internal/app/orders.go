package app

import (
	"context"
	"log/slog"
	"maps"

	"twoweave/internal/base/lang"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/orderdesk"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/outbox"
	"twoweave/internal/platform/timer"
	"twoweave/internal/reform/pack"
)

// buildOrders makes the desk for city states and silences.
func (a *App) buildOrders(log *slog.Logger) {
	a.orders = orderdesk.New(orderdesk.Options{DB: a.database, Store: a.records, Clock: a.o.Clock, Log: log, Wake: a.wake})
}

// publisher is where the outbox's messages go: orders into the log, facts to those who follow them.
func (a *App) publisher() outbox.Publisher { return a.orders.Publisher(a.bus, a.bus) }

// allTimers are the timers of every desk.
func (a *App) allTimers() map[string]timer.Handler {
	all := a.desk.Timers()
	maps.Copy(all, a.orders.Timers())
	maps.Copy(all, a.duty.Timers())
	maps.Copy(all, a.incidents.Timers())
	return all
}

// levelOf is the city state of an area now.
func (a *App) levelOf(ctx context.Context, area event.AreaCode) (order.Level, error) {
	board, err := a.orders.Board(ctx)
	if err != nil {
		return order.Daily, err
	}
	for i := range board.Areas {
		if board.Areas[i].Area == area {
			return board.Areas[i].Level, nil
		}
	}
	return order.Daily, nil
}

// orderCity is what the order desk must know of a set of packs.
func orderCity(set *pack.Set) orderdesk.City {
	c := orderdesk.City{Directory: set.Directory, Scenarios: map[scenario.ID]lang.Text{}}
	for _, s := range set.Scenarios {
		c.Scenarios[s.ID] = s.Title
	}
	return c
}

// settle waits until everything in the log has been computed and committed, and what was ordered by that stands in the log and has been computed too.
func (a *App) settle(ctx context.Context) error {
	for {
		last, err := a.bus.LastSeq(ctx)
		if err != nil {
			return err
		}
		if err := a.runner.WaitFor(ctx, last); err != nil {
			return err
		}
		if err := a.orders.Settled(ctx); err != nil {
			return err
		}
		if now, err := a.bus.LastSeq(ctx); err != nil || now == last {
			return err
		}
	}
}
