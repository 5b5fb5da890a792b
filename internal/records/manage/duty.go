package manage

import (
	"database/sql"
	"encoding/json"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/dutydesk"
	"twoweave/internal/platform/sqldb"
)

// What is searched is a column; the whole thing is its body.
var dutyTables = []sqldb.Migration{{Name: "manage-duty-1", SQL: `
CREATE TABLE duty_call (
	id      TEXT   NOT NULL PRIMARY KEY,
	version BIGINT NOT NULL,
	status  TEXT   NOT NULL,
	about   TEXT   NOT NULL,
	unit    TEXT   NOT NULL,
	at      BIGINT NOT NULL,
	body    TEXT   NOT NULL -- JSON
);
CREATE INDEX duty_call_by_time ON duty_call (at, id);
CREATE INDEX duty_call_by_about ON duty_call (about, at, id);
CREATE INDEX duty_call_live ON duty_call (at, id) WHERE status IN ('calling', 'unanswered');
CREATE TABLE duty_handover (
	id       TEXT    NOT NULL PRIMARY KEY,
	version  BIGINT  NOT NULL,
	post     TEXT    NOT NULL,
	at       BIGINT  NOT NULL,
	accepted BOOLEAN NOT NULL,
	body     TEXT    NOT NULL -- JSON
);
CREATE INDEX duty_handover_by_time ON duty_handover (at, id);
CREATE INDEX duty_handover_by_post ON duty_handover (post, at, id);
CREATE INDEX duty_handover_open ON duty_handover (at, id) WHERE NOT accepted;
CREATE TABLE duty_deputy (
	id       TEXT    NOT NULL PRIMARY KEY,
	version  BIGINT  NOT NULL,
	at       BIGINT  NOT NULL,
	until_at BIGINT  NOT NULL,
	ended    BOOLEAN NOT NULL,
	body     TEXT    NOT NULL -- JSON
);
CREATE INDEX duty_deputy_live ON duty_deputy (until_at) WHERE NOT ended;
CREATE TABLE duty_log (
	at    BIGINT NOT NULL,
	id    TEXT   NOT NULL,
	thing TEXT   NOT NULL,
	about TEXT   NOT NULL,
	unit  TEXT   NOT NULL,
	body  TEXT   NOT NULL, -- JSON
	PRIMARY KEY (at, id)
);
CREATE INDEX duty_log_by_thing ON duty_log (thing, at, id);
CREATE INDEX duty_log_by_about ON duty_log (about, at, id);`}}

// DutyCall is the call with the id.
func (Store) DutyCall(tx *sqldb.Tx, id dutydesk.CallID) (dutydesk.Call, error) {
	c, err := scanBody[dutydesk.Call](tx.QueryRow(`SELECT body FROM duty_call WHERE id = $1`, string(id)))
	return c, missing("records.DutyCall", err, "call", string(id))
}

// SaveDutyCall keeps c over the version that was read; kept is false when the database has another one.
func (Store) SaveDutyCall(tx *sqldb.Tx, c dutydesk.Call, from int64) (kept bool, err error) {
	return saveBody(tx, c, from, "records.SaveDutyCall",
		`INSERT INTO duty_call (body, id, version, status, about, unit, at) VALUES (`+placeholders(1, 7)+`) ON CONFLICT (id) DO NOTHING`,
		`UPDATE duty_call SET body = $1, version = $3, status = $4, about = $5, unit = $6, at = $7 WHERE id = $2 AND version = $8`,
		string(c.ID), c.Version, string(c.Status), c.About, string(c.Unit), sqldb.Micros(c.At))
}

// FindDutyCalls is one page of calls, the newest first.
func (Store) FindDutyCalls(tx *sqldb.Tx, q dutydesk.CallQuery) ([]dutydesk.Call, error) {
	w := &where{}
	if q.Live {
		w.add("status IN ('calling', 'unanswered')")
	}
	if q.About != "" {
		w.add("about = ?", q.About)
	}
	if q.Unit != "" {
		w.add("unit = ?", string(q.Unit))
	}
	return findBodies[dutydesk.Call](tx, w, "duty_call", q.After, q.Limit)
}

// HandOver is the hand-over with the id.
func (Store) HandOver(tx *sqldb.Tx, id dutydesk.HandOverID) (dutydesk.HandOver, error) {
	h, err := scanBody[dutydesk.HandOver](tx.QueryRow(`SELECT body FROM duty_handover WHERE id = $1`, string(id)))
	return h, missing("records.HandOver", err, "hand-over", string(id))
}

// SaveHandOver keeps h over the version that was read; kept is false when the database has another one.
func (Store) SaveHandOver(tx *sqldb.Tx, h dutydesk.HandOver, from int64) (kept bool, err error) {
	return saveBody(tx, h, from, "records.SaveHandOver",
		`INSERT INTO duty_handover (body, id, version, post, at, accepted) VALUES (`+placeholders(1, 6)+`) ON CONFLICT (id) DO NOTHING`,
		`UPDATE duty_handover SET body = $1, version = $3, post = $4, at = $5, accepted = $6 WHERE id = $2 AND version = $7`,
		string(h.ID), h.Version, string(h.Post), sqldb.Micros(h.At), h.Accepted())
}

