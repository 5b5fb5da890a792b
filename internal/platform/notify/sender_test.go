package notify_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/notify/notifytest"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

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
	onSQLite(t, func(t *testing.T, db *sqldb.DB) {
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
			put(t, db, sms(fmt.Sprint("good", i)))
			d.send(t, 1)
			d.clock.Set(get(t, db, "bad").Next)
		}
	})
}

// When a receiver answers again, what had begun to wait long waits no longer.
func TestRecoveryReleasesWhatWaited(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, db *sqldb.DB) {
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

// Somebody who sends a dead letter again gives it another day.
func TestResentLetterHasADayOfItsOwn(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db, nil)
		d.gateway.OnRequest(status(500))
		put(t, db, sms("a"))
		d.send(t, 0)
		d.clock.Advance(24 * time.Hour)
		d.send(t, 0)
		expect(t, db, notify.Dead, "a")
		update(t, db, func(tx *sqldb.Tx) error { return notify.Resend(tx, "a") })
		d.send(t, 0)
		if e := get(t, db, "a"); e.Status != notify.Waiting || e.Attempts != 1 || e.Next.Sub(d.clock.Now()) != 2*time.Second {
			t.Errorf("%s after %d tries", e.Status, e.Attempts)
		}
	})
}

// A receiver that refuses a message does answer: it is no reason to go on leaving it alone.
func TestRefusalEndsAPause(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db, nil)
		d.gateway.OnRequest(status(503))
		for _, id := range ids("m", 9) {
			put(t, db, sms(string(id)))
		}
		d.send(t, 0)
		d.clock.Advance(time.Minute)
		d.gateway.OnRequest(status(400))
		d.send(t, 0)
		expect(t, db, notify.Dead, ids("m", 9)...)
		if r := d.Receivers()[0]; !r.Since.IsZero() || r.Channel != notify.SMS || r.Busy != 0 {
			t.Errorf("%+v", r)
		}
	})
}

// What is of no use any more does not wait for its receiver.
func TestWhatIsTooLateDiesBehindADeadReceiver(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db, nil)
		d.gateway.OnRequest(status(503))
		short := sms("short")
		short.NotBefore, short.NotAfter = start.Add(30*time.Minute), start.Add(time.Hour) // behind the others, which are tried one by one
		put(t, db, short)
		for _, id := range ids("m", 40) {
			put(t, db, sms(string(id)))
		}
		for range 4 {
			d.send(t, 0)
			d.clock.Advance(20 * time.Minute)
		}
		if e := get(t, db, "short"); e.Status != notify.Dead || e.Attempts != 0 || !strings.Contains(e.Reason.EN, "time had passed") {
			t.Errorf("%s after %d tries: %s", e.Status, e.Attempts, e.Reason.EN)
		}
		expect(t, db, notify.Waiting, ids("m", 40)...)
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
