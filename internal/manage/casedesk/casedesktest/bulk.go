package casedesktest

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
)

// mixed are cases of which some can be filed: every third is filed already.
func (d *Desk) mixed(t *testing.T, n int) []casedesk.Chosen {
	t.Helper()
	chosen := make([]casedesk.Chosen, n)
	for i := range chosen {
		id := d.open(t, opening(fmt.Sprint("p-", i), 1))
		if i%3 == 2 {
			d.walk(t, id, casework.Filed)
		}
		c, _ := d.load(t, id)
		chosen[i] = casedesk.Chosen{ID: id, Version: c.Version}
	}
	return chosen
}

func (d *Desk) bulk(kind casework.CommandKind, chosen []casedesk.Chosen) casedesk.Bulk {
	return casedesk.Bulk{Command: casework.Command{Kind: kind, Purpose: access.Casework}, Cases: chosen, Actor: operator,
		IdempotencyKey: fmt.Sprint("bulk-", d.keys.Add(1)), Route: "cases/bulk"}
}

// rows counts everything that a command leaves.
func (d *Desk) rows(t *testing.T) (n [4]int) {
	t.Helper()
	for i, table := range []string{"case_fact", "audit", "outbox", "idempotency"} {
		n[i] = d.number(t, `SELECT COUNT(*) FROM `+table)
	}
	return n
}

