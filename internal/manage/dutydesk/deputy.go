package dutydesk

import (
	"context"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/base/lang"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/registry"
)

// SetDeputy has one person stand in for another for a time. Of two that fit the later one counts. Invalid names every problem.
func (d *Desk) SetDeputy(ctx context.Context, r command.Request, draft registry.Deputy) (DeputyView, error) {
	draft.Why = strings.TrimSpace(draft.Why)
	draft.From, draft.Until = draft.From.UTC().Truncate(time.Microsecond), draft.Until.UTC().Truncate(time.Microsecond)
	v, err := do(ctx, d, r, command.Content("deputy", draft), func(tx *sqldb.Tx, now time.Time) (command.Decided[DeputyView], error) {
		p := Deputy{ID: DeputyID(ident.Derive("deputy", r.Key(space))), Version: 1, Deputy: draft, SetBy: who(r.Actor), At: now}
		audit, err := permit(now, about(r.Actor, access.KeepRoster, d.deputyThing(&p)), d.checkDeputy(&p, now))
		return command.Decided[DeputyView]{Audit: audit, Keep: func() (DeputyView, error) {
			kept, err := d.Store.SaveDeputy(tx, p, 0)
			if err := conflict(kept, err); err != nil {
				return DeputyView{}, err
			}
			return d.deputyView(&p), d.deputed(tx, &p, DeputySet, audit)
		}}, err
	})
	return v, fault.Wrap("dutydesk.SetDeputy", err)
}

// EndDeputy ends it before its time.
func (d *Desk) EndDeputy(ctx context.Context, r command.Request, id DeputyID) (DeputyView, error) {
	v, err := do(ctx, d, r, command.Content("end-deputy", id), func(tx *sqldb.Tx, now time.Time) (command.Decided[DeputyView], error) {
		before, err := d.Store.Deputy(tx, id)
		if err != nil {
			return command.Decided[DeputyView]{}, err
		}
		after, refusal := before.end(who(r.Actor), now)
		audit, err := permit(now, about(r.Actor, access.KeepRoster, d.deputyThing(&before)), refusal)
		return command.Decided[DeputyView]{Audit: audit, Keep: func() (DeputyView, error) {
			kept, err := d.Store.SaveDeputy(tx, after, before.Version)
			if err := conflict(kept, err); err != nil {
				return DeputyView{}, err
			}
			return d.deputyView(&after), d.deputed(tx, &after, DeputyEnded, audit)
		}}, err
	})
	return v, fault.Wrap("dutydesk.EndDeputy", err)
}

func (p Deputy) end(by Who, now time.Time) (Deputy, error) {
	if !p.EndedAt.IsZero() || !now.Before(p.Until) {
		return p, fault.Say(fault.Conflict, "", "duty.deputy-over", "it is over already")
	}
	p.Version++
	p.EndedBy, p.EndedAt = by, now
	return p, nil
}

func (d *Desk) checkDeputy(p *Deputy, now time.Time) error {
	var problems []fault.Problem
	for _, w := range d.city.Load().Directory.CheckDeputy(&p.Deputy) {
		problems = append(problems, fault.Problem{Field: w.Field, Message: w.Text})
	}
	if !p.Until.After(now) {
		problems = append(problems, fault.Wrong("until", "duty.time-over", "the time is over already"))
	}
	if p.Until.Sub(p.From) > MaxDeputy {
		problems = append(problems, fault.Wrong("until", "duty.deputy-long", "at most 366 days; a longer change belongs into the roster"))
	}
	if p.Why == "" || !writable(p.Why, MaxNote) {
		problems = append(problems, fault.Wrong("why", "duty.deputy-why", "a reason of at most 1000 characters is needed"))
	}
	if len(problems) > 0 {
		return fault.Invalidly("", problems...)
	}
	return nil
}

// deputed tells both persons, and writes log and audit.
func (d *Desk) deputed(tx *sqldb.Tx, p *Deputy, what Happening, audit access.Audit) error {
	away, by := d.personName(p.For), d.personName(p.By)
	b := newBook(later(p.EndedAt, p.At))
	actor, text := p.SetBy, lang.Text{
		ZH: by.ZH + "代" + away.ZH + "值班，至 " + p.Until.In(registry.China()).Format("2006-01-02 15:04"),
		EN: by.EN + " stands in for " + away.EN + " until " + p.Until.In(registry.China()).Format("2006-01-02 15:04"),
	}
	if what == DeputyEnded {
		actor, text = p.EndedBy, lang.Text{ZH: by.ZH + "不再代" + away.ZH + "值班", EN: by.EN + " no longer stands in for " + away.EN}
	}
	person, _ := d.city.Load().Directory.Person(p.For)
	b.note(what, "deputy/"+string(p.ID), "", person.Unit, actor, text)
	for _, id := range [...]registry.PersonID{p.By, p.For} {
		if err := d.Teller.Tell(tx, id, "deputy/"+string(p.ID), text); err != nil {
			return err
		}
	}
	if err := d.Store.AppendDutyLog(tx, b.entries...); err != nil {
		return err
	}
	return d.Store.AppendAudit(tx, audit)
}

// deputyThing is the deputy as access sees it: of the unit of the person who is away.
func (d *Desk) deputyThing(p *Deputy) access.Thing {
	person, _ := d.city.Load().Directory.Person(p.For)
	return access.Thing{Kind: "deputy", ID: string(p.ID), Unit: string(person.Unit), By: string(p.For)}
}
