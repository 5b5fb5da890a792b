package manage

import (
	"database/sql"
	"slices"
	"strings"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/sqldb"
)

// FindCases is one page of a query.
func (Store) FindCases(tx *sqldb.Tx, q casedesk.CaseQuery) ([]casework.Case, error) {
	w := caseFilter(&q)
	column, after, direction := "due_order", " > ", " ASC"
	if q.Order != casedesk.ByDue {
		column, after, direction = "opened_at", " < ", " DESC"
	}
	if q.After != nil {
		w.add("("+column+", id)"+after+"(?, ?)", q.After.Value, q.After.ID)
	}
	query := `SELECT ` + caseColumns + ` FROM cases` + w.String() + ` ORDER BY ` + column + direction + `, id` + direction + ` LIMIT ` + w.arg(q.Limit)
	cases, err := collect(tx, func(r *sql.Rows) (casework.Case, error) { return scanCase(r) }, query, w.args...)
	return cases, fault.Wrap("records.FindCases", err)
}

// FindCount is the number of all cases of a query, whatever its page.
func (Store) FindCount(tx *sqldb.Tx, q casedesk.CaseQuery) (int, error) {
	w, n := caseFilter(&q), 0
	err := tx.QueryRow(`SELECT COUNT(*) FROM cases`+w.String(), w.args...).Scan(&n)
	return n, fault.Wrap("records.FindCount", err)
}

func caseFilter(q *casedesk.CaseQuery) *where {
	w := &where{}
	if q.Open != nil && !*q.Open {
		w.add("NOT is_open")
	} else if q.Open != nil || (q.State != "" && slices.Contains(casework.OpenStates, q.State)) {
		w.add("is_open") // as the partial indexes say it; a state says it too
	}
	for _, f := range [...]struct{ cond, value string }{
		{"state = ?", string(q.State)}, {"area = ?", string(q.Area)}, {"class = ?", q.Class}, {"unit = ?", string(q.Unit)}, {"handler = ?", q.Handler},
	} {
		if f.value != "" {
			w.add(f.cond, f.value)
		}
	}
	if q.Within != nil {
		w.add("(unit = ? OR involved LIKE ? ESCAPE '!')", string(*q.Within), "%,"+likeEscapes.Replace(string(*q.Within))+",%")
	}
	if q.Asked {
		w.add("asked")
	}
	if q.Into != "" {
		w.add("into_id <> '' AND into_id = ?", string(q.Into))
	}
	if q.Scenarios != nil {
		w.add(oneOf(w, "scenario", q.Scenarios))
	}
	if q.Classes != nil {
		w.add(oneOf(w, "class", q.Classes))
	}
	if q.Units != nil {
		w.add(oneOf(w, "unit", q.Units))
	}
	w.addFigure(q.Figure, q.Moment)
	if q.Overdue {
		w.addFigure(indicator.Overdue, q.Moment)
	}
	if q.Text != "" {
		w.add("words LIKE ? ESCAPE '!'", "%"+likeEscapes.Replace(strings.ToLower(q.Text))+"%")
	}
	return w
}

var likeEscapes = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

func oneOf[T ~string](w *where, column string, ids []T) string {
	if len(ids) == 0 {
		return "1 = 0"
	}
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = w.arg(string(id))
	}
	return column + " IN (" + strings.Join(names, ", ") + ")"
}

// OpenByArea counts open cases by area.
func (Store) OpenByArea(tx *sqldb.Tx, now time.Time) ([]casedesk.AreaCount, error) {
	counts, err := collect(tx, scanAreaCount, `SELECT area, COUNT(*), SUM(CASE WHEN due_order < $1 THEN 1 ELSE 0 END),
		MAX(CASE severity WHEN 'critical' THEN 3 WHEN 'major' THEN 2 ELSE 1 END)
		FROM cases WHERE is_open GROUP BY area ORDER BY area`, sqldb.Micros(now))
	return counts, fault.Wrap("records.OpenByArea", err)
}

func scanAreaCount(row *sql.Rows) (casedesk.AreaCount, error) {
	var n casedesk.AreaCount
	var worst int
	err := row.Scan(&n.Area, &n.Open, &n.Overdue, &worst)
	n.Worst = [...]scenario.Severity{"", scenario.Minor, scenario.Major, scenario.Critical}[worst]
	return n, err
}

// OpenByScenario counts open cases by scenario.
func (Store) OpenByScenario(tx *sqldb.Tx, now time.Time) ([]casedesk.ScenarioCount, error) {
	counts, err := collect(tx, scanScenarioCount, `SELECT scenario, COUNT(*), SUM(CASE WHEN due_order < $1 THEN 1 ELSE 0 END)
		FROM cases WHERE is_open GROUP BY scenario ORDER BY scenario`, sqldb.Micros(now))
	return counts, fault.Wrap("records.OpenByScenario", err)
}

func scanScenarioCount(row *sql.Rows) (casedesk.ScenarioCount, error) {
	var n casedesk.ScenarioCount
	err := row.Scan(&n.Scenario, &n.Open, &n.Overdue)
	return n, err
}
