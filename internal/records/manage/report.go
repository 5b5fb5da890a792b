package manage

import (
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/sqldb"
)

var reportTables = []sqldb.Migration{{Name: "manage-report-1", SQL: `
CREATE TABLE report (
	id          TEXT   NOT NULL PRIMARY KEY,
	content     TEXT   NOT NULL,
	case_id     TEXT   NOT NULL,
	channel     TEXT   NOT NULL,
	at          BIGINT NOT NULL,
	taker       TEXT   NOT NULL,
	taker_name  TEXT   NOT NULL,
	person      TEXT   NOT NULL,
	name        TEXT   NOT NULL, -- sealed
	phone       TEXT   NOT NULL, -- sealed
	body        TEXT   NOT NULL,
	class       TEXT   NOT NULL,
	area        TEXT   NOT NULL,
	place       TEXT   NOT NULL, -- JSON
	address     TEXT   NOT NULL,
	address_key TEXT   NOT NULL,
	answered_at BIGINT NOT NULL,
	answer      TEXT   NOT NULL
);
CREATE INDEX report_by_case ON report (case_id, at, id);
CREATE INDEX report_by_person ON report (person, at, id) WHERE person <> '';
CREATE INDEX report_by_address ON report (address_key) WHERE address_key <> '';

ALTER TABLE cases ADD COLUMN lon DOUBLE PRECISION;
ALTER TABLE cases ADD COLUMN lat DOUBLE PRECISION;
ALTER TABLE cases ADD COLUMN address_key TEXT NOT NULL DEFAULT '';
CREATE INDEX cases_open_place ON cases (lat, lon) WHERE is_open;
CREATE INDEX cases_open_address ON cases (address_key) WHERE is_open AND address_key <> '';`}}

const reportColumns = `id, content, case_id, channel, at, taker, taker_name, person, name, phone, body, class, area, place, answered_at, answer`

// KeepReport keeps a report that is new.
func (Store) KeepReport(tx *sqldb.Tx, r casedesk.Report) (kept casedesk.Report, new bool, err error) {
	const op = "records.KeepReport"
	place, err := json.Marshal(r.Place)
	if err != nil {
		return kept, false, fault.Wrap(op, err)
	}
	n, err := tx.Exec(`INSERT INTO report (`+reportColumns+`, address, address_key) VALUES (`+placeholders(1, 18)+`) ON CONFLICT (id) DO NOTHING`,
		string(r.ID), r.Content, string(r.Case), string(r.Channel), sqldb.Micros(r.At), r.Taker, r.TakerName, r.Person, r.Name, r.Phone, r.Text, string(r.Class),
		string(r.Area), string(place), sqldb.Micros(r.AnsweredAt), r.Answer, r.Place.Address, casedesk.AddressKey(r.Place.Address))
	if err != nil || n > 0 {
		return r, n > 0, fault.Wrap(op, err)
	}
	all, err := findReports(tx, `WHERE id = $1`, string(r.ID))
	if err != nil || len(all) == 0 {
		return kept, false, fault.Wrap(op, err)
	}
	return all[0], false, nil
}

func findReports(tx *sqldb.Tx, rest string, args ...any) ([]casedesk.Report, error) {
	return collect(tx, scanReport, `SELECT `+reportColumns+` FROM report `+rest, args...)
}

func scanReport(row *sql.Rows) (casedesk.Report, error) {
	var r casedesk.Report
	var at, answered int64
	var place string
	err := row.Scan(&r.ID, &r.Content, &r.Case, &r.Channel, &at, &r.Taker, &r.TakerName, &r.Person, &r.Name, &r.Phone, &r.Text, &r.Class, &r.Area, &place,
		&answered, &r.Answer)
	if err != nil {
		return r, err
	}
	r.At, r.AnsweredAt = sqldb.FromMicros(at), sqldb.FromMicros(answered)
	return r, json.Unmarshal([]byte(place), &r.Place)
}

