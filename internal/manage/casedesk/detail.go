package casedesk

import (
	"context"
	"encoding/json"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/sqldb"
)

// Detail is all about one case: how it came to be, every step, and what the reader can do now.
type Detail struct {
	View
	Chain    Chain       `json:"chain"`
	Facts    []FactView  `json:"facts"`
	Photos   []PhotoView `json:"photos"`
	Commands []Possible  `json:"commands"`
}

// Chain is how a case came to be: readings → rule → detection.
type Chain struct {
	Readings  []ReadingView `json:"readings"`
	More      int64         `json:"more"` // readings beyond those shown
	Rule      Rule          `json:"rule"`
	Detection FindingView   `json:"detection"`
}

// ReadingView is one event behind a detection.
type ReadingView struct {
	scenario.Reading
	AreaName lang.Text       `json:"area_name"` // of the reading's own area, which is not always the case's
	Data     json.RawMessage `json:"data"`
}

// Possible is a command and whether the reader could give it now, or why not.
type Possible struct {
	Command casework.CommandKind `json:"command"`
	Allowed bool                 `json:"allowed"`
	Reason  string               `json:"reason"`
}

// Case answers the page of one case. personal asks for the sealed values of its readings too, which leaves an audit fact and is Denied when access does not
// allow it. A case that the reader may not see is Denied, and the refusal is audited.
func (d *Desk) Case(ctx context.Context, r Reader, id casework.ID, personal bool) (Detail, error) {
	const op = "casedesk.Case"
	var out Detail
	var refused []access.Audit
	run := d.DB.View
	if personal {
		run = d.DB.Update
	}
	err := run(ctx, func(tx *sqldb.Tx) error {
		var err error
		out, refused, err = d.detail(tx, r, id, personal)
		return err
	})
	if len(refused) > 0 {
		if kept := d.DB.Update(ctx, func(tx *sqldb.Tx) error { return d.Store.AppendAudit(tx, refused...) }); kept != nil {
			err = kept
		}
	}
	if err != nil {
		return Detail{}, fault.Wrap(op, err)
	}
	return out, nil
}

func (d *Desk) detail(tx *sqldb.Tx, r Reader, id casework.ID, personal bool) (Detail, []access.Audit, error) {
	c, err := d.Store.Case(tx, id)
	if err != nil {
		return Detail{}, nil, err
	}
	now := d.Clock.Now()
	if audit, err := d.lookAt(now, r, &c, access.ReadCase); err != nil {
		return Detail{}, []access.Audit{audit}, err
	}
	out := Detail{View: d.view(&c, now), Facts: []FactView{}}
	if out.Chain, err = d.chain(tx, &c); err != nil {
		return Detail{}, nil, err
	}
	if out.Photos, err = d.photosOf(tx, id); err != nil {
		return Detail{}, nil, err
	}
	facts, err := d.Store.Facts(tx, id)
	if err != nil {
		return Detail{}, nil, err
	}
	for i := range facts {
		out.Facts = append(out.Facts, factView(&facts[i]))
	}
	if c, err = casework.Fold(facts); err != nil {
		return Detail{}, nil, err
	}
	out.Commands = possible(c, r.Actor, now)
	if !personal {
		return out, nil, nil
	}
	audit, err := d.reveal(tx, r, &c, now, out.Chain.Readings)
	if fault.Is(err, fault.Denied) {
		return Detail{}, []access.Audit{audit}, err
	}
	return out, nil, err
}

func (d *Desk) lookAt(now time.Time, r Reader, c *casework.Case, action access.Action) (access.Audit, error) {
	return access.Ask(now, access.Request{Actor: r.Actor, Action: action, Thing: c.Thing(), Purpose: r.Purpose})
}

// reveal opens the sealed values of readings, with the audit fact of it in the same transaction.
func (d *Desk) reveal(tx *sqldb.Tx, r Reader, c *casework.Case, now time.Time, readings []ReadingView) (access.Audit, error) {
	audit, err := d.lookAt(now, r, c, access.ReadPersonal)
	if err != nil || d.Reveal == nil {
		return audit, err
	}
	for i := range readings {
		open, err := d.Reveal(tx.Context(), tx, readings[i].Data)
		if err != nil {
			return audit, err
		}
		readings[i].Data = open
	}
	rows := []access.Audit{audit}
	if !c.Open() {
		rows = append(rows, audit.Idle("the case is over: it is nobody's task"))
	}
	return audit, d.Store.AppendAudit(tx, rows...)
}

// chain is how a case came to be. A piece that is not kept (a database from before it was) stays empty.
func (d *Desk) chain(tx *sqldb.Tx, c *casework.Case) (Chain, error) {
	chain := Chain{Readings: []ReadingView{}}
	f, err := d.Store.Finding(tx, c.Detection.String())
	if fault.Is(err, fault.NotFound) {
		return chain, nil
	}
	if err != nil {
		return Chain{}, err
	}
	chain.More, chain.Detection = f.Started.More, findingView(&f)
	for _, reading := range f.Started.Evidence {
		reading.Time = millis(reading.Time)
		chain.Readings = append(chain.Readings, ReadingView{Reading: reading, AreaName: d.areaName(reading.Area), Data: reading.Data})
	}
	chain.Rule, err = d.Store.Rule(tx, f.Started.Rule)
	if fault.Is(err, fault.NotFound) {
		chain.Rule, err = Rule{Scenario: f.Started.Scenario, Version: f.Started.Version, Hash: f.Started.Rule}, nil
	}
	return chain, err
}

// possible asks of every command that the case's state allows whether the actor could give it now.
func possible(c casework.Case, actor access.Actor, now time.Time) []Possible {
	all := []Possible{}
	for _, kind := range casework.Commands {
		if casework.WhyNot(c.State, kind) != "" {
			continue
		}
		action, _ := casework.ActionOf(kind) // every command of people is in the table
		decision := access.Decide(access.Request{Actor: actor, Action: action, Thing: c.Thing(), Purpose: access.Casework})
		p := Possible{Command: kind, Allowed: true}
		if err := casework.Possible(c, kind, casework.Context{Now: now, Actor: actor, Allowed: decision}); err != nil {
			p.Allowed, p.Reason = false, fault.Message(err)
		}
		all = append(all, p)
	}
	return all
}
