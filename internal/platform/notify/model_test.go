package notify_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/clock"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

// world is two Senders on one database, and receivers that do as the test tells them.
type world struct {
	db      *sqldb.DB
	clock   *clock.Manual
	senders []*notify.Sender
	put     []notify.ID
	gone    map[notify.ID]bool // cancelled by us

	mu      sync.Mutex
	mood    string
	taken   map[string]int // by key
	lost    map[string]int // of them, those whose answer was lost
	refused map[notify.ID]bool
}

// Send is every receiver's.
func (w *world) Send(_ context.Context, m notify.Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch w.mood {
	case "well":
		w.taken[m.Key()]++
		return nil
	case "answer lost":
		w.taken[m.Key()]++
		w.lost[m.Key()]++
		return &notify.Failure{Verdict: notify.Unwell}
	case "refuses":
		w.refused[m.ID] = true
		return &notify.Failure{Verdict: notify.Refused, Answered: true}
	case "later":
		return &notify.Failure{Verdict: notify.TryLater}
	}
	return &notify.Failure{Verdict: notify.Unwell, Wait: 10 * time.Minute}
}

func (w *world) step(rt *rapid.T, t *testing.T) {
	switch rapid.SampledFrom([]string{"put", "put", "send", "send", "send", "advance", "mood", "cancel", "resend"}).Draw(rt, "step") {
	case "put":
		id := fmt.Sprint("m", len(w.put))
		m := rapid.SampledFrom([]notify.Message{sms(id), hook(id, "x"), hook(id, "y")}).Draw(rt, "message")
		m.NotBefore = w.clock.Now().Add(time.Duration(rapid.IntRange(-1, 1).Draw(rt, "hours")) * time.Hour)
		put(t, w.db, m)
		w.put = append(w.put, m.ID)
	case "send":
		w.send(t, rapid.IntRange(0, 1).Draw(rt, "sender"))
	case "advance":
		w.clock.Advance(time.Duration(rapid.IntRange(1, 4000).Draw(rt, "seconds")) * time.Second)
	case "mood":
		w.mood = rapid.SampledFrom([]string{"well", "answer lost", "refuses", "later", "asks for rest"}).Draw(rt, "mood")
	default:
		w.change(rt, t)
	}
}

// change cancels or resends any message, if that can be.
func (w *world) change(rt *rapid.T, t *testing.T) {
	if len(w.put) == 0 {
		return
	}
	id := rapid.SampledFrom(w.put).Draw(rt, "which")
	switch e := get(t, w.db, id); e.Status {
	case notify.Waiting:
		update(t, w.db, func(tx *sqldb.Tx) error { return notify.Cancel(tx, id, w.clock.Now()) })
		w.gone[id] = true
	case notify.Dead, notify.Cancelled:
		update(t, w.db, func(tx *sqldb.Tx) error { return notify.Resend(tx, id) })
		delete(w.gone, id)
		delete(w.refused, id)
	}
}

func (w *world) send(t *testing.T, sender int) {
	t.Helper()
	if _, err := w.senders[sender].SendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// check lets all receivers be well for long enough, and then counts.
func (w *world) check(rt *rapid.T, t *testing.T) {
	w.mood = "well"
	for range 8 {
		w.clock.Advance(time.Hour)
		w.send(t, 0)
	}
	for _, id := range w.put {
		e := get(t, w.db, id)
		want := notify.Sent
		switch {
		case w.gone[id]:
			want = notify.Cancelled
		case w.refused[id]:
			want = notify.Dead
		}
		if taken, lost := w.taken[string(id)], w.lost[string(id)]; e.Status != want || want == notify.Sent && taken != lost+1 || want != notify.Sent && taken != lost {
			rt.Fatalf("%s is %s, want %s; it was taken %d times, of which %d answers were lost", id, e.Status, want, taken, lost)
		}
	}
}

// Whatever receivers do, and whatever is cancelled or sent again: each message is taken once, once more for each answer that was lost, or not at all if it was refused or
// cancelled; and its row says which.
func TestNothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, notify.Migrations, func(t *testing.T, db *sqldb.DB) {
		rapid.Check(t, func(rt *rapid.T) {
			w := &world{db: db, clock: clock.NewManual(start), mood: "well", gone: map[notify.ID]bool{}, taken: map[string]int{}, lost: map[string]int{}, refused: map[notify.ID]bool{}}
			for range 2 {
				w.senders = append(w.senders, notify.NewSender(notify.Options{DB: db, Clock: w.clock, Log: quiet, GiveUp: 10000 * time.Hour,
					Carriers: map[notify.Channel]notify.Carrier{notify.SMS: w, notify.Webhook: w}}))
			}
			for range rapid.IntRange(1, 15).Draw(rt, "steps") {
				w.step(rt, t)
			}
			w.check(rt, t)
			update(t, db, func(tx *sqldb.Tx) error { _, err := tx.Exec(`DELETE FROM notify`); return err })
		})
	})
}
