package incidentdesk

import (
	"context"
	"slices"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/incident"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/registry"
)

// Open begins an incident; whoever opens it commands it. Its number and its level, which is the city state of its areas, are given here.
//
// Faults: Invalid with the problems of what was said, Denied when access refuses, Conflict when the key was used for something else.
func (d *Desk) Open(ctx context.Context, r command.Request, o incident.Opening) (View, error) {
	const op = "incidentdesk.Open"
	content := command.Content("open", o)
	if err := d.knownAreas(&o); err != nil {
		return View{}, fault.Wrap(op, err)
	}
	var err error
	if o.Level, err = d.Level(ctx, o.Areas); err != nil {
		return View{}, fault.Wrap(op, err)
	}
	v, err := d.do(ctx, r, content, func(tx *sqldb.Tx, now time.Time) (change, error) {
		i := incident.Incident{ID: incident.ID(ident.Derive("incident", r.Key(space)))}
		cmd := incident.Command{Kind: incident.OpenIt, Opening: &o}
		var err error
		if o.Number, err = d.number(tx, now); err != nil {
			return change{}, err
		}
		return d.decide(now, i, cmd, r.Actor)
	})
	return v, fault.Wrap(op, err)
}

func (d *Desk) knownAreas(o *incident.Opening) error {
	for _, a := range o.Areas {
		if _, known := d.city.Load().Area(a); !known {
			return fault.Invalidly("", fault.Wrong("areas", "incident.area", "there is no such area in the city"))
		}
	}
	return nil
}

// Do carries out a command on an incident or one of its tasks. Of a person only the id is read, from a case likewise; the desk fills in names.
//
// Faults: NotFound for no such incident, and those of incident.Decide; a Conflict is a command.Stale that carries the incident as it is now.
func (d *Desk) Do(ctx context.Context, r command.Request, id incident.ID, cmd incident.Command) (View, error) {
	cmd.Note = strings.TrimSpace(cmd.Note)
	content := command.Content("do", id, cmd)
	v, err := d.do(ctx, r, content, func(tx *sqldb.Tx, now time.Time) (change, error) {
		i, err := d.Store.Incident(tx, id)
		if err != nil {
			return change{}, err
		}
		if _, known := incident.ActionOf(cmd.Kind); !known || cmd.Kind == incident.OpenIt {
			return change{}, fault.Invalidly("", fault.Wrong("command", "incident.command", "is no command on an incident"))
		}
		c, err := d.named(tx, now, i, cmd, r.Actor)
		if fault.Is(err, fault.Conflict) {
			err = &command.Stale[View]{Current: d.view(&i, r.Actor), Err: err}
		}
		return c, err
	})
	return v, fault.Wrap("incidentdesk.Do", err)
}

// change is a command that was decided: the incident before and after it, the fact between, and what access said.
type change struct {
	before, after incident.Incident
	fact          incident.Fact
	audit         access.Audit
}

// decide asks access and the incident.
func (d *Desk) decide(now time.Time, i incident.Incident, cmd incident.Command, actor access.Actor) (change, error) {
	action, _ := incident.ActionOf(cmd.Kind)
	thing := i.Thing()
	if t, known := i.Task(cmd.Task); known && incident.OnTask(cmd.Kind) {
		thing = i.ThingOf(&t)
	}
	c := change{before: i}
	var err error
	if c.audit, err = access.Ask(now, question(actor, action, thing)); err != nil {
		return c, err
	}
	if c.fact, err = incident.Decide(i, cmd, incident.Context{Now: now, Actor: actor, Allowed: c.audit.Decision}); err == nil {
		c.after = incident.Apply(i, c.fact)
	}
	return c, err
}

// named decides, and once more with what only the records know: names, whether units and cases exist, and who holds the cases. They are asked after the first
// word, so that nobody learns from them what access would not tell.
func (d *Desk) named(tx *sqldb.Tx, now time.Time, i incident.Incident, cmd incident.Command, actor access.Actor) (change, error) {
	c, err := d.decide(now, i, cmd, actor)
	if err != nil {
		return c, err
	}
	switch cmd.Kind {
	case incident.Offer:
		err = d.nameCommander(tx, &cmd)
	case incident.Give:
		err = d.nameReceiver(tx, &cmd)
	case incident.Gather:
		err = d.checkCases(tx, i.ID, cmd.Cases)
	case incident.Reopen:
		cmd.Cases, err = d.lost(tx, &i)
	default:
		return c, nil
	}
	if err != nil {
		return c, err
	}
	return d.decide(now, i, cmd, actor)
}

