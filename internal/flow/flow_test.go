package flow_test

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/lang"
	"twoweave/internal/flow"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/detect"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/matter"
	"twoweave/internal/manage/orderdesk"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
	"twoweave/internal/platform/outbox"
	"twoweave/internal/platform/series"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/platform/timer"
	"twoweave/internal/records/manage"
	"twoweave/internal/reform/pack"
	"twoweave/internal/registry"
)

func TestMain(m *testing.M) { os.Exit(sqldbtest.Main(m)) }

var noon = time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC)

var migrations = slices.Concat(manage.Migrations, timer.Migrations, outbox.Migrations)

// line is everything from the sink to the desk, on a fresh database.
type line struct {
	*flow.Flow
	db     *sqldb.DB
	clock  *clock.Manual
	orders *orderdesk.Desk
	set    *pack.Set
	epoch  int64
	woken  int
}

func newLine(t *testing.T, db *sqldb.DB) *line {
	t.Helper()
	l := &line{db: db, clock: clock.NewManual(noon), set: set(t)}
	log := slog.New(slog.DiscardHandler)
	desk := casedesk.New(casedesk.Options{DB: db, Store: manage.Store{}, Clock: l.clock, Log: log})
	desk.Use(flow.CityOf(l.set))
	signs := flow.NewSigns(flow.SignsOptions{Cases: desk, History: &history{}, Clock: l.clock, Log: log})
	signs.Use(l.set.Indicators)
	l.orders = orderdesk.New(orderdesk.Options{DB: db, Store: manage.Store{}, Clock: l.clock, Log: log})
	l.Flow = flow.New(flow.Options{DB: db, Records: manage.Store{}, Desk: desk, Orders: l.orders, Signs: signs, Log: log, Wake: func() { l.woken++ }})
	leases, err := manage.Owners{DB: db}.Claim(t.Context(), "worker", noon, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	l.epoch = leases[part].Epoch
	return l
}

// part is the partition that the tests commit for.
const part = 5

func set(t *testing.T) *pack.Set {
	t.Helper()
	dir, wrong := registry.NewDirectory(
		[]registry.Area{{Code: "a1", Name: lang.Text{ZH: "一街", EN: "First"}}, {Code: "a2", Name: lang.Text{ZH: "二街", EN: "Second"}}},
		[]registry.Unit{{ID: "street-1", Kind: "street", Area: "a1", Name: lang.Text{ZH: "一街道", EN: "Street 1"}}})
	if len(wrong) > 0 {
		t.Fatal(wrong)
	}
	ponding := scenario.Scenario{
		ID: "ponding", Version: 2, Title: lang.Text{ZH: "积水", EN: "Ponding"}, Operator: scenario.Match, When: "data.level_cm >= 30", Severity: scenario.Major, Class: "ponding",
	}
	orphan := scenario.Scenario{ID: "zz-orphan", Version: 1, Title: lang.Text{ZH: "无", EN: "Orphan"}, When: "true", Class: "gone"}
	calls := indicator.Indicator{
		ID: "calls", Title: lang.Text{ZH: "报警", EN: "Calls"}, Bands: indicator.Bands{Attention: 5, Alarm: 10}, City: indicator.Bands{Attention: 12, Alarm: 20},
		Scenarios: []scenario.ID{"ponding"},
	}
	return &pack.Set{
		Scenarios:  []*scenario.Compiled{{Scenario: ponding, Rule: "rule-2"}, {Scenario: orphan, Rule: "rule-x"}},
		Indicators: []*indicator.Compiled{{Indicator: calls, Behind: indicator.Filter{Scenarios: calls.Scenarios}}},
		Classes: map[matter.ClassID]*matter.Class{
			"ponding": {ID: "ponding", Title: lang.Text{ZH: "道路积水", EN: "Road ponding"}, Unit: "street", Terms: matter.Terms{Limit: matter.Limit{Short: time.Hour}, Reminder: 10 * time.Minute}},
		},
		Directory: dir,
	}
}

func started(subject string, episode int64) scenario.Detection {
	return scenario.Detection{
		DetectionID: scenario.DetectionID{Scenario: "ponding", Subject: subject, Episode: episode}, Change: scenario.Started, At: noon, Since: noon,
		Version: 2, Rule: "rule-2", Area: "a1", Severity: scenario.Major, Class: "ponding",
		Evidence: []scenario.Reading{{Seq: 9, N: 1, ID: "e-1", Source: "gauge", Type: "water.level", Time: noon, Data: []byte(`{"level_cm":31}`)}},
	}
}

func ended(d scenario.Detection, at time.Time) scenario.Detection {
	d.Change, d.At = scenario.Ended, at
	return d
}

func (l *line) commit(seq bus.Seq, found ...scenario.Detection) detect.Commit {
	return detect.Commit{Part: part, Epoch: l.epoch, Seq: seq, Detections: found, Set: l.set}
}

func (l *line) must(t *testing.T, c detect.Commit) {
	t.Helper()
	if err := l.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

var operator = casedesk.Reader{Actor: access.Actor{ID: "op", Name: "Op", Roles: []access.Role{access.Operator}}, Purpose: access.Casework}

func (l *line) cases(t *testing.T, f casedesk.Filter) casedesk.Page {
	t.Helper()
	page, err := l.Desk.List(t.Context(), operator, f)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func (l *line) page(t *testing.T, id casework.ID) casedesk.Detail {
	t.Helper()
	page, err := l.Desk.Case(t.Context(), operator, id, false)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// history remembers what was written.
type history struct{ all []series.Sample }

func (h *history) Append(_ context.Context, samples []series.Sample) error {
	h.all = append(h.all, samples...)
	return nil
}

// Query finds nothing: there is no history yet.
func (h *history) Query(context.Context, string, time.Time) (series.Result, error) {
	return series.Result{Form: series.Vector}, nil
}
