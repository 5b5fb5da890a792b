package app

import (
	"context"
	"encoding/base64"
	"sync"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/gateway/signin"
	"twoweave/internal/platform/chain"
	"twoweave/internal/platform/signing"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/records/manage"
)

// auditing is what the page of the audit asks. Whoever asks stands on the audit for it, allowed or not.
type auditing struct {
	app  *App
	once *sync.Mutex // one verification at a time: it reads everything
}

func (a *App) auditing() signin.Auditing { return auditing{a, &sync.Mutex{}} }

func (x auditing) ask(ctx context.Context, by access.Actor, what string) error {
	row, refused := access.Ask(x.app.o.Clock.Now(), access.Request{Actor: by, Action: access.ReadAudit, Thing: access.Thing{Kind: "audit", ID: what}, Purpose: access.Supervision})
	if err := x.app.database.Update(ctx, func(tx *sqldb.Tx) error { return x.app.records.AppendAudit(tx, row) }); err != nil {
		return err
	}
	return refused
}

// Rows finds rows of the audit.
func (x auditing) Rows(ctx context.Context, by access.Actor, queries ...signin.AuditQuery) (found [][]access.Audit, err error) {
	if err := x.ask(ctx, by, "search"); err != nil {
		return nil, err
	}
	err = x.app.database.View(ctx, func(tx *sqldb.Tx) error {
		for _, q := range queries {
			rows, err := x.app.records.SearchAudit(tx, manage.AuditSearch(q))
			if err != nil {
				return err
			}
			found = append(found, rows)
		}
		return nil
	})
	return found, fault.Wrap("app.auditing", err)
}

// Verify follows the chain from its first row to its last.
func (x auditing) Verify(ctx context.Context, by access.Actor) (r chain.Report, err error) {
	const op = "app.auditing.Verify"
	if err := x.ask(ctx, by, "verify"); err != nil {
		return r, err
	}
	if !x.once.TryLock() {
		return r, fault.New(fault.Unavailable, op, "somebody else is verifying the audit now")
	}
	defer x.once.Unlock()
	signer, err := signing.ReadKey(x.app.config.auditKey())
	if err != nil {
		return r, fault.Wrap(op, err)
	}
	auditor := Auditor{db: x.app.database, trusted: base64.StdEncoding.EncodeToString(signer.Public())}
	r, err = auditor.Verify(ctx, nil, func(int64, int64) {})
	return r, fault.Wrap(op, err)
}
