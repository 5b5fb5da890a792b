package manage

import (
	"database/sql"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/sqldb"
)

var figureTables = []sqldb.Migration{{Name: "manage-case-closing-1", SQL: `
CREATE INDEX cases_by_closing ON cases (closed_at);`}, {Name: "manage-case-closing-2", SQL: `
-- Rows are wide: what is counted every few seconds is read from indexes alone.
CREATE INDEX cases_count_open ON cases (area, scenario, class, unit, severity, due_order, state, opened_at) WHERE is_open;
CREATE INDEX cases_count_opened ON cases (opened_at, area, scenario, class, unit);`}}

// Tallies counts what is open, what was opened today, and what was closed in the last 24 hours: three passes, each along an index of its own.
func (Store) Tallies(tx *sqldb.Tx, m casedesk.Moment) ([]casedesk.Tally, error) {
	var all []casedesk.Tally
	for _, pass := range []func(*sqldb.Tx, casedesk.Moment) ([]casedesk.Tally, error){tallyOpen, tallyOpened, tallyClosed} {
		some, err := pass(tx, m)
		if err != nil {
			return nil, fault.Wrap("records.Tallies", err)
		}
		all = append(all, some...)
	}
	return all, nil
}

func tallyOpen(tx *sqldb.Tx, m casedesk.Moment) ([]casedesk.Tally, error) {
	return collect(tx, func(row *sql.Rows) (casedesk.Tally, error) {
		var t casedesk.Tally
		err := row.Scan(&t.Area, &t.Scenario, &t.Class, &t.Unit, &t.Open, &t.Critical, &t.Overdue, &t.Unfiled, &t.Unassigned, &t.InHand,
			&t.Unverified, &t.Oldest)
		return t, err
	}, `SELECT area, scenario, class, unit, COUNT(*),
			SUM(CASE WHEN severity = $1 THEN 1 ELSE 0 END), SUM(CASE WHEN due_order < $2 THEN 1 ELSE 0 END),
			SUM(CASE WHEN state = $3 THEN 1 ELSE 0 END), SUM(CASE WHEN state = $4 THEN 1 ELSE 0 END),
			SUM(CASE WHEN state IN ($5, $6) THEN 1 ELSE 0 END), SUM(CASE WHEN state = $7 THEN 1 ELSE 0 END), MIN(opened_at)
		FROM cases WHERE is_open GROUP BY area, scenario, class, unit`,
		string(scenario.Critical), sqldb.Micros(m.Now), string(casework.Accepted), string(casework.Filed), string(casework.Dispatched),
		string(casework.Handling), string(casework.Handled))
}

func tallyOpened(tx *sqldb.Tx, m casedesk.Moment) ([]casedesk.Tally, error) {
	return collect(tx, func(row *sql.Rows) (casedesk.Tally, error) {
		var t casedesk.Tally
		err := row.Scan(&t.Area, &t.Scenario, &t.Class, &t.Unit, &t.OpenedToday)
		return t, err
	}, `SELECT area, scenario, class, unit, COUNT(*) FROM cases WHERE opened_at >= $1 GROUP BY area, scenario, class, unit`, sqldb.Micros(m.Today))
}

func tallyClosed(tx *sqldb.Tx, m casedesk.Moment) ([]casedesk.Tally, error) {
	return collect(tx, func(row *sql.Rows) (casedesk.Tally, error) {
		var t casedesk.Tally
		err := row.Scan(&t.Area, &t.Scenario, &t.Class, &t.Unit, &t.Closed, &t.ClosedToday, &t.SettleMicros, &t.Limited, &t.OnTime)
		return t, err
	}, `SELECT area, scenario, class, unit, COUNT(*), SUM(CASE WHEN closed_at >= $1 THEN 1 ELSE 0 END),
			CAST(SUM(closed_at - opened_at) AS BIGINT), SUM(CASE WHEN limited THEN 1 ELSE 0 END),
			SUM(CASE WHEN limited AND NOT late THEN 1 ELSE 0 END)
		FROM cases WHERE closed_at >= $2 GROUP BY area, scenario, class, unit`, sqldb.Micros(m.Today), sqldb.Micros(m.Since))
}

// addFigure narrows a list to the cases that count for a figure; the conditions are those of casedesk.Moment.Counts.
func (w *where) addFigure(f indicator.Figure, m casedesk.Moment) {
	open := func(cond string, args ...any) { w.add("is_open"); w.add(cond, args...) }
	switch f {
	case indicator.Open, indicator.OldestHours:
		w.add("is_open")
	case indicator.Critical:
		open("severity = ?", string(scenario.Critical))
	case indicator.Overdue:
		open("due_order < ?", sqldb.Micros(m.Now))
	case indicator.Unfiled:
		open("state = ?", string(casework.Accepted))
	case indicator.Unassigned:
		open("state = ?", string(casework.Filed))
	case indicator.InHand:
		open("state IN (?, ?)", string(casework.Dispatched), string(casework.Handling))
	case indicator.Unverified:
		open("state = ?", string(casework.Handled))
	case indicator.OpenedToday:
		w.add("opened_at >= ?", sqldb.Micros(m.Today))
	case indicator.ClosedToday:
		w.add("closed_at >= ?", sqldb.Micros(m.Today))
	case indicator.OnTime:
		w.add("closed_at >= ?", sqldb.Micros(m.Since))
		w.add("limited")
	case indicator.SettleHours:
		w.add("closed_at >= ?", sqldb.Micros(m.Since))
	}
}
