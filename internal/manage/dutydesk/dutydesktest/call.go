package dutydesktest

import (
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/dutydesk"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/registry"
)

func climbs(t *testing.T, d *Desk) {
	d.place(t, "c")
	if c := d.call(t, "c"); rungs(c) != "on-call:" || d.told(t, "call/c") != "wo" || !c.Due.Equal(Start.Truncate(time.Microsecond).Add(registry.DefaultAnswer)) {
		t.Fatalf("%+v, told %s", c, d.told(t, "call/c"))
	}
	d.pass(t, registry.DefaultAnswer-time.Millisecond)
	if c := d.call(t, "c"); rungs(c) != "on-call:" {
		t.Errorf("the next was called early: %s", rungs(c))
	}
	d.pass(t, time.Millisecond)
	if c := d.call(t, "c"); rungs(c) != "on-call:silent leader:" || d.told(t, "call/c") != "le wo" {
		t.Errorf("%s, told %s", rungs(c), d.told(t, "call/c"))
	}
	d.pass(t, 10*time.Minute) // the middle is never there
	if c := d.call(t, "c"); rungs(c) != "on-call:silent leader:silent middle:nobody dispatcher:" || d.told(t, "call/c") != "di le wo" {
		t.Errorf("%s, told %s", rungs(c), d.told(t, "call/c"))
	}
	d.pass(t, 3*time.Minute) // nor is the director
	c := d.call(t, "c")
	if c.Status != dutydesk.Unanswered || rungs(c) != "on-call:silent leader:silent middle:nobody dispatcher:silent director:nobody" || !c.Due.IsZero() {
		t.Errorf("%s: %s", c.Status, rungs(c))
	}
	d.pass(t, 24*time.Hour)
	if again := d.call(t, "c"); !reflect.DeepEqual(again, c) {
		t.Errorf("the end of the ladder is not the end: %+v", again)
	}
	v, err := d.Acknowledge(t.Context(), d.by(worker), "c", " I was in the tunnel ")
	if err != nil || v.Status != dutydesk.Acknowledged || v.Taken != "wo" || v.Note != "I was in the tunnel" {
		t.Errorf("taken after all: %+v (%v)", v, err)
	}
	want := "call-placed call-made call-silent call-made call-silent call-nobody call-made call-silent call-nobody call-unanswered call-acknowledged"
	if got := d.happened(t, "call/c"); got != want {
		t.Errorf("the log says %s", got)
	}
}

func acknowledges(t *testing.T, d *Desk) {
	d.place(t, "c")
	for _, other := range []access.Actor{leader, stranger, viewer, dispatcher} {
		if _, err := d.Acknowledge(t.Context(), d.by(other), "c", ""); !fault.Is(err, fault.Denied) {
			t.Errorf("%s takes another's call: %v", other.ID, err)
		}
	}
	d.pass(t, time.Minute)
	v, err := d.Acknowledge(t.Context(), d.by(worker), "c", "")
	if err != nil || v.Status != dutydesk.Acknowledged || v.TakenBy != "Wo" || !v.TakenAt.Equal(Start.Add(time.Minute).Truncate(time.Millisecond)) || len(v.Commands) != 0 || v.Due != nil {
		t.Fatalf("%+v (%v)", v, err)
	}
	if _, err := d.Acknowledge(t.Context(), d.by(worker), "c", ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("twice: %v", err)
	}
	if _, err := d.Acknowledge(t.Context(), d.by(worker), "nothing", ""); !fault.Is(err, fault.NotFound) {
		t.Errorf("what is not there: %v", err)
	}
	d.clock.Advance(time.Hour)
	if n, err := d.timers.RunDue(t.Context()); n != 0 || err != nil {
		t.Errorf("%d timers rang for a call that is taken (%v)", n, err)
	}
	if c := d.call(t, "c"); rungs(c) != "on-call:taken" || d.told(t, "call/c") != "wo" {
		t.Errorf("it went on: %s", rungs(c))
	}
	d.place(t, "d")
	d.pass(t, registry.DefaultAnswer)
	if _, err := d.Acknowledge(t.Context(), d.by(worker), "d", ""); err != nil {
		t.Errorf("late, while the leader is called: %v", err)
	}
	if c := d.call(t, "d"); rungs(c) != "on-call:silent leader:dropped" {
		t.Error(rungs(c))
	}
}

