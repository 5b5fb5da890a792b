package incidentdesktest

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/incident"
	"twoweave/internal/manage/incidentdesk"
	"twoweave/internal/manage/order"
	"twoweave/internal/platform/command"
	"twoweave/internal/registry"
)

func wholeDay(t *testing.T, d *Desk) {
	v := d.begin(t, "a2", "a1", "a2")
	if v.State != incident.Running || v.Commander.ID != "chief" || v.Level != order.Emergency3 || len(v.Areas) != 2 || v.Number != "YJ20260701-01" || v.Version != 1 {
		t.Fatalf("%+v", v)
	}
	d.add(t, "c1", "a1", "drain", true, 0)
	d.do(t, v.ID, chief, incident.Command{Kind: incident.Gather, Cases: []casework.ID{"c1", "c1"}})
	d.do(t, v.ID, chief, give("Close valve 12", "street-1", time.Hour))
	if got := d.ringing(t); got != "street-1" {
		t.Errorf("called: %s", got)
	}
	d.do(t, v.ID, worker, onTask(incident.Acknowledge, 1, ""))
	if got := d.ringing(t); got != "" {
		t.Errorf("still called: %s", got)
	}
	d.do(t, v.ID, worker, onTask(incident.Supply, 1, " two pumps "))
	d.do(t, v.ID, worker, onTask(incident.Finish, 1, "closed at 00:20"))
	if got := d.told(t, chief); got != "a task is done and is to be checked: Close valve 12" {
		t.Errorf("the commander was told: %s", got)
	}
	d.do(t, v.ID, operator, incident.Command{Kind: incident.Write, Report: &incident.Report{Known: "Main DN600 burst", Done: "valve 12 closed"}, Within: time.Hour})
	d.do(t, v.ID, chief, give("Pump the underpass", "street-2", time.Hour))
	if _, err := d.try(t, v.ID, chief, incident.Command{Kind: incident.StandDown, Note: "water is off"}); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), "task 1") {
		t.Errorf("stood down with open tasks unnamed: %v", err)
	}
	d.do(t, v.ID, chief, onTask(incident.Check, 1, ""))
	d.do(t, v.ID, chief, incident.Command{Kind: incident.StandDown, Note: "water is off", Open: []int{2}})
	if got := d.ringing(t); got != "" {
		t.Errorf("after the end somebody is called: %s", got)
	}
	d.do(t, v.ID, other, onTask(incident.Finish, 2, "dry"))
	d.do(t, v.ID, chief, incident.Command{Kind: incident.Close, Note: "lessons", Open: []int{2}})
	page := d.page(t, v.ID)
	var log []string
	for n, f := range page.Log {
		if log = append(log, string(f.Kind)); f.Version != int64(n)+1 || f.By.ID == "" || f.Rule == "" {
			t.Errorf("line %d of the log: %+v", n, f)
		}
	}
	if got := strings.Join(log, " "); got != "opened gathered task-given task-acknowledged task-supplied task-done reported task-given task-checked stood-down task-done closed" {
		t.Errorf("the log says %s", got)
	}
	if page.State != incident.Closed || !slices.Equal(page.Left, []int{2}) || page.OpenTasks != 1 || len(page.Cases) != 1 || !slices.Equal(page.Tasks[0].Resources, []string{"two pumps"}) || page.Reports[0].N != 1 {
		t.Errorf("%+v", page)
	}
	if v := d.do(t, v.ID, admin, incident.Command{Kind: incident.Reopen, Note: "it leaks again"}); v.State != incident.Running || v.EndedAt != nil {
		t.Errorf("%+v", v)
	}
}

func passesCommand(t *testing.T, d *Desk) {
	v := d.begin(t)
	offer := incident.Command{Kind: incident.Offer, To: incident.Who{ID: "deputy"}}
	if v = d.do(t, v.ID, chief, offer); v.Commander.ID != "chief" || v.Offered == nil || v.Offered.Name != "Deputy" {
		t.Fatalf("%+v", v)
	}
	if got := d.told(t, deputy); got != "Chief asks you to take command: Burst main" {
		t.Errorf("the deputy was told: %s", got)
	}
	if v = d.do(t, v.ID, deputy, incident.Command{Kind: incident.Decline}); v.Offered != nil || d.told(t, chief) != "command was not passed on: Burst main" {
		t.Errorf("%+v, told %s", v, d.told(t, chief))
	}
	d.do(t, v.ID, chief, offer)
	if v = d.do(t, v.ID, deputy, incident.Command{Kind: incident.Accept}); v.Commander.ID != "deputy" || v.Offered != nil {
		t.Errorf("%+v", v)
	}
	if _, err := d.try(t, v.ID, chief, offer); !fault.Is(err, fault.Denied) {
		t.Errorf("passed on by who commands no longer: %v", err)
	}
	d.do(t, v.ID, admin, incident.Command{Kind: incident.Offer, To: incident.Who{ID: "chief"}})
}

