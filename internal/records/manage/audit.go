package manage

import (
	"database/sql"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/platform/chain"
	"twoweave/internal/platform/sqldb"
)

var auditTables = []sqldb.Migration{{Name: "manage-audit-1", SQL: `
CREATE TABLE audit (
	at      BIGINT  NOT NULL,
	id      TEXT    NOT NULL,
	actor   TEXT    NOT NULL,
	roles   TEXT    NOT NULL,
	action  TEXT    NOT NULL,
	thing   TEXT    NOT NULL,
	purpose TEXT    NOT NULL,
	allowed BOOLEAN NOT NULL,
	rule    TEXT    NOT NULL,
	reason  TEXT    NOT NULL,
	PRIMARY KEY (at, id)
);
CREATE INDEX audit_by_thing ON audit (thing, at);
CREATE INDEX audit_by_actor ON audit (actor, at);`}, {Name: "manage-audit-2", SQL: `
ALTER TABLE audit ADD COLUMN position BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN linked_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN alg TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN hash BYTEA;
CREATE INDEX audit_loose ON audit (at, id) WHERE position = 0;
CREATE UNIQUE INDEX audit_linked ON audit (position) WHERE position > 0;`}}

// AuditTable is what package chain puts into the hash of a row: every column of the audit but the chain's own.
func AuditTable() chain.Table {
	return chain.Table{Name: "audit", At: "at", ID: "id", Columns: []chain.Column{
		{Name: "at", Kind: chain.Int}, {Name: "id", Kind: chain.Text}, {Name: "actor", Kind: chain.Text}, {Name: "roles", Kind: chain.Text},
		{Name: "action", Kind: chain.Text}, {Name: "thing", Kind: chain.Text}, {Name: "purpose", Kind: chain.Text}, {Name: "allowed", Kind: chain.Bool},
		{Name: "rule", Kind: chain.Text}, {Name: "reason", Kind: chain.Text},
	}}
}

// AppendAudit keeps decisions of access.
func (Store) AppendAudit(tx *sqldb.Tx, all ...access.Audit) error {
	for _, a := range all {
		_, err := tx.Exec(`INSERT INTO audit (at, id, actor, roles, action, thing, purpose, allowed, rule, reason) VALUES (`+placeholders(1, 10)+`)`,
			sqldb.Micros(a.At), ident.New(), a.Actor, a.Roles, string(a.Action), a.Thing, string(a.Purpose), a.Decision.Allow, a.Decision.Rule, a.Decision.Reason)
		if err != nil {
			return fault.Wrap("records.AppendAudit", err)
		}
	}
	return nil
}

// FindAudit is the latest decisions, the last first.
func (Store) FindAudit(tx *sqldb.Tx, q casedesk.AuditQuery) ([]access.Audit, error) {
	w := &where{}
	if q.Thing != "" {
		w.add("thing = ?", q.Thing)
	}
	if q.Actor != "" {
		w.add("actor = ?", q.Actor)
	}
	found, err := collect(tx, scanAudit, `SELECT at, actor, roles, action, thing, purpose, allowed, rule, reason
		FROM audit`+w.String()+` ORDER BY at DESC, id DESC LIMIT `+w.arg(q.Limit), w.args...)
	return found, fault.Wrap("records.FindAudit", err)
}

func scanAudit(row *sql.Rows) (access.Audit, error) {
	var a access.Audit
	var at int64
	err := row.Scan(&at, &a.Actor, &a.Roles, &a.Action, &a.Thing, &a.Purpose, &a.Decision.Allow, &a.Decision.Rule, &a.Decision.Reason)
	a.At = sqldb.FromMicros(at)
	return a, err
}