func passes(t *testing.T, d *Desk) {
	d.place(t, "c")
	d.pass(t, time.Minute)
	if _, err := d.Pass(t.Context(), d.by(leader), "c", "", ""); !fault.Is(err, fault.Denied) {
		t.Errorf("by somebody who is not called: %v", err)
	}
	for _, bad := range []registry.PersonID{"nobody", "wo"} {
		if _, err := d.Pass(t.Context(), d.by(worker), "c", bad, ""); !fault.Is(err, fault.Invalid) || fault.Problems(err)[0].Field != "to" {
			t.Errorf("to %s: %v", bad, err)
		}
	}
	if v, err := d.Pass(t.Context(), d.by(worker), "c", "", "not mine"); err != nil || len(v.Rungs) != 2 || v.Rungs[1].Post != "leader" || v.Mine {
		t.Fatalf("%+v (%v)", v, err)
	}
	if _, err := d.Pass(t.Context(), d.by(worker), "c", "", ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second time: %v", err)
	}
	d.pass(t, time.Minute)
	v, err := d.Pass(t.Context(), d.by(leader), "c", "other", "closer")
	if err != nil || len(v.Rungs) != 3 || v.Rungs[2].People[0].Person != "other" || !v.Due.Equal(Start.Add(2*time.Minute+10*time.Minute).Truncate(time.Millisecond)) {
		t.Fatalf("%+v (%v)", v, err)
	}
	d.pass(t, 10*time.Minute) // it goes on from the last post, not from the person
	if c := d.call(t, "c"); rungs(c) != "on-call:passed leader:passed @other:silent middle:nobody dispatcher:" || d.told(t, "call/c") != "di le other wo" {
		t.Errorf("%s, told %s", rungs(c), d.told(t, "call/c"))
	}
	if _, err := d.Pass(t.Context(), d.by(dispatcher), "c", "", ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("to nobody: %v", err)
	}
	if c := d.call(t, "c"); c.Status != dutydesk.Calling {
		t.Errorf("what was refused happened: %+v", c)
	}
	want := "call-placed call-made call-passed call-made call-passed call-made call-silent call-nobody call-made"
	if got := d.happened(t, "call/c"); got != want {
		t.Errorf("the log says %s", got)
	}
}

func once(t *testing.T, d *Desk) {
	d.place(t, "c")
	d.pass(t, time.Minute)
	d.place(t, "c")
	if c := d.call(t, "c"); c.Version != 1 || d.told(t, "call/c") != "wo" || d.happened(t, "call/c") != "call-placed call-made" {
		t.Errorf("%+v", c)
	}
	for _, p := range []dutydesk.Draft{{About: "x", Title: lang.Text{ZH: "x", EN: "x"}}, {ID: "x", Title: lang.Text{ZH: "x", EN: "x"}}, {ID: "x", About: "x", Title: lang.Text{EN: "x"}},
		{ID: "x/y", About: "x", Title: lang.Text{ZH: "x", EN: "x"}}} {
		if err := d.db.Update(t.Context(), func(tx *sqldb.Tx) error { return d.Place(tx, p) }); !fault.Is(err, fault.Internal) {
			t.Errorf("%+v: %v", p, err)
		}
	}
	d.update(t, func(tx *sqldb.Tx) error { // a unit without a post, and a post by its name
		err := d.Place(tx, dutydesk.Draft{ID: "e", About: "x", Title: lang.Text{ZH: "x", EN: "x"}, Unit: "street-2"})
		if err != nil {
			return err
		}
		return d.Place(tx, dutydesk.Draft{ID: "f", About: "x", Title: lang.Text{ZH: "x", EN: "x"}, Post: "leader"})
	})
	if e, f := d.call(t, "e"), d.call(t, "f"); rungs(e) != "dispatcher:" || rungs(f) != "leader:" || f.Unit != "street-1" {
		t.Errorf("%s, %s", rungs(e), rungs(f))
	}
}

