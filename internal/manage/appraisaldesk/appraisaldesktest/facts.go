package appraisaldesktest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/sqldb"
)

// factTables hold what facts say, as columns, so that portable SQL can ask for it; and what of it counts, worked out by that SQL alone.
var factTables = []sqldb.Migration{{Name: "appraisal-test-1", SQL: `
CREATE TABLE said (case_id TEXT NOT NULL, version BIGINT NOT NULL, kind TEXT NOT NULL, at BIGINT NOT NULL, actor TEXT NOT NULL, unit TEXT NOT NULL, handler TEXT NOT NULL, late BIGINT NOT NULL,
	rating BIGINT NOT NULL, due BIGINT NOT NULL, area TEXT NOT NULL, class TEXT NOT NULL, scenario TEXT NOT NULL, home TEXT NOT NULL, since BIGINT NOT NULL, limited BIGINT NOT NULL,
	PRIMARY KEY (case_id, version));
CREATE TABLE placed (case_id TEXT NOT NULL, version BIGINT NOT NULL, kind TEXT NOT NULL, at BIGINT NOT NULL, actor TEXT NOT NULL, handler TEXT NOT NULL, late BIGINT NOT NULL, rating BIGINT NOT NULL, due BIGINT NOT NULL,
	area TEXT NOT NULL, class TEXT NOT NULL, scenario TEXT NOT NULL, since BIGINT NOT NULL, limited BIGINT NOT NULL, last_kind TEXT, accepted_at BIGINT, filed_at BIGINT, handled_at BIGINT, visit_at BIGINT,
	opened_at BIGINT NOT NULL, of_unit TEXT NOT NULL, sender TEXT NOT NULL, hand TEXT NOT NULL, begun_at BIGINT, PRIMARY KEY (case_id, version));
CREATE TABLE counted (case_id TEXT NOT NULL, version BIGINT NOT NULL, what TEXT NOT NULL, at BIGINT NOT NULL, who TEXT NOT NULL, unit TEXT NOT NULL, area TEXT NOT NULL, class TEXT NOT NULL, scenario TEXT NOT NULL,
	timing BIGINT NOT NULL, took BIGINT NOT NULL, value BIGINT NOT NULL);
CREATE TABLE fate (case_id TEXT NOT NULL PRIMARY KEY, filed BIGINT NOT NULL, voided BIGINT NOT NULL, open_due BIGINT NOT NULL, unit TEXT NOT NULL);`}}

const saidFields = 16

// say keeps facts as what they say. What the opening says of place and class stands in every row of its case.
func say(tx *sqldb.Tx, facts []casework.Fact) error {
	o := facts[0].Body.Opening
	limited := 0
	if len(o.Limits.All()) > 0 {
		limited = 1
	}
	rows, args := []string{}, []any{}
	for i := range facts {
		f := &facts[i]
		late, due := 0, int64(0)
		if f.Body.Late {
			late = 1
		}
		if f.Body.DueAt != nil {
			due = sqldb.Micros(*f.Body.DueAt)
		}
		marks := make([]string, saidFields)
		for j := range marks {
			marks[j] = fmt.Sprintf("$%d", i*saidFields+j+1)
		}
		rows = append(rows, "("+strings.Join(marks, ",")+")")
		args = append(args, string(f.Case), f.Version, string(f.Kind), sqldb.Micros(f.At), f.Actor, string(f.Body.Unit), f.Body.Handler, late, f.Body.Rating, due,
			string(o.Area), string(o.Class), string(o.Scenario), string(o.Unit), sqldb.Micros(o.Since), limited)
	}
	_, err := tx.Exec(`INSERT INTO said VALUES `+strings.Join(rows, ","), args...)
	return err
}