func clocks(t *testing.T, d *Desk) {
	v := d.begin(t)
	d.do(t, v.ID, chief, give("Close valve 12", "street-1", time.Hour))
	d.do(t, v.ID, chief, incident.Command{Kind: incident.Give, Order: &incident.Assignment{What: "Open the shelter", Person: incident.Who{ID: "ve"}, Clock: incident.ByTime, Due: Start.Add(2 * time.Hour)}})
	d.do(t, v.ID, worker, onTask(incident.Acknowledge, 1, ""))
	d.do(t, v.ID, chief, incident.Command{Kind: incident.Write, Report: &incident.Report{Known: "x"}, Within: 30 * time.Minute})
	if got := d.told(t, verifier); got != "Burst main: Open the shelter" {
		t.Errorf("the person was told: %s", got)
	}
	d.pass(t, 30*time.Minute-time.Microsecond)
	if got := d.told(t, chief); got != "" {
		t.Errorf("told early: %s", got)
	}
	d.pass(t, time.Microsecond)
	d.pass(t, 30*time.Minute)
	if got := d.told(t, chief); got != "the next situation report is due: Burst main | a task is late: Close valve 12" || d.told(t, worker) != "a task is late: Close valve 12" || d.ringing(t) != "" {
		t.Errorf("told %s, called %s", got, d.ringing(t))
	}
	d.pass(t, incident.EscalateAfter)
	if d.ringing(t) != "centre" {
		t.Errorf("called: %s", d.ringing(t))
	}
	d.do(t, v.ID, worker, onTask(incident.Finish, 1, "done at last"))
	if d.ringing(t) != "" {
		t.Errorf("called for what is done: %s", d.ringing(t))
	}
	d.do(t, v.ID, chief, incident.Command{Kind: incident.StandDown, Note: "over", Open: []int{1, 2}})
	d.pass(t, 24*time.Hour)
	if i := d.load(t, v.ID); !i.Tasks[1].Reminded.IsZero() || d.texts(t, `SELECT key FROM timer`) != "" {
		t.Errorf("clocks run after the end: %+v", i.Tasks[1])
	}
}

// reopens: what was given and is not acknowledged is called for again, and what is late reminds and calls anew.
func reopens(t *testing.T, d *Desk) {
	v := d.begin(t)
	d.do(t, v.ID, chief, give("Close valve 12", "street-1", time.Hour))
	d.do(t, v.ID, chief, give("Pump the underpass", "street-2", time.Hour))
	d.do(t, v.ID, other, onTask(incident.Acknowledge, 2, ""))
	d.do(t, v.ID, chief, incident.Command{Kind: incident.Offer, To: incident.Who{ID: "deputy"}})
	d.pass(t, time.Hour)
	d.pass(t, incident.EscalateAfter)
	if got := d.ringing(t); got != "street-1 | centre | centre" {
		t.Fatalf("called: %s", got)
	}
	d.do(t, v.ID, chief, incident.Command{Kind: incident.StandDown, Note: "over", Open: []int{1, 2}})
	if v := d.do(t, v.ID, chief, incident.Command{Kind: incident.Close, Note: "over", Open: []int{1, 2}}); v.Offered != nil || d.ringing(t) != "" {
		t.Errorf("closed, offered to %v, called %s", v.Offered, d.ringing(t))
	}
	d.do(t, v.ID, chief, incident.Command{Kind: incident.Reopen, Note: "it leaks again"})
	if got := d.ringing(t); got != "street-1" {
		t.Errorf("reopened, called: %s", got)
	}
	before := d.told(t, other)
	d.pass(t, 0)
	if got, late := d.told(t, other), before+" | a task is late: Pump the underpass"; got != late {
		t.Errorf("told %q", got)
	}
	d.pass(t, incident.EscalateAfter)
	if got := d.ringing(t); got != "street-1 | centre | centre" {
		t.Errorf("late again, called: %s", got)
	}
	d.do(t, v.ID, worker, onTask(incident.Finish, 1, "closed"))
	d.do(t, v.ID, other, onTask(incident.Finish, 2, "dry"))
	if got := d.ringing(t); got != "" {
		t.Errorf("all is done, called: %s", got)
	}
	d.whole(t)
}

