package casedesktest

import (
	"strings"
	"testing"
	"time"

	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/timer"
)

// owners know who answers for building sites.
func owners(subject string) (casedesk.Owner, bool) {
	return casedesk.Owner{Name: "Builders", Phone: "13800000009"}, strings.HasPrefix(subject, "site-")
}

// warned opens a case whose owner has half an hour.
func (d *Desk) warned(t *testing.T, subject string) casework.ID {
	t.Helper()
	o := opening(subject, 1)
	o.Since, o.Limits.Persist = Start.Add(-20*time.Minute), 30*time.Minute
	var id casework.ID
	for range 2 { // detection may come again
		d.update(t, func(tx *sqldb.Tx) (err error) {
			id, _, err = d.Open(tx, casework.Warn, o)
			return err
		})
	}
	return id
}

// outgoing are the messages about a case that were not cancelled, oldest first, and how many were.
func (d *Desk) outgoing(t *testing.T, id casework.ID) (all []notify.Entry, cancelled int) {
	t.Helper()
	d.update(t, func(tx *sqldb.Tx) error {
		page, err := notify.Find(tx, notify.Filter{About: string(id), Plain: true})
		all, cancelled = nil, 0
		for _, e := range page.Entries {
			if e.Status == notify.Cancelled {
				cancelled++
				continue
			}
			all = append([]notify.Entry{e}, all...)
		}
		return err
	})
	return all, cancelled
}

// sent makes as if all that waits had left.
func (d *Desk) sent(t *testing.T) {
	t.Helper()
	d.update(t, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`UPDATE notify SET status = 'sent'`)
		return err
	})
}

func (d *Desk) ring(t *testing.T, id casework.ID, kind casework.TimerKind) {
	t.Helper()
	d.update(t, func(tx *sqldb.Tx) error {
		return d.Timers()[string(kind)](t.Context(), tx, timer.Timer{Kind: string(kind), Key: string(id), Due: d.clock.Now()})
	})
}

// The owner hears of it first; what lasts past the time is filed, and the owner hears of that too.
func warnsOwner(t *testing.T, d *Desk) {
	id := d.warned(t, "site-1")
	c, facts := d.load(t, id)
	if c.State != casework.Warned || !c.WakeAt.Equal(Start.Add(30*time.Minute)) || facts[0].Note != "Builders" {
		t.Fatalf("the case is %s until %s, told %q", c.State, c.WakeAt, facts[0].Note)
	}
	told, _ := d.outgoing(t, id)
	if len(told) != 1 || told[0].Channel != notify.SMS || told[0].To != casedesk.SealedTo+"phone-13800000009:sealed 90000000831" || !told[0].NotBefore.IsZero() && told[0].NotBefore.After(Start) {
		t.Fatalf("told: %+v", told)
	}
	for _, word := range []string{"积水", "site-1", c.Number, "7月1日 23:39", "7月2日 00:29"} {
		if !strings.Contains(told[0].Body.ZH, word) {
			t.Errorf("%q does not say %q", told[0].Body.ZH, word)
		}
	}
	d.sent(t)
	d.clock.Advance(29 * time.Minute)
	d.ring(t, id, casework.TimerPersist)
	if c, _ := d.load(t, id); c.State != casework.Warned {
		t.Fatalf("before the time is over the case is %s", c.State)
	}
	d.clock.Advance(time.Minute)
	d.ring(t, id, casework.TimerPersist)
	d.ring(t, id, casework.TimerPersist)
	c, facts = d.load(t, id)
	told, _ = d.outgoing(t, id)
	if c.State != casework.Filed || len(facts) != 2 || facts[1].Kind != casework.FactPersisted || len(told) != 2 || !strings.Contains(told[1].Body.ZH, "已立案") {
		t.Errorf("the case is %s after %d facts, told %+v", c.State, len(facts), told)
	}
}

// What ends in time is put right, on record; a warning that has not left by then does not leave.
func liftsWarning(t *testing.T, d *Desk) {
	for _, left := range []bool{true, false} {
		id := d.warned(t, map[bool]string{true: "site-1", false: "site-2"}[left])
		if left {
			d.sent(t)
		}
		d.clock.Advance(10 * time.Minute)
		c, _ := d.load(t, id)
		for range 2 {
			d.update(t, func(tx *sqldb.Tx) error { _, err := d.Recover(tx, c.Detection, d.clock.Now()); return err })
		}
		d.clock.Advance(time.Hour)
		d.ring(t, id, casework.TimerPersist)
		c, facts := d.load(t, id)
		if c.State != casework.Averted || len(facts) != 2 || facts[1].Kind != casework.FactRecovered {
			t.Errorf("left %v: the case is %s after %d facts", left, c.State, len(facts))
		}
		told, cancelled := d.outgoing(t, id)
		if left && (len(told) != 2 || !strings.Contains(told[1].Body.ZH, "解除")) || !left && (len(told) != 0 || cancelled != 1) {
			t.Errorf("left %v: told %+v, %d cancelled", left, told, cancelled)
		}
	}
}

// An operator may file or void before the time; the owner hears of it when nobody can take it back any more, and not at all when it was taken back.
func endsWarning(t *testing.T, d *Desk) {
	filed, voided := d.warned(t, "site-1"), d.warned(t, "site-2")
	d.sent(t)
	d.do(t, filed, casework.File, operator)
	told, _ := d.outgoing(t, filed)
	if len(told) != 2 || !told[1].NotBefore.Equal(Start.Add(casework.UndoWithin)) || !strings.Contains(told[1].Body.ZH, "已立案") {
		t.Errorf("filed: told %+v", told)
	}
	d.do(t, filed, casework.Undo, operator)
	if told, cancelled := d.outgoing(t, filed); len(told) != 1 || cancelled != 1 {
		t.Errorf("taken back: %d told, %d cancelled", len(told), cancelled)
	}
	c, _ := d.load(t, voided)
	r := d.request(voided, casework.Void, c.Version, operator)
	r.Command.Note = "a permit"
	if _, err := d.Do(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if told, _ := d.outgoing(t, voided); len(told) != 2 || !strings.Contains(told[1].Body.ZH, "解除") {
		t.Errorf("voided: told %+v", told)
	}
}

// Where nobody can be told the case is accepted at once.
func warnsNobody(t *testing.T, d *Desk) {
	id := d.warned(t, "meadow")
	c, facts := d.load(t, id)
	if c.State != casework.Accepted || !c.WakeAt.IsZero() || facts[0].Note != "" {
		t.Errorf("the case is %s until %s, told %q", c.State, c.WakeAt, facts[0].Note)
	}
	if told, _ := d.outgoing(t, id); len(told) != 0 {
		t.Errorf("told %+v", told)
	}
	d.ring(t, id, casework.TimerPersist)
	if again, _ := d.load(t, id); again.Version != c.Version {
		t.Errorf("the clock of no warning made it %s", again.State)
	}
}