// standing are the facts that were not undone, with what was true when each came: since when the case waited to be filed, dispatched, verified.
const standing = `INSERT INTO placed WITH kept AS (
	SELECT said.*, LEAD(kind) OVER (PARTITION BY case_id ORDER BY version) AS next_kind FROM said),
valid AS (
	SELECT kept.*, LAG(kind) OVER (PARTITION BY case_id ORDER BY version) AS last_kind FROM kept WHERE kind <> 'undone' AND (next_kind IS NULL OR next_kind <> 'undone')),
waited AS (
	SELECT valid.*,
		MAX(CASE WHEN kind IN ('accepted', 'taken', 'confirmed') OR kind = 'reopened' AND last_kind = 'voided' THEN at END) OVER past AS accepted_at,
		MAX(CASE WHEN kind IN ('filed', 'reported') OR kind = 'reopened' AND last_kind <> 'voided' THEN at END) OVER past AS filed_at,
		MAX(CASE WHEN kind IN ('dispatched', 'arbitrated', 'reworked') THEN version END) OVER past AS sent_version,
		MAX(CASE WHEN kind IN ('dispatched', 'arbitrated', 'reworked') THEN at END) OVER past AS sent_at,
		MAX(CASE WHEN kind = 'reopened' THEN version END) OVER past AS reopened_version,
		MAX(CASE WHEN kind IN ('dispatched', 'arbitrated') THEN version END) OVER upto AS unit_version,
		MAX(CASE WHEN kind IN ('dispatched', 'arbitrated') THEN version END) OVER past AS sender_version,
		MAX(CASE WHEN kind IN ('handled', 'settled') THEN version END) OVER past AS handled_version,
		MAX(CASE WHEN kind IN ('handled', 'settled') THEN at END) OVER past AS handled_at,
		MAX(CASE WHEN kind = 'check-ordered' THEN at END) OVER past AS visit_at,
		MIN(at) OVER (PARTITION BY case_id) AS opened_at
	FROM valid WINDOW past AS (PARTITION BY case_id ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
		upto AS (PARTITION BY case_id ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))
SELECT w.case_id, w.version, w.kind, w.at, w.actor, w.handler, w.late, w.rating, w.due, w.area, w.class, w.scenario, w.since, w.limited, w.last_kind, w.accepted_at, w.filed_at, w.handled_at, w.visit_at,
		w.opened_at, COALESCE(u.unit, w.home), COALESCE(s.actor, ''), COALESCE(h.handler, ''),
		CASE WHEN w.sent_version IS NOT NULL AND w.sent_version > COALESCE(w.reopened_version, 0) THEN w.sent_at ELSE w.filed_at END
	FROM waited w LEFT JOIN said u ON u.case_id = w.case_id AND u.version = w.unit_version LEFT JOIN said s ON s.case_id = w.case_id AND s.version = w.sender_version
		LEFT JOIN said h ON h.case_id = w.case_id AND h.version = w.handled_version`

// counting is one kind of act each: what counts, who did it, whether in time, how long it took, in SQL.
var counting = []struct{ what, where, who, timing, took, value string }{
	{"opened", "version = 1", "actor", "0", "CASE WHEN since > 0 THEN at - since ELSE 0 END", "0"},
	{"taken", "kind = 'taken'", "actor", "0", "0", "0"},
	{"reported", "kind = 'reported'", "actor", "0", "0", "0"},
	{"filed", "kind = 'filed'", "actor", "CASE WHEN at - accepted_at <= 1800000000 THEN 1 ELSE 2 END", "at - accepted_at", "0"},
	{"filed", "kind = 'reported'", "actor", "0", "0", "0"},
	{"dispatched", "kind = 'dispatched'", "actor", "CASE WHEN at - filed_at <= 1800000000 THEN 1 ELSE 2 END", "at - filed_at", "0"},
	{"dispatched", "kind = 'arbitrated'", "actor", "0", "0", "0"},
	{"misdirected", "kind = 'returned'", "sender", "0", "0", "0"},
	{"returned", "kind = 'returned'", "actor", "0", "0", "0"},
	{"handled", "kind IN ('handled', 'settled')", "handler", "CASE WHEN limited = 0 THEN 0 WHEN late = 1 THEN 2 ELSE 1 END", "at - begun_at", "0"},
	{"reworked", "kind = 'reworked'", "hand", "0", "0", "0"},
	{"verified", "kind = 'verified'", "actor", "CASE WHEN at - handled_at <= 14400000000 THEN 1 ELSE 2 END", "at - handled_at", "0"},
	{"verified", "kind = 'confirmed' AND last_kind = 'check-ordered'", "actor", "CASE WHEN at - visit_at <= 14400000000 THEN 1 ELSE 2 END", "at - visit_at", "0"},
	{"extended", "kind = 'extended'", "actor", "0", "0", "0"},
	{"urged", "kind = 'urged'", "actor", "0", "0", "0"},
	{"escalated", "kind = 'escalated'", "actor", "0", "0", "0"},
	{"reopened", "kind = 'reopened'", "actor", "0", "0", "0"},
	{"closed", "kind IN ('closed', 'settled')", "CASE WHEN kind = 'settled' THEN handler ELSE actor END", "0", "at - opened_at", "0"},
	{"rated", "kind = 'rated'", "actor", "0", "0", "rating"},
}

