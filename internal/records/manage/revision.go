package manage

import (
	"database/sql"
	"encoding/json"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/citydesk"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/registry"
)

var revisionTables = []sqldb.Migration{{Name: "manage-revision-1", SQL: `
CREATE TABLE city_revision (
	number  BIGINT  NOT NULL PRIMARY KEY,
	kind    TEXT    NOT NULL,
	entry   TEXT    NOT NULL,
	newest  BOOLEAN NOT NULL, -- of its entry
	what    TEXT    NOT NULL,
	body    TEXT    NOT NULL, -- JSON, or empty
	before  TEXT    NOT NULL, -- likewise
	why     TEXT    NOT NULL,
	by_id   TEXT    NOT NULL,
	by_name TEXT    NOT NULL,
	at      BIGINT  NOT NULL
);
CREATE UNIQUE INDEX city_revision_newest ON city_revision (kind, entry) WHERE newest;
CREATE INDEX city_revision_by_entry ON city_revision (kind, entry, number);`}}

const revisionColumns = `number, kind, entry, what, body, before, why, by_id, by_name, at`

// AppendRevision keeps a revision, which is the newest of its entry from then on.
func (Store) AppendRevision(tx *sqldb.Tx, r citydesk.Revision) (kept bool, err error) {
	const op = "records.AppendRevision"
	if _, err := tx.Exec(`UPDATE city_revision SET newest = FALSE WHERE kind = $1 AND entry = $2 AND newest`, string(r.Kind), r.ID); err != nil {
		return false, fault.Wrap(op, err)
	}
	n, err := tx.Exec(`INSERT INTO city_revision (`+revisionColumns+`, newest) VALUES (`+placeholders(1, 10)+`, TRUE) ON CONFLICT DO NOTHING`,
		r.Number, string(r.Kind), r.ID, string(r.What), string(r.Body), string(r.Before), r.Why, r.By, r.ByName, sqldb.Micros(r.At))
	return n > 0, fault.Wrap(op, err)
}

// Revisions are the newest of each entry.
func (Store) Revisions(tx *sqldb.Tx) ([]citydesk.Revision, error) {
	all, err := collect(tx, scanRevision, `SELECT `+revisionColumns+` FROM city_revision WHERE newest ORDER BY number`)
	return all, fault.Wrap("records.Revisions", err)
}

// FindRevisions is one page, the newest first.
func (Store) FindRevisions(tx *sqldb.Tx, q citydesk.Query) ([]citydesk.Revision, error) {
	w := &where{}
	if q.Kind != "" {
		w.add("kind = ?", string(q.Kind))
	}
	if q.ID != "" {
		w.add("entry = ?", q.ID)
	}
	if q.Before > 0 {
		w.add("number < ?", q.Before)
	}
	limit := w.arg(q.Limit)
	all, err := collect(tx, scanRevision, `SELECT `+revisionColumns+` FROM city_revision`+w.String()+` ORDER BY number DESC LIMIT `+limit, w.args...)
	return all, fault.Wrap("records.FindRevisions", err)
}

func scanRevision(row *sql.Rows) (citydesk.Revision, error) {
	var r citydesk.Revision
	var body, before string
	var at int64
	err := row.Scan(&r.Number, &r.Kind, &r.ID, &r.What, &body, &before, &r.Why, &r.By, &r.ByName, &at)
	if body != "" {
		r.Body = json.RawMessage(body)
	}
	if before != "" {
		r.Before = json.RawMessage(before)
	}
	r.At = sqldb.FromMicros(at)
	return r, err
}

// OpenCases counts a unit's open cases.
func (Store) OpenCases(tx *sqldb.Tx, unit registry.UnitID) (n int64, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM cases WHERE is_open AND unit = $1`, string(unit)).Scan(&n)
	return n, fault.Wrap("records.OpenCases", err)
}

// Arbitrations are what was decided about cases that were given back. Who gave one back is the unit at its last return.
func (Store) Arbitrations(tx *sqldb.Tx, from time.Time) ([]registry.Arbitration, error) {
	all, err := collect(tx, func(row *sql.Rows) (registry.Arbitration, error) {
		var a registry.Arbitration
		var at int64
		err := row.Scan(&a.Case, &a.Class, &a.Area, &a.From, &a.To, &at)
		a.At = sqldb.FromMicros(at)
		return a, err
	}, `SELECT a.case_id, c.class, c.area, r.unit, a.unit, a.at FROM case_fact a
		JOIN cases c ON c.id = a.case_id
		JOIN case_fact r ON r.case_id = a.case_id AND r.version = (
			SELECT MAX(x.version) FROM case_fact x WHERE x.case_id = a.case_id AND x.version < a.version AND x.kind = $3)
		WHERE a.at >= $1 AND a.kind = $2 ORDER BY a.at, a.case_id`, sqldb.Micros(from), string(casework.FactArbitrated), string(casework.FactReturned))
	return all, fault.Wrap("records.Arbitrations", err)
}
