package app

import (
	"context"
	"log/slog"

	"twoweave/internal/base/fault"
	"twoweave/internal/flow"
	"twoweave/internal/manage/exchange"
	"twoweave/internal/platform/notify"
	"twoweave/internal/reform/pack"
)

// buildExchange ties the exchange of work orders to the case desk. No case changes before.
func (a *App) buildExchange(log *slog.Logger) {
	a.exchange = flow.JoinExchange(a.desk, exchange.Options{DB: a.database, Store: a.records, Fetcher: a.fetcher, Peers: a.config.Exchange.Peers, Source: a.config.Notify.Source,
		Clock: a.o.Clock, Log: log})
}

// receivers is the configuration of messages with the systems that exchange work orders among the receivers of webhooks.
func (c *Config) receivers() notify.Config {
	all := c.Notify
	all.Webhooks = append(append(notify.Endpoints{}, all.Webhooks...), c.Exchange.Endpoints()...)
	return all
}

// exchangeCity is what the exchange must know of a set of packs.
func exchangeCity(set *pack.Set) exchange.City {
	return exchange.City{Directory: set.Directory, Classes: set.Classes}
}

// startPulls begins to fetch what other systems have for us.
func (a *App) startPulls() {
	for _, p := range a.config.Exchange.Peers {
		if p.Pull != "" {
			a.crew.start(a.undo, "orders of "+string(p.ID), func(ctx context.Context) error { return a.exchange.RunPull(ctx, p) })
		}
	}
}

// checkExchange says what is wrong with the systems that exchange work orders.
func (c *Config) checkExchange() (problems []fault.Problem) {
	for _, p := range c.Exchange.Check() {
		p.Field = "exchange." + p.Field
		problems = append(problems, p)
	}
	if len(c.Exchange.Peers) > 0 && c.Notify.Source == "" {
		problems = append(problems, fault.Problem{Field: "notify.source", Message: "is missing; work orders need it: a URI of this installation"})
	}
	return problems
}