// FindHandOvers is one page of hand-overs, the newest first.
func (Store) FindHandOvers(tx *sqldb.Tx, q dutydesk.HandOverQuery) ([]dutydesk.HandOver, error) {
	w := &where{}
	if q.Open {
		w.add("NOT accepted")
	}
	if q.Post != "" {
		w.add("post = ?", string(q.Post))
	}
	return findBodies[dutydesk.HandOver](tx, w, "duty_handover", q.After, q.Limit)
}

// Deputy is the deputy's entry with the id.
func (Store) Deputy(tx *sqldb.Tx, id dutydesk.DeputyID) (dutydesk.Deputy, error) {
	d, err := scanBody[dutydesk.Deputy](tx.QueryRow(`SELECT body FROM duty_deputy WHERE id = $1`, string(id)))
	return d, missing("records.Deputy", err, "deputy", string(id))
}

// SaveDeputy keeps d over the version that was read; kept is false when the database has another one.
func (Store) SaveDeputy(tx *sqldb.Tx, d dutydesk.Deputy, from int64) (kept bool, err error) {
	return saveBody(tx, d, from, "records.SaveDeputy",
		`INSERT INTO duty_deputy (body, id, version, at, until_at, ended) VALUES (`+placeholders(1, 6)+`) ON CONFLICT (id) DO NOTHING`,
		`UPDATE duty_deputy SET body = $1, version = $3, at = $4, until_at = $5, ended = $6 WHERE id = $2 AND version = $7`,
		string(d.ID), d.Version, sqldb.Micros(d.At), sqldb.Micros(d.Until), !d.EndedAt.IsZero())
}

// LiveDeputies are those not ended whose time is not over, in the order in which they were set.
func (Store) LiveDeputies(tx *sqldb.Tx, at time.Time) ([]dutydesk.Deputy, error) {
	found, err := collect(tx, func(r *sql.Rows) (dutydesk.Deputy, error) { return scanBody[dutydesk.Deputy](r) },
		`SELECT body FROM duty_deputy WHERE NOT ended AND until_at > $1 ORDER BY at, id`, sqldb.Micros(at))
	return found, fault.Wrap("records.LiveDeputies", err)
}

// AppendDutyLog keeps entries of the duty log.
func (Store) AppendDutyLog(tx *sqldb.Tx, all ...dutydesk.Entry) error {
	const op = "records.AppendDutyLog"
	for i := range all {
		e := &all[i]
		body, err := json.Marshal(e)
		if err != nil {
			return fault.Wrap(op, err)
		}
		_, err = tx.Exec(`INSERT INTO duty_log (at, id, thing, about, unit, body) VALUES (`+placeholders(1, 6)+`)`,
			sqldb.Micros(e.At), e.ID, e.Thing, e.About, string(e.Unit), string(body))
		if err != nil {
			return fault.Wrap(op, err)
		}
	}
	return nil
}

// FindDutyLog is one page of the duty log, the newest first.
func (Store) FindDutyLog(tx *sqldb.Tx, q dutydesk.LogQuery) ([]dutydesk.Entry, error) {
	w := &where{}
	if q.Thing != "" {
		w.add("thing = ?", q.Thing)
	}
	if q.About != "" {
		w.add("about = ?", q.About)
	}
	if q.Unit != "" {
		w.add("unit = ?", string(q.Unit))
	}
	return findBodies[dutydesk.Entry](tx, w, "duty_log", q.After, q.Limit)
}

// saveBody keeps a thing as JSON beside its columns; args are the columns from the second on, the id first.
func saveBody(tx *sqldb.Tx, v any, from int64, op, insert, update string, args ...any) (bool, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return false, fault.Wrap(op, err)
	}
	query, args := insert, append([]any{string(body)}, args...)
	if from > 0 {
		query, args = update, append(args, from)
	}
	rows, err := tx.Exec(query, args...)
	return rows > 0, fault.Wrap(op, err)
}

func scanBody[T any](row scanner) (T, error) {
	var v T
	var body string
	if err := row.Scan(&body); err != nil {
		return v, err
	}
	return v, json.Unmarshal([]byte(body), &v)
}

// findBodies is one page of a table of bodies, the newest first.
func findBodies[T any](tx *sqldb.Tx, w *where, table string, after *dutydesk.Key, limit int) ([]T, error) {
	if after != nil {
		w.add("(at, id) < (?, ?)", after.At, after.ID)
	}
	found, err := collect(tx, func(r *sql.Rows) (T, error) { return scanBody[T](r) },
		`SELECT body FROM `+table+w.String()+` ORDER BY at DESC, id DESC LIMIT `+w.arg(limit), w.args...)
	return found, fault.Wrap("records.findBodies", err)
}
