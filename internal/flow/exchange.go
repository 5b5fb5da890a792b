package flow

import (
	"context"
	"slices"

	"twoweave/internal/access"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/exchange"
	"twoweave/internal/platform/sqldb"
)

// JoinExchange makes the exchange of work orders and ties it to the case desk: orders become reports and commands there, and every change of a case
// tells the orders about it. It is called before either is used. The options need no Cases.
func JoinExchange(desk *casedesk.Desk, o exchange.Options) *exchange.Desk {
	o.Cases = cases{desk}
	x := exchange.New(o)
	desk.Follower = follower{x}
	return x
}

// follower is the exchange as the case desk sees it.
type follower struct{ *exchange.Desk }

func (f follower) Follow(tx *sqldb.Tx, c casedesk.Change) error {
	return f.Desk.Follow(tx, c.Before, c.After, c.Facts)
}

// cases is the case desk as the exchange sees it.
type cases struct{ desk *casedesk.Desk }

func (c cases) Prepare(ctx context.Context, who access.Actor, key string, in exchange.Intake) (exchange.Prepared, error) {
	r := casedesk.TakeRequest{Actor: who, IdempotencyKey: key, Route: "exchange", Intake: casedesk.Intake{
		Channel: casedesk.Exchange, Name: in.Name, Phone: in.Phone, Text: in.Text, Class: in.Class, Area: in.Area, Place: in.Place,
	}}
	if in.Join {
		r.Join = casedesk.Auto
	}
	p, err := c.desk.Prepare(ctx, r)
	return exchange.Prepared{Report: p.ID, Take: func(tx *sqldb.Tx, into casework.ID) (access.Audit, error) {
		_, audit, err := p.Take(tx, into)
		return audit, err
	}}, err
}

// Do gives the command on the version that the transaction sees.
func (c cases) Do(tx *sqldb.Tx, id casework.ID, cmd casework.Command, who access.Actor) (access.Audit, error) {
	now, err := c.desk.Store.Case(tx, id)
	if err != nil {
		return access.Audit{}, err
	}
	cmd.Version = now.Version
	_, audit, err := c.desk.Within(tx, casedesk.Request{CaseID: id, Command: cmd, Actor: who})
	return audit, err
}

func (c cases) Case(tx *sqldb.Tx, id casework.ID) (casework.Case, error) {
	return c.desk.Store.Case(tx, id)
}

// Words are what reporters said, the first first.
func (c cases) Words(tx *sqldb.Tx, id casework.ID) (all []string, err error) {
	reports, err := c.desk.Store.FindReports(tx, casedesk.ReportQuery{Case: id, Limit: casedesk.MaxLimit})
	for i := range reports {
		all = append(all, reports[len(reports)-1-i].Text)
	}
	return all, err
}

func (c cases) Takers(tx *sqldb.Tx, id casework.ID) (all []string, err error) {
	reports, err := c.desk.Store.FindReports(tx, casedesk.ReportQuery{Case: id, Limit: casedesk.MaxLimit})
	for i := range reports {
		if !slices.Contains(all, reports[i].Taker) {
			all = append(all, reports[i].Taker)
		}
	}
	return all, err
}

func (c cases) Wake() { c.desk.Wake() }
