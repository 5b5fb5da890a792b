package notify_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

// filled is a database with messages of all channels and states, and what should be found there, newest first.
func filled(t *testing.T, db *sqldb.DB) (all []notify.Entry) {
	t.Helper()
	d := newDesk(t, db, nil)
	for i := range 60 {
		m := []notify.Message{sms(fmt.Sprint("m", i)), hook(fmt.Sprint("m", i), "12345"), inApp(fmt.Sprint("m", i), "zhang")}[i%3]
		m.About = fmt.Sprint("case-", i%4)
		if i%5 == 0 {
			m.NotBefore = start.Add(time.Hour)
		}
		put(t, db, m)
	}
	d.send(t, 16)
	for i := 59; i >= 0; i-- {
		all = append(all, get(t, db, notify.ID(fmt.Sprint("m", i))))
	}
	return all
}

// Any filter, in pages of any size, finds what a loop over all messages finds; and so do the counts.
func TestFindAndCountsAgainstALoop(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, notify.Migrations, func(t *testing.T, db *sqldb.DB) {
		all := filled(t, db)
		checkCounts(t, db, all)
		rapid.Check(t, func(rt *rapid.T) {
			f := notify.Filter{
				Status:  rapid.SampledFrom(append([]notify.Status{""}, notify.Statuses...)).Draw(rt, "status"),
				Channel: rapid.SampledFrom(append([]notify.Channel{""}, notify.Channels...)).Draw(rt, "channel"),
				To:      rapid.SampledFrom([]string{"", "", "13800005678", "zhang", "12345", "nobody"}).Draw(rt, "to"),
				About:   rapid.SampledFrom([]string{"", "", "case-0", "case-3", "case-9"}).Draw(rt, "about"),
				Limit:   rapid.SampledFrom([]int{0, 1, 2, 7, 60, 1000}).Draw(rt, "limit"),
			}
			var want, got []notify.ID
			for _, e := range all {
				if (f.Status == "" || e.Status == f.Status) && (f.Channel == "" || e.Channel == f.Channel) && (f.To == "" || e.To == f.To) && (f.About == "" || e.About == f.About) {
					want = append(want, e.ID)
				}
			}
			for {
				p := findPage(t, db, f)
				for _, e := range p.Entries {
					got = append(got, e.ID)
				}
				if f.After = p.Next; f.After == 0 {
					break
				}
			}
			if !slices.Equal(got, want) {
				rt.Fatalf("%+v found %v, want %v", f, got, want)
			}
		})
	})
}

func findPage(t *testing.T, db *sqldb.DB, f notify.Filter) (p notify.Page) {
	t.Helper()
	err := db.View(t.Context(), func(tx *sqldb.Tx) (err error) {
		p, err = notify.Find(tx, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestListsAreMaskedUnlessPlain(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, db *sqldb.DB) {
		put(t, db, sms("a"))
		e := findPage(t, db, notify.Filter{To: "13800005678"}).Entries[0]
		if e.To != "138****78" || e.Body != (lang.Text{}) || e.About != "case-1" || !e.At.Equal(start) {
			t.Errorf("the list shows %s %+v", e.To, e.Body)
		}
		if e = findPage(t, db, notify.Filter{Plain: true}).Entries[0]; e.To != "13800005678" || e.Body != sms("a").Body {
			t.Errorf("plainly it shows %s %+v", e.To, e.Body)
		}
	})
}

func checkCounts(t *testing.T, db *sqldb.DB, all []notify.Entry) {
	t.Helper()
	var got []notify.Count
	want := map[string]int64{}
	for _, e := range all {
		want[fmt.Sprint(e.Channel, e.Status)]++
	}
	update(t, db, func(tx *sqldb.Tx) (err error) {
		got, err = notify.Counts(tx)
		return err
	})
	for _, c := range got {
		if key := fmt.Sprint(c.Channel, c.Status); want[key] != c.N || !c.Oldest.Equal(start) {
			t.Errorf("%+v, want %d", c, want[key])
		} else {
			delete(want, key)
		}
	}
	if len(want) > 0 {
		t.Errorf("not counted: %v", want)
	}
}

// A dead letter is mended and sent again; what cannot be mended stays as it is.
func TestDeadLetterIsMendedAndResent(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, notify.Migrations, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db, nil)
		bad := sms("a")
		bad.To, bad.NotAfter = "1380000567八", start.Add(time.Hour)
		put(t, db, bad)
		d.send(t, 0)
		if e := get(t, db, "a"); e.Status != notify.Dead || e.Reason.ZH != "不是电话号码" || e.Reason.EN != "the address is not a phone number" {
			t.Fatalf("%s: %+v", e.Status, e.Reason)
		}
		d.clock.Advance(2 * time.Hour)
		update(t, db, func(tx *sqldb.Tx) error { return notify.Mend(tx, "a", "13800005679", lang.Text{}) })
		d.send(t, 0) // mending is not sending
		update(t, db, func(tx *sqldb.Tx) error { return notify.Resend(tx, "a") })
		d.send(t, 1)
		if got := d.gateway.Got(); len(got) != 1 || !strings.Contains(string(got[0].Body), `"13800005679"`) || keys(d.gateway)[0] != "a-r1" {
			t.Errorf("the gateway got %v", keys(d.gateway))
		}
		e := get(t, db, "a")
		if e.Status != notify.Sent || e.To != "13800005679" || e.Body != bad.Body || e.Reason != (lang.Text{}) || e.Revision != 1 {
			t.Errorf("%s to %s, %+v", e.Status, e.To, e.Reason)
		}
	})
}

