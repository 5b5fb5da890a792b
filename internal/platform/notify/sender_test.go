package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/lang"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/notify/notifytest"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
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

// The process dies after the gateway took a message and before the row says so: here its database is gone when the answer comes.
func TestCrashBetweenSendAndNote(t *testing.T) {
	t.Parallel()
	sqldbtest.EachURL(t, func(t *testing.T, url string) {
		db := sqldbtest.Open(t, url, notify.Migrations)
		dying, err := sqldb.Open(t.Context(), url, notify.Migrations)
		if err != nil {
			t.Fatal(err)
		}
		d := newDesk(t, dying, nil)
		put(t, db, sms("a"))
		d.gateway.OnRequest(func(notifytest.Request) notifytest.Answer {
			if err := dying.Close(); err != nil {
				t.Error(err)
			}
			return notifytest.Answer{}
		})
		if _, err := d.SendDue(t.Context()); err == nil {
			t.Fatal("the sender survived")
		}
		d.gateway.OnRequest(status(200))
		next := notify.NewSender(notify.Options{DB: db, Clock: d.clock, Log: quiet, Carriers: map[notify.Channel]notify.Carrier{notify.SMS: smsTo(t, d.gateway, d.clock)}})
		d.Sender, d.db = next, db
		d.send(t, 0) // the dead one's lease still runs
		if err := next.TakeOver(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.send(t, 1)
		if got := keys(d.gateway); !slices.Equal(got, []string{"a", "a"}) {
			t.Errorf("the gateway got %v", got)
		}
		expect(t, db, notify.Sent, "a")
	})
}

func TestLeaseOfADeadSenderRunsOut(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, notify.Migrations, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db, nil)
		put(t, db, sms("a"))
		update(t, db, func(tx *sqldb.Tx) error { // as a Sender leaves it that was killed
			_, err := tx.Exec(`UPDATE notify SET owner = 'dead', try_at = $1`, sqldb.Micros(start.Add(time.Minute)))
			return err
		})
		d.clock.Advance(time.Minute - 1)
		d.send(t, 0)
		d.clock.Advance(1)
		d.send(t, 1)
	})
}

// An hour without a gateway, with messages coming all the time: nothing is lost, nothing comes twice, and all is there soon after the hour.
func TestReceiverDeadForAnHour(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, notify.Migrations, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db, nil)
		var dead atomic.Bool
		var taken sync.Map
		d.gateway.OnRequest(func(r notifytest.Request) notifytest.Answer {
			if dead.Load() {
				return notifytest.Answer{HangUp: len(r.Body)%2 == 0, Status: 503}
			}
			if _, twice := taken.LoadOrStore(r.Header.Get("Idempotency-Key"), true); twice {
				t.Errorf("%s was taken twice", r.Header.Get("Idempotency-Key"))
			}
			return notifytest.Answer{}
		})
		all := ids("m", 80)
		for i, id := range all {
			at := d.clock.Now().Sub(start)
			dead.Store(at >= 10*time.Minute && at < 70*time.Minute)
			put(t, db, sms(string(id)))
			if _, err := d.SendDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			if i == 50 {
				if r := d.Receivers(); len(r) != 1 || r[0].Since.IsZero() || r[0].Until.IsZero() || r[0].Why.ZH == "" {
					t.Errorf("the outage does not show: %+v", r)
				}
			}
			d.clock.Advance(time.Minute)
		}
		dead.Store(false)
		expect(t, db, notify.Sent, all...)
		if n := len(d.gateway.Got()) - len(all); n < 10 || n > 40 {
			t.Errorf("the dead receiver was tried %d times in an hour", n)
		}
		if r := d.Receivers(); !r[0].Since.IsZero() {
			t.Errorf("the outage did not end: %+v", r)
		}
	})
}

func TestBackOffGrowsToAnHourAndEndsAfterADay(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db, nil)
		d.gateway.OnRequest(status(500))
		put(t, db, sms("a"))
		var waits []time.Duration
		for last := start; get(t, db, "a").Status == notify.Waiting; {
			d.send(t, 0)
			next := get(t, db, "a").Next
			if next.IsZero() {
				break
			}
			waits, last = append(waits, next.Sub(last)), next
			d.clock.Set(next)
		}
		if waits[0] != 2*time.Second || waits[1] != 4*time.Second || waits[10] != 2048*time.Second || waits[11] != time.Hour {
			t.Errorf("waited %v", waits)
		}
		e := get(t, db, "a")
		if e.Status != notify.Dead || e.Done.Sub(start) != 24*time.Hour || e.Attempts != int64(len(d.gateway.Got())) {
			t.Errorf("it is %s after %s and %d tries", e.Status, e.Done.Sub(start), e.Attempts)
		}
		if !strings.Contains(e.Reason.EN, "status 500") || !strings.Contains(e.Reason.ZH, "500") {
			t.Errorf("the reason is %+v", e.Reason)
		}
		d.clock.Advance(100 * time.Hour)
		d.send(t, 0)
	})
}

