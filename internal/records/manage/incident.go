package manage

import (
	"database/sql"
	"encoding/json"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/incident"
	"twoweave/internal/manage/incidentdesk"
	"twoweave/internal/platform/sqldb"
)

// The log is the record; what it adds up to is kept beside it, for reading. A case is held by one incident: the key of incident_case says so.
var incidentTables = []sqldb.Migration{{Name: "manage-incident-1", SQL: `
CREATE TABLE incident (
	id        TEXT   NOT NULL PRIMARY KEY,
	version   BIGINT NOT NULL,
	state     TEXT   NOT NULL,
	number    TEXT   NOT NULL UNIQUE,
	opened_at BIGINT NOT NULL,
	body      TEXT   NOT NULL -- JSON
);
CREATE INDEX incident_by_time ON incident (opened_at, id);
CREATE INDEX incident_live ON incident (opened_at, id) WHERE state <> 'closed';
CREATE INDEX incident_versions ON incident (version);
CREATE TABLE incident_fact (
	incident TEXT   NOT NULL,
	version  BIGINT NOT NULL,
	body     TEXT   NOT NULL, -- JSON
	PRIMARY KEY (incident, version)
);
CREATE TABLE incident_case (
	case_id  TEXT NOT NULL PRIMARY KEY,
	incident TEXT NOT NULL
);
CREATE INDEX incident_case_by_incident ON incident_case (incident, case_id);`}}

// Incident is the incident with the id.
func (Store) Incident(tx *sqldb.Tx, id incident.ID) (incident.Incident, error) {
	i, err := scanBody[incident.Incident](tx.QueryRow(`SELECT body FROM incident WHERE id = $1`, string(id)))
	return i, missing("records.Incident", err, "incident", string(id))
}

// IncidentFacts is the log of one incident, the oldest first.
func (Store) IncidentFacts(tx *sqldb.Tx, id incident.ID) ([]incident.Fact, error) {
	facts, err := collect(tx, func(r *sql.Rows) (incident.Fact, error) { return scanBody[incident.Fact](r) },
		`SELECT body FROM incident_fact WHERE incident = $1 ORDER BY version`, string(id))
	return facts, fault.Wrap("records.IncidentFacts", err)
}

// SaveIncident keeps i over the version that was read, and the facts since; kept is false, and nothing written, when the database has another one.
func (Store) SaveIncident(tx *sqldb.Tx, i incident.Incident, from int64, facts ...incident.Fact) (kept bool, err error) {
	const op = "records.SaveIncident"
	kept, err = saveBody(tx, i, from, op,
		`INSERT INTO incident (body, id, version, state, number, opened_at) VALUES (`+placeholders(1, 6)+`) ON CONFLICT (id) DO NOTHING`,
		`UPDATE incident SET body = $1, version = $3, state = $4, number = $5, opened_at = $6 WHERE id = $2 AND version = $7`,
		string(i.ID), i.Version, string(i.State), i.Number, sqldb.Micros(i.OpenedAt))
	if err != nil || !kept {
		return false, err
	}
	for n := range facts {
		body, err := json.Marshal(&facts[n])
		if err != nil {
			return false, fault.Wrap(op, err)
		}
		if _, err := tx.Exec(`INSERT INTO incident_fact (incident, version, body) VALUES (`+placeholders(1, 3)+`)`, string(i.ID), facts[n].Version, string(body)); err != nil {
			return false, fault.Wrap(op, err)
		}
	}
	return true, nil
}

// FindIncidents is one page of incidents, the newest first.
func (Store) FindIncidents(tx *sqldb.Tx, q incidentdesk.Query) ([]incident.Incident, error) {
	w := &where{}
	if q.Live {
		w.add("state <> 'closed'")
	}
	if q.Case != "" {
		w.add("id = (SELECT incident FROM incident_case WHERE case_id = ?)", string(q.Case))
	}
	if q.After != nil {
		w.add("(opened_at, id) < (?, ?)", q.After.At, string(q.After.ID))
	}
	found, err := collect(tx, func(r *sql.Rows) (incident.Incident, error) { return scanBody[incident.Incident](r) },
		`SELECT body FROM incident`+w.String()+` ORDER BY opened_at DESC, id DESC LIMIT `+w.arg(q.Limit), w.args...)
	return found, fault.Wrap("records.FindIncidents", err)
}