func TestWhatCanBeDoneToAMessage(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, notify.Migrations, func(t *testing.T, db *sqldb.DB) {
		mend := func(tx *sqldb.Tx, id notify.ID) error {
			return notify.Mend(tx, id, "", lang.Text{ZH: "新的", EN: "new"})
		}
		resend := func(tx *sqldb.Tx, id notify.ID) error { return notify.Resend(tx, id) }
		cancel := func(tx *sqldb.Tx, id notify.ID) error { return notify.Cancel(tx, id, start) }
		const none = fault.Kind(200)
		for i, c := range []struct {
			do                                                func(tx *sqldb.Tx, id notify.ID) error
			waiting, sent, dead, cancelled, inbox, read, gone fault.Kind
		}{
			{mend, fault.Conflict, fault.Conflict, none, fault.Conflict, fault.Conflict, fault.Conflict, fault.NotFound},
			{resend, fault.Conflict, fault.Conflict, none, none, fault.Conflict, fault.Conflict, fault.NotFound},
			{cancel, none, fault.Conflict, none, fault.Conflict, none, fault.Conflict, fault.NotFound},
		} {
			for state, want := range map[string]fault.Kind{"waiting": c.waiting, "sent": c.sent, "dead": c.dead, "cancelled": c.cancelled, "inbox": c.inbox, "read": c.read, "gone": c.gone} {
				id := notify.ID(fmt.Sprint(state, i))
				bring(t, db, id, state)
				err := db.Update(t.Context(), func(tx *sqldb.Tx) error { return c.do(tx, id) })
				if want == none && err != nil || want != none && !fault.Is(err, want) {
					t.Errorf("%d on %s: %v", i, state, err)
				}
			}
		}
		bring(t, db, "x", "dead")
		err := db.Update(t.Context(), func(tx *sqldb.Tx) error { return notify.Mend(tx, "x", "", lang.Text{EN: "only English"}) })
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("a text that is missing in its language: %v", err)
		}
	})
}

// bring puts a message and has it come to a state.
func bring(t *testing.T, db *sqldb.DB, id notify.ID, state string) {
	t.Helper()
	d := newDesk(t, db, nil)
	m := sms(string(id))
	m.NotBefore = start.Add(time.Hour)
	switch state {
	case "gone":
		return
	case "inbox", "read":
		m = inApp(string(id), "zhang")
	case "dead":
		m.To, m.NotBefore = "nobody", time.Time{}
	case "sent":
		m.NotBefore = time.Time{}
	}
	put(t, db, m)
	switch state {
	case "cancelled":
		update(t, db, func(tx *sqldb.Tx) error { return notify.Cancel(tx, id, start) })
	case "read":
		update(t, db, func(tx *sqldb.Tx) error { _, err := notify.MarkRead(tx, "zhang", start, id); return err })
	default:
		if _, err := d.SendDue(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestInbox(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, notify.Migrations, func(t *testing.T, db *sqldb.DB) {
		later, over := inApp("later", "zhang"), inApp("over", "zhang")
		later.NotBefore, over.NotAfter = start.Add(time.Hour), start.Add(time.Hour)
		put(t, db, inApp("a", "zhang"), inApp("b", "li"), later, over, inApp("c", "zhang"))
		inboxIs(t, db, start, "c over a")
		inboxIs(t, db, start.Add(time.Hour), "c later a")
		for i, c := range []struct {
			at      time.Time
			account string
			ids     []notify.ID
			want    int64
		}{
			{start, "zhang", []notify.ID{"a", "b", "later", "none"}, 1}, // others' are others', and what is not seen is not read
			{start, "zhang", []notify.ID{"a"}, 0},
			{start.Add(time.Minute), "zhang", nil, 2},
			{start.Add(time.Hour), "zhang", nil, 1},
		} {
			update(t, db, func(tx *sqldb.Tx) error {
				if n, err := notify.MarkRead(tx, c.account, c.at, c.ids...); n != c.want || err != nil {
					t.Errorf("%d: %d became read (%v), want %d", i, n, err, c.want)
				}
				return nil
			})
		}
		if e := get(t, db, "a"); !e.Read.Equal(start) {
			t.Errorf("read at %s", e.Read)
		}
		update(t, db, func(tx *sqldb.Tx) error {
			for account, want := range map[string]int64{"zhang": 0, "li": 1, "wang": 0} {
				if n, err := notify.Unread(tx, account, start.Add(time.Hour)); n != want || err != nil {
					t.Errorf("%s has %d unread (%v)", account, n, err)
				}
			}
			p, err := notify.Inbox(tx, "zhang", notify.InboxFilter{Now: start, Unread: true})
			if len(p.Entries) != 0 {
				t.Errorf("unread: %v", p.Entries)
			}
			return err
		})
	})
}

func inboxIs(t *testing.T, db *sqldb.DB, now time.Time, want string) {
	t.Helper()
	var got []string
	update(t, db, func(tx *sqldb.Tx) error {
		got = nil
		f := notify.InboxFilter{Now: now, Limit: 2}
		for more := true; more; more = f.After > 0 {
			p, err := notify.Inbox(tx, "zhang", f)
			if err != nil {
				return err
			}
			for _, e := range p.Entries {
				got = append(got, string(e.ID))
			}
			f.After = p.Next
		}
		return nil
	})
	if strings.Join(got, " ") != want {
		t.Errorf("the inbox shows %v, want %s", got, want)
	}
}
