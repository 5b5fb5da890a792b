package orderdesktest

import (
	"context"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/orderdesk"
	"twoweave/internal/platform/command"
)

func twoPersons(t *testing.T, d *Desk) {
	v := d.give(t, dispatcher, order.PutState, state(order.Emergency3))
	d.drain(t)
	if v.Status != order.Proposed || !v.Placed || v.Lapses == nil || d.level(t) != order.Daily {
		t.Fatalf("proposed: %+v, the log says %s", v, d.level(t))
	}
	for who, want := range map[*access.Actor]fault.Kind{&dispatcher: fault.Denied, &operator: fault.Denied, &worker: fault.Denied} {
		if _, err := d.Confirm(t.Context(), d.by(*who), v.ID); !fault.Is(err, want) {
			t.Errorf("confirmed by %s: %v", who.ID, err)
		}
	}
	d.clock.Advance(time.Minute)
	v, err := d.Confirm(t.Context(), d.by(admin), v.ID)
	if err != nil || v.Status != order.Ordered || v.Placed || v.Second != "ad" || v.SecondName != "Ad" || v.By != "di" {
		t.Fatalf("confirmed: %+v (%v)", v, err)
	}
	d.drain(t)
	if o := d.load(t, v.ID); d.level(t) != order.Emergency3 || o.Position != 1 || !o.Placed() {
		t.Errorf("the log says %s, placed at %d", d.level(t), o.Position)
	}
	if v, err = d.End(t.Context(), d.by(operator), v.ID, " the storm has passed "); err != nil || v.Status != order.Ended || v.EndWhy != "the storm has passed" {
		t.Errorf("ended: %+v (%v)", v, err)
	}
	d.drain(t)
	if o := d.load(t, v.ID); d.level(t) != order.Daily || o.EndPosition != 2 {
		t.Errorf("the log says %s, end placed at %d", d.level(t), o.EndPosition)
	}
}

func special(t *testing.T, d *Desk) {
	draft := state(order.Special)
	draft.Until = time.Time{}
	v := d.give(t, operator, order.PutState, draft)
	d.drain(t)
	if v.Status != order.Ordered || v.Until != nil || v.AreaName.EN != "First" || d.level(t) != order.Special {
		t.Errorf("%+v", v)
	}
	if _, err := d.End(t.Context(), d.by(operator), v.ID, " "); !fault.Is(err, fault.Invalid) {
		t.Errorf("ended without a reason: %v", err)
	}
	if _, err := d.End(t.Context(), d.by(worker), v.ID, "calm"); !fault.Is(err, fault.Denied) {
		t.Errorf("ended by a field worker: %v", err)
	}
	if _, err := d.End(t.Context(), d.by(dispatcher), v.ID, "calm"); err != nil {
		t.Error(err)
	}
	if _, err := d.End(t.Context(), d.by(dispatcher), v.ID, "calm"); !fault.Is(err, fault.Invalid) {
		t.Errorf("ended twice: %v", err)
	}
	if _, err := d.End(t.Context(), d.by(dispatcher), "nothing", "calm"); !fault.Is(err, fault.NotFound) {
		t.Errorf("ended what is not there: %v", err)
	}
}

func works() order.Draft {
	return order.Draft{Scenarios: []string{"ponding"}, Area: "a1", Subjects: []string{"p-1"}, From: Start, Until: Start.Add(time.Hour), Ground: order.Maintenance, Why: "pump exchange"}
}

func silence(t *testing.T, d *Desk) {
	v := d.give(t, operator, order.PutSilence, works())
	d.drain(t)
	table := d.log.table(t)
	if v.ScenarioTitles[0].EN != "Ponding" || table.Silent("ponding", "p-1", "a1", Start) == nil || table.Silent("noise", "p-1", "a1", Start) != nil {
		t.Errorf("%+v in the log %+v", v, table.Silences)
	}
	if _, err := d.Give(t.Context(), d.by(worker), order.PutSilence, works()); !fault.Is(err, fault.Denied) {
		t.Errorf("silenced by a field worker: %v", err)
	}
	if _, err := d.End(t.Context(), d.by(operator), v.ID, "done earlier"); err != nil {
		t.Error(err)
	}
	d.drain(t)
	if table := d.log.table(t); len(table.Silences) != 0 {
		t.Errorf("still silent: %+v", table.Silences)
	}
}

