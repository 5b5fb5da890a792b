package outbox

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
)

// free are the rows that may be leased now: not leased, not waiting, and no earlier row of their subject is.
const free = `SELECT o.seq, o.id, o.subject, o.body, o.attempts, o.owner <> '' OR o.attempts > 0 FROM outbox AS o
	WHERE o.leased_until <= $1 AND o.try_at <= $1
	AND NOT EXISTS (SELECT 1 FROM outbox AS e WHERE e.subject = o.subject AND e.seq < o.seq AND (e.leased_until > $1 OR e.try_at > $1))
	ORDER BY o.seq LIMIT $2`

// errTaken says that another Relay leased a row between our look and our lease.
var errTaken = errors.New("taken by another relay")

// claim leases the next batch; it is empty when nothing can be leased.
//
// The look is a View: under Update it would set every transaction that puts a message at odds with this one. The lease then takes all rows of the look or none, else
// another Relay could hold earlier rows of the same subjects.
func (r *Relay) claim(ctx context.Context) (leased, error) {
	for {
		now := r.clock.Now()
		rows, err := r.look(ctx, sqldb.Micros(now))
		if err != nil || len(rows) == 0 {
			return leased{}, err
		}
		b := leased{rows: rows, until: now.Add(lease)}
		err = r.db.Update(ctx, func(tx *sqldb.Tx) error { return r.take(tx, b, sqldb.Micros(now)) })
		if !errors.Is(err, errTaken) {
			return b, err
		}
	}
}

// TakeOver ends the leases of all Relays, for a program that knows that they are dead: their messages need not wait until the leases run out.
func (r *Relay) TakeOver(ctx context.Context) error {
	return fault.Wrap("outbox.TakeOver", r.db.Update(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`UPDATE outbox SET leased_until = 0 WHERE leased_until > 0`)
		return err
	}))
}

func (r *Relay) look(ctx context.Context, now int64) (all []*row, err error) {
	err = r.db.View(ctx, func(tx *sqldb.Tx) error {
		rows, err := tx.Query(free, now, batch)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			m := &row{}
			if err := rows.Scan(&m.seq, &m.ID, &m.Subject, &m.Body, &m.attempts, &m.doubtful); err != nil {
				return err
			}
			all = append(all, m)
		}
		return rows.Err()
	})
	return all, err
}

func (r *Relay) take(tx *sqldb.Tx, b leased, now int64) error {
	n, err := tx.Exec(`UPDATE outbox SET owner = $1, leased_until = $2 WHERE leased_until <= $3 AND try_at <= $3 AND seq IN `+list(4, len(b.rows)),
		arguments(b.rows, r.owner, sqldb.Micros(b.until), now)...)
	if err == nil && n != int64(len(b.rows)) {
		return errTaken
	}
	return err
}

// settle deletes what was published, makes what failed wait, and gives the rest back. Rows that another Relay holds by now are its own.
func (r *Relay) settle(ctx context.Context, b leased) error {
	by := map[state][]*row{}
	for _, m := range b.rows {
		by[m.state] = append(by[m.state], m)
	}
	return r.db.Update(ctx, func(tx *sqldb.Tx) error {
		if err := r.forEach(tx, `DELETE FROM outbox WHERE owner = $1 AND seq IN `, by[published]); err != nil {
			return err
		}
		if err := r.forEach(tx, `UPDATE outbox SET owner = '', leased_until = 0 WHERE owner = $1 AND seq IN `, by[untouched]); err != nil {
			return err
		}
		for _, m := range by[failed] {
			if err := r.postpone(tx, m); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *Relay) forEach(tx *sqldb.Tx, statement string, rows []*row) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.Exec(statement+list(2, len(rows)), arguments(rows, r.owner)...)
	return err
}

func (r *Relay) postpone(tx *sqldb.Tx, m *row) error {
	_, err := tx.Exec(`UPDATE outbox SET owner = '', leased_until = 0, attempts = attempts + 1, try_at = $1, last_error = $2 WHERE owner = $3 AND seq = $4`,
		sqldb.Micros(r.clock.Now().Add(backOff(m.attempts))), fault.KindOf(m.err).String()+": "+fault.Message(m.err), r.owner, m.seq)
	return err
}

// list is the placeholders ($from, …) for n values.
func list(from, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ",$%d", from+i)
	}
	return "(" + b.String()[1:] + ")"
}

// arguments are first and then the rows' sequence numbers.
func arguments(rows []*row, first ...any) []any {
	for _, m := range rows {
		first = append(first, m.seq)
	}
	return first
}