// FindReports is reports of a case or of a person, the latest first.
func (Store) FindReports(tx *sqldb.Tx, q casedesk.ReportQuery) ([]casedesk.Report, error) {
	w := &where{}
	if q.Case != "" {
		w.add("case_id = ?", string(q.Case))
	}
	if q.Person != "" {
		w.add("person <> '' AND person = ?", q.Person)
	}
	all, err := findReports(tx, w.String()+` ORDER BY at DESC, id DESC LIMIT `+w.arg(q.Limit), w.args...)
	return all, fault.Wrap("records.FindReports", err)
}

// MoveReports makes reports part of another case.
func (Store) MoveReports(tx *sqldb.Tx, to casework.ID, ids ...casework.ReportID) error {
	for _, id := range ids {
		if _, err := tx.Exec(`UPDATE report SET case_id = $1 WHERE id = $2`, string(to), string(id)); err != nil {
			return fault.Wrap("records.MoveReports", err)
		}
	}
	return nil
}

// AnswerReports notes an answer on all reports of a case that have none; with a zero time it takes the answers back.
func (Store) AnswerReports(tx *sqldb.Tx, id casework.ID, at time.Time, answer string) ([]casedesk.Report, error) {
	const op = "records.AnswerReports"
	which := `WHERE case_id = $1 AND answered_at = 0`
	if at.IsZero() {
		which = `WHERE case_id = $1 AND answered_at > 0`
	}
	all, err := findReports(tx, which+` ORDER BY at, id`, string(id))
	if err != nil || len(all) == 0 {
		return nil, fault.Wrap(op, err)
	}
	_, err = tx.Exec(`UPDATE report SET answered_at = $2, answer = $3 `+which, string(id), sqldb.Micros(at), answer)
	return all, fault.Wrap(op, err)
}

// FindNear is the open cases around a place, in no order.
func (Store) FindNear(tx *sqldb.Tx, q casedesk.NearQuery) ([]casework.Case, error) {
	w := &where{}
	w.add("is_open")
	var places []string
	if q.Bounded {
		places = append(places, "(lat BETWEEN "+w.arg(q.South)+" AND "+w.arg(q.North)+" AND lon BETWEEN "+w.arg(q.West)+" AND "+w.arg(q.East)+")")
	}
	if q.Address != "" {
		places = append(places, "(address_key <> '' AND address_key = "+w.arg(q.Address)+")")
	}
	w.add("(" + strings.Join(places, " OR ") + ")")
	if q.Class != "" {
		w.add("class = ?", string(q.Class))
	}
	if q.Area != "" {
		w.add("area = ?", string(q.Area))
	}
	// Without an order: with one, a database may prefer to walk along it through all open cases.
	query := `SELECT ` + caseColumns + ` FROM cases` + w.String() + ` LIMIT ` + w.arg(q.Limit)
	cases, err := collect(tx, func(r *sql.Rows) (casework.Case, error) { return scanCase(r) }, query, w.args...)
	return cases, fault.Wrap("records.FindNear", err)
}

// FindAddresses is known addresses with a text in them.
func (Store) FindAddresses(tx *sqldb.Tx, text string, limit int) ([]casedesk.Known, error) {
	all, err := collect(tx, func(row *sql.Rows) (casedesk.Known, error) {
		var k casedesk.Known
		var place string
		if err := row.Scan(&k.Address, &k.Area, &place, &k.Times); err != nil {
			return k, err
		}
		return k, json.Unmarshal([]byte(place), &k.Place)
	}, `SELECT r.address, r.area, r.place, k.times FROM (SELECT MAX(id) AS id, COUNT(*) AS times FROM report
			WHERE address_key <> '' AND address_key LIKE $1 ESCAPE '!' GROUP BY address_key ORDER BY COUNT(*) DESC, MAX(id) LIMIT $2) k
		JOIN report r ON r.id = k.id ORDER BY k.times DESC, r.id`, "%"+likeEscapes.Replace(text)+"%", limit)
	return all, fault.Wrap("records.FindAddresses", err)
}
