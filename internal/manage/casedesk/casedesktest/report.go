package casedesktest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/geo"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/matter"
	"twoweave/internal/platform/sqldb"
)

// classes are what reports of the tests can be about.
var classes = map[matter.ClassID]*matter.Class{
	"ponding": {ID: "ponding", Title: lang.Text{ZH: "道路积水", EN: "Road ponding"}, Unit: "water", Terms: matter.Terms{Limit: matter.Limit{Short: 2 * time.Hour}}},
	"litter":  {ID: "litter", Title: lang.Text{ZH: "暴露垃圾", EN: "Litter"}, Unit: "street", Light: true},
}

// persons seals by writing backwards: enough to tell sealed from plain. What the real vault promises is proved there.
type persons struct{}

func (persons) Person(_ *sqldb.Tx, kind, value string) (string, error) {
	return kind + "-" + value, nil
}

func (persons) Find(_ *sqldb.Tx, kind, value string) (string, error) {
	if strings.HasPrefix(value, "000") {
		return "", fault.New(fault.NotFound, "persons.Find", "nobody")
	}
	return kind + "-" + value, nil
}

func (persons) Seal(_ *sqldb.Tx, _, _, plain string) (string, error) {
	return "sealed " + backwards(plain), nil
}

func (persons) Open(_ *sqldb.Tx, _, _, sealed string) (string, error) {
	return backwards(strings.TrimPrefix(sealed, "sealed ")), nil
}

func backwards(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}

func (d *Desk) intake(phone, address string) casedesk.TakeRequest {
	return casedesk.TakeRequest{
		Intake: casedesk.Intake{Channel: casedesk.Phone, Name: "王女士", Phone: phone, Text: "路口积水，车过不去", Class: "ponding", Area: "a1", Place: casework.Place{Address: address}},
		Actor:  operator, IdempotencyKey: fmt.Sprint("report-", d.keys.Add(1)), Route: "reports",
	}
}

