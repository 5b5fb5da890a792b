package manage

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/sqldb"
)

var detectionTables = []sqldb.Migration{{Name: "manage-detection-1", SQL: `
CREATE TABLE detection (
	id         TEXT   NOT NULL PRIMARY KEY,
	scenario   TEXT   NOT NULL,
	subject    TEXT   NOT NULL,
	episode    BIGINT NOT NULL,
	version    BIGINT NOT NULL,
	rule       TEXT   NOT NULL,
	area       TEXT   NOT NULL,
	severity   TEXT   NOT NULL,
	class      TEXT   NOT NULL,
	since      BIGINT NOT NULL,
	started_at BIGINT NOT NULL,
	ended_at   BIGINT NOT NULL,
	case_id    TEXT   NOT NULL,
	evidence   TEXT   NOT NULL, -- JSON list of readings
	more       BIGINT NOT NULL,
	UNIQUE (scenario, subject, episode)
);
CREATE INDEX detection_by_start ON detection (started_at, id);

CREATE TABLE rule_text (
	hash TEXT NOT NULL PRIMARY KEY,
	body TEXT NOT NULL
);`}, {Name: "manage-detection-2", SQL: `
ALTER TABLE detection ADD COLUMN state TEXT NOT NULL DEFAULT 'daily'; -- the city state there and then
ALTER TABLE detection ADD COLUMN measures TEXT NOT NULL DEFAULT '[]'; -- JSON list of what the rule was judged by`}}

const detectionColumns = `id, scenario, subject, episode, version, rule, area, severity, class, since, started_at, ended_at, case_id, evidence, more, state, measures`

// reading is a piece of evidence as it is kept, data included. Fields are added, never renamed.
type reading struct {
	scenario.Reading
	Data json.RawMessage `json:"data"`
}

// StartFinding keeps a detection's start. new is false when this episode is kept already: then nothing is changed.
func (Store) StartFinding(tx *sqldb.Tx, f casedesk.Finding) (new bool, err error) {
	const op = "records.StartFinding"
	evidence, err := encodeEvidence(f.Started.Evidence)
	if err != nil {
		return false, fault.Wrap(op, err)
	}
	d := &f.Started
	measures, err := json.Marshal(append([]scenario.Measured{}, d.Measures...))
	if err != nil {
		return false, fault.Wrap(op, err)
	}
	rows, err := tx.Exec(`INSERT INTO detection (`+detectionColumns+`) VALUES (`+placeholders(1, 17)+`) ON CONFLICT (scenario, subject, episode) DO NOTHING`,
		f.ID, string(d.Scenario), d.Subject, d.Episode, d.Version, d.Rule, string(d.Area), string(d.Severity), d.Class,
		sqldb.Micros(d.Since), sqldb.Micros(d.At), sqldb.Micros(f.EndedAt), string(f.CaseID), evidence, d.More,
		string(cmp.Or(d.State, order.Daily)), string(measures))
	return rows > 0, fault.Wrap(op, err)
}

// EndFinding keeps the end of a detection's episode. ended is false when there is no such episode or it has ended already.
func (Store) EndFinding(tx *sqldb.Tx, id string, at time.Time) (ended bool, err error) {
	rows, err := tx.Exec(`UPDATE detection SET ended_at = $2 WHERE id = $1 AND ended_at = 0`, id, sqldb.Micros(at))
	return rows > 0, fault.Wrap("records.EndFinding", err)
}

// KeepRule keeps the text of a scenario's definition under its hash, once.
func (Store) KeepRule(tx *sqldb.Tx, r casedesk.Rule) error {
	const op = "records.KeepRule"
	body, err := json.Marshal(r)
	if err != nil {
		return fault.Wrap(op, err)
	}
	_, err = tx.Exec(`INSERT INTO rule_text (hash, body) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING`, r.Hash, string(body))
	return fault.Wrap(op, err)
}

// Rule is the text kept under a hash.
func (Store) Rule(tx *sqldb.Tx, hash string) (casedesk.Rule, error) {
	var r casedesk.Rule
	var body string
	if err := tx.QueryRow(`SELECT body FROM rule_text WHERE hash = $1`, hash).Scan(&body); err != nil {
		return r, missing("records.Rule", err, "rule", hash)
	}
	return r, fault.Wrap("records.Rule", json.Unmarshal([]byte(body), &r))
}

// Finding is the detection with the id.
func (Store) Finding(tx *sqldb.Tx, id string) (casedesk.Finding, error) {
	f, err := scanFinding(tx.QueryRow(`SELECT `+detectionColumns+` FROM detection WHERE id = $1`, id))
	return f, missing("records.Finding", err, "detection", id)
}

// FindFindings is one page of detections, the latest start first.
func (Store) FindFindings(tx *sqldb.Tx, q casedesk.FindingQuery) ([]casedesk.Finding, error) {
	w := &where{}
	if q.Scenario != "" {
		w.add("scenario = ?", string(q.Scenario))
	}
	if q.Area != "" {
		w.add("area = ?", string(q.Area))
	}
	if !q.Since.IsZero() {
		w.add("started_at >= ?", sqldb.Micros(q.Since))
	}
	if q.After != nil {
		w.add("(started_at, id) < (?, ?)", q.After.Value, q.After.ID)
	}
	found, err := collect(tx, func(r *sql.Rows) (casedesk.Finding, error) { return scanFinding(r) },
		`SELECT `+detectionColumns+` FROM detection`+w.String()+` ORDER BY started_at DESC, id DESC LIMIT `+w.arg(q.Limit), w.args...)
	return found, fault.Wrap("records.FindFindings", err)
}

func scanFinding(row scanner) (casedesk.Finding, error) {
	var f casedesk.Finding
	var since, started, ended int64
	var evidence, measures string
	d := &f.Started
	err := row.Scan(&f.ID, &d.Scenario, &d.Subject, &d.Episode, &d.Version, &d.Rule, &d.Area, &d.Severity, &d.Class, &since, &started, &ended,
		&f.CaseID, &evidence, &d.More, &d.State, &measures)
	if err != nil {
		return casedesk.Finding{}, err
	}
	if err := json.Unmarshal([]byte(measures), &d.Measures); err != nil {
		return casedesk.Finding{}, err
	}
	d.Change, d.Since, d.At, f.EndedAt = scenario.Started, sqldb.FromMicros(since), sqldb.FromMicros(started), sqldb.FromMicros(ended)
	d.Evidence, err = decodeEvidence(evidence)
	return f, err
}

func encodeEvidence(all []scenario.Reading) (string, error) {
	kept := make([]reading, len(all))
	for i, r := range all {
		kept[i] = reading{Reading: r}
		if json.Valid(r.Data) { // an event may have no data at all
			kept[i].Data = r.Data
		}
	}
	body, err := json.Marshal(kept)
	return string(body), err
}

func decodeEvidence(body string) ([]scenario.Reading, error) {
	var kept []reading
	if err := json.Unmarshal([]byte(body), &kept); err != nil {
		return nil, err
	}
	all := make([]scenario.Reading, len(kept))
	for i, r := range kept {
		all[i] = r.Reading
		all[i].Data = r.Data
	}
	return all, nil
}