// One message that makes the gateway fail, again and again, is not taken for a gateway that fails.
func TestOneBadMessageHoldsUpNobody(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db, nil)
		d.gateway.OnRequest(func(r notifytest.Request) notifytest.Answer {
			if r.Header.Get("Idempotency-Key") == "bad" {
				return notifytest.Answer{Status: 500}
			}
			return notifytest.Answer{}
		})
		put(t, db, sms("bad"))
		for i := range 8 {
			d.send(t, 0)
			d.clock.Set(get(t, db, "bad").Next)
			put(t, db, sms(fmt.Sprint("good", i)))
			d.send(t, 1)
		}
	})
}

// When a receiver answers again, what had begun to wait long waits no longer.
func TestRecoveryReleasesWhatWaited(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, notify.Migrations, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db, nil)
		d.gateway.OnRequest(status(503))
		put(t, db, sms("a"), sms("b"), sms("c"), sms("d"))
		for range 12 * 6 { // six hours: each waits for up to an hour by now
			d.send(t, 0)
			d.clock.Advance(5 * time.Minute)
		}
		d.gateway.OnRequest(status(200))
		put(t, db, sms("e"))
		d.send(t, 5)
	})
}

// What waits behind a receiver that is dead for more than a day has its own day, but no more than that.
func TestWhatWaitsBehindADeadReceiverDiesToo(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, notify.Migrations, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db, nil)
		d.gateway.OnRequest(status(503))
		var all []notify.Message
		for _, id := range ids("m", 40) {
			all = append(all, sms(string(id)))
		}
		put(t, db, all...)
		late := sms("late")
		for range 25 * 3 {
			d.send(t, 0)
			d.clock.Advance(20 * time.Minute)
			if d.clock.Now().Sub(start) == 20*time.Hour {
				put(t, db, late)
			}
		}
		expect(t, db, notify.Dead, ids("m", 40)...)
		expect(t, db, notify.Waiting, "late")
		d.gateway.OnRequest(status(200))
		d.clock.Advance(5 * time.Minute)
		d.send(t, 1)
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

// One receiver does not answer at all; the others get theirs meanwhile.
func TestSlowReceiverHoldsUpNobody(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, db *sqldb.DB) {
		slow, quick := notifytest.NewReceiver(t), notifytest.NewReceiver(t)
		free := make(chan struct{})
		slow.OnRequest(func(notifytest.Request) notifytest.Answer { <-free; return notifytest.Answer{} })
		d := newDesk(t, db, func(o *notify.Options) {
			o.Parallel = 3
			o.Carriers[notify.Webhook] = hooks(o.Clock, endpoint("slow", slow.URL), endpoint("quick", quick.URL))
		})
		var all []notify.Message
		for i := range 20 {
			all = append(all, hook(fmt.Sprint("s", i), "slow"), hook(fmt.Sprint("q", i), "quick"), sms(fmt.Sprint("p", i)))
		}
		put(t, db, all...)
		done := make(chan error, 1)
		go func() {
			_, err := d.SendDue(t.Context())
			done <- err
		}()
		for range 20 {
			<-quick.Came()
			<-d.gateway.Came()
		}
		for range 3 {
			<-slow.Came()
		}
		if n := len(slow.Got()); n != 3 {
			t.Errorf("%d requests at once to the slow one", n)
		}
		close(free)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if len(slow.Got()) != 20 || len(quick.Got()) != 20 || len(d.gateway.Got()) != 20 {
			t.Errorf("%d, %d, %d arrived", len(slow.Got()), len(quick.Got()), len(d.gateway.Got()))
		}
	})
}

func TestReceiverThatDoesNotAnswerIsGivenUp(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db, nil)
		free := make(chan struct{})
		d.gateway.OnRequest(func(notifytest.Request) notifytest.Answer { <-free; return notifytest.Answer{} })
		put(t, db, sms("a"))
		done := make(chan error, 1)
		go func() {
			_, err := d.SendDue(t.Context())
			done <- err
		}()
		<-d.gateway.Came()
		d.clock.Advance(20 * time.Second)
		if err := <-done; err != nil {
			t.Error(err)
		}
		close(free)
		if e := get(t, db, "a"); e.Status != notify.Waiting || e.Attempts != 1 || !strings.Contains(e.Reason.EN, "20s") {
			t.Errorf("%s, %d tries, %s", e.Status, e.Attempts, e.Reason.EN)
		}
	})
}

