package casedesktest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/worktime"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/registry"
)

func registryUnit(s string) registry.UnitID { return registry.UnitID(s) }

func reader(a access.Actor) casedesk.Reader {
	return casedesk.Reader{Actor: a, Purpose: access.Casework}
}

// fill keeps n cases of many kinds and states, a part of them by their facts alone, and returns them.
func (d *Desk) fill(t testing.TB, n int) []casework.Case {
	t.Helper()
	r := rand.New(rand.NewPCG(1, uint64(n)))
	var all []casework.Case
	for from := 0; from < n; from += 500 {
		var batch []casework.Case
		d.update(t, func(tx *sqldb.Tx) error {
			batch = nil
			for i := from; i < min(n, from+500); i++ {
				c, facts := randomCase(r, i)
				if err := d.suite.Store.SaveCase(tx, c, 0, facts); err != nil {
					return err
				}
				batch = append(batch, c)
			}
			return nil
		})
		all = append(all, batch...)
	}
	return all
}

// randomCase is a case somewhere along the line or beside it, with its facts.
func randomCase(r *rand.Rand, i int) (casework.Case, []casework.Fact) {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	o := opening(pick("p-1", "P-2", "p%3", "p_4")+fmt.Sprint("/", i), 1)
	o.Number = fmt.Sprintf("20260630-%06d", i)
	o.Area, o.Unit = event.AreaCode(pick("a1", "a2", "a3")), registry.UnitID(pick("", "street-1", "water"))
	o.Scenario, o.Severity = scenario.ID(pick("ponding", "flood", "fire")), scenario.Severity(pick("minor", "major", "critical"))
	if o.Scenario == "fire" {
		o.Class, o.Title.EN = "fire", "Fire"
	}
	o.Limits = limited([]time.Duration{0, time.Minute, 2 * time.Hour, 2 * time.Hour}[r.IntN(4)]) // none, broken by who takes two minutes, kept
	o.Limits.Light = true
	at := Start.Add(time.Duration(r.IntN(600)) * time.Second) // many at the same time: pages must not lose or repeat them
	commands := []casework.Command{{Kind: casework.Open, Opening: &o}}
	for _, s := range steps[:r.IntN(len(steps)+1)] {
		commands = append(commands, casework.Command{Kind: s.kind, Unit: "water"})
	}
	for range r.IntN(4) {
		commands = append(commands, beside[r.IntN(len(beside))])
	}
	return live(commands, at, []string{plumber.ID, colleague.ID}[r.IntN(2)])
}

// beside are commands beside the line; where the table does not have them they are left out.
var beside = []casework.Command{
	{Kind: casework.Void}, {Kind: casework.Merge, Into: "target"}, {Kind: casework.Return}, {Kind: casework.Arbitrate, Unit: "water"}, {Kind: casework.Check},
	{Kind: casework.Involve, Units: []registry.UnitID{"street-1"}}, {Kind: casework.AskExtension, Amount: worktime.Limit{Amount: 2, Clock: worktime.WorkingDay}},
	{Kind: casework.AskSuspension, At: Start.Add(time.Hour)}, {Kind: casework.Suspend}, {Kind: casework.Extend}, {Kind: casework.Rework}, {Kind: casework.Settle},
	{Kind: casework.Reopen}, {Kind: casework.Urge}, {Kind: casework.Rate, Rating: 5}, {Kind: casework.Attach, Reports: []casework.Attached{{Report: "r-1"}}},
}

// live gives commands to a new case, a minute apart.
func live(commands []casework.Command, at time.Time, handler string) (c casework.Case, facts []casework.Fact) {
	for _, cmd := range commands {
		cmd.Version, cmd.Purpose, cmd.Note = c.Version, access.Casework, "why"
		ctx := casework.Context{Now: at, Actor: access.Actor{ID: handler, Name: handler}, Allowed: access.Decision{Allow: true, Rule: "test"},
			Calendar: worktime.China(), Into: &casework.Case{ID: cmd.Into, State: casework.Filed}}
		if cmd.Kind == casework.Verify || cmd.Kind == casework.Rework {
			ctx.Actor.ID = verifier.ID
		}
		res, err := casework.Decide(c, cmd, ctx)
		if err != nil {
			continue
		}
		c, facts, at = casework.Apply(c, res.Facts[0]), append(facts, res.Facts...), at.Add(time.Minute)
	}
	return c, facts
}