func (d *Desk) nameCommander(tx *sqldb.Tx, cmd *incident.Command) error {
	m, err := d.member(tx, cmd.To.ID)
	if err != nil {
		return err
	}
	if m == nil || !may(m.actor(), access.CommandIncident, access.Thing{Kind: "incident"}) {
		return fault.Invalidly("", fault.Wrong("to", "incident.no-commander", "nobody of that name may command incidents"))
	}
	cmd.To.Name = m.Name
	return nil
}

func (d *Desk) nameReceiver(tx *sqldb.Tx, cmd *incident.Command) error {
	o := *cmd.Order
	cmd.Order = &o
	if o.Person.ID == "" {
		if _, known := d.city.Load().Unit(o.Unit); !known {
			return fault.Invalidly("", fault.Wrong("unit", "unit.unknown", "there is no such unit"))
		}
		return nil
	}
	m, err := d.member(tx, o.Person.ID)
	if err != nil {
		return err
	}
	if m == nil || !may(m.actor(), access.DoTask, access.Thing{Kind: "incident", Handler: string(m.ID)}) {
		return fault.Invalidly("", fault.Wrong("person", "incident.no-person", "nobody of that name can be given tasks"))
	}
	o.Person.Name = m.Name
	return nil
}

func (d *Desk) member(tx *sqldb.Tx, id registry.PersonID) (*Member, error) {
	all, err := d.Staff(tx)
	if n := slices.IndexFunc(all, func(m Member) bool { return m.ID == id }); n >= 0 {
		return &all[n], err
	}
	return nil, err
}

func (m *Member) actor() access.Actor {
	return access.Actor{ID: string(m.ID), Name: m.Name, Roles: m.Roles, Unit: string(m.Unit)}
}

// checkCases refuses cases that do not exist, and those of another incident that is not closed.
func (d *Desk) checkCases(tx *sqldb.Tx, id incident.ID, cases []casework.ID) error {
	holders, err := d.Store.HoldersOf(tx, cases)
	if err != nil {
		return err
	}
	for _, one := range cases {
		c, err := d.Store.Case(tx, one)
		if fault.Is(err, fault.NotFound) {
			return fault.Invalidly("", fault.Problem{Field: "cases", Message: "there is no case " + string(one)})
		}
		if err != nil {
			return err
		}
		holder, held := holders[one]
		if !held || holder == id {
			continue
		}
		other, err := d.Store.Incident(tx, holder)
		if err != nil {
			return err
		}
		if other.State != incident.Closed {
			return fault.Say(fault.Conflict, "", "incident.held", "case %s is in the incident %s (%s)", c.Number, other.Number, other.Title)
		}
	}
	return nil
}

// lost are the cases of a closed incident that others have gathered since.
func (d *Desk) lost(tx *sqldb.Tx, i *incident.Incident) ([]casework.ID, error) {
	holders, err := d.Store.HoldersOf(tx, i.Cases)
	var all []casework.ID
	for _, one := range i.Cases {
		if holders[one] != i.ID {
			all = append(all, one)
		}
	}
	return all, err
}

// do carries out a command.
func (d *Desk) do(ctx context.Context, r command.Request, content string, decide func(*sqldb.Tx, time.Time) (change, error)) (View, error) {
	x := command.Runner{DB: d.DB, Store: d.Store, Clock: d.Clock, Space: space}
	v, err := command.Do(ctx, x, r, content, func(tx *sqldb.Tx, now time.Time) (command.Decided[View], error) {
		c, err := decide(tx, now)
		return command.Decided[View]{Audit: c.audit, Keep: func() (View, error) {
			if err := d.keep(tx, &c); err != nil {
				return View{}, err
			}
			return d.view(&c.after, r.Actor), d.arm(tx, &c.after)
		}}, err
	})
	if err == nil {
		d.Wake()
	}
	return v, err
}

// keep keeps a change and all that follows from it but the timer.
func (d *Desk) keep(tx *sqldb.Tx, c *change) error {
	kept, err := d.Store.SaveIncident(tx, c.after, c.before.Version, c.fact)
	if err != nil {
		return err
	}
	if !kept {
		return fault.Say(fault.Conflict, "incidentdesk.keep", "incident.at-once", "the incident was changed by somebody else at the same time")
	}
	switch c.fact.Kind {
	case incident.FactGathered:
		err = d.Store.HoldCases(tx, c.after.ID, c.fact.Body.Cases)
	case incident.FactReleased:
		err = d.Store.FreeCases(tx, c.after.ID, c.fact.Body.Cases)
	}
	if err != nil {
		return err
	}
	if err := d.tell(tx, c); err != nil {
		return err
	}
	c.audit.Thing = "incident/" + string(c.after.ID)
	return d.Store.AppendAudit(tx, c.audit)
}
