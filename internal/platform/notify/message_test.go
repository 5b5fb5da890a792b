package notify_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

func TestWhatIsRolledBackIsNeverSent(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, notify.Migrations, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db, nil)
		err := db.Update(t.Context(), func(tx *sqldb.Tx) error {
			if err := notify.Put(tx, sms("a"), inApp("b", "zhang")); err != nil {
				return err
			}
			d.Wake()
			return errBad
		})
		if !errors.Is(err, errBad) {
			t.Fatal(err)
		}
		d.send(t, 0)
		if n := len(d.gateway.Got()); n != 0 {
			t.Fatalf("%d messages left", n)
		}
		update(t, db, func(tx *sqldb.Tx) error {
			if n, err := notify.Unread(tx, "zhang", start); n != 0 || err != nil {
				t.Errorf("%d in the inbox (%v)", n, err)
			}
			return nil
		})
	})
}

func TestTheSameIDIsOneMessage(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, notify.Migrations, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db, nil)
		other := sms("a")
		other.To = "13900001111"
		put(t, db, sms("a"), other, sms("b"))
		put(t, db, other)
		d.send(t, 2)
		put(t, db, other) // also after it was sent
		d.send(t, 0)
		if e := get(t, db, "a"); e.To != "13800005678" {
			t.Errorf("the second message changed the first: %s", e.To)
		}
	})
}

func TestMessagesThatNoChannelCouldCarry(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, db *sqldb.DB) {
		for name, change := range map[string]func(m *notify.Message){
			"no id":        func(m *notify.Message) { m.ID = "" },
			"id in two":    func(m *notify.Message) { m.ID = "a b" },
			"long id":      func(m *notify.Message) { m.ID = notify.ID(strings.Repeat("a", 201)) },
			"id Chinese":   func(m *notify.Message) { m.ID = "案件" },
			"no recipient": func(m *notify.Message) { m.To = "" },
			"no time":      func(m *notify.Message) { m.At = time.Time{} },
			"no text":      func(m *notify.Message) { m.Lang, m.Body.EN = lang.English, "" },
			"channel":      func(m *notify.Message) { m.Channel = "pigeon" },
			"no type":      func(m *notify.Message) { *m = hook("a", "x"); m.Type = "" },
			"no JSON":      func(m *notify.Message) { *m = hook("a", "x"); m.Data = []byte("{") },
		} {
			m := sms("a")
			change(&m)
			if err := db.Update(t.Context(), func(tx *sqldb.Tx) error { return notify.Put(tx, m) }); !fault.Is(err, fault.Internal) {
				t.Errorf("%s: %v", name, err)
			}
		}
		m := sms("a")
		m.Body.ZH = strings.Repeat("长", notify.MaxContent/3+1)
		if err := db.Update(t.Context(), func(tx *sqldb.Tx) error { return notify.Put(tx, m) }); !fault.Is(err, fault.Invalid) {
			t.Errorf("too long: %v", err)
		}
	})
}

func TestMasks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		channel  notify.Channel
		to, want string
	}{
		{notify.SMS, "13800005678", "138****78"},
		{notify.SMS, "+8613800005678", "+86****78"},
		{notify.SMS, "110", "****"},
		{notify.SMS, "tink1:AbCdEfGhIjKlMnOpQrStUvWxYz", "****"},
		{notify.Email, "zhang.san@city.example", "z****@city.example"},
		{notify.Email, "张三@city.example", "张****@city.example"},
		{notify.Email, "@city.example", "****"},
		{notify.Email, "no address", "****"},
		{notify.Webhook, "12345", "12345"},
		{notify.App, "zhang", "zhang"},
	} {
		if got := notify.Mask(c.channel, c.to); got != c.want {
			t.Errorf("Mask(%s, %s) = %s, want %s", c.channel, c.to, got, c.want)
		}
	}
}

// However a message, an entry or a configuration is printed or logged, no personal value and no secret shows.
func TestPrintingTellsNothing(t *testing.T) {
	t.Parallel()
	m := sms("a")
	m.Subject = m.Body
	e := notify.Entry{Message: m}
	c := notify.Config{SMS: notify.SMSConfig{Secret: "13800005678"}, Email: notify.EmailConfig{Password: "13800005678"},
		Webhooks: notify.Endpoints{{Secrets: []notify.Secret{"13800005678"}}}}
	for _, log := range []func(b *bytes.Buffer) slog.Handler{
		func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var b bytes.Buffer
		slog.New(log(&b)).Info("x", "message", m, "entry", e, "secret", c.SMS.Secret)
		for _, v := range []any{m, &m, e, []notify.Message{m}, c, &c} {
			fmt.Fprintf(&b, "%v %+v %#v %s\n", v, v, v, v)
		}
		if text := b.String(); strings.Contains(text, "13800005678") || strings.Contains(text, "井盖") || !strings.Contains(text, "138****78") {
			t.Errorf("it shows: %s", text)
		}
	}
}
