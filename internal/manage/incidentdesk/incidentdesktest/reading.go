package incidentdesktest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/incident"
	"twoweave/internal/manage/incidentdesk"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/sqldb"
)

// proposes compares proposals with a plain loop over all cases.
func proposes(t *testing.T, d *Desk) {
	type one struct {
		id          casework.ID
		area, class string
		open, held  bool
		after       time.Duration
	}
	var all []one
	for n := range 64 {
		c := one{casework.ID(fmt.Sprintf("c%02d", n)), []string{"a1", "a2"}[n%2], []string{"drain", "road"}[n/2%2], n/4%2 == 0, n/8%2 == 0, time.Duration(n/16-2)*time.Hour + time.Duration(n)*time.Second}
		d.add(t, c.id, event.AreaCode(c.area), c.class, c.open, c.after)
		all = append(all, c)
	}
	v, elsewhere := d.begin(t, "a1"), d.begin(t)
	for _, c := range all {
		if c.held {
			d.do(t, elsewhere.ID, chief, incident.Command{Kind: incident.Gather, Cases: []casework.ID{c.id}})
		}
	}
	for _, f := range []incidentdesk.Fit{{}, {Classes: []string{"road"}}, {Before: 90 * time.Minute}, {Before: incidentdesk.MaxBefore, Classes: []string{"road", "drain"}, Scenarios: []scenario.ID{"ponding"}}, {Scenarios: []scenario.ID{"other"}}} {
		var want []casework.ID
		for _, c := range slices.Backward(all) {
			if c.area == "a1" && c.open && !c.held && (f.Classes == nil || slices.Contains(f.Classes, c.class)) && c.after >= -f.Before && (f.Scenarios == nil || f.Scenarios[0] == "ponding") {
				want = append(want, c.id)
			}
		}
		got, err := d.Propose(t.Context(), operator, v.ID, f)
		var ids []casework.ID
		for _, c := range got.Items {
			ids = append(ids, c.ID)
		}
		if err != nil || !slices.Equal(ids, want) || got.Total != len(want) {
			t.Errorf("%+v: %v of %d (%v), want %v", f, ids, got.Total, err, want)
		}
	}
	if _, err := d.Propose(t.Context(), operator, v.ID, incidentdesk.Fit{Before: 100 * time.Hour}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a hundred hours before: %v", err)
	}
}

func readers(t *testing.T, d *Desk) {
	v := d.begin(t)
	d.do(t, v.ID, chief, give("Close valve 12", "street-1", 2*time.Hour))
	d.do(t, v.ID, chief, give("Pump", "street-2", time.Hour))
	own := give("Call the press", "", time.Hour)
	own.Order.Person.ID = "ve"
	d.do(t, v.ID, chief, own)
	d.do(t, v.ID, chief, give("Sandbags", "street-1", time.Hour))
	for _, c := range []struct {
		who   access.Actor
		reads bool
		tasks []int
	}{{chief, true, nil}, {operator, true, nil}, {admin, true, nil}, {verifier, true, []int{3}}, {worker, false, []int{4, 1}}, {other, false, []int{2}}, {viewer, false, nil}} {
		_, err := d.List(t.Context(), c.who, incidentdesk.Filter{})
		_, err2 := d.Incident(t.Context(), c.who, v.ID)
		_, err3 := d.Propose(t.Context(), c.who, v.ID, incidentdesk.Fit{})
		_, err4 := d.People(t.Context(), c.who)
		for _, err := range []error{err, err2, err3, err4} {
			if (err == nil) != c.reads || err != nil && !fault.Is(err, fault.Denied) {
				t.Errorf("%s: %v", c.who.ID, err)
			}
		}
		tasks, err := d.Tasks(t.Context(), c.who)
		var mine []int
		for _, x := range tasks {
			mine = append(mine, x.N)
		}
		if err != nil || !slices.Equal(mine, c.tasks) {
			t.Errorf("%s has the tasks %v (%v), want %v", c.who.ID, mine, err, c.tasks)
		}
	}
	people, err := d.People(t.Context(), chief)
	var command []string
	for _, p := range people {
		if p.Commands {
			command = append(command, string(p.ID))
		}
	}
	if err != nil || !slices.Equal(command, []string{"chief", "deputy", "admin"}) || len(people) != 7 {
		t.Errorf("%v of %d (%v)", command, len(people), err)
	}
	d.offersAgree(t, v.ID)
	d.do(t, v.ID, chief, onTask(incident.Withdraw, 2, "dry already"))
	if tasks, err := d.Tasks(t.Context(), other); err != nil || len(tasks) != 0 {
		t.Errorf("what was withdrawn is still to be done: %+v (%v)", tasks, err)
	}
}

