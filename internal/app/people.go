package app

import (
	"context"
	"log/slog"
	"strings"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/exchange"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/vault"
)

// persons is the vault as desks see it: references and sealed values are plain texts to them.
type persons struct{ vault *vault.Vault }

func (p persons) Person(tx *sqldb.Tx, kind, value string) (string, error) {
	id, err := p.vault.Person(tx, kind, value)
	return string(id), err
}

func (p persons) Find(tx *sqldb.Tx, kind, value string) (string, error) {
	id, err := p.vault.Find(tx, kind, value)
	return string(id), err
}

func (p persons) Seal(tx *sqldb.Tx, person, field, plain string) (string, error) {
	sealed, err := p.vault.Seal(tx, vault.PersonID(person), field, []byte(plain))
	return string(sealed), err
}

// Open unseals a value; that of a forgotten person is empty.
func (p persons) Open(tx *sqldb.Tx, person, field, sealed string) (string, error) {
	plain, err := p.vault.Open(tx, vault.PersonID(person), field, vault.Sealed(sealed))
	if vault.Forgotten(err) {
		return "", nil
	}
	return string(plain), err
}

// address opens a sealed recipient for the moment of sending. Whoever was forgotten is not told.
func (p persons) address(_ context.Context, tx *sqldb.Tx, m *notify.Message) error {
	person, sealed, is := strings.Cut(strings.TrimPrefix(m.To, casedesk.SealedTo), ":")
	if !strings.HasPrefix(m.To, casedesk.SealedTo) || !is {
		return nil
	}
	plain, err := p.Open(tx, person, "phone", sealed)
	if err != nil {
		return err
	}
	if plain == "" {
		return fault.New(fault.NotFound, "app.address", "the person was forgotten")
	}
	m.To = plain
	return nil
}

// buildMessages makes what sends messages to people and to other systems, as the configuration says.
func (a *App) buildMessages(log *slog.Logger) error {
	carriers, stop, err := a.config.receivers().Carriers(a.o.Clock, nil)
	if err != nil {
		return err
	}
	a.undo.push("message carriers", func() error { stop(); return nil })
	a.fetcher, _ = carriers[notify.Webhook].(exchange.Fetcher) // there always is one
	a.messages = notify.NewSender(notify.Options{DB: a.database, Clock: a.o.Clock, Log: log, Carriers: carriers, Reveal: persons{a.vault}.address})
	return nil
}