func withdraws(t *testing.T, d *Desk) {
	d.place(t, "c")
	for range 2 {
		d.clock.Advance(time.Second)
		d.update(t, func(tx *sqldb.Tx) error { return d.Withdraw(tx, "c", lang.Text{ZH: "已结案", EN: "closed"}) })
	}
	d.update(t, func(tx *sqldb.Tx) error { return d.Withdraw(tx, "nothing", lang.Text{ZH: "x", EN: "x"}) })
	d.pass(t, time.Hour)
	if c := d.call(t, "c"); c.Status != dutydesk.Withdrawn || rungs(c) != "on-call:dropped" || c.Version != 2 || d.told(t, "call/c") != "wo" {
		t.Errorf("%+v", c)
	}
	if _, err := d.Acknowledge(t.Context(), d.by(worker), "c", ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("acknowledged: %v", err)
	}
	if got := d.happened(t, "call/c"); got != "call-placed call-made call-withdrawn" {
		t.Error(got)
	}
	if trail := d.audit(t, "system:duty"); len(trail) != 2 || trail[0].Action != access.PlaceCall {
		t.Errorf("%+v", trail)
	}
}

func firstAnswer(t *testing.T, d *Desk) {
	d.place(t, "c")
	r := d.by(worker)
	first, err := d.Acknowledge(t.Context(), r, "c", "")
	if err != nil {
		t.Fatal(err)
	}
	d.pass(t, time.Minute)
	if again, err := d.Acknowledge(t.Context(), r, "c", ""); err != nil || !reflect.DeepEqual(first, again) {
		t.Errorf("%+v, repeated %+v (%v)", first, again, err)
	}
	if _, err := d.Acknowledge(t.Context(), r, "c", "other"); !fault.Is(err, fault.Conflict) {
		t.Errorf("the key for another command: %v", err)
	}
	bad := d.by(dispatcher)
	for range 2 {
		_, err := d.SetDeputy(t.Context(), bad, registry.Deputy{For: "wo", By: "le", From: Start, Until: Start.Add(time.Hour)})
		if p := fault.Problems(err); !fault.Is(err, fault.Invalid) || len(p) != 1 || p[0].Field != "why" {
			t.Errorf("a refusal, repeated: %v", err)
		}
	}
	if trail := d.audit(t, "di"); len(trail) != 1 || trail[0].Decision.Allow {
		t.Errorf("%+v", trail)
	}
	for _, key := range []string{"", strings.Repeat("k", command.MaxKey+1)} {
		if _, err := d.Acknowledge(t.Context(), command.Request{Actor: worker, IdempotencyKey: key}, "c", ""); !fault.Is(err, fault.Invalid) {
			t.Errorf("a key of %d bytes: %v", len(key), err)
		}
	}
}

