package app

import (
	"context"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/gateway/signin"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/records/manage"
)

// What the audit says of sessions.
const (
	sessionBegun   access.Action = "session.begin"
	sessionEnded   access.Action = "session.end"
	sessionRefused access.Action = "session.refuse"
)

// sessions keeps who is signed in. Each sign-in, each refusal and each sign-out leaves a row on the audit.
type sessions struct {
	actors
	clock clock.Clock
}

func (s sessions) Begin(ctx context.Context, who access.Actor, how signin.How, from string) (token string, err error) {
	now := s.clock.Now()
	err = s.db.Update(ctx, func(tx *sqldb.Tx) error {
		if token, err = s.store.BeginSession(tx, who, from, now); err != nil {
			return err
		}
		return s.store.AppendAudit(tx, access.Note(now, who, sessionBegun, access.Decision{Allow: true, Rule: string(how), Reason: "from " + from}))
	})
	return token, fault.Wrap("app.Begin", err)
}

func (s sessions) Actor(ctx context.Context, token string) (access.Actor, error) {
	var account manage.Account
	var due bool
	now := s.clock.Now()
	err := s.db.View(ctx, func(tx *sqldb.Tx) (err error) {
		account, due, err = s.store.SessionAccount(tx, token, now)
		return err
	})
	if err == nil && due {
		err = s.db.Update(ctx, func(tx *sqldb.Tx) error { return s.store.SeeSession(tx, token, now) })
	}
	return account.Actor(), err
}

func (s sessions) End(ctx context.Context, token, from string) error {
	now := s.clock.Now()
	return fault.Wrap("app.End", s.db.Update(ctx, func(tx *sqldb.Tx) error {
		account, err := s.store.EndSession(tx, token)
		if err != nil || account == "" {
			return err
		}
		return s.store.AppendAudit(tx, access.Note(now, access.Actor{ID: account}, sessionEnded, access.Decision{Allow: true, Reason: "from " + from}))
	}))
}

func (s sessions) Refuse(ctx context.Context, from, why string) error {
	now := s.clock.Now()
	return fault.Wrap("app.Refuse", s.db.Update(ctx, func(tx *sqldb.Tx) error {
		return s.store.AppendAudit(tx, access.Note(now, access.Actor{}, sessionRefused, access.Decision{Rule: "none", Reason: "from " + from + ": " + why}))
	}))
}

// Sessions are somebody's.
func (s sessions) Sessions(ctx context.Context, account, token string) (all []signin.Session, err error) {
	err = s.db.View(ctx, func(tx *sqldb.Tx) error {
		all = nil
		kept, err := s.store.Sessions(tx, account, token, s.clock.Now())
		for _, k := range kept {
			all = append(all, signin.Session{Begun: k.Begun, Seen: k.Seen, From: k.Address, Own: k.Own})
		}
		return err
	})
	return all, fault.Wrap("app.Sessions", err)
}

// EndAll signs somebody out everywhere.
func (s sessions) EndAll(ctx context.Context, who access.Actor, from string) error {
	now := s.clock.Now()
	return fault.Wrap("app.EndAll", s.db.Update(ctx, func(tx *sqldb.Tx) error {
		if err := s.store.EndSessions(tx, who.ID); err != nil {
			return err
		}
		return s.store.AppendAudit(tx, access.Note(now, who, sessionEnded, access.Decision{Allow: true, Rule: "all", Reason: "from " + from}))
	}))
}
