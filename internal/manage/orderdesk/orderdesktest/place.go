package orderdesktest

import (
	"errors"
	"runtime"
	"slices"
	"testing"
	"time"

	"twoweave/internal/manage/order"
	"twoweave/internal/manage/orderdesk"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/sqldb"
)

var errDied = errors.New("the process died")

// crashes lets the process die with the message in the log and the record not told, before and after the bus forgets ids, and the same for the end.
func crashes(t *testing.T, d *Desk) {
	for _, forgets := range []bool{false, true} {
		v := d.give(t, operator, order.PutState, state(order.Special))
		d.survive(t, forgets)
		if o := d.load(t, v.ID); d.level(t) != order.Special || o.Position == 0 {
			t.Errorf("forgets=%v: the log says %s, placed at %d", forgets, d.level(t), o.Position)
		}
		if _, err := d.End(t.Context(), d.by(operator), v.ID, "calm"); err != nil {
			t.Fatal(err)
		}
		d.survive(t, forgets)
		if o := d.load(t, v.ID); d.level(t) != order.Daily || o.EndPosition <= o.Position {
			t.Errorf("forgets=%v: the log says %s, ended at %d after %d", forgets, d.level(t), o.EndPosition, o.Position)
		}
	}
	if n := len(d.log.bodies); n < 4+2 {
		t.Errorf("the log holds %d messages: nothing came twice, so nothing was tried", n)
	}
}

// survive drains with a relay that dies after its first append, and then with the one of the next start.
func (d *Desk) survive(t *testing.T, forgets bool) {
	t.Helper()
	d.log.after = func(string) error { return errDied }
	if n, err := d.newRelay().Drain(t.Context()); err != nil || n != 0 {
		t.Fatalf("%d messages left a relay that died (%v)", n, err)
	}
	d.log.after = nil
	if forgets {
		d.log.forget()
	}
	d.clock.Advance(time.Second) // the relay waits after a failure
	if n, err := d.newRelay().Drain(t.Context()); err != nil || n != 1 {
		t.Fatalf("the next start placed %d messages (%v)", n, err)
	}
}

// late has a frozen program finish its append after another one has placed the same order and its end.
func late(t *testing.T, d *Desk) {
	v := d.give(t, operator, order.PutState, state(order.Special))
	d.drain(t)
	if _, err := d.End(t.Context(), d.by(operator), v.ID, "calm"); err != nil {
		t.Fatal(err)
	}
	d.drain(t)
	d.log.forget()
	o := d.load(t, v.ID)
	if _, err := d.Publisher(d.log, facts{}).Publish(t.Context(), "order."+string(v.ID), string(v.ID)+".put", o.Put().Encode()); err != nil {
		t.Fatal(err)
	}
	if d.level(t) != order.Special {
		t.Fatal("the late message is not in the log, so nothing was tried")
	}
	d.drain(t)
	if after := d.load(t, v.ID); d.level(t) != order.Daily || after.Position != o.Position || after.EndPosition != o.EndPosition {
		t.Errorf("the log says %s, %+v", d.level(t), after)
	}
}

func settled(t *testing.T, d *Desk) {
	if err := d.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.give(t, operator, order.PutState, state(order.Emergency4)) // a proposal has no place
	if err := d.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	v := d.give(t, operator, order.PutState, state(order.Special))
	done := make(chan error, 1)
	go func() { done <- d.Settled(t.Context()) }()
	for range 100 {
		runtime.Gosched()
	}
	select {
	case err := <-done:
		t.Fatalf("settled before it was placed (%v)", err)
	default:
	}
	d.drain(t)
	if err := <-done; err != nil || d.load(t, v.ID).Position == 0 {
		t.Errorf("settled with position %d (%v)", d.load(t, v.ID).Position, err)
	}
}

// found is a finding of ponding at a place, at the start of its episode.
func found(subject string, at time.Time) scenario.Detection {
	return scenario.Detection{DetectionID: scenario.DetectionID{Scenario: "ponding", Subject: subject, Episode: 1}, Change: scenario.Started, At: at, Since: at.Add(-time.Minute), Area: "a1"}
}

func raises(t *testing.T, d *Desk) {
	f := found("p-1", Start.Add(time.Minute))
	raise := func(f scenario.Detection, l order.Level) order.Order {
		d.update(t, func(tx *sqldb.Tx) error { return d.Raise(tx, f, scenario.Raise{Level: l, For: time.Hour}) })
		return d.load(t, order.RaisedBy(f.DetectionID.String()))
	}
	for range 2 {
		o := raise(f, order.Emergency4)
		if o.Status != order.Ordered || o.Version != 1 || !o.At.Equal(f.At) || !o.Until.Equal(f.At.Add(time.Hour)) || o.Origin != order.ByFinding || o.Detection != f.DetectionID.String() {
			t.Fatalf("%+v", o)
		}
	}
	d.drain(t)
	if d.level(t) != order.Emergency4 || len(d.log.bodies) != 1 {
		t.Errorf("the log says %s in %d messages", d.level(t), len(d.log.bodies))
	}
	if o := raise(found("p-2", Start.Add(2*time.Minute)), order.Emergency4); o.Status != order.Ignored || o.EndWhy == "" {
		t.Errorf("as high again: %+v", o)
	}
	if o := raise(found("p-3", Start.Add(2*time.Minute)), order.Emergency2); o.Status != order.Ordered {
		t.Errorf("higher: %+v", o)
	}
	if o := raise(found("p-4", Start.Add(3*time.Hour)), order.Special); o.Status != order.Ordered {
		t.Errorf("when the others have run out: %+v", o)
	}
	if _, err := d.End(t.Context(), d.by(operator), order.RaisedBy(f.DetectionID.String()), "a false alarm"); err != nil {
		t.Errorf("a person ends an automatic order: %v", err)
	}
	if trail := d.audit(t, "system:detection"); len(trail) != 4 {
		t.Errorf("the trail holds %d decisions", len(trail))
	}
}