// What a preview says is what happens when the bulk is done, and saying it changes nothing.
func previewsBulk(t *testing.T, d *Desk) {
	chosen := append(d.mixed(t, 12), casedesk.Chosen{ID: "nowhere", Version: 1})
	b := d.bulk(casework.File, chosen)
	before := d.rows(t)
	foreseen, err := d.Preview(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if after := d.rows(t); after != before {
		t.Errorf("a preview left %v rows, there were %v", after, before)
	}
	if foreseen.Done != 8 || foreseen.Refused != 5 || foreseen.Total != 13 || len(foreseen.Items) != 13 {
		t.Fatalf("foreseen: %d done, %d refused, of %d", foreseen.Done, foreseen.Refused, foreseen.Total)
	}
	done, err := d.DoAll(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	for i, was := range foreseen.Items {
		is := done.Items[i]
		if was.ID != is.ID || was.OK != is.OK || was.Refused != is.Refused || was.Reason != is.Reason || (is.OK && (is.State != was.To || is.Version != was.Version+1)) {
			t.Errorf("foreseen %+v, came %+v", was, is)
		}
		if !was.OK && (was.Reason == "" || was.To != "") {
			t.Errorf("refused without a reason: %+v", was)
		}
	}
	if last := done.Items[12]; last.Refused != fault.NotFound.String() {
		t.Errorf("a case that is not there: %+v", last)
	}
}

// The same bulk again gives the same answers and no second effect, also when only half of it was done before.
func repeatsBulk(t *testing.T, d *Desk) {
	whole := d.bulk(casework.File, d.mixed(t, 9))
	half := whole
	half.Cases = whole.Cases[:5]
	begun, err := d.DoAll(t.Context(), half)
	if err != nil {
		t.Fatal(err)
	}
	first, err := d.DoAll(t.Context(), whole)
	if err != nil || !reflect.DeepEqual(begun.Items, first.Items[:5]) {
		t.Fatalf("what was done before the break: %+v, afterwards %+v (%v)", begun.Items, first.Items, err)
	}
	facts := d.number(t, `SELECT COUNT(*) FROM case_fact`)
	again, err := d.DoAll(t.Context(), whole)
	if err != nil || !reflect.DeepEqual(first, again) {
		t.Errorf("the second answer %+v (%v), the first %+v", again, err, first)
	}
	if n := d.number(t, `SELECT COUNT(*) FROM case_fact`); n != facts {
		t.Errorf("repeating added %d facts", n-facts)
	}
	other := whole
	other.Command.Kind, other.Command.Note = casework.Urge, "again"
	if out, err := d.DoAll(t.Context(), other); err != nil || out.Done != 0 || out.Items[0].Refused != fault.Conflict.String() {
		t.Errorf("the key with another command: %+v, %v", out, err)
	}
}

// What a bulk did is undone by a bulk, for the cases that nobody has touched since.
func undoesBulk(t *testing.T, d *Desk) {
	chosen := d.mixed(t, 6)
	b := d.bulk(casework.Merge, chosen[1:])
	b.Command.Into = chosen[0].ID
	merged, err := d.DoAll(t.Context(), b)
	if err != nil || merged.Done != 5 {
		t.Fatalf("%+v, %v", merged, err)
	}
	filed, err := d.DoAll(t.Context(), d.bulk(casework.File, []casedesk.Chosen{d.now(t, chosen[0].ID)}))
	if err != nil || filed.Done != 1 {
		t.Fatalf("%+v, %v", filed, err)
	}
	d.do(t, chosen[0].ID, casework.Dispatch, dispatcher)
	var undo []casedesk.Chosen
	for _, item := range append(merged.Items, filed.Items...) {
		undo = append(undo, casedesk.Chosen{ID: item.ID, Version: item.Version})
	}
	back := d.bulk(casework.Undo, undo)
	foreseen, err := d.Preview(t.Context(), back)
	if err != nil || foreseen.Done != 5 {
		t.Fatalf("%+v, %v", foreseen, err)
	}
	undone, err := d.DoAll(t.Context(), back)
	if err != nil || undone.Done != 5 || undone.Items[5].Refused != fault.Conflict.String() || undone.Items[5].State != casework.Dispatched {
		t.Errorf("%+v, %v", undone, err)
	}
	for i, was := range foreseen.Items[:5] {
		if c, _ := d.load(t, chosen[i+1].ID); c.Into != "" || c.State != was.To || c.State == casework.Merged {
			t.Errorf("%s is %s, part of %q", c.ID, c.State, c.Into)
		}
	}
}

func (d *Desk) now(t *testing.T, id casework.ID) casedesk.Chosen {
	t.Helper()
	c, _ := d.load(t, id)
	return casedesk.Chosen{ID: id, Version: c.Version}
}

// A bulk is given by whom access lets, case by case, and tells nobody of a case that they may not see.
func limitsBulk(t *testing.T, d *Desk) {
	chosen := d.mixed(t, 3)
	theirs := d.bulk(casework.Urge, chosen)
	theirs.Actor, theirs.Command.Note = plumber, "quick"
	out, err := d.Preview(t.Context(), theirs)
	if err != nil || out.Done != 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	for _, item := range out.Items {
		if item.Refused != fault.Denied.String() || item.Number != "" || item.State != "" {
			t.Errorf("another unit's case: %+v", item)
		}
	}
	twice := append(chosen, chosen[0])
	for i, b := range []casedesk.Bulk{
		d.bulk(casework.Verify, chosen), d.bulk(casework.File, twice), d.bulk(casework.File, make([]casedesk.Chosen, casedesk.MaxBulk+1)), {},
	} {
		if _, err := d.Preview(t.Context(), b); !fault.Is(err, fault.Invalid) {
			t.Errorf("bulk %d is previewed: %v", i, err)
		}
	}
	keyless, unseen := d.bulk(casework.File, chosen), d.bulk(casework.File, []casedesk.Chosen{{ID: chosen[0].ID}})
	keyless.IdempotencyKey = ""
	for _, b := range []casedesk.Bulk{keyless, unseen} {
		if _, err := d.DoAll(t.Context(), b); !fault.Is(err, fault.Invalid) {
			t.Errorf("done without key or version: %v", err)
		}
	}
	if out, err := d.Preview(t.Context(), unseen); err != nil || out.Done != 1 || out.Items[0].Version != chosen[0].Version {
		t.Errorf("a preview tells the version: %+v, %v", out, err)
	}
}

// A bulk's filter is the list's, and each queue counts what its list holds.
func choosesBulk(t *testing.T, d *Desk) {
	all := d.fill(t, 120)
	d.clock.Set(Start.Add(2*time.Hour + 5*time.Minute)) // some limits have passed
	for i, f := range []casedesk.Filter{{}, {State: casework.Accepted}, {Area: "a1", Overdue: true}, {Text: "p-2"}} {
		chosen, total, err := d.Choose(t.Context(), reader(operator), f)
		if err != nil {
			t.Fatal(err)
		}
		page, err := d.List(t.Context(), reader(operator), f)
		if err != nil || total != page.Total || len(chosen) != total || total == 0 || total == len(all) != (i == 0) {
			t.Fatalf("filter %d: %d chosen of %d, the list says %d, %v", i, len(chosen), total, page.Total, err)
		}
		for k, v := range page.Items {
			if chosen[k] != (casedesk.Chosen{ID: v.ID, Version: v.Version}) {
				t.Errorf("filter %d, place %d: %+v, listed %s at %d", i, k, chosen[k], v.ID, v.Version)
			}
		}
	}
	for _, who := range []access.Actor{operator, plumber} {
		counts, err := d.Queues(t.Context(), reader(who), casedesk.Filter{Area: "a1", State: casework.Closed})
		if err != nil {
			t.Fatal(err)
		}
		for i, q := range casedesk.Queues {
			f := casedesk.Filter{Area: "a1", State: q.State, Asked: q.Asked, Overdue: q.Overdue}
			if page, err := d.List(t.Context(), reader(who), f); err != nil || counts[i].Total != page.Total || counts[i].Name != q.Name {
				t.Errorf("queue %s holds %d, its list %d, %v", q.Name, counts[i].Total, page.Total, err)
			}
		}
	}
}

// measureBulk times the counts above the list, and a preview and a bulk of as many cases as there may be.
func measureBulk(t *testing.T, d *Desk, load Load) {
	t.Helper()
	yes := true
	t.Logf("queues over %d cases: %v", load.Cases, best(t, 5*load.Most, func() error {
		_, err := d.Queues(t.Context(), reader(operator), casedesk.Filter{})
		return err
	}))
	chosen, _, err := d.Choose(t.Context(), reader(operator), casedesk.Filter{Open: &yes})
	if err != nil {
		t.Fatal(err)
	}
	b := d.bulk(casework.Urge, chosen)
	b.Command.Note = "quick"
	t.Logf("preview of %d cases: %v", len(chosen), best(t, time.Minute, func() error { _, err := d.Preview(t.Context(), b); return err }))
	began := clock.System{}.Now()
	if out, err := d.DoAll(t.Context(), b); err != nil || out.Done != len(chosen) {
		t.Fatalf("%d of %d done, %v", out.Done, len(chosen), err)
	}
	t.Logf("bulk of %d cases: %v", len(chosen), clock.System{}.Now().Sub(began))
}