// odd is what somebody may send who does not use the pages: it is refused as what it is, on both engines, and never a fault of ours.
func odd(t *testing.T, d *Desk) {
	v := d.begin(t)
	for name, cmd := range map[string]incident.Command{
		"a note": {Kind: incident.StandDown, Note: "a\x00"}, "a case": {Kind: incident.Gather, Cases: []casework.ID{"c\x00"}}, "no utf-8": {Kind: incident.Gather, Cases: []casework.ID{"\xff"}},
		"a unit": give("x", "\x00", time.Hour), "a task": onTask(incident.Withdraw, -1, "x"), "a far task": onTask(incident.Withdraw, 1<<40, "x"), "a report": {Kind: incident.Write, Report: &incident.Report{Known: "\xff"}},
		"no order": {Kind: incident.Give}, "no report": {Kind: incident.Write}, "a version": {Kind: incident.StandDown, Note: "x", Version: 1 << 60},
	} {
		if _, err := d.try(t, v.ID, chief, cmd); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := d.Incident(t.Context(), chief, "\x00")
	_, err2 := d.Do(t.Context(), d.by(chief), "\x00", incident.Command{Kind: incident.StandDown, Note: "x", Version: 1})
	_, err3 := d.List(t.Context(), chief, incidentdesk.Filter{Case: "\x00"})
	_, err4 := d.Propose(t.Context(), chief, v.ID, incidentdesk.Fit{Classes: []string{"\x00"}})
	for n, err := range []error{err, err2, err3, err4} {
		if err == nil || fault.Is(err, fault.Internal) {
			t.Errorf("read %d: %v", n, err)
		}
	}
	if i := d.load(t, v.ID); i.Version != 1 {
		t.Errorf("something was done: %+v", i)
	}
}

func firstAnswer(t *testing.T, d *Desk) {
	r := d.by(chief)
	first, err := d.Open(t.Context(), r, opening("a1"))
	again, err2 := d.Open(t.Context(), r, opening("a1"))
	if err != nil || err2 != nil || first.ID != again.ID || first.Number != again.Number {
		t.Fatalf("%v %v: %+v, %+v", err, err2, first, again)
	}
	if _, err := d.Open(t.Context(), r, opening("a2")); !fault.Is(err, fault.Conflict) {
		t.Errorf("the key with another content: %v", err)
	}
	r, cmd := d.by(chief), give("Close valve 12", "street-1", time.Hour)
	cmd.Version = 1
	for range 3 {
		if _, err := d.Do(t.Context(), r, first.ID, cmd); err != nil {
			t.Fatal(err)
		}
	}
	if i := d.load(t, first.ID); len(i.Tasks) != 1 || i.Version != 2 {
		t.Errorf("given %d times", len(i.Tasks))
	}
	r, cmd = d.by(worker), onTask(incident.Check, 1, "")
	cmd.Version = 2
	_, err = d.Do(t.Context(), r, first.ID, cmd)
	_, err2 = d.Do(t.Context(), r, first.ID, cmd)
	if !fault.Is(err, fault.Denied) || fault.Message(err) != fault.Message(err2) || fault.Said(err).Code != "access.role" || fault.Said(err2).Code != "access.role" {
		t.Errorf("%v, then %v", err, err2)
	}
}

func refusals(t *testing.T, d *Desk) {
	if _, err := d.Open(t.Context(), d.by(operator), opening()); !fault.Is(err, fault.Denied) {
		t.Errorf("opened by an operator: %v", err)
	}
	v := d.begin(t)
	before := d.texts(t, `SELECT body FROM incident`)
	for who, cmd := range map[*access.Actor]incident.Command{
		&operator: give("x", "street-1", time.Hour), &verifier: {Kind: incident.Write, Report: &incident.Report{Known: "x"}}, &worker: {Kind: incident.Gather, Cases: []casework.ID{"c"}},
		&viewer: {Kind: incident.StandDown, Note: "x"}, &chief: {Kind: incident.Close, Note: "x"}, &deputy: {Kind: incident.Accept},
	} {
		if _, err := d.try(t, v.ID, *who, cmd); !fault.Is(err, fault.Denied) && !fault.Is(err, fault.Invalid) {
			t.Errorf("%s by %s: %v", cmd.Kind, who.ID, err)
		}
		if n := d.texts(t, `SELECT action FROM audit WHERE actor = $1 AND allowed = FALSE`, who.ID); n == "" {
			t.Errorf("%s by %s left no trace", cmd.Kind, who.ID)
		}
	}
	if after := d.texts(t, `SELECT body FROM incident`); after != before {
		t.Errorf("refusals changed it: %s", after)
	}
	if _, err := d.Do(t.Context(), d.by(chief), "nothing", incident.Command{Kind: incident.Reopen, Version: 1}); !fault.Is(err, fault.NotFound) {
		t.Errorf("what is not there: %v", err)
	}
	if _, err := d.try(t, v.ID, chief, incident.Command{Kind: "burn"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("no command: %v", err)
	}
}

// Many command at once on what they saw: one is first, the others hear who it was and get the incident as it is.
func oneWins(t *testing.T, d *Desk) {
	v := d.begin(t)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for n := range errs {
		wg.Go(func() {
			who := []access.Actor{chief, deputy}[n%2]
			cmd := give("Close valve 12", "street-1", time.Hour)
			cmd.Version = v.Version
			_, errs[n] = d.Do(t.Context(), d.by(who), v.ID, cmd)
		})
	}
	wg.Wait()
	i, won := d.load(t, v.ID), 0
	for _, err := range errs {
		stale, is := errors.AsType[*command.Stale[incidentdesk.View]](err)
		switch {
		case err == nil:
			won++
		case !fault.Is(err, fault.Conflict) || !is || stale.Current.Version != i.Version || !strings.Contains(fault.Message(err), i.Tasks[0].GivenBy.Name) || !strings.Contains(fault.Message(err), "task-given"):
			t.Errorf("%v", err)
		}
	}
	if won != 1 || len(i.Tasks) != 1 {
		t.Errorf("%d won, %d tasks", won, len(i.Tasks))
	}
}

func oneIncident(t *testing.T, d *Desk) {
	a, b := d.begin(t), d.begin(t)
	for _, id := range []casework.ID{"c1", "c2", "c3"} {
		d.add(t, id, "a1", "drain", true, 0)
	}
	gather := func(ids ...casework.ID) incident.Command { return incident.Command{Kind: incident.Gather, Cases: ids} }
	d.do(t, a.ID, chief, gather("c1", "c2"))
	if _, err := d.try(t, b.ID, chief, gather("c2", "c3")); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), a.Number) {
		t.Errorf("gathered twice: %v", err)
	}
	d.do(t, a.ID, chief, incident.Command{Kind: incident.Release, Cases: []casework.ID{"c2"}})
	d.do(t, b.ID, chief, gather("c2", "c3"))
	d.do(t, a.ID, chief, incident.Command{Kind: incident.StandDown, Note: "over"})
	d.do(t, a.ID, chief, incident.Command{Kind: incident.Close, Note: "over"})
	d.do(t, b.ID, chief, gather("c1")) // of a closed incident
	if i := d.load(t, a.ID); !slices.Equal(i.Cases, []casework.ID{"c1"}) {
		t.Errorf("the record of a closed incident lost its cases: %v", i.Cases)
	}
	d.do(t, a.ID, chief, incident.Command{Kind: incident.Reopen, Note: "again"})
	if i := d.load(t, a.ID); len(i.Cases) != 0 {
		t.Errorf("reopened with what another has: %v", i.Cases)
	}
	page, err := d.List(t.Context(), verifier, incidentdesk.Filter{Case: "c1"})
	if err != nil || len(page.Items) != 1 || page.Items[0].ID != b.ID {
		t.Errorf("the incident of a case: %+v (%v)", page, err)
	}
	d.whole(t)
}