func quiets(t *testing.T, d *Desk) {
	f := found("p-1", Start)
	q := scenario.Quiet{Scenarios: []scenario.ID{"noise"}, For: time.Hour}
	d.update(t, func(tx *sqldb.Tx) error { return d.Quiet(tx, f, q) })
	d.drain(t)
	table := d.log.table(t)
	for at, silent := range map[time.Duration]bool{-2 * time.Minute: false, -time.Minute: true, 0: true, time.Hour: false} {
		if got := table.Silent("noise", "x", "a1", Start.Add(at)) != nil; got != silent {
			t.Errorf("silent at %v: %v", at, got)
		}
	}
	if table.Silent("ponding", "p-1", "a1", Start) != nil || table.Silent("noise", "x", "a2", Start) != nil {
		t.Error("more is silent than was said")
	}
	end := f
	end.Change, end.At = scenario.Ended, Start.Add(10*time.Minute)
	for range 2 {
		d.update(t, func(tx *sqldb.Tx) error { return d.Unquiet(tx, end) })
	}
	d.drain(t)
	o := d.load(t, order.QuietedBy(f.DetectionID.String()))
	if table := d.log.table(t); o.Status != order.Ended || !o.EndedAt.Equal(end.At) || len(table.Silences) != 0 {
		t.Errorf("%+v, in the log %+v", o, table.Silences)
	}
	none := found("nothing", Start)
	d.update(t, func(tx *sqldb.Tx) error { return d.Unquiet(tx, none) })
}

func nowhere(t *testing.T, d *Desk) {
	f := found("bad \x00 subject "+string(make([]byte, 500)), Start)
	f.Area = ""
	d.update(t, func(tx *sqldb.Tx) error {
		return errors.Join(d.Raise(tx, f, scenario.Raise{Level: order.Emergency1, For: time.Hour}), d.Quiet(tx, f, scenario.Quiet{Scenarios: []scenario.ID{"noise"}}))
	})
	d.drain(t)
	if len(d.log.bodies) != 0 {
		t.Errorf("%d messages: a finding without an area ordered something for the whole city", len(d.log.bodies))
	}
	for _, id := range []order.ID{order.RaisedBy(f.DetectionID.String()), order.QuietedBy(f.DetectionID.String())} {
		if o := d.load(t, id); o.Status != order.Ignored || o.EndWhy == "" {
			t.Errorf("%+v", o)
		}
	}
}

// boards compares what people see with what a partition would compute from the log.
func boards(t *testing.T, d *Desk) {
	draft := state(order.Special)
	draft.Area, draft.Until = "", time.Time{}
	d.give(t, operator, order.PutState, draft)
	short := state(order.Emergency4)
	short.Until = Start.Add(time.Hour)
	for _, draft := range []order.Draft{short, state(order.Emergency4)} {
		if _, err := d.Confirm(t.Context(), d.by(admin), d.give(t, operator, order.PutState, draft).ID); err != nil {
			t.Fatal(err)
		}
	}
	d.give(t, operator, order.PutState, state(order.Emergency1)) // proposed only
	d.give(t, operator, order.PutSilence, works())
	d.drain(t)
	for _, at := range []time.Duration{0, 30 * time.Minute, 2 * time.Hour, 7 * time.Hour} {
		d.clock.Set(Start.Add(at))
		b, err := d.Board(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		table := d.log.table(t)
		for _, a := range b.Areas {
			if want := table.Level(a.Area, d.clock.Now()); a.Level != want {
				t.Errorf("after %v area %s is shown as %s, the log says %s", at, a.Area, a.Level, want)
			}
		}
		if b.Above != 2 || len(b.Areas) != 2 {
			t.Errorf("after %v: %+v", at, b)
		}
	}
	d.clock.Set(Start)
	d.give(t, operator, order.PutSilence, works())
	b, err := d.Board(t.Context())
	i := slices.IndexFunc(b.Areas, func(a orderdesk.AreaState) bool { return a.Area == "a1" })
	if err != nil || b.Silences != 2 || b.Proposed != 1 || b.Highest != order.Emergency4 || len(b.Areas[i].Orders) != 3 || !b.Areas[i].Until.Equal(Start.Add(6*time.Hour)) {
		t.Errorf("%+v (%v)", b, err)
	}
}