// work fills placed, counted and fate from said.
func work(t *testing.T, db *sqldb.DB) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(standing); err != nil {
			return err
		}
		for _, c := range counting {
			if _, err := tx.Exec(`INSERT INTO counted SELECT case_id, version, '` + c.what + `', at, CASE WHEN ` + c.who + ` LIKE 'system:%' THEN '' ELSE ` + c.who + ` END, of_unit, area, class, scenario, ` +
				c.timing + `, ` + c.took + `, ` + c.value + ` FROM placed WHERE ` + c.where); err != nil {
				return fmt.Errorf("%s: %w", c.what, err)
			}
		}
		_, err := tx.Exec(`INSERT INTO fate WITH ends AS (
				SELECT placed.*, MAX(CASE WHEN kind IN ('voided', 'reopened') THEN version END) OVER whole AS end_version,
					MAX(CASE WHEN kind IN ('filed', 'reported') THEN 1 ELSE 0 END) OVER whole AS was_filed,
					MAX(CASE WHEN kind IN ('dispatched', 'arbitrated', 'extended', 'resumed', 'reworked', 'handled', 'settled', 'returned', 'suspended', 'reopened') THEN version END) OVER whole AS clock_version,
					MAX(version) OVER whole AS last_version
				FROM placed WINDOW whole AS (PARTITION BY case_id))
			SELECT e.case_id, e.was_filed, CASE WHEN s.kind = 'voided' THEN 1 ELSE 0 END, CASE WHEN k.kind IN ('dispatched', 'arbitrated', 'extended', 'resumed', 'reworked') THEN k.due ELSE 0 END, e.of_unit
			FROM ends e LEFT JOIN said s ON s.case_id = e.case_id AND s.version = e.end_version LEFT JOIN said k ON k.case_id = e.case_id AND k.version = e.clock_version
			WHERE e.version = e.last_version`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// differ counts what one table has and the other has not.
func differ(t *testing.T, db *sqldb.DB) {
	t.Helper()
	const columns = "case_id, version, what, at, who, unit, area, class, scenario, timing, took, value"
	for _, pair := range [][2]string{{"act", "counted"}, {"counted", "act"}} {
		err := db.View(t.Context(), func(tx *sqldb.Tx) error {
			rows, err := tx.Query(`SELECT ` + columns + ` FROM ` + pair[0] + ` EXCEPT SELECT ` + columns + ` FROM ` + pair[1] + ` ORDER BY 1, 2 LIMIT 3`)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var id, what, who, unit, area, class, scenario string
				var version, at, timing, took, value int64
				if err := rows.Scan(&id, &version, &what, &at, &who, &unit, &area, &class, &scenario, &timing, &took, &value); err != nil {
					return err
				}
				t.Errorf("%s has, and %s has not: %s.%d %s at %s by %q for %s; timing %d, took %s, value %d", pair[0], pair[1], id, version, what, sqldb.FromMicros(at), who, unit, timing,
					time.Duration(took)*time.Microsecond, value)
			}
			return rows.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
