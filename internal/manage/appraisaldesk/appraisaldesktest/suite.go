// Package appraisaldesktest is the conformance suite of appraisaldesk and of whatever store it works on.
//
// It makes a year of cases by casework's own decisions, with every side path, second thoughts, and matters that nobody saw to. What each act counts as is
// then worked out a second time, by SQL over nothing but what the facts say; the acts must be the same row for row, and every figure of every grouping and
// several periods must be what that second reading gives, added up and ranked in Go.
package appraisaldesktest

import (
	"cmp"
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/appraisal"
	"twoweave/internal/manage/appraisaldesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

// Suite is a store under test.
type Suite struct {
	Store      appraisaldesk.Store
	Migrations []sqldb.Migration
	// Save keeps a case and what its facts count as.
	Save  func(tx *sqldb.Tx, c casework.Case, acts []appraisal.Act) error
	Cases int // of the year
}

// Run makes the year and compares.
func Run(t *testing.T, s Suite) {
	t.Helper()
	sqldbtest.Each(t, slices.Concat(s.Migrations, factTables), func(t *testing.T, db *sqldb.DB) {
		fill(t, s, db)
		work(t, db)
		differ(t, db)
		d := &desk{Desk: appraisaldesk.New(appraisaldesk.Options{DB: db, Store: s.Store, Clock: clock.NewManual(end)}), db: db}
		d.compare(t)
		d.rights(t)
	})
}

// end is when the year is looked at: some limits have passed, others have not.
var end = begin.AddDate(1, 0, 3)

const atOnce = 200

func fill(t *testing.T, s Suite, db *sqldb.DB) {
	t.Helper()
	for n := 0; n < s.Cases; n += atOnce {
		lives := make([]*life, min(atOnce, s.Cases-n))
		for i := range lives {
			lives[i] = live(7, n+i, s.Cases)
		}
		err := db.Update(t.Context(), func(tx *sqldb.Tx) error {
			for _, l := range lives {
				if err := s.Save(tx, l.c, actsOf(l.facts)); err != nil {
					return err
				}
				if err := say(tx, l.facts); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// actsOf is what facts count as, as the desk of cases keeps it: one fact after the other, and an undone one not at all.
func actsOf(facts []casework.Fact) (acts []appraisal.Act) {
	var before casework.Case
	for i := range facts {
		f := &facts[i]
		after := casework.Apply(before, *f)
		if f.Kind == casework.FactUndone {
			acts = slices.DeleteFunc(acts, func(a appraisal.Act) bool { return a.Version == f.Version-1 })
		}
		acts = append(acts, appraisal.ActsOf(&before, &after, f)...)
		before = after
	}
	return acts
}

type desk struct {
	*appraisaldesk.Desk
	db *sqldb.DB
}

var admin = access.Actor{ID: "ad", Name: "Ad", Roles: []access.Role{access.Admin}}

// periods are the days, first and last, that tables are asked for.
var periods = [][2]string{{"2026-01-01", "2026-12-31"}, {"2026-03-01", "2026-03-31"}, {"2026-07-06", "2026-07-12"}, {"2026-11-11", "2026-11-11"}}

func (d *desk) compare(t *testing.T) {
	for _, p := range periods {
		from, to := day(t, p[0]), day(t, p[1]).AddDate(0, 0, 1)
		rows := d.counted(t, from, to)
		for _, by := range appraisal.Groupings() {
			begun := clock.System{}.Now()
			table, err := d.Table(t.Context(), admin, appraisaldesk.Query{By: by, From: p[0], To: p[1]})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s to %s by %s: %d rows in %s", p[0], p[1], by, len(table.Rows), clock.System{}.Now().Sub(begun).Round(time.Millisecond))
			want := expected(by, rows, d.overdue(t, by))
			if len(want) != len(table.Rows) {
				t.Errorf("by %s there are %d rows, want %d", by, len(table.Rows), len(want))
			}
			for _, row := range table.Rows {
				check(t, by, row, want[row.Key])
			}
			if p[0] == p[1] || p[0] == "2026-07-06" {
				d.lists(t, table)
			}
		}
	}
}

func day(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation(time.DateOnly, text, time.FixedZone("", 8*60*60))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// act is one row of the second reading.
type act struct {
	what                             string
	who, unit, area, class, scenario string
	timing, took, value              int64
	filed, voided                    bool
}

func (a *act) key(by appraisal.By) string {
	switch by {
	case appraisal.ByUnit:
		return a.unit
	case appraisal.ByArea:
		return a.area
	case appraisal.ByClass:
		return a.class
	case appraisal.ByScenario:
		return a.scenario
	}
	return a.who
}

func (d *desk) counted(t *testing.T, from, to time.Time) (all []act) {
	t.Helper()
	d.query(t, func(scan func(...any) error) error {
		var a act
		err := scan(&a.what, &a.who, &a.unit, &a.area, &a.class, &a.scenario, &a.timing, &a.took, &a.value, &a.filed, &a.voided)
		all = append(all, a)
		return err
	}, `SELECT c.what, c.who, c.unit, c.area, c.class, c.scenario, c.timing, c.took, c.value, f.filed = 1, f.voided = 1 FROM counted c JOIN fate f ON f.case_id = c.case_id WHERE c.at >= $1 AND c.at < $2`,
		sqldb.Micros(from), sqldb.Micros(to))
	return all
}

// overdue counts the cases whose last clock has run out, by key.
func (d *desk) overdue(t *testing.T, by appraisal.By) map[string]int64 {
	column := map[appraisal.By]string{appraisal.ByUnit: "f.unit", appraisal.ByArea: "s.area", appraisal.ByClass: "s.class", appraisal.ByScenario: "s.scenario"}[by]
	found := map[string]int64{}
	if column == "" {
		return found
	}
	d.query(t, func(scan func(...any) error) error {
		var key string
		var n int64
		err := scan(&key, &n)
		found[key] = n
		return err
	}, `SELECT `+column+`, COUNT(*) FROM fate f JOIN said s ON s.case_id = f.case_id AND s.version = 1 WHERE f.open_due > 0 AND f.open_due < $1 AND `+column+` <> '' GROUP BY `+column, sqldb.Micros(end))
	return found
}

func (d *desk) query(t *testing.T, take func(scan func(...any) error) error, query string, args ...any) {
	t.Helper()
	err := d.db.View(t.Context(), func(tx *sqldb.Tx) error {
		rows, err := tx.Query(query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := take(rows.Scan); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// figures are one key's, worked out from rows.
type figures struct {
	rows    []act
	overdue int64
}

// expected gathers rows by key; a key is there when an act of the kinds that the grouping looks at is.
func expected(by appraisal.By, rows []act, overdue map[string]int64) map[string]*figures {
	looked := map[string]bool{}
	for _, c := range appraisal.Conds(by) {
		looked[string(c.What)] = true
	}
	for _, what := range appraisal.Timed(by) {
		looked[string(what)] = true
	}
	all := map[string]*figures{}
	at := func(key string) *figures {
		if all[key] == nil {
			all[key] = &figures{}
		}
		return all[key]
	}
	for _, r := range rows {
		if key := r.key(by); key != "" && looked[r.what] {
			f := at(key)
			f.rows = append(f.rows, r)
		}
	}
	for key, n := range overdue {
		at(key).overdue = n
	}
	return all
}

func check(t *testing.T, by appraisal.By, row appraisaldesk.Row, want *figures) {
	t.Helper()
	if want == nil {
		t.Errorf("by %s there is a row %s, and no fact speaks of it", by, row.Key)
		return
	}
	for i, f := range appraisal.Figures(by) {
		got, value, known := row.Cells[i], 0.0, false
		if get, is := byHand[string(by)+" "+f.ID]; is {
			value, known = get(want)
		} else if get, is := byHand[f.ID]; is {
			value, known = get(want)
		} else {
			t.Fatalf("nobody worked out %s by %s by hand", f.ID, by)
		}
		if known != (got.Value != nil) || known && math.Abs(*got.Value-value) > 1e-9 {
			t.Errorf("by %s, %s: %s is %v, by hand %v (%v)", by, row.Key, f.ID, deref(got.Value), value, known)
		}
	}
}

func deref(v *float64) any {
	if v == nil {
		return nil
	}
	return *v
}

func (f *figures) n(what string, also ...func(act) bool) float64 {
	n := 0
	for _, r := range f.rows {
		if r.what == what && !slices.ContainsFunc(also, func(ok func(act) bool) bool { return !ok(r) }) {
			n++
		}
	}
	return float64(n)
}

func inTime(r act) bool { return r.timing == 1 }
func timed(r act) bool  { return r.timing != 0 }
func stood(r act) bool  { return !r.voided }
func filed(r act) bool  { return r.filed && !r.voided }

func part(n, of float64) (float64, bool) {
	if of == 0 {
		return 0, false
	}
	return n / of, true
}

// rank is the least time in seconds that a share of the acts did not exceed.
func (f *figures) rank(what string, share float64) (float64, bool) {
	var all []int64
	for _, r := range f.rows {
		if r.what == what && r.took > 0 {
			all = append(all, r.took)
		}
	}
	if len(all) == 0 {
		return 0, false
	}
	slices.SortFunc(all, cmp.Compare)
	return float64(all[int(math.Ceil(share*float64(len(all))-1e-9))-1]) / 1e6, true
}

func (f *figures) stars() (float64, bool) {
	var sum, n float64
	for _, r := range f.rows {
		if r.what == "rated" {
			sum, n = sum+float64(r.value), n+1
		}
	}
	return part(sum, n)
}

func (f *figures) score() (float64, bool) {
	var points, weight float64
	add := func(w, good float64, known bool) {
		if known {
			points, weight = points+w*max(0, good), weight+w
		}
	}
	onTime, known := part(f.n("handled", inTime), f.n("handled", timed))
	add(50, onTime, known)
	bad, known := part(f.n("reworked"), f.n("handled"))
	add(20, 1-bad, known)
	bad, known = part(f.n("reopened"), f.n("closed"))
	add(15, 1-bad, known)
	stars, known := f.stars()
	add(15, (stars-1)/4, known)
	return 100 * points / weight, weight > 0
}

func number(what string) func(*figures) (float64, bool) {
	return func(f *figures) (float64, bool) { return f.n(what), true }
}

// byHand are all figures once more, by their id, or by grouping and id where one id means two things.
var byHand = map[string]func(f *figures) (float64, bool){
	"handled": number("handled"), "opened": number("opened"), "closed": number("closed"), "urged": number("urged"), "escalated": number("escalated"), "reports": number("reported"),
	"verified": number("verified"), "taken": number("taken"), "filed": number("filed"), "dispatched": number("dispatched"), "detected": number("opened"),
	"on-time":            func(f *figures) (float64, bool) { return part(f.n("handled", inTime), f.n("handled", timed)) },
	"verified-on-time":   func(f *figures) (float64, bool) { return part(f.n("verified", inTime), f.n("verified", timed)) },
	"filed-on-time":      func(f *figures) (float64, bool) { return part(f.n("filed", inTime), f.n("filed", timed)) },
	"dispatched-on-time": func(f *figures) (float64, bool) { return part(f.n("dispatched", inTime), f.n("dispatched", timed)) },
	"rework":             func(f *figures) (float64, bool) { return part(f.n("reworked"), f.n("handled")) },
	"reopened":           func(f *figures) (float64, bool) { return part(f.n("reopened"), f.n("closed")) },
	"returned":           func(f *figures) (float64, bool) { return part(f.n("returned"), f.n("dispatched")) },
	"extended":           func(f *figures) (float64, bool) { return part(f.n("extended"), f.n("dispatched")) },
	"valid":              func(f *figures) (float64, bool) { return part(f.n("reported", stood), f.n("reported")) },
	"precision":          func(f *figures) (float64, bool) { return part(f.n("opened", filed), f.n("opened")) },
	"accuracy": func(f *figures) (float64, bool) {
		bad, known := part(f.n("misdirected"), f.n("dispatched"))
		return 1 - bad, known
	},
	"overdue": func(f *figures) (float64, bool) { return float64(f.overdue), true },
	"median":  func(f *figures) (float64, bool) { return f.rank("handled", 0.5) },
	"p90":     func(f *figures) (float64, bool) { return f.rank("handled", 0.9) },
	"detect":  func(f *figures) (float64, bool) { return f.rank("opened", 0.5) },
	"rating":  func(f *figures) (float64, bool) { return f.stars() },
	"score":   func(f *figures) (float64, bool) { return f.score() },
}

// lists compares each number with the length of the list behind it.
func (d *desk) lists(t *testing.T, table appraisaldesk.Table) {
	for _, row := range table.Rows[:min(len(table.Rows), 6)] {
		for i, c := range table.Columns {
			if c.Shape == appraisal.Score {
				continue
			}
			n, after := 0, 0
			for {
				b := appraisaldesk.Behind{Query: appraisaldesk.Query{By: table.By, From: table.From, To: table.To}, Key: row.Key, Figure: c.ID, After: after, Limit: 200}
				page, err := d.Behind(t.Context(), admin, b)
				if err != nil {
					t.Fatal(err)
				}
				n += len(page.Items)
				if after = page.Next; after == 0 {
					break
				}
			}
			if int64(n) != row.Cells[i].Num {
				t.Errorf("by %s, %s: %s counts %d, the list has %d", table.By, row.Key, c.ID, row.Cells[i].Num, n)
			}
		}
	}
}

func (d *desk) rights(t *testing.T) {
	worker := person(access.FieldWorker, 3, "unit-1")
	ask := func(ctx context.Context, by appraisal.By) (appraisaldesk.Table, error) {
		return d.Table(ctx, worker, appraisaldesk.Query{By: by, From: "2026-01-01", To: "2026-12-31"})
	}
	for by, key := range map[appraisal.By]string{appraisal.ByWorker: worker.ID, appraisal.ByUnit: worker.Unit} {
		if table, err := ask(t.Context(), by); err != nil || len(table.Rows) != 1 || table.Rows[0].Key != key {
			t.Errorf("a field worker by %s: %+v, %v", by, table.Rows, err)
		}
	}
	if _, err := ask(t.Context(), appraisal.ByArea); !fault.Is(err, fault.Denied) {
		t.Errorf("a field worker looks at areas: %v", err)
	}
	other := appraisaldesk.Behind{Query: appraisaldesk.Query{By: appraisal.ByUnit, From: "2026-01-01", To: "2026-12-31"}, Key: "unit-2", Figure: "handled", Limit: 10}
	if _, err := d.Behind(t.Context(), worker, other); !fault.Is(err, fault.Denied) {
		t.Errorf("a field worker looks at another unit: %v", err)
	}
	for _, q := range []appraisaldesk.Query{{By: "moon", From: "2026-01-01", To: "2026-01-01"}, {By: appraisal.ByUnit, From: "x", To: "2026-01-01"}, {By: appraisal.ByUnit, From: "2026-01-02", To: "2026-01-01"},
		{By: appraisal.ByUnit, From: "2020-01-01", To: "2026-01-01"}} {
		if _, err := d.Table(t.Context(), admin, q); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", q, err)
		}
	}
}