// IncidentsNumbered counts the incidents whose number begins so.
func (Store) IncidentsNumbered(tx *sqldb.Tx, prefix string) (n int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM incident WHERE number >= $1 AND number < $2`, prefix, prefix+"\U0010ffff").Scan(&n)
	return n, fault.Wrap("records.IncidentsNumbered", err)
}

// IncidentsRevision grows with every change: versions only grow, and no incident is ever removed.
func (Store) IncidentsRevision(tx *sqldb.Tx) (n int64, err error) {
	err = tx.QueryRow(`SELECT CAST(COALESCE(SUM(version), 0) AS BIGINT) FROM incident`).Scan(&n)
	return n, fault.Wrap("records.IncidentsRevision", err)
}

// FitCases are the open cases that might be gathered, the newest first, and how many there are.
func (Store) FitCases(tx *sqldb.Tx, q incidentdesk.FitQuery) (found []casework.Case, total int, err error) {
	const op = "records.FitCases"
	w := &where{}
	w.add("is_open")
	w.add("opened_at >= ?", sqldb.Micros(q.Since))
	if len(q.Areas) > 0 {
		w.add(oneOf(w, "area", q.Areas))
	}
	if len(q.Classes) > 0 {
		w.add(oneOf(w, "class", q.Classes))
	}
	if len(q.Scenarios) > 0 {
		w.add(oneOf(w, "scenario", q.Scenarios))
	}
	w.add("NOT EXISTS (SELECT 1 FROM incident_case h JOIN incident i ON i.id = h.incident WHERE h.case_id = cases.id AND i.state <> 'closed')")
	if err := tx.QueryRow(`SELECT COUNT(*) FROM cases`+w.String(), w.args...).Scan(&total); err != nil {
		return nil, 0, fault.Wrap(op, err)
	}
	found, err = collect(tx, func(r *sql.Rows) (casework.Case, error) { return scanCase(r) },
		`SELECT `+caseColumns+` FROM cases`+w.String()+` ORDER BY opened_at DESC, id DESC LIMIT `+w.arg(q.Limit), w.args...)
	return found, total, fault.Wrap(op, err)
}

// HoldersOf says which incident held each of the cases last.
func (Store) HoldersOf(tx *sqldb.Tx, cases []casework.ID) (map[casework.ID]incident.ID, error) {
	type held struct {
		of casework.ID
		by incident.ID
	}
	w := &where{}
	w.add(oneOf(w, "case_id", cases))
	found, err := collect(tx, func(r *sql.Rows) (h held, err error) { return h, r.Scan(&h.of, &h.by) }, `SELECT case_id, incident FROM incident_case`+w.String(), w.args...)
	holders := make(map[casework.ID]incident.ID, len(found))
	for _, h := range found {
		holders[h.of] = h.by
	}
	return holders, fault.Wrap("records.HoldersOf", err)
}

// HoldCases gives cases to an incident.
func (Store) HoldCases(tx *sqldb.Tx, id incident.ID, cases []casework.ID) error {
	for _, one := range cases {
		_, err := tx.Exec(`INSERT INTO incident_case (case_id, incident) VALUES ($1, $2) ON CONFLICT (case_id) DO UPDATE SET incident = excluded.incident`, string(one), string(id))
		if err != nil {
			return fault.Wrap("records.HoldCases", err)
		}
	}
	return nil
}

// FreeCases takes from an incident those of the cases that are its own.
func (Store) FreeCases(tx *sqldb.Tx, id incident.ID, cases []casework.ID) error {
	for _, one := range cases {
		if _, err := tx.Exec(`DELETE FROM incident_case WHERE case_id = $1 AND incident = $2`, string(one), string(id)); err != nil {
			return fault.Wrap("records.FreeCases", err)
		}
	}
	return nil
}