func oneGathers(t *testing.T, d *Desk) {
	d.add(t, "c", "a1", "drain", true, 0)
	var ids []incident.ID
	for range 6 {
		ids = append(ids, d.begin(t).ID)
	}
	var wg sync.WaitGroup
	errs := make([]error, len(ids))
	for n, id := range ids {
		wg.Go(func() {
			_, errs[n] = d.Do(t.Context(), d.by(chief), id, incident.Command{Kind: incident.Gather, Version: 1, Cases: []casework.ID{"c"}})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !fault.Is(err, fault.Conflict) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d gathered one case", won)
	}
	d.whole(t)
}

func unknown(t *testing.T, d *Desk) {
	if _, err := d.Open(t.Context(), d.by(chief), opening("a9")); !fault.Is(err, fault.Invalid) || fault.Problems(err)[0].Field != "areas" {
		t.Errorf("an area: %v", err)
	}
	v := d.begin(t)
	person := func(id registry.PersonID) incident.Command {
		c := give("x", "", time.Hour)
		c.Order.Person.ID = id
		return c
	}
	for field, cmd := range map[string]incident.Command{
		"unit": give("x", "street-9", time.Hour), "person": person("nobody"), "to": {Kind: incident.Offer, To: incident.Who{ID: "op"}}, "cases": {Kind: incident.Gather, Cases: []casework.ID{"no"}},
	} {
		if _, err := d.try(t, v.ID, chief, cmd); !fault.Is(err, fault.Invalid) || len(fault.Problems(err)) == 0 || fault.Problems(err)[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := d.try(t, v.ID, chief, person("vi")); !fault.Is(err, fault.Invalid) {
		t.Errorf("a viewer was given a task: %v", err)
	}
	if v := d.do(t, v.ID, chief, person("ve")); v.OpenTasks != 1 {
		t.Errorf("%+v", v)
	}
}
