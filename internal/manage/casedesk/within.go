package casedesk

import (
	"context"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/sqldb"
)

// Prepared is a report that was checked and can be taken in a transaction of whoever prepared it.
type Prepared struct {
	ID casework.ReportID // known before it is taken

	desk *Desk
	r    TakeRequest
}

// Prepare checks a report and looks up what taking it needs, outside of any transaction. Faults as those of Take.
func (d *Desk) Prepare(ctx context.Context, r TakeRequest) (Prepared, error) {
	if err := d.prepare(ctx, &r); err != nil {
		return Prepared{}, fault.Wrap("casedesk.Prepare", err)
	}
	return Prepared{desk: d, r: r, ID: r.id()}, nil
}

// Take takes the report as Desk.Take does, in the caller's transaction; as part of a case when one is named. The caller keeps the audit of a refusal in another
// transaction, and calls Wake after the commit.
func (p Prepared) Take(tx *sqldb.Tx, into casework.ID) (Taken, access.Audit, error) {
	var out Taken
	if into != "" {
		p.r.Join = string(into)
	}
	audit, err := p.desk.take(tx, &p.r, &out)
	return out, audit, fault.Wrap("casedesk.Prepared.Take", err)
}

// Within carries out a command as Do does, in the caller's transaction and without an idempotency key: the caller sees to it that it comes once, keeps the audit
// of a refusal in another transaction, and calls Wake after the commit.
func (d *Desk) Within(tx *sqldb.Tx, r Request) (View, access.Audit, error) {
	const op = "casedesk.Within"
	if err := checkRequest(r); err != nil {
		return View{}, access.Audit{}, fault.Wrap(op, err)
	}
	done, err := d.carryOut(tx, r, d.Clock.Now().UTC().Truncate(time.Microsecond))
	if err != nil {
		return View{}, done.Audit, fault.Wrap(op, err)
	}
	v, err := done.Keep()
	return v, done.Audit, fault.Wrap(op, err)
}