func firstAnswer(t *testing.T, d *Desk) {
	r := d.by(operator)
	first, err := d.Give(t.Context(), r, order.PutState, state(order.Special))
	if err != nil {
		t.Fatal(err)
	}
	d.clock.Advance(time.Minute)
	again, err := d.Give(t.Context(), r, order.PutState, state(order.Special))
	if err != nil || !reflect.DeepEqual(first, again) {
		t.Errorf("%+v, repeated %+v (%v)", first, again, err)
	}
	if _, err := d.Give(t.Context(), r, order.PutState, state(order.Emergency1)); !fault.Is(err, fault.Conflict) {
		t.Errorf("the key for another order: %v", err)
	}
	other := r
	other.Actor = dispatcher
	if v, err := d.Give(t.Context(), other, order.PutState, state(order.Special)); err != nil || v.ID == first.ID {
		t.Errorf("another's key of the same name: %+v (%v)", v, err)
	}
	bad := d.by(operator)
	for range 2 {
		_, err := d.Give(t.Context(), bad, order.PutState, order.Draft{Level: "red", Why: "y"})
		if p := fault.Problems(err); !fault.Is(err, fault.Invalid) || len(p) != 1 || p[0].Field != "level" {
			t.Errorf("a refusal, repeated: %v", err)
		}
	}
	if _, err := d.Give(t.Context(), command.Request{Actor: operator}, order.PutState, state(order.Special)); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a key: %v", err)
	}
}

func refusals(t *testing.T, d *Desk) {
	v := d.give(t, dispatcher, order.PutState, state(order.Emergency2))
	d.clock.Advance(time.Second)
	if _, err := d.Confirm(t.Context(), d.by(dispatcher), v.ID); !fault.Is(err, fault.Denied) {
		t.Fatal(err)
	}
	if _, err := d.Give(t.Context(), d.by(worker), order.PutState, state(order.Special)); !fault.Is(err, fault.Denied) {
		t.Fatal(err)
	}
	if o := d.load(t, v.ID); o.Status != order.Proposed || o.Version != 1 {
		t.Errorf("after a refusal: %+v", o)
	}
	for _, c := range v.Commands { // as the proposer is shown it
		if may := c.Command == "end"; c.Allowed != may || may == (c.Reason != "") {
			t.Errorf("the proposer is offered %+v", c)
		}
	}
	if len(v.Commands) != 2 {
		t.Errorf("the proposer is shown %+v", v.Commands)
	}
	page, err := d.List(t.Context(), operator, orderdesk.Filter{})
	if err != nil || len(page.Items) != 1 || page.Items[0].Commands[0].Command != "confirm" || page.Items[0].Commands[0].Allowed {
		t.Errorf("an operator, who confirms no emergency, is shown %+v, %v", page.Items, err)
	}
	trail := d.audit(t, "di")
	if len(trail) != 2 || trail[0].Decision.Allow || trail[0].Action != access.ConfirmEmergency || trail[0].Decision.Reason == "" || trail[0].Thing != "order/"+string(v.ID) {
		t.Errorf("the trail of the proposer: %+v", trail)
	}
	if !trail[1].Decision.Allow || trail[1].Action != access.OrderState || trail[1].Decision.Rule == "" {
		t.Errorf("the trail of the proposal: %+v", trail[1])
	}
	if trail := d.audit(t, "wo"); len(trail) != 1 || trail[0].Decision.Allow {
		t.Errorf("the trail of the field worker: %+v", trail)
	}
	if v, err := d.End(t.Context(), d.by(operator), v.ID, "a mistake"); err != nil || v.Status != order.Refused {
		t.Errorf("a refused proposal: %+v (%v)", v, err)
	}
	d.drain(t)
	if len(d.log.bodies) != 0 {
		t.Errorf("a proposal left %d messages in the log", len(d.log.bodies))
	}
}