func refusals(t *testing.T, d *Desk) {
	d.place(t, "c")
	before := d.call(t, "c")
	for name, refused := range map[string]func() error{
		"acknowledge": func() error { _, err := d.Acknowledge(t.Context(), d.by(viewer), "c", ""); return err },
		"pass":        func() error { _, err := d.Pass(t.Context(), d.by(viewer), "c", "", ""); return err },
		"deputy": func() error {
			_, err := d.SetDeputy(t.Context(), d.by(viewer), registry.Deputy{For: "wo", By: "le", From: Start, Until: Start.Add(time.Hour), Why: "x"})
			return err
		},
		"hand over": func() error {
			_, err := d.HandOver(t.Context(), d.by(viewer), dutydesk.HandOverDraft{Post: "operator", Points: "x"})
			return err
		},
	} {
		if err := refused(); !fault.Is(err, fault.Denied) || fault.Message(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	trail := d.audit(t, "vi")
	if len(trail) != 4 {
		t.Errorf("the trail holds %d refusals", len(trail))
	}
	for _, a := range trail {
		if a.Decision.Allow || a.Decision.Reason == "" || a.Purpose != access.OnDuty {
			t.Errorf("%+v", a)
		}
	}
	if after := d.call(t, "c"); !reflect.DeepEqual(before, after) || d.happened(t, "") != "call-placed call-made" {
		t.Errorf("%+v, the log says %s", after, d.happened(t, ""))
	}
	for name, look := range map[string]func() error{
		"calls":     func() error { _, err := d.Calls(t.Context(), viewer, dutydesk.CallFilter{}); return err },
		"hand-over": func() error { _, err := d.HandOvers(t.Context(), viewer, dutydesk.HandOverFilter{}); return err },
		"log":       func() error { _, err := d.Log(t.Context(), viewer, dutydesk.LogFilter{}); return err },
		"board":     func() error { _, err := d.Board(t.Context(), viewer); return err },
		"ladder":    func() error { _, err := d.Ladder(t.Context(), viewer, ""); return err },
	} {
		if err := look(); !fault.Is(err, fault.Denied) {
			t.Errorf("a viewer reads %s: %v", name, err)
		}
	}
}

// oneWins has everybody who was called acknowledge at once, while the timer rings.
func oneWins(t *testing.T, d *Desk) {
	d.place(t, "c")
	d.pass(t, registry.DefaultAnswer)
	d.clock.Advance(10 * time.Minute)
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 16 {
		wg.Go(func() {
			who := []access.Actor{worker, leader}[i%2]
			_, err := d.Acknowledge(t.Context(), d.by(who), "c", "")
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case !fault.Is(err, fault.Conflict):
				t.Error(err)
			}
		})
	}
	wg.Go(func() {
		if _, err := d.timers.RunDue(t.Context()); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	c := d.call(t, "c")
	if won != 1 || c.Status != dutydesk.Acknowledged {
		t.Errorf("%d took it: %+v", won, c)
	}
	if n := strings.Count(d.happened(t, "call/c"), string(dutydesk.CallAcknowledged)); n != 1 {
		t.Errorf("the log says %d times that it was taken", n)
	}
}

func untold(t *testing.T, d *Desk) {
	d.place(t, "c")
	d.teller.broken.Store(true)
	if _, err := d.Pass(t.Context(), d.by(worker), "c", "", ""); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v", err)
	}
	d.pass(t, registry.DefaultAnswer)
	if c := d.call(t, "c"); rungs(c) != "on-call:" || d.happened(t, "call/c") != "call-placed call-made" {
		t.Errorf("%s, the log says %s", rungs(c), d.happened(t, "call/c"))
	}
	d.teller.broken.Store(false)
	d.pass(t, time.Second) // the timer is tried again
	if c := d.call(t, "c"); rungs(c) != "on-call:silent leader:" {
		t.Error(rungs(c))
	}
}

// versions saves things over versions that are not theirs.
func versions(t *testing.T, d *Desk) {
	s := d.suite.Store
	save := map[string]func(tx *sqldb.Tx, version, from int64) (bool, error){
		"call": func(tx *sqldb.Tx, version, from int64) (bool, error) {
			return s.SaveDutyCall(tx, dutydesk.Call{ID: "c", Version: version}, from)
		},
		"hand-over": func(tx *sqldb.Tx, version, from int64) (bool, error) {
			return s.SaveHandOver(tx, dutydesk.HandOver{ID: "h", Version: version}, from)
		},
		"deputy": func(tx *sqldb.Tx, version, from int64) (bool, error) {
			return s.SaveDeputy(tx, dutydesk.Deputy{ID: "d", Version: version}, from)
		},
	}
	for name, save := range save {
		for i, step := range []struct {
			version, from int64
			kept          bool
		}{{2, 1, false}, {1, 0, true}, {1, 0, false}, {2, 1, true}, {2, 1, false}, {3, 2, true}} {
			d.update(t, func(tx *sqldb.Tx) error {
				kept, err := save(tx, step.version, step.from)
				if kept != step.kept {
					t.Errorf("%s, step %d: kept is %v", name, i, kept)
				}
				return err
			})
		}
	}
}

// stale rings timers whose time has not come, or whose thing is settled, as after a commit that crossed the runner's look.
func stale(t *testing.T, d *Desk) {
	d.place(t, "c")
	before := d.call(t, "c")
	d.ring(t, "duty.call", "c")
	if after := d.call(t, "c"); !reflect.DeepEqual(before, after) {
		t.Errorf("it rang early: %+v", after)
	}
	if _, err := d.Acknowledge(t.Context(), d.by(worker), "c", ""); err != nil {
		t.Fatal(err)
	}
	h := d.leave(t, operator, "operator")
	if _, err := d.Accept(t.Context(), d.by(operator2), h.ID, ""); err != nil {
		t.Fatal(err)
	}
	before = d.call(t, "c")
	d.ring(t, "duty.call", "c")
	d.ring(t, "duty.handover", string(h.ID))
	if after := d.call(t, "c"); !reflect.DeepEqual(before, after) || strings.Contains(d.happened(t, ""), string(dutydesk.ShiftNotAccepted)) {
		t.Errorf("%+v, the log says %s", after, d.happened(t, ""))
	}
}
