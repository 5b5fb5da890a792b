package app

import (
	"context"
	"strings"

	"twoweave/internal/access"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/sqldb"
)

// messages is notify as the pages see it. The gateway has asked access; whoever changes one leaves an audit fact.
type messages struct{ app *App }

// Find lists messages. A sealed recipient is shown as that.
func (m messages) Find(ctx context.Context, f notify.Filter) (page notify.Page, err error) {
	err = m.app.database.View(ctx, func(tx *sqldb.Tx) error {
		f.Plain = true // the masking of what is sealed is ours
		page, err = notify.Find(tx, f)
		return err
	})
	for i := range page.Entries {
		e := &page.Entries[i]
		e.Body, e.Data = lang.Text{}, nil
		if strings.HasPrefix(e.To, casedesk.SealedTo) {
			e.To = "•••"
		} else {
			e.To = notify.Mask(e.Channel, e.To)
		}
	}
	return page, err
}

func (m messages) Counts(ctx context.Context) (all []notify.Count, err error) {
	err = m.app.database.View(ctx, func(tx *sqldb.Tx) error {
		all, err = notify.Counts(tx)
		return err
	})
	return all, err
}

// Mend corrects a dead letter and sends it again.
func (m messages) Mend(ctx context.Context, who access.Actor, id notify.ID, to string, body lang.Text) error {
	return m.change(ctx, who, id, func(tx *sqldb.Tx) error {
		if err := notify.Mend(tx, id, to, body); err != nil {
			return err
		}
		return notify.Resend(tx, id)
	})
}

func (m messages) Resend(ctx context.Context, who access.Actor, id notify.ID) error {
	return m.change(ctx, who, id, func(tx *sqldb.Tx) error { return notify.Resend(tx, id) })
}

func (m messages) Cancel(ctx context.Context, who access.Actor, id notify.ID) error {
	return m.change(ctx, who, id, func(tx *sqldb.Tx) error { return notify.Cancel(tx, id, m.app.o.Clock.Now()) })
}

func (m messages) change(ctx context.Context, who access.Actor, id notify.ID, fn func(*sqldb.Tx) error) error {
	r := access.Request{Actor: who, Action: access.MendMessages, Thing: access.Thing{Kind: "message", ID: string(id)}, Purpose: access.Operation}
	audit, refused := access.Ask(m.app.o.Clock.Now(), r)
	err := m.app.database.Update(ctx, func(tx *sqldb.Tx) error {
		if err := m.app.records.AppendAudit(tx, audit); err != nil || refused != nil {
			return err
		}
		return fn(tx)
	})
	if err == nil {
		err = refused
	}
	m.app.messages.Wake()
	return err
}

// Inbox is the unread messages to an account.
func (m messages) Inbox(ctx context.Context, who access.Actor) (page notify.Page, err error) {
	err = m.app.database.View(ctx, func(tx *sqldb.Tx) error {
		page, err = notify.Inbox(tx, who.ID, notify.InboxFilter{Now: m.app.o.Clock.Now(), Unread: true})
		return err
	})
	return page, err
}

func (m messages) Read(ctx context.Context, who access.Actor, ids ...notify.ID) error {
	return m.app.database.Update(ctx, func(tx *sqldb.Tx) error {
		_, err := notify.MarkRead(tx, who.ID, m.app.o.Clock.Now(), ids...)
		return err
	})
}