// oneConfirms has sixteen who confirm and end at once: the proposal is confirmed at most once, and the log agrees with the record.
func oneConfirms(t *testing.T, d *Desk) {
	v := d.give(t, operator, order.PutState, state(order.Emergency4))
	var confirmed, over atomic.Int32
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			var err error
			n := &confirmed
			switch i % 4 {
			case 0:
				n = &over
				_, err = d.End(t.Context(), d.by(operator), v.ID, "enough")
			case 1:
				_, err = d.Confirm(t.Context(), d.by(dispatcher), v.ID)
			default:
				_, err = d.Confirm(t.Context(), d.by(admin), v.ID)
			}
			if err == nil {
				n.Add(1)
			} else if !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Conflict) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	d.drain(t)
	if confirmed.Load() > 1 || over.Load() != 1 || d.level(t) != order.Daily {
		t.Errorf("%d confirmed, %d ended, the log says %s", confirmed.Load(), over.Load(), d.level(t))
	}
}

func expiry(t *testing.T, d *Desk) {
	proposed := d.give(t, operator, order.PutState, state(order.Emergency4))
	ordered := d.give(t, operator, order.PutState, state(order.Special))
	ended := d.give(t, operator, order.PutState, state(order.Special))
	if _, err := d.End(t.Context(), d.by(operator), ended.ID, "calm"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		wait             time.Duration
		ran              int
		proposed, second order.Status
	}{{time.Hour - 1, 0, order.Proposed, order.Ordered}, {1, 1, order.Expired, order.Ordered}, {5 * time.Hour, 1, order.Expired, order.Expired}} {
		d.clock.Advance(c.wait)
		n, err := d.timers.RunDue(t.Context())
		if err != nil || n != c.ran {
			t.Errorf("after %v %d timers ran (%v)", c.wait, n, err)
		}
		if p, o := d.load(t, proposed.ID), d.load(t, ordered.ID); p.Status != c.proposed || o.Status != c.second {
			t.Errorf("after %v: %s and %s", c.wait, p.Status, o.Status)
		}
	}
	if o := d.load(t, ordered.ID); !o.EndedAt.Equal(o.Until) {
		t.Errorf("expired at %v, until %v", o.EndedAt, o.Until)
	}
	if _, err := d.Confirm(t.Context(), d.by(admin), proposed.ID); !fault.Is(err, fault.Invalid) {
		t.Errorf("a lapsed proposal was confirmed: %v", err)
	}
}

func texts(t *testing.T, d *Desk) {
	draft := works()
	draft.Subjects = []string{`a"b`, "雨水口 7", "x\ny"}
	draft.Why = strings.Repeat("汛", order.MaxWhy/3)
	o := d.load(t, d.give(t, operator, order.PutSilence, draft).ID)
	if !reflect.DeepEqual(o.Draft, draft) {
		t.Errorf("kept %+v", o.Draft)
	}
	for _, bad := range []string{"\xff", "a\x00"} {
		draft.Subjects = []string{bad}
		if _, err := d.Give(t.Context(), d.by(operator), order.PutSilence, draft); !fault.Is(err, fault.Invalid) {
			t.Errorf("subject %q: %v", bad, err)
		}
	}
}

func pages(t *testing.T, d *Desk) {
	for i := range 5 {
		kind, draft := order.PutState, state(order.Special)
		if i == 2 {
			kind, draft = order.PutSilence, works()
		}
		d.give(t, operator, kind, draft) // all at one moment
	}
	count := func(f orderdesk.Filter) (seen map[order.ID]bool) {
		seen = map[order.ID]bool{}
		for {
			page, err := d.List(t.Context(), operator, f)
			if err != nil || len(page.Items) > 2 {
				t.Fatalf("%+v (%v)", page, err)
			}
			for _, v := range page.Items {
				seen[v.ID] = true
			}
			if f.Cursor = page.Next; f.Cursor == "" {
				return seen
			}
		}
	}
	if all, states, over := len(count(orderdesk.Filter{Limit: 2})), len(count(orderdesk.Filter{Limit: 2, Kind: order.PutState})), len(count(orderdesk.Filter{Limit: 2, Status: order.Ended})); all != 5 || states != 4 || over != 0 {
		t.Errorf("%d orders, %d states, %d ended", all, states, over)
	}
	for _, f := range []orderdesk.Filter{{Limit: -1}, {Limit: orderdesk.MaxLimit + 1}, {Cursor: "?"}, {Cursor: "bm8"}} {
		if _, err := d.List(t.Context(), operator, f); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", f, err)
		}
	}
	if _, err := d.List(context.Background(), worker, orderdesk.Filter{}); !fault.Is(err, fault.Denied) {
		t.Errorf("listed by a field worker: %v", err)
	}
}
