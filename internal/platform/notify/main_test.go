package notify_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/lang"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/notify/notifytest"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

func TestMain(m *testing.M) {
	code := sqldbtest.Main(m)
	if err := goleak.Find(); code == 0 && err != nil {
		println(err.Error())
		code = 1
	}
	os.Exit(code)
}

var (
	start  = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	quiet  = slog.New(slog.DiscardHandler)
	errBad = errors.New("bad")
)

// sms is a message that only its id tells from others.
func sms(id string) notify.Message {
	return notify.Message{ID: notify.ID(id), Channel: notify.SMS, To: "13800005678", Body: lang.Text{ZH: "您反映的井盖问题已受理 " + id, EN: "Your report was accepted " + id}, About: "case-1", At: start}
}

func hook(id, to string) notify.Message {
	return notify.Message{ID: notify.ID(id), Channel: notify.Webhook, To: to, Type: "twoweave.case.closed", Data: []byte(`{"n":1}`), About: "case-1", At: start}
}

func inApp(id, account string) notify.Message {
	return notify.Message{ID: notify.ID(id), Channel: notify.App, To: account, Subject: lang.Text{ZH: "新案件", EN: "New case"}, Body: lang.Text{ZH: "请处置", EN: "Please handle"}, At: start}
}

func update(t testing.TB, db *sqldb.DB, fn func(tx *sqldb.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, db *sqldb.DB, messages ...notify.Message) {
	t.Helper()
	update(t, db, func(tx *sqldb.Tx) error { return notify.Put(tx, messages...) })
}

func get(t testing.TB, db *sqldb.DB, id notify.ID) (e notify.Entry) {
	t.Helper()
	err := db.View(context.WithoutCancel(t.Context()), func(tx *sqldb.Tx) (err error) {
		e, err = notify.Get(tx, id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// expect checks the state of messages.
func expect(t testing.TB, db *sqldb.DB, want notify.Status, ids ...notify.ID) {
	t.Helper()
	for _, id := range ids {
		if e := get(t, db, id); e.Status != want {
			t.Fatalf("%s is %s (%s), want %s", id, e.Status, e.Reason.EN, want)
		}
	}
}

// desk is a Sender with one SMS gateway, on a clock that the test moves.
type desk struct {
	*notify.Sender
	db      *sqldb.DB
	clock   *clock.Manual
	gateway *notifytest.Receiver
}

// newDesk makes a desk; change may set what differs from the usual.
func newDesk(t testing.TB, db *sqldb.DB, change func(o *notify.Options)) desk {
	t.Helper()
	d := desk{db: db, clock: clock.NewManual(start), gateway: notifytest.NewReceiver(t)}
	carrier := smsTo(t, d.gateway, d.clock)
	o := notify.Options{DB: db, Clock: d.clock, Log: quiet, Carriers: map[notify.Channel]notify.Carrier{notify.SMS: carrier}}
	if change != nil {
		change(&o)
	}
	d.Sender = notify.NewSender(o)
	return d
}

func smsTo(t testing.TB, gateway *notifytest.Receiver, c clock.Clock) *notify.SMSCarrier {
	t.Helper()
	carrier, err := notify.NewSMS(notify.SMSConfig{URL: gateway.URL + "/send?key=hush", Secret: "Bearer hush"}, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := carrier.Close(); err != nil {
			t.Error(err)
		}
	})
	return carrier
}

// send sends what is due and checks how many messages arrived.
func (d desk) send(t testing.TB, want int) {
	t.Helper()
	if n, err := d.SendDue(t.Context()); err != nil || n != want {
		t.Fatalf("SendDue sent %d (%v), want %d", n, err, want)
	}
}

// keys are the idempotency keys of what came in, in order.
func keys(r *notifytest.Receiver) (all []string) {
	for _, g := range r.Got() {
		all = append(all, g.Header.Get("Idempotency-Key"))
	}
	return all
}

func status(code int) func(notifytest.Request) notifytest.Answer {
	return func(notifytest.Request) notifytest.Answer { return notifytest.Answer{Status: code} }
}

func ids(prefix string, n int) (all []notify.ID) {
	for i := range n {
		all = append(all, notify.ID(fmt.Sprintf("%s%03d", prefix, i)))
	}
	return all
}