// ids of a whole list, page by page.
func (d *Desk) ids(t *testing.T, r casedesk.Reader, f casedesk.Filter) (ids []casework.ID, total int) {
	t.Helper()
	for {
		page, err := d.List(t.Context(), r, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page.Items {
			ids = append(ids, v.ID)
		}
		total = page.Total
		if page.Next == "" {
			return ids, total
		}
		f.Cursor = page.Next
	}
}

func scopes(t *testing.T, d *Desk) {
	all := d.fill(t, 60)
	nobody := access.Actor{ID: "x", Roles: []access.Role{access.FieldWorker}} // of no unit
	for _, who := range append(slices.Clone(Staff), nobody) {
		want := 0
		for i := range all {
			if access.Decide(access.Request{Actor: who, Action: access.ReadCase, Thing: all[i].Thing(), Purpose: access.Casework}).Allow {
				want++
			}
		}
		page, err := d.List(t.Context(), reader(who), casedesk.Filter{Limit: casedesk.MaxLimit})
		if (want == 0) != fault.Is(err, fault.Denied) || len(page.Items) != want || page.Total != want {
			t.Errorf("%s sees %d of %d cases (%v), access allows %d", who.Name, len(page.Items), page.Total, err, want)
		}
	}
	c := all[slices.IndexFunc(all, func(c casework.Case) bool { return c.Unit == "water" })]
	if _, err := d.Case(t.Context(), reader(worker), c.ID, false); !fault.Is(err, fault.Denied) {
		t.Errorf("a field worker opened another unit's case: %v", err)
	}
	if audit := d.audit(t, casedesk.AuditQuery{Actor: worker.ID}); len(audit) != 1 || audit[0].Decision.Allow {
		t.Errorf("the refused look is not audited: %+v", audit)
	}
	if page, err := d.List(t.Context(), reader(worker), casedesk.Filter{Unit: "water"}); err != nil || page.Total != 0 {
		t.Errorf("a filter widens what a field worker sees: %d, %v", page.Total, err)
	}
}

// oracle is the filter written a second time.
func oracle(f casedesk.Filter, c *casework.Case) bool {
	text := strings.ToLower(f.Text)
	within := func(s string) bool { return strings.Contains(strings.ToLower(s), text) }
	behind := f.Indicator == "" || (f.Indicator == "water" && c.Detection.Scenario != "fire")
	return behind && (f.Open == nil || *f.Open == c.Open()) && (f.State == "" || f.State == c.State) && (f.Area == "" || f.Area == c.Area) &&
		(f.Class == "" || f.Class == string(c.Class)) && (f.Scenario == "" || f.Scenario == c.Detection.Scenario) &&
		(f.Unit == "" || f.Unit == c.Unit) && (f.Handler == "" || f.Handler == c.Handler) &&
		(text == "" || within(c.Number) || within(c.Detection.Subject) || within(c.Title.EN) || within(c.Title.ZH))
}

func filters(t *testing.T, d *Desk) {
	all := d.fill(t, 150)
	yes, no := true, false
	for i, f := range []casedesk.Filter{
		{}, {Open: &yes}, {Open: &no}, {State: casework.Handling}, {Area: "a1"}, {Area: "nowhere"}, {Class: "fire"}, {Scenario: "flood"}, {Unit: "water"},
		{Handler: plumber.ID}, {Text: "p-2"}, {Text: "P%"}, {Text: "p_4/"}, {Text: "积水"}, {Text: "000012"}, {Text: "!"}, {Indicator: "water"}, {Indicator: "none"},
		{Indicator: "water", Scenario: "fire"}, {Indicator: "water", Scenario: "flood", Open: &yes, Area: "a2"},
	} {
		for _, order := range []casedesk.Order{casedesk.ByDue, casedesk.ByOpened} {
			f.Order, f.Limit = order, 7
			checkList(t, d, fmt.Sprint("filter ", i, " by ", order), all, f)
		}
	}
	me := casedesk.Filter{Handler: casedesk.Me}
	_, mine := d.ids(t, reader(plumber), me)
	if _, his := d.ids(t, reader(plumber), casedesk.Filter{Handler: plumber.ID}); mine != his || mine == 0 {
		t.Errorf("me is %d cases, my id is %d", mine, his)
	}
}

func checkList(t *testing.T, d *Desk, name string, all []casework.Case, f casedesk.Filter) {
	t.Helper()
	var want []casework.Case
	for i := range all {
		if oracle(f, &all[i]) {
			want = append(want, all[i])
		}
	}
	slices.SortFunc(want, func(a, b casework.Case) int { return compare(&a, &b, f.Order) })
	got, total := d.ids(t, reader(operator), f)
	ids := make([]casework.ID, 0, len(want))
	for i := range want {
		ids = append(ids, want[i].ID)
	}
	if total != len(want) || !slices.Equal(got, ids) {
		t.Errorf("%s: total %d, %d listed, want %d", name, total, len(got), len(want))
	}
}

func compare(a, b *casework.Case, o casedesk.Order) int {
	if o == casedesk.ByOpened {
		a, b = b, a
		if c := a.OpenedAt.Compare(b.OpenedAt); c != 0 {
			return c
		}
		return strings.Compare(string(a.ID), string(b.ID))
	}
	ka, kb := casedesk.DueOrder(a), casedesk.DueOrder(b)
	if ka != kb {
		return int(max(-1, min(1, ka-kb)))
	}
	return strings.Compare(string(a.ID), string(b.ID))
}

func wrongFilters(t *testing.T, d *Desk) {
	d.fill(t, 10)
	page, err := d.List(t.Context(), reader(operator), casedesk.Filter{Limit: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []casedesk.Filter{
		{State: "lost"}, {Order: "colour"}, {Limit: casedesk.MaxLimit + 1}, {Limit: -1}, {Cursor: "%"}, {Cursor: "e30"}, {Cursor: page.Next, Order: casedesk.ByDue},
		{Text: "a\x00"}, {Area: "\xff"},
	} {
		if _, err := d.List(t.Context(), reader(operator), f); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", f, err)
		}
	}
}

func counts(t *testing.T, d *Desk) {
	d.fill(t, 120)
	d.clock.Set(Start.Add(2*time.Hour + 5*time.Minute)) // some limits have passed
	n, err := d.Count(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	yes, sum := true, 0
	for _, a := range n.Areas {
		page, err := d.List(t.Context(), reader(operator), casedesk.Filter{Open: &yes, Area: a.Area, Limit: casedesk.MaxLimit})
		overdue, worst := 0, scenario.Minor
		for _, v := range page.Items {
			if v.Overdue {
				overdue++
			}
			if v.Severity == scenario.Critical || worst == scenario.Minor {
				worst = v.Severity
			}
		}
		if err != nil || page.Total != a.Open || overdue != a.Overdue || worst != a.Worst {
			t.Errorf("%+v, listed are %d, %d overdue, worst %s (%v)", a, page.Total, overdue, worst, err)
		}
		sum += a.Open
	}
	for _, s := range n.ByScenario {
		if _, total := d.ids(t, reader(operator), casedesk.Filter{Open: &yes, Scenario: s.Scenario, Limit: casedesk.MaxLimit}); total != s.Open {
			t.Errorf("%+v, listed are %d", s, total)
		}
	}
	if n.Open != sum || n.Overdue == 0 {
		t.Errorf("the city has %d open cases and %d overdue, its areas %d", n.Open, n.Overdue, sum)
	}
}

// detection is what detection would keep behind a case.
func (d *Desk) detection(t *testing.T, o casework.Opening) {
	t.Helper()
	at := Start.Add(-time.Minute)
	found := scenario.Detection{
		DetectionID: o.DetectionID(), Change: scenario.Started, At: at, Since: at.Add(-time.Minute), Version: 3, Rule: "hash-3", Area: o.Area,
		Severity: o.Severity, Class: string(o.Class), More: 5,
		Evidence: []scenario.Reading{{Seq: 7, N: 2, ID: "e-1", Source: "gauge", Type: "water.level", Time: at, Data: []byte(`{"level_cm":31,"phone":"tink1:xyz"}`)}},
	}
	d.update(t, func(tx *sqldb.Tx) error {
		fresh, err := d.suite.Store.StartFinding(tx, casedesk.Finding{ID: o.DetectionID().String(), Started: found, CaseID: casework.IDOf(o.DetectionID())})
		if err != nil || !fresh {
			return err
		}
		s := &scenario.Scenario{ID: o.Scenario, Version: 3, Title: o.Title, Operator: scenario.Sustain, When: "data.level_cm >= 30", For: 5 * time.Minute}
		return d.suite.Store.KeepRule(tx, casedesk.RuleOf(s, "hash-3"))
	})
}

func casePage(t *testing.T, d *Desk) {
	o := opening("p-1", 1)
	d.detection(t, o)
	id := d.open(t, o)
	d.walk(t, id, casework.Dispatched)
	page, err := d.Case(t.Context(), reader(worker), id, false)
	if err != nil {
		t.Fatal(err)
	}
	chain := page.Chain
	if len(chain.Readings) != 1 || chain.More != 5 || string(chain.Readings[0].Data) != `{"level_cm":31,"phone":"tink1:xyz"}` || chain.Readings[0].Seq != 7 {
		t.Errorf("readings = %+v", chain.Readings)
	}
	if chain.Rule.When != "data.level_cm >= 30" || chain.Rule.For != "5m0s" || chain.Rule.Hash != "hash-3" || chain.Detection.CaseID != id || chain.Detection.Version != 3 {
		t.Errorf("rule = %+v, detection = %+v", chain.Rule, chain.Detection)
	}
	if len(page.Facts) != 3 || page.Facts[2].ActorName != dispatcher.Name || page.AreaName.EN != "First" || page.UnitName.EN != "Street 1" {
		t.Errorf("page = %+v", page)
	}
	for _, p := range page.Commands {
		may := slices.Contains([]casework.CommandKind{casework.Start, casework.Return, casework.AskExtension}, p.Command)
		if p.Allowed != may || p.Allowed != (p.Reason == "") {
			t.Errorf("a field worker's commands = %+v", page.Commands)
		}
	}
	body, err := json.Marshal(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{`"number":"20260701-000001"`, `"closed_at":null`, `"due_at":"2026-07-01T17:59:50Z"`, `"paused":false`, `"data":{"level_cm":31`, `"chain":{"readings":[`} {
		if !bytes.Contains(body, []byte(field)) {
			t.Errorf("%s is not in %s", field, body)
		}
	}
	if _, err := d.Case(t.Context(), reader(operator), "nowhere", false); !fault.Is(err, fault.NotFound) {
		t.Errorf("a case that is not there: %v", err)
	}
}

func reveal(_ context.Context, _ *sqldb.Tx, data []byte) ([]byte, error) {
	return bytes.ReplaceAll(data, []byte("tink1:xyz"), []byte("13800000000")), nil
}

func personal(t *testing.T, d *Desk) {
	o := opening("p-1", 1)
	d.detection(t, o)
	id := d.open(t, o)
	thing := casedesk.AuditQuery{Thing: "case/" + string(id), Actor: worker.ID}
	if page, err := d.Case(t.Context(), reader(worker), id, false); err != nil || bytes.Contains(page.Chain.Readings[0].Data, []byte("138")) {
		t.Errorf("opened without being asked to (%v)", err)
	}
	if len(d.audit(t, thing)) != 0 {
		t.Error("a plain look left an audit fact")
	}
	page, err := d.Case(t.Context(), reader(worker), id, true)
	if err != nil || !bytes.Contains(page.Chain.Readings[0].Data, []byte("13800000000")) {
		t.Errorf("%+v (%v)", page.Chain.Readings, err)
	}
	if a := d.audit(t, thing); len(a) != 1 || a[0].Action != access.ReadPersonal || !a[0].Decision.Allow {
		t.Errorf("audit = %+v", a)
	}
	for name, who := range map[string]casedesk.Reader{
		"a verifier": reader(verifier), "another unit's worker": reader(plumber), "for supervision": {Actor: operator, Purpose: access.Supervision},
	} {
		if page, err := d.Case(t.Context(), who, id, true); !fault.Is(err, fault.Denied) || len(page.Chain.Readings) != 0 {
			t.Errorf("%s: %v", name, err)
		}
		if a := d.audit(t, casedesk.AuditQuery{Actor: who.Actor.ID}); len(a) != 1 || a[0].Decision.Allow {
			t.Errorf("%s: audit = %+v", name, a)
		}
	}
	d.walk(t, id, casework.Closed)
	thing.Actor = operator.ID
	before := len(d.audit(t, thing))
	if _, err := d.Case(t.Context(), reader(operator), id, true); err != nil {
		t.Error(err)
	}
	if a := d.audit(t, thing); len(a) != before+2 || !slices.ContainsFunc(a, func(row access.Audit) bool { return row.Action == access.IdleLook && row.Decision.Allow }) {
		t.Errorf("a look at a closed case is not flagged: %+v", a)
	}
}

func detections(t *testing.T, d *Desk) {
	for i := range 5 {
		d.detection(t, opening("p-1", int64(i)+1)) // all at the same moment
	}
	ended := Start.Add(time.Hour)
	d.update(t, func(tx *sqldb.Tx) error {
		for i := range 2 {
			one := opening("p-1", 1)
			done, err := d.suite.Store.EndFinding(tx, one.DetectionID().String(), ended)
			if err != nil || done != (i == 0) {
				t.Errorf("end %d: %v, %v", i, done, err)
			}
		}
		return nil
	})
	seen, f := map[string]bool{}, casedesk.FindingFilter{Scenario: "ponding", Area: "a1", Since: Start.Add(-time.Minute), Limit: 2}
	over := 0
	for {
		page, err := d.Detections(t.Context(), reader(operator), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page.Items {
			seen[v.ID] = true
			if v.Ended != nil && v.Ended.Equal(ended) {
				over++
			}
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			break
		}
	}
	if len(seen) != 5 || over != 1 {
		t.Errorf("%d detections, %d ended", len(seen), over)
	}
	f.Since = Start
	if page, err := d.Detections(t.Context(), reader(operator), f); err != nil || len(page.Items) != 0 {
		t.Errorf("since: %v, %v", page.Items, err)
	}
	if _, err := d.Detections(t.Context(), reader(worker), f); !fault.Is(err, fault.Denied) {
		t.Errorf("a field worker lists detections: %v", err)
	}
}

func machineRoom(t *testing.T, d *Desk) {
	e := casedesk.RawException{Part: 3, Seq: 9, N: 1, Kind: "conflict", At: Start, Sender: "s", Source: "g", Event: "e", Type: "t", Reason: "r", Data: []byte(`{"a":1}`)}
	dead := casedesk.RawException{Part: 3, Seq: 10, Kind: "dead", At: Start, Data: []byte("\x00\xff no json")}
	d.update(t, func(tx *sqldb.Tx) error {
		for _, e := range []casedesk.RawException{e, e, dead} {
			if err := d.suite.Store.KeepException(tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	who := casedesk.Reader{Actor: operator, Purpose: access.Operation}
	all, err := d.Exceptions(t.Context(), who, "", 0)
	if err != nil || len(all) != 2 || all[0].Kind != "dead" || string(all[1].Data) != `{"a":1}` || string(all[0].Data) != `"AP8gbm8ganNvbg=="` {
		t.Errorf("%+v (%v)", all, err)
	}
	if some, err := d.Exceptions(t.Context(), who, "conflict", 1); err != nil || len(some) != 1 || some[0].ID != "e" {
		t.Errorf("%+v (%v)", some, err)
	}
	if _, err := d.Exceptions(t.Context(), reader(operator), "", 0); !fault.Is(err, fault.Denied) {
		t.Errorf("for another purpose: %v", err)
	}
	if _, err := d.Audit(t.Context(), reader(verifier), casedesk.AuditQuery{}); !fault.Is(err, fault.Denied) {
		t.Errorf("a verifier reads the audit: %v", err)
	}
}
