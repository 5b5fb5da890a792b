package casedesk

import (
	"context"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/sqldb"
)

// Queue is the cases that wait for one kind of work.
type Queue struct {
	Name    string
	State   casework.State
	Asked   bool
	Overdue bool
}

// Queues are the work of a centre in the order of its day: alarms to look at, reports to file, matters to send out, what came back, what was asked for,
// what is to be verified and closed; then what is late, whoever has it.
var Queues = []Queue{
	{Name: "screening", State: casework.Screening},
	{Name: "accepted", State: casework.Accepted},
	{Name: "checking", State: casework.Checking},
	{Name: "filed", State: casework.Filed},
	{Name: "returned", State: casework.Returned},
	{Name: "asked", Asked: true},
	{Name: "handled", State: casework.Handled},
	{Name: "verified", State: casework.Verified},
	{Name: "overdue", Overdue: true},
}

// QueueCount is how many cases a queue holds.
type QueueCount struct {
	Name  string `json:"name"`
	Total int    `json:"total"`
}

// Queues counts the queues under a filter, of which whatever makes a queue is left out, in one snapshot. Each total is that of List with the queue's filter.
func (d *Desk) Queues(ctx context.Context, r Reader, f Filter) ([]QueueCount, error) {
	const op = "casedesk.Queues"
	counts := make([]QueueCount, len(Queues))
	err := d.DB.View(ctx, func(tx *sqldb.Tx) error {
		for i, of := range Queues {
			f.Open, f.State, f.Asked, f.Overdue, f.Cursor = nil, of.State, of.Asked, of.Overdue, ""
			q, err := d.query(r, f)
			if err != nil {
				return err
			}
			counts[i].Name = of.Name
			if counts[i].Total, err = d.Store.FindCount(tx, q); err != nil {
				return err
			}
		}
		return nil
	})
	return counts, fault.Wrap(op, err)
}
