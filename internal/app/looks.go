package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/records/manage"
	"twoweave/internal/registry"
)

const (
	looksEvery = 30 * time.Second
	manyLooks  = 30 // persons: three a minute, more than anybody who answers calls needs
	looksTime  = 10 * time.Minute
)

func (a Audit) looks() int {
	if a.Looks == 0 {
		return manyLooks
	}
	return a.Looks
}

func (a Audit) within() time.Duration {
	d, err := time.ParseDuration(a.Within)
	if err != nil {
		return looksTime
	}
	return d
}

// runLooks watches how many persons' data each account looks at.
func (a *App) runLooks(ctx context.Context) error {
	for {
		if err := a.watchLooks(ctx); err != nil && ctx.Err() == nil {
			a.o.Log.Error("looks at persons' data were not counted; the next count covers them", "error", err)
		}
		if err := a.o.Clock.Wait(ctx, a.o.Clock.Now().Add(looksEvery)); err != nil {
			return err
		}
	}
}

// watchLooks raises an alarm for each account that has looked at too many, once in the time that is counted.
func (a *App) watchLooks(ctx context.Context) error {
	since := a.o.Clock.Now().Add(-a.config.Audit.within())
	var found []manage.Looker
	err := a.database.View(ctx, func(tx *sqldb.Tx) (err error) {
		found, err = a.records.Lookers(tx, since, a.config.Audit.looks())
		return err
	})
	for _, l := range found {
		if err == nil && !strings.HasPrefix(l.Account, "system:") {
			err = a.database.Update(ctx, func(tx *sqldb.Tx) error { return a.raiseLooks(tx, l) })
		}
	}
	return fault.Wrap("app.watchLooks", err)
}

// raiseLooks leaves the flagged row, and tells every administrator.
func (a *App) raiseLooks(tx *sqldb.Tx, l manage.Looker) error {
	within := a.config.Audit.within()
	row := access.Audit{At: a.o.Clock.Now(), Actor: access.Program("looks").ID, Roles: string(access.System), Action: access.ManyLooks, Thing: "account/" + l.Account, Purpose: access.Supervision,
		Decision: access.Decision{Allow: true, Rule: fmt.Sprintf("%d in %s", a.config.Audit.looks(), within), Reason: fmt.Sprintf("looked at the data of %d persons or cases within %s", l.Things, within)}}
	if err := a.records.AppendAudit(tx, row); err != nil {
		return err
	}
	accounts, err := a.records.Accounts(tx)
	if err != nil {
		return err
	}
	minutes := int(within.Minutes())
	text := lang.Text{ZH: fmt.Sprintf("账号 %s 在 %d 分钟内查看了 %d 人（案件）的个人信息，请到“审计”页面核实。", l.Account, minutes, l.Things),
		EN: fmt.Sprintf("Account %s looked at the personal data of %d persons or cases within %d minutes. Please see the page Audit.", l.Account, l.Things, minutes)}
	for i := range accounts {
		x := &accounts[i]
		if !x.DisabledAt.IsZero() || !slices.Contains(x.Roles, access.Admin) {
			continue
		}
		if err := (inboxes{a.o.Clock}).Tell(tx, registry.PersonID(x.ID), row.Thing, text); err != nil {
			return err
		}
	}
	return nil
}
