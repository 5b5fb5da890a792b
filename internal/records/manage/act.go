package manage

import (
	"database/sql"
	"fmt"
	"strings"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/appraisal"
	"twoweave/internal/manage/appraisaldesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/sqldb"
)

var actTables = []sqldb.Migration{{Name: "manage-act-1", SQL: `
CREATE TABLE act (
	case_id  TEXT   NOT NULL,
	version  BIGINT NOT NULL, -- of the fact it is from
	what     TEXT   NOT NULL,
	at       BIGINT NOT NULL,
	who      TEXT   NOT NULL,
	name     TEXT   NOT NULL,
	unit     TEXT   NOT NULL,
	area     TEXT   NOT NULL,
	class    TEXT   NOT NULL,
	scenario TEXT   NOT NULL,
	timing   BIGINT NOT NULL, -- 1 in time, 2 late, 0 neither
	took     BIGINT NOT NULL, -- microseconds; 0: nothing to measure from
	value    BIGINT NOT NULL, -- of a rating
	PRIMARY KEY (case_id, version, what)
);
CREATE INDEX act_by_time ON act (what, at, who, unit, area, class, scenario, timing, took, value, name);`}}

const (
	actColumns = `case_id, version, what, at, who, name, unit, area, class, scenario, timing, took, value`
	actFields  = 13
	actsAtOnce = 50
)

// KeepActs keeps what facts count as, and drops what an undone one counted as.
func (Store) KeepActs(tx *sqldb.Tx, acts []appraisal.Act, id casework.ID, undone int64) error {
	const op = "records.KeepActs"
	if undone > 0 {
		if _, err := tx.Exec(`DELETE FROM act WHERE case_id = $1 AND version = $2`, string(id), undone); err != nil {
			return fault.Wrap(op, err)
		}
	}
	for len(acts) > 0 {
		some := acts[:min(len(acts), actsAtOnce)]
		acts = acts[len(some):]
		rows, args := make([]string, len(some)), make([]any, 0, len(some)*actFields)
		for i, a := range some {
			rows[i] = "(" + placeholders(i*actFields+1, (i+1)*actFields) + ")"
			args = append(args, string(a.Case), a.Version, string(a.What), sqldb.Micros(a.At), a.Who, a.Name, string(a.Unit), string(a.Area), string(a.Class), string(a.Scenario),
				int64(a.Timing), a.Took.Microseconds(), int64(a.Value))
		}
		if _, err := tx.Exec(`INSERT INTO act (`+actColumns+`) VALUES `+strings.Join(rows, ", "), args...); err != nil {
			return fault.Wrap(op, err)
		}
	}
	return nil
}

// keyColumn is the column of a grouping.
var keyColumn = map[appraisal.By]string{
	appraisal.ByUnit: "unit", appraisal.ByArea: "area", appraisal.ByClass: "class", appraisal.ByScenario: "scenario", appraisal.ByWorker: "who", appraisal.ByOperator: "who",
}

// fateText is the condition on the case, c, behind an act.
var fateText = map[appraisal.Fate]string{
	appraisal.Stood: "c.state <> 'voided'", appraisal.Confirmed: "c.filed_at > 0 AND c.state <> 'voided'", appraisal.WasVoided: "c.state = 'voided'",
}

// sums gathers what queries answer by key.
type sums map[string]*appraisal.Sums

func (s sums) of(key string) *appraisal.Sums {
	if s[key] == nil {
		s[key] = &appraisal.Sums{Tallies: map[appraisal.Cond]appraisal.Tally{}, Times: map[appraisal.What]appraisal.Times{}}
	}
	return s[key]
}

// asked is what the queries of one table have in common.
type asked struct {
	column, only string
	period       appraisaldesk.Period
}

// within begins a condition on acts, a, with the period and the key.
func (q *asked) within() *where {
	w := &where{}
	w.add("a.at >= ?", sqldb.Micros(q.period.From))
	w.add("a.at < ?", sqldb.Micros(q.period.To))
	if q.only != "" {
		w.add("a."+q.column+" = ?", q.only)
	} else {
		w.add("a." + q.column + " <> ''")
	}
	return w
}

// Sums are what the conditions and times of a grouping come to, by key.
func (Store) Sums(tx *sqldb.Tx, by appraisal.By, only string, p appraisaldesk.Period, now time.Time) (map[string]*appraisal.Sums, error) {
	q, all := &asked{keyColumn[by], only, p}, sums{}
	err := q.tallies(tx, all, appraisal.Conds(by))
	for _, c := range appraisal.Conds(by) {
		if c.Fate != appraisal.AnyFate && err == nil {
			err = q.fated(tx, all, c)
		}
	}
	for _, what := range appraisal.Timed(by) {
		if err == nil {
			err = q.times(tx, all, what)
		}
	}
	if _, asks := appraisal.FigureOf(by, "overdue"); asks && err == nil {
		err = q.overdue(tx, all, now)
	}
	return all, fault.Wrap("records.Sums", err)
}