func TestTimesBeforeAndAfter(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db, nil)
		early, late := sms("early"), sms("late")
		early.NotBefore = start.Add(time.Hour)
		late.NotBefore, late.NotAfter = start.Add(time.Minute), start.Add(2*time.Minute)
		put(t, db, early, late)
		d.clock.Advance(2 * time.Minute)
		d.send(t, 0)
		if e := get(t, db, "late"); e.Status != notify.Dead || !strings.Contains(e.Reason.EN, "time had passed") {
			t.Errorf("%s: %s", e.Status, e.Reason.EN)
		}
		d.clock.Set(early.NotBefore.Add(-time.Microsecond))
		d.send(t, 0)
		d.clock.Advance(time.Microsecond)
		d.send(t, 1)
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

// Two Senders on two connections share the work and send nothing twice.
func TestTwoSendersSendEachMessageOnce(t *testing.T) {
	t.Parallel()
	sqldbtest.EachURL(t, func(t *testing.T, url string) {
		dbs := []*sqldb.DB{sqldbtest.Open(t, url, notify.Migrations), sqldbtest.Open(t, url, notify.Migrations)}
		var all []notify.Message
		for _, id := range ids("m", 120) {
			all = append(all, sms(string(id)))
		}
		put(t, dbs[0], all...)
		gateway := notifytest.NewReceiver(t)
		var work sync.WaitGroup
		for _, db := range dbs {
			c := clock.NewManual(start)
			s := notify.NewSender(notify.Options{DB: db, Clock: c, Log: quiet, Carriers: map[notify.Channel]notify.Carrier{notify.SMS: smsTo(t, gateway, c)}})
			work.Go(func() {
				if _, err := s.SendDue(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		work.Wait()
		got := keys(gateway)
		slices.Sort(got)
		if n := len(slices.Compact(slices.Clone(got))); len(got) != 120 || n != 120 {
			t.Errorf("%d requests for %d messages", len(got), n)
		}
		expect(t, dbs[0], notify.Sent, ids("m", 120)...)
	})
}

// The program is told to stop while a message is under way: it is free at once, and nothing is said about it.
func TestStoppedSenderGivesBack(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db, nil)
		free := make(chan struct{})
		d.gateway.OnRequest(func(notifytest.Request) notifytest.Answer { <-free; return notifytest.Answer{} })
		put(t, db, sms("a"))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- d.Run(ctx) }()
		<-d.gateway.Came()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		close(free)
		if e := get(t, db, "a"); e.Status != notify.Waiting || e.Attempts != 0 {
			t.Errorf("%s, %d tries", e.Status, e.Attempts)
		}
		d.send(t, 1)
	})
}

func TestSweepRemovesWhatWasKeptLongEnough(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, notify.Migrations, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db, nil)
		bad := sms("dead")
		bad.To = "nobody"
		waits := sms("waits")
		waits.NotBefore = start.Add(1000 * time.Hour * 24)
		put(t, db, sms("sent"), bad, waits, inApp("inbox", "zhang"))
		d.send(t, 1)
		const day = 24 * time.Hour
		for _, c := range []struct {
			at   time.Duration
			want string
		}{{30 * day, "[dead inbox sent waits]"}, {30*day + 1000, "[dead inbox waits]"}, {90 * day, "[dead inbox waits]"}, {90*day + 1000, "[waits]"}} {
			d.clock.Set(start.Add(c.at))
			if _, err := d.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := left(t, db); fmt.Sprint(got) != c.want {
				t.Errorf("after %s there is %v, want %s", c.at, got, c.want)
			}
		}
	})
}

// onSQLite is sqldbtest.Each for what is the same on every database.
func onSQLite(t *testing.T, fn func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	fn(t, sqldbtest.Open(t, sqldbtest.SQLiteURL(t), notify.Migrations))
}

func left(t *testing.T, db *sqldb.DB) (all []string) {
	t.Helper()
	update(t, db, func(tx *sqldb.Tx) error {
		p, err := notify.Find(tx, notify.Filter{})
		all = nil
		for _, e := range p.Entries {
			all = append(all, string(e.ID))
		}
		return err
	})
	slices.Sort(all)
	return all
}