func (d *Desk) take(t testing.TB, r casedesk.TakeRequest) casedesk.Taken {
	t.Helper()
	out, err := d.Take(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (d *Desk) reports(t testing.TB, q casedesk.ReportQuery) (all []casedesk.Report) {
	t.Helper()
	q.Limit = 100
	err := d.db.View(t.Context(), func(tx *sqldb.Tx) error {
		var err error
		all, err = d.suite.Store.FindReports(tx, q)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func takes(t *testing.T, d *Desk) {
	r := d.intake("13800000001", "世纪大道 1 号")
	first := d.take(t, r)
	c := first.Case
	if c == nil || first.Joined || c.State != casework.Accepted || c.Unit != "water" || c.Reports != 1 || c.Scenario != "" || len(c.Phases) != 1 || c.Address != "世纪大道 1 号" {
		t.Fatalf("taken: %+v %+v", first, c)
	}
	if again := d.take(t, r); again.Report != first.Report || again.Case.ID != c.ID || again.Joined {
		t.Errorf("taken twice: %+v", again)
	}
	other := r
	other.Text = "别的事"
	if _, err := d.Take(t.Context(), other); !fault.Is(err, fault.Conflict) {
		t.Errorf("the key with another report: %v", err)
	}
	kept := d.reports(t, casedesk.ReportQuery{Case: c.ID})
	if len(kept) != 1 || strings.Contains(kept[0].Phone+kept[0].Name, "138") || strings.Contains(kept[0].Name, "王女士") || kept[0].Text != r.Text {
		t.Errorf("kept: %+v", kept)
	}
	if n := d.number(t, `SELECT COUNT(*) FROM cases`); n != 1 {
		t.Errorf("%d cases of one report", n)
	}
	page, err := d.Case(t.Context(), casedesk.Reader{Actor: operator, Purpose: access.Casework}, c.ID, false)
	if err != nil || len(page.Chain.Readings) != 0 || len(page.Facts) != 1 {
		t.Errorf("its page: %+v %v", page, err)
	}
}

func refusesIntakes(t *testing.T, d *Desk) {
	for name, change := range map[string]func(r *casedesk.TakeRequest){
		"no text":         func(r *casedesk.TakeRequest) { r.Text = "  " },
		"no such class":   func(r *casedesk.TakeRequest) { r.Class = "volcano" },
		"no such area":    func(r *casedesk.TakeRequest) { r.Area = "zz" },
		"nowhere":         func(r *casedesk.TakeRequest) { r.Area = "" },
		"no such channel": func(r *casedesk.TakeRequest) { r.Channel = "pigeon" },
		"no key":          func(r *casedesk.TakeRequest) { r.IdempotencyKey = "" },
		"off the earth":   func(r *casedesk.TakeRequest) { r.Place.Point = &geo.Point{Lon: 500} },
		"too long":        func(r *casedesk.TakeRequest) { r.Text = strings.Repeat("长", 2000) },
		"unknown case":    func(r *casedesk.TakeRequest) { r.Join = "nothing" },
	} {
		r := d.intake("13800000001", "世纪大道")
		change(&r)
		if _, err := d.Take(t.Context(), r); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := d.intake("13800000001", "世纪大道")
	r.Actor = viewer
	if _, err := d.Take(t.Context(), r); !fault.Is(err, fault.Denied) {
		t.Errorf("by a viewer: %v", err)
	}
	if n := d.number(t, `SELECT (SELECT COUNT(*) FROM cases) + (SELECT COUNT(*) FROM report)`); n != 0 {
		t.Errorf("refusals left %d rows", n)
	}
	if audit := d.audit(t, casedesk.AuditQuery{Actor: viewer.ID}); len(audit) != 1 || audit[0].Decision.Allow {
		t.Errorf("audit of the refusal: %+v", audit)
	}
}

// Repeats of one matter become one case, by address or by point; others do not.
func joinsRepeats(t *testing.T, d *Desk) {
	take := func(address string, p *geo.Point, class matter.ClassID) casedesk.Taken {
		r := d.intake("13800000001", address)
		r.Join, r.Class, r.Place.Point = casedesk.Auto, class, p
		return d.take(t, r)
	}
	first := take("浦东南路 100 号", &geo.Point{Lon: 121.51, Lat: 31.23}, "ponding")
	for name, same := range map[string]casedesk.Taken{
		"another writing of the address": take("浦东南路１００号", nil, "ponding"),
		"thirty metres off":              take("", &geo.Point{Lon: 121.51, Lat: 31.23027}, "ponding"),
	} {
		if !same.Joined || same.Case.ID != first.Case.ID {
			t.Errorf("%s: %+v", name, same)
		}
	}
	for name, other := range map[string]casedesk.Taken{
		"another class":         take("浦东南路 100 号", nil, "litter"),
		"two hundred metres on": take("", &geo.Point{Lon: 121.51, Lat: 31.232}, "ponding"),
		"nobody knows where":    take("", nil, "ponding"),
	} {
		if other.Joined {
			t.Errorf("%s: %+v", name, other)
		}
	}
	reader := casedesk.Reader{Actor: operator, Purpose: access.Casework}
	near, err := d.Near(t.Context(), reader, "ponding", "a1", casework.Place{Point: &geo.Point{Lon: 121.51, Lat: 31.23}})
	if err != nil || len(near) != 2 || near[0].ID != first.Case.ID || !near[0].Same || near[1].Same || *near[1].Metres < 200 || *near[1].Metres > 240 {
		t.Errorf("near: %+v %v", near, err)
	}
	known, err := d.Addresses(t.Context(), reader, "南路100")
	if err != nil || len(known) != 1 || known[0].Times != 3 || known[0].Area != "a1" {
		t.Errorf("addresses: %+v %v", known, err)
	}
	if c, _ := d.load(t, first.Case.ID); len(c.Reports) != 3 {
		t.Errorf("%d reports came to the case", len(c.Reports))
	}
}

// crowd of callers at one place at once: one case, and nobody is lost.
func crowdReports(t *testing.T, d *Desk) {
	requests := make([]casedesk.TakeRequest, 16)
	for i := range requests {
		requests[i] = d.intake(fmt.Sprint("1380000000", i), "张杨路 500 号")
		requests[i].Join = casedesk.Auto
	}
	crowd(len(requests), func(i int) {
		if _, err := d.Take(t.Context(), requests[i]); err != nil {
			t.Error(err)
		}
	})
	if n := d.number(t, `SELECT COUNT(*) FROM cases`); n != 1 {
		t.Errorf("%d cases of one matter", n)
	}
	if n := d.number(t, `SELECT COUNT(*) FROM report WHERE case_id <> ''`); n != len(requests) {
		t.Errorf("%d of %d reports are part of it", n, len(requests))
	}
}

// A merge brings the reporters along; all are answered when the one case ends, and told once nobody can undo it.
func answersEverybody(t *testing.T, d *Desk) {
	one, two := d.take(t, d.intake("13800000001", "一")), d.take(t, d.intake("13800000002", "二"))
	merge := d.request(two.Case.ID, casework.Merge, two.Case.Version, operator)
	merge.Command.Into = one.Case.ID
	if _, err := d.Do(t.Context(), merge); err != nil {
		t.Fatal(err)
	}
	if c, _ := d.load(t, two.Case.ID); c.State != casework.Merged || c.Into != one.Case.ID {
		t.Errorf("merged: %+v", c)
	}
	if n := len(d.reports(t, casedesk.ReportQuery{Case: one.Case.ID})); n != 2 {
		t.Fatalf("%d reports after the merge", n)
	}
	d.do(t, two.Case.ID, casework.Undo, operator)
	if c, _ := d.load(t, one.Case.ID); len(c.Reports) != 1 || len(d.reports(t, casedesk.ReportQuery{Case: two.Case.ID})) != 1 {
		t.Errorf("a merge undone leaves %+v", c.Reports)
	}
	again := d.request(two.Case.ID, casework.Merge, two.Case.Version+2, operator)
	again.Command.Into = one.Case.ID
	if _, err := d.Do(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	waiting := func(status string) int {
		return d.number(t, `SELECT COUNT(*) FROM notify WHERE id LIKE 'end/%' AND status = '`+status+`'`)
	}
	d.finish(t, one.Case.ID)
	if n := d.number(t, `SELECT COUNT(*) FROM report WHERE answered_at > 0`); n != 2 || waiting("waiting") != 2 {
		t.Errorf("%d answered, %d to be told", n, waiting("waiting"))
	}
	d.do(t, one.Case.ID, casework.Undo, operator)
	if n := d.number(t, `SELECT COUNT(*) FROM report WHERE answered_at > 0`); n != 0 || waiting("waiting") != 0 || waiting("cancelled") != 2 {
		t.Errorf("undone: %d answered, %d to be told", n, waiting("waiting"))
	}
	d.do(t, one.Case.ID, casework.Close, operator)
	if n := d.number(t, `SELECT COUNT(*) FROM report WHERE answered_at > 0`); n != 2 || waiting("waiting") != 2 {
		t.Errorf("closed again: %d answered, %d to be told", n, waiting("waiting"))
	}
	if to := d.text(t, `SELECT MIN(recipient) FROM notify`); !strings.HasPrefix(to, casedesk.SealedTo+"phone-13800000001:sealed ") {
		t.Errorf("a message goes to %q", to)
	}
}

// finish takes a case of the water unit to its end.
func (d *Desk) finish(t testing.TB, id casework.ID) {
	t.Helper()
	for _, s := range steps {
		who := s.who
		if who.ID == worker.ID {
			who = plumber
		}
		if c, _ := d.load(t, id); c.State != casework.Closed {
			d.do(t, id, s.kind, who)
		}
	}
}

// A field worker's own report is filed at once, a light one settled on the spot; a question is answered without a case.
func takesDirectly(t *testing.T, d *Desk) {
	own := d.intake("", "沪南路")
	own.Channel, own.Actor, own.Class = casedesk.Patrol, worker, "litter"
	if v := d.take(t, own).Case; v.State != casework.Filed || v.Unit != worker.Unit {
		t.Errorf("a field worker's own report: %+v", v)
	}
	light := d.intake("", "沪南路")
	light.Channel, light.Actor, light.Class, light.Settle = casedesk.Patrol, worker, "litter", true
	if v := d.take(t, light).Case; v.State != casework.Closed || !v.Light || v.HandlerName != worker.Name || v.Version != 2 {
		t.Errorf("settled on the spot: %+v", v)
	}
	heavy := d.intake("", "沪南路")
	heavy.Channel, heavy.Actor, heavy.Settle = casedesk.Patrol, worker, true
	if _, err := d.Take(t.Context(), heavy); !fault.Is(err, fault.Invalid) {
		t.Errorf("what is not light was settled on the spot: %v", err)
	}
	question := d.intake("13800000003", "")
	question.Class, question.Area, question.Answer = "", "", "请到社区事务受理中心办理"
	if out := d.take(t, question); out.Case != nil {
		t.Errorf("a question became %+v", out)
	}
	reader := casedesk.Reader{Actor: operator, Purpose: access.Casework}
	earlier, err := d.Caller(t.Context(), reader, "13800000003")
	if err != nil || len(earlier) != 1 || earlier[0].Answered == nil || earlier[0].Name != "王女士" || earlier[0].Phone != "13800000003" {
		t.Errorf("the caller's earlier reports: %+v %v", earlier, err)
	}
	if n := len(d.audit(t, casedesk.AuditQuery{Thing: "person/phone-13800000003"})); n != 1 {
		t.Errorf("looking at them left %d audit facts", n)
	}
	if none, err := d.Caller(t.Context(), reader, "0001"); err != nil || len(none) != 0 {
		t.Errorf("a stranger: %v %v", none, err)
	}
	if _, err := d.Caller(t.Context(), casedesk.Reader{Actor: dispatcher, Purpose: access.Casework}, "13800000003"); !fault.Is(err, fault.Denied) {
		t.Errorf("a dispatcher sees callers: %v", err)
	}
}

// voided answers with the reason; reopening takes the answer back.
func answersVoided(t *testing.T, d *Desk) {
	c := d.take(t, d.intake("13800000001", "一")).Case
	void := d.request(c.ID, casework.Void, c.Version, operator)
	void.Command.Note = "现场无积水"
	if _, err := d.Do(t.Context(), void); err != nil {
		t.Fatal(err)
	}
	if r := d.reports(t, casedesk.ReportQuery{Case: c.ID})[0]; r.AnsweredAt.IsZero() || !strings.Contains(r.Answer, "现场无积水") {
		t.Errorf("answered: %+v", r)
	}
	reopen := d.request(c.ID, casework.Reopen, c.Version+1, operator)
	reopen.Command.Note = "市民再次来电"
	if _, err := d.Do(t.Context(), reopen); err != nil {
		t.Fatal(err)
	}
	if r := d.reports(t, casedesk.ReportQuery{Case: c.ID})[0]; !r.AnsweredAt.IsZero() {
		t.Errorf("reopened, and still answered: %+v", r)
	}
}