// tallies counts acts, all conditions on acts alone at once.
func (q *asked) tallies(tx *sqldb.Tx, all sums, conds []appraisal.Cond) error {
	w, whats := q.within(), []string{}
	seen := map[appraisal.What]bool{}
	for _, c := range conds {
		if c.Fate == appraisal.AnyFate && !seen[c.What] {
			seen[c.What] = true
			whats = append(whats, w.arg(string(c.What)))
		}
	}
	w.add("a.what IN (" + strings.Join(whats, ", ") + ")")
	rows, err := tx.Query(`SELECT a.`+q.column+`, a.what, a.timing, COUNT(*), SUM(a.value), MAX(a.name) FROM act a`+w.String()+` GROUP BY a.`+q.column+`, a.what, a.timing`, w.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key, what, name string
		var timing, n, sum int64
		if err := rows.Scan(&key, &what, &timing, &n, &sum, &name); err != nil {
			return err
		}
		s := all.of(key)
		s.Name = max(s.Name, name)
		for _, c := range conds {
			if string(c.What) == what && c.Fate == appraisal.AnyFate && (c.Timing == appraisal.Untimed || int64(c.Timing) == timing) && (!c.Timed || timing != 0) {
				t := s.Tallies[c]
				s.Tallies[c] = appraisal.Tally{N: t.N + n, Sum: t.Sum + sum}
			}
		}
	}
	return rows.Err()
}

// fated counts acts by what became of their cases.
func (q *asked) fated(tx *sqldb.Tx, all sums, c appraisal.Cond) error {
	w := q.within()
	w.add("a.what = ?", string(c.What))
	w.add(fateText[c.Fate])
	return each(tx, func(key string, n int64) { all.of(key).Tallies[c] = appraisal.Tally{N: n} },
		`SELECT a.`+q.column+`, COUNT(*) FROM act a JOIN cases c ON c.id = a.case_id`+w.String()+` GROUP BY a.`+q.column, w.args...)
}

// times are nearest ranks: the least time that half, and nine tenths, of the acts did not exceed.
func (q *asked) times(tx *sqldb.Tx, all sums, what appraisal.What) error {
	w := q.within()
	w.add("a.what = ?", string(what))
	w.add("a.took > 0")
	rows, err := tx.Query(fmt.Sprintf(`WITH ranked AS (
			SELECT a.%[1]s AS k, a.took AS took, ROW_NUMBER() OVER (PARTITION BY a.%[1]s ORDER BY a.took) AS r, COUNT(*) OVER (PARTITION BY a.%[1]s) AS n FROM act a%[2]s)
		SELECT k, n, MIN(CASE WHEN r = (n + 1) / 2 THEN took END), MIN(CASE WHEN r = (9 * n + 9) / 10 THEN took END) FROM ranked GROUP BY k, n`, q.column, w), w.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		var n, median, ninety int64
		if err := rows.Scan(&key, &n, &median, &ninety); err != nil {
			return err
		}
		all.of(key).Times[what] = appraisal.Times{N: n, Median: time.Duration(median) * time.Microsecond, Ninety: time.Duration(ninety) * time.Microsecond}
	}
	return rows.Err()
}

// overdue counts the open cases whose limit has passed.
func (q *asked) overdue(tx *sqldb.Tx, all sums, now time.Time) error {
	w := &where{}
	w.add("is_open")
	w.add("due_order < ?", sqldb.Micros(now))
	if q.only != "" {
		w.add(q.column+" = ?", q.only)
	} else {
		w.add(q.column + " <> ''")
	}
	return each(tx, func(key string, n int64) { all.of(key).Overdue = n }, `SELECT `+q.column+`, COUNT(*) FROM cases`+w.String()+` GROUP BY `+q.column, w.args...)
}

func each(tx *sqldb.Tx, take func(key string, n int64), query string, args ...any) error {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		var n int64
		if err := rows.Scan(&key, &n); err != nil {
			return err
		}
		take(key, n)
	}
	return rows.Err()
}

// Acts is one page of the acts behind a figure.
func (Store) Acts(tx *sqldb.Tx, q appraisaldesk.ActQuery) ([]appraisaldesk.ActRow, error) {
	const caseData = `c.id, c.number, c.title_zh, c.title_en, c.state, c.area, c.unit`
	if q.Open {
		all, err := collect(tx, scanActRow, `SELECT `+caseData+`, c.due_at, '', 0, 0 FROM cases c WHERE c.is_open AND c.due_order < $1 AND c.`+keyColumn[q.By]+` = $2
			ORDER BY c.due_order, c.id LIMIT $3 OFFSET $4`, sqldb.Micros(q.Now), q.Key, q.Limit, q.After)
		return all, fault.Wrap("records.Acts", err)
	}
	w := (&asked{keyColumn[q.By], q.Key, q.Period}).within()
	w.add("a.what = ?", string(q.Cond.What))
	if q.Cond.Timing != appraisal.Untimed {
		w.add("a.timing = ?", int64(q.Cond.Timing))
	}
	if q.Cond.Timed {
		w.add("a.timing <> 0")
	}
	if q.Took {
		w.add("a.took > 0")
	}
	if q.Cond.Fate != appraisal.AnyFate {
		w.add(fateText[q.Cond.Fate])
	}
	limit, after := w.arg(q.Limit), w.arg(q.After)
	all, err := collect(tx, scanActRow, `SELECT `+caseData+`, a.at, a.name, a.took, a.timing FROM act a JOIN cases c ON c.id = a.case_id`+w.String()+`
		ORDER BY a.at DESC, a.case_id, a.version LIMIT `+limit+` OFFSET `+after, w.args...)
	return all, fault.Wrap("records.Acts", err)
}

func scanActRow(row *sql.Rows) (appraisaldesk.ActRow, error) {
	var r appraisaldesk.ActRow
	var at, took int64
	err := row.Scan(&r.Case, &r.Number, &r.Title.ZH, &r.Title.EN, &r.State, &r.AreaCode, &r.UnitID, &at, &r.Who, &took, &r.Timing)
	r.At, r.TookSec = sqldb.FromMicros(at), float64(took)/1e6
	return r, err
}
