package manage

import (
	"database/sql"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
)

// AuditSearch is which rows of the audit somebody wants; empty fields are all.
type AuditSearch struct {
	Who, Thing string
	Action     access.Action
	Flagged    bool      // refusals and alarms alone
	From, To   time.Time // To itself is not in
	Limit      int
}

// SearchAudit finds rows, the last first.
func (Store) SearchAudit(tx *sqldb.Tx, q AuditSearch) ([]access.Audit, error) {
	w := &where{}
	w.add("at >= ?", sqldb.Micros(q.From))
	w.add("at < ?", sqldb.Micros(q.To))
	for column, value := range map[string]string{"actor = ?": q.Who, "thing = ?": q.Thing, "action = ?": string(q.Action)} {
		if value != "" {
			w.add(column, value)
		}
	}
	if q.Flagged {
		w.add("(NOT allowed OR action IN (?, ?))", string(access.ManyLooks), string(access.IdleLook))
	}
	found, err := collect(tx, scanAudit, `SELECT at, actor, roles, action, thing, purpose, allowed, rule, reason
		FROM audit`+w.String()+` ORDER BY at DESC, id DESC LIMIT `+w.arg(q.Limit), w.args...)
	return found, fault.Wrap("records.SearchAudit", err)
}

// Looker is how many persons' data an account has looked at.
type Looker struct {
	Account string
	Things  int // different ones
}

// Lookers are the accounts that have looked at many persons' data since a moment, and for which no alarm was raised since.
func (Store) Lookers(tx *sqldb.Tx, since time.Time, many int) ([]Looker, error) {
	found, err := collect(tx, func(row *sql.Rows) (l Looker, err error) { err = row.Scan(&l.Account, &l.Things); return l, err },
		`SELECT actor, count(DISTINCT thing) FROM audit AS a WHERE at > $1 AND action = $2
		AND NOT EXISTS (SELECT 1 FROM audit AS b WHERE b.thing = 'account/' || a.actor AND b.at > $1 AND b.action = $3)
		GROUP BY actor HAVING count(DISTINCT thing) >= $4 ORDER BY actor`, sqldb.Micros(since), string(access.ReadPersonal), string(access.ManyLooks), many)
	return found, fault.Wrap("records.Lookers", err)
}
