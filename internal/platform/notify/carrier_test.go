package notify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"twoweave/internal/base/lang"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/notify/notifytest"
	"twoweave/internal/platform/sqldb"
)

func TestSMSGoesToTheGateway(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db, nil)
		english := sms("b")
		english.Lang, english.To = lang.English, "＋86 138-0000 ５678"
		put(t, db, sms("a"), english)
		d.send(t, 2)
		got := map[string]string{}
		for _, r := range d.gateway.Got() {
			var body struct{ ID, To, Text string }
			if err := json.Unmarshal(r.Body, &body); err != nil || body.ID != r.Header.Get("Idempotency-Key") || r.Header.Get("Authorization") != "Bearer hush" {
				t.Errorf("the gateway got %v %s (%v)", r.Header, r.Body, err)
			}
			got[body.ID] = body.To + " " + body.Text
		}
		if got["a"] != "13800005678 您反映的井盖问题已受理 a" || got["b"] != "+8613800005678 Your report was accepted b" {
			t.Errorf("the gateway got %v", got)
		}
		if e := get(t, db, "a"); e.Status != notify.Sent || !e.Done.Equal(start) {
			t.Errorf("kept as %s at %s", e.Status, e.Done)
		}
	})
}

func TestVerdictsOfHTTP(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, db *sqldb.DB) {
		for code, want := range map[int]notify.Status{200: notify.Sent, 202: notify.Sent, 204: notify.Sent, 301: notify.Dead, 307: notify.Dead, 400: notify.Dead, 403: notify.Dead,
			404: notify.Dead, 410: notify.Dead, 422: notify.Dead, 401: notify.Waiting, 407: notify.Waiting, 408: notify.Waiting, 429: notify.Waiting, 500: notify.Waiting, 503: notify.Waiting} {
			d := newDesk(t, db, nil)
			d.gateway.OnRequest(func(notifytest.Request) notifytest.Answer {
				return notifytest.Answer{Status: code, Header: map[string]string{"Location": "http://127.0.0.1:1/"}}
			})
			id := notify.ID(fmt.Sprint(code))
			put(t, db, sms(string(id)))
			if _, err := d.SendDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			e := get(t, db, id)
			if e.Status != want || want != notify.Sent && !strings.Contains(e.Reason.EN, fmt.Sprint(code)) {
				t.Errorf("after %d it is %s: %s", code, e.Status, e.Reason.EN)
			}
			if len(d.gateway.Got()) != 1 {
				t.Errorf("after %d it was sent %d times", code, len(d.gateway.Got()))
			}
			update(t, db, func(tx *sqldb.Tx) error { return notify.Erase(tx, notify.SMS, "13800005678") })
		}
	})
}

func TestRetryAfterIsKeptTo(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, db *sqldb.DB) {
		for header, want := range map[string]time.Duration{"600": 10 * time.Minute, start.Add(time.Minute).Format("Mon, 02 Jan 2006 15:04:05 GMT"): time.Minute,
			"86400": time.Hour, "-5": 2 * time.Second, "soon": 2 * time.Second} {
			d := newDesk(t, db, nil)
			d.gateway.OnRequest(func(notifytest.Request) notifytest.Answer {
				return notifytest.Answer{Status: 429, Header: map[string]string{"Retry-After": header}}
			})
			put(t, db, sms("a"))
			d.send(t, 0)
			if next := get(t, db, "a").Next; !next.Equal(start.Add(want)) { // also for another Sender, or after a restart
				t.Errorf("Retry-After %s: it waits until %s", header, next)
			}
			put(t, db, sms("b")) // the receiver wants nobody's
			d.clock.Advance(want - 1)
			if want > 2*time.Second {
				d.send(t, 0)
			}
			d.gateway.OnRequest(status(200))
			d.clock.Advance(1)
			if _, err := d.SendDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			expect(t, db, notify.Sent, "a", "b")
			if n := len(d.gateway.Got()); n != 3 {
				t.Errorf("Retry-After %s: %d requests", header, n)
			}
			update(t, db, func(tx *sqldb.Tx) error { return notify.Erase(tx, notify.SMS, "13800005678") })
		}
	})
}

func TestChannelWithoutCarrier(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db, nil)
		put(t, db, hook("a", "nobody"))
		d.send(t, 0)
		expect(t, db, notify.Dead, "a")
	})
}

// carrier is a function as a Carrier.
type carrier func(ctx context.Context, m notify.Message) error

func (c carrier) Send(ctx context.Context, m notify.Message) error { return c(ctx, m) }

// A carrier that panics harms its own message only.
func TestPanicOfACarrier(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db, func(o *notify.Options) {
			o.Carriers[notify.SMS] = carrier(func(_ context.Context, m notify.Message) error {
				if m.ID == "a" {
					panic(errBad)
				}
				return nil
			})
		})
		put(t, db, sms("a"), sms("b"))
		d.send(t, 1)
		if e := get(t, db, "a"); e.Status != notify.Waiting || e.Attempts != 1 {
			t.Errorf("%s, %d tries", e.Status, e.Attempts)
		}
	})
}

// Values that were put sealed are opened for the carrier alone.
func TestRevealOpensForTheMomentOfSending(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, db *sqldb.DB) {
		forgotten := &notify.Failure{Verdict: notify.Refused, Why: lang.Text{ZH: "此人的资料已删除", EN: "the person was forgotten"}}
		d := newDesk(t, db, func(o *notify.Options) {
			o.Reveal = func(_ context.Context, _ *sqldb.Tx, m *notify.Message) error {
				if m.ID == "b" {
					return forgotten
				}
				m.To = strings.TrimPrefix(m.To, "sealed:")
				return nil
			}
		})
		a, b := sms("a"), sms("b")
		a.To, b.To = "sealed:13800005678", "sealed:13900005678"
		put(t, db, a, b)
		d.send(t, 1)
		if body := string(d.gateway.Got()[0].Body); !strings.Contains(body, `"13800005678"`) {
			t.Errorf("the gateway got %s", body)
		}
		if e := get(t, db, "b"); e.Status != notify.Dead || e.Reason != forgotten.Why {
			t.Errorf("%s: %+v", e.Status, e.Reason)
		}
		if e := get(t, db, "a"); e.To != a.To {
			t.Errorf("the row holds %s", e.To)
		}
	})
}