// offersAgree: what a page offers to somebody is what is not refused; each is tried on an incident that is then thrown away.
func (d *Desk) offersAgree(t *testing.T, id incident.ID) {
	t.Helper()
	for _, who := range []access.Actor{chief, deputy, admin, operator, verifier} {
		page, err := d.Incident(t.Context(), who, id)
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range page.Tasks {
			for _, offer := range task.Commands {
				c := onTask(offer.Command, task.N, "") // without a note most are refused for that alone
				_, err := d.try(t, id, who, c)
				if denied := fault.Is(err, fault.Denied); denied == offer.Allowed {
					t.Errorf("%s of task %d by %s: offered %v, %v", offer.Command, task.N, who.ID, offer.Allowed, err)
				}
				if err == nil {
					return // it was done: the page is another one now
				}
			}
		}
	}
}

func pages(t *testing.T, d *Desk) {
	var want []incident.ID
	for range 5 {
		d.clock.Advance(time.Minute)
		want = append([]incident.ID{d.begin(t).ID}, want...)
	}
	d.do(t, want[1], chief, incident.Command{Kind: incident.StandDown, Note: "x"})
	d.do(t, want[1], chief, incident.Command{Kind: incident.Close, Note: "x"})
	var got []incident.ID
	f := incidentdesk.Filter{Limit: 2}
	for range 4 {
		page, err := d.List(t.Context(), operator, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page.Items {
			got = append(got, v.ID)
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if page, err := d.List(t.Context(), operator, incidentdesk.Filter{Live: true}); err != nil || len(page.Items) != 4 {
		t.Errorf("%d live (%v)", len(page.Items), err)
	}
	for _, bad := range []incidentdesk.Filter{{Limit: 201}, {Limit: -1}, {Cursor: "x"}} {
		if _, err := d.List(t.Context(), operator, bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func numbers(t *testing.T, d *Desk) {
	var got []string
	for _, wait := range []time.Duration{0, time.Second, 10 * time.Second, time.Second} {
		d.clock.Advance(wait)
		got = append(got, d.begin(t).Number)
	}
	if !slices.Equal(got, []string{"YJ20260701-01", "YJ20260701-02", "YJ20260702-01", "YJ20260702-02"}) {
		t.Errorf("%v", got)
	}
}

// Many open incidents at the same moment: each has a number of its own, and none is left out.
func openAtOnce(t *testing.T, d *Desk) {
	var wg sync.WaitGroup
	got, errs := make([]string, 8), make([]error, 8)
	for n := range got {
		wg.Go(func() {
			var v incidentdesk.View
			v, errs[n] = d.Open(t.Context(), d.by(chief), opening())
			got[n] = v.Number
		})
	}
	wg.Wait()
	slices.Sort(got)
	for n, number := range got {
		if errs[n] != nil || number != fmt.Sprintf("YJ20260701-%02d", n+1) {
			t.Errorf("%s is number %d (%v)", number, n+1, errs[n])
		}
	}
}

// manyTasks: a worker's task is found among more incidents than one page of them has.
func manyTasks(t *testing.T, d *Desk) {
	first := d.begin(t)
	d.do(t, first.ID, chief, give("Close valve 12", "street-1", time.Hour))
	err := d.db.Update(t.Context(), func(tx *sqldb.Tx) error {
		i, err := d.suite.Store.Incident(tx, first.ID)
		for n := range incidentdesk.MaxLimit {
			i.ID, i.Number, i.OpenedAt, i.Tasks = incident.ID(fmt.Sprint("later-", n)), fmt.Sprint("later-", n), i.OpenedAt.Add(time.Second), nil
			if _, err := d.suite.Store.SaveIncident(tx, i, 0); err != nil {
				return err
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if tasks, err := d.Tasks(t.Context(), worker); err != nil || len(tasks) != 1 || tasks[0].Incident != first.ID {
		t.Errorf("%+v (%v)", tasks, err)
	}
}

func revision(t *testing.T, d *Desk) {
	last := int64(-1)
	grew := func(want bool) {
		t.Helper()
		d.clock.Advance(time.Second)
		n, err := d.Revision(t.Context())
		if err != nil || (n > last) != want {
			t.Errorf("%d after %d (%v)", n, last, err)
		}
		last = n
	}
	grew(true)
	v := d.begin(t)
	grew(true)
	grew(false)
	d.do(t, v.ID, chief, give("x", "street-1", time.Minute))
	grew(true)
	d.pass(t, time.Minute) // the program's own fact
	grew(true)
}
