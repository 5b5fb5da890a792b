package notify_test

import (
	"crypto/x509"
	"encoding/base64"
	"io"
	"mime"
	"net"
	"net/mail"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/lang"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/notify/notifytest"
)

const from = "市城运中心 <notice@city.example>"

func letter(id string) notify.Message {
	m := sms(id)
	m.Channel, m.To = notify.Email, "zhang.san@city.example"
	m.Subject = lang.Text{ZH: "案件 20261122-000123 已受理", EN: "Case 20261122-000123 accepted"}
	return m
}

// mailer is a carrier for a server, encrypted from the first byte or not.
func mailer(t *testing.T, s *notifytest.MailServer, scheme string, c notify.EmailConfig, roots *x509.CertPool) *notify.EmailCarrier {
	t.Helper()
	c.Server, c.From = scheme+"://"+net.JoinHostPort(s.Host, s.Port), from
	e, err := notify.NewEmail(c, clock.NewManual(start), roots)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// read is a mail as a mail reader shows it, by the standard library's own parser.
func read(t interface{ Fatal(...any) }, data []byte) (h mail.Header, body string) {
	m, err := mail.ReadMessage(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, m.Body))
	if err != nil {
		t.Fatal(err)
	}
	return m.Header, string(b)
}

func TestMailArrivesAsItWasMeant(t *testing.T) {
	t.Parallel()
	s := notifytest.NewMailServer(t, notifytest.MailOptions{StartTLS: true, Mechanism: "PLAIN", User: "notice", Password: "hush"})
	e := mailer(t, s, "smtp", notify.EmailConfig{User: "notice", Password: "hush", RequireTLS: true}, s.Roots)
	m := letter("id-1")
	m.Body.ZH = "第一行\r\n.\r\n..第二行\r\n" + strings.Repeat("很长", 200)
	for range 2 {
		if err := e.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	for _, got := range s.Got() {
		h, body := read(t, got.Data)
		subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
		if body != m.Body.ZH+"\r\n" || subject != m.Subject.ZH || err != nil {
			t.Errorf("%q %q (%v)", subject, body, err)
		}
		if got.From != "notice@city.example" || got.To != m.To || !got.Encrypted || got.User != "notice" {
			t.Errorf("the envelope is %+v", got)
		}
		sender, err := mail.ParseAddress(h.Get("From"))
		at, dateErr := h.Date()
		if err != nil || sender.Name != "市城运中心" || dateErr != nil || !at.Equal(start) || h.Get("Message-Id") != "<id-1@city.example>" || h.Get("Auto-Submitted") != "auto-generated" {
			t.Errorf("the head is %v (%v, %v)", h, err, dateErr)
		}
	}
	if len(s.Got()) != 2 {
		t.Errorf("%d mails", len(s.Got()))
	}
}

// Whatever stands in a subject, it adds no header and comes out as it went in, and no line is longer than mail allows.
func TestSubjectsAreOneHeader(t *testing.T) {
	t.Parallel()
	s := notifytest.NewMailServer(t, notifytest.MailOptions{})
	e := mailer(t, s, "smtp", notify.EmailConfig{}, nil)
	rapid.Check(t, func(rt *rapid.T) {
		m := letter("a")
		m.Subject.ZH = strings.TrimSpace(rapid.OneOf(rapid.String(), rapid.Just("a\r\nBcc: x@y.example"), rapid.Just(strings.Repeat("案件", 300))).Draw(rt, "subject"))
		if err := e.Send(t.Context(), m); err != nil {
			rt.Fatal(err)
		}
		all := s.Got()
		data := all[len(all)-1].Data
		h, _ := read(rt, data)
		got, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
		if err != nil || got != m.Subject.ZH || len(h) != 9 {
			rt.Fatalf("%q became %q (%v) in %v", m.Subject.ZH, got, err, h)
		}
		for line := range strings.Lines(string(data)) {
			if len(line) > 998 {
				rt.Fatalf("a line of %d bytes", len(line))
			}
		}
	})
}

func TestWaysIntoAMailServer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		server  notifytest.MailOptions
		scheme  string
		config  notify.EmailConfig
		trusted bool
		want    string // in the reason; empty: it arrives
	}{
		"open":               {},
		"STARTTLS":           {server: notifytest.MailOptions{StartTLS: true}, trusted: true},
		"unknown certifier":  {server: notifytest.MailOptions{StartTLS: true}, want: "could not be reached"},
		"TLS at once":        {server: notifytest.MailOptions{Implicit: true}, scheme: "smtps", trusted: true},
		"TLS needed":         {config: notify.EmailConfig{RequireTLS: true}, want: "no encryption"},
		"LOGIN":              {server: notifytest.MailOptions{Mechanism: "LOGIN", User: "u", Password: "p"}, config: notify.EmailConfig{User: "u", Password: "p"}},
		"PLAIN":              {server: notifytest.MailOptions{Mechanism: "PLAIN", User: "u", Password: "p"}, config: notify.EmailConfig{User: "u", Password: "p"}},
		"wrong password":     {server: notifytest.MailOptions{Mechanism: "PLAIN", User: "u", Password: "p"}, config: notify.EmailConfig{User: "u", Password: "q"}, want: "reply 535"},
		"password is needed": {server: notifytest.MailOptions{Mechanism: "PLAIN", User: "u", Password: "p"}, want: "reply 530"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := notifytest.NewMailServer(t, c.server)
			roots := s.Roots
			if !c.trusted {
				roots = x509.NewCertPool()
			}
			if c.scheme == "" {
				c.scheme = "smtp"
			}
			err := mailer(t, s, c.scheme, c.config, roots).Send(t.Context(), letter("a"))
			f, _ := err.(*notify.Failure)
			switch {
			case c.want == "" && (err != nil || len(s.Got()) != 1 || s.Got()[0].User != c.config.User):
				t.Errorf("%v, got %+v", err, s.Got())
			case c.want != "" && (f == nil || f.Verdict != notify.Unwell || !strings.Contains(f.Why.EN, c.want)): // ours to put right, not the message's fault
				t.Errorf("%v", err)
			}
		})
	}
}

func TestVerdictsOfSMTP(t *testing.T) {
	t.Parallel()
	const echo = " no such user zhang.san@city.example"
	for _, c := range []struct {
		verb, reply string
		want        notify.Verdict
		why         string
	}{
		{"EHLO", "554 5.7.1" + echo, notify.Unwell, "reply 5"},
		{"MAIL", "550 5.7.1" + echo, notify.Refused, "reply 550 5.7.1"},
		{"RCPT", "550 5.1.1" + echo, notify.Refused, "reply 550 5.1.1"},
		{"RCPT", "553" + echo, notify.Refused, "reply 553)"},
		{"RCPT", "450 4.2.0 greylisted" + echo, notify.TryLater, "reply 450 4.2.0"},
		{"RCPT", "421 4.3.2" + echo, notify.Unwell, "reply 421"},
		{"RCPT", "hang up", notify.Unwell, "could not be reached"},
		{"DATA", "552 5.3.4" + echo, notify.Refused, "reply 552 5.3.4"},
		{".", "554 5.6.0" + echo, notify.Refused, "reply 554 5.6.0"},
		{".", "451 4.3.0" + echo, notify.TryLater, "reply 451 4.3.0"},
		{".", "hang up", notify.Unwell, "could not be reached"},
	} {
		t.Run(c.verb+" "+c.reply[:3], func(t *testing.T) {
			t.Parallel()
			s := notifytest.NewMailServer(t, notifytest.MailOptions{Reply: func(verb, _ string) string {
				if verb == c.verb || c.verb == "EHLO" && verb == "HELO" {
					return c.reply
				}
				return ""
			}})
			err := mailer(t, s, "smtp", notify.EmailConfig{}, nil).Send(t.Context(), letter("a"))
			f, is := err.(*notify.Failure)
			if !is || f.Verdict != c.want || !strings.Contains(f.Why.EN, c.why) || len(s.Got()) != 0 {
				t.Errorf("%v", err)
			}
			if is && strings.Contains(f.Error()+f.Why.ZH+f.Why.EN, "zhang") {
				t.Errorf("the failure tells the address: %v", f)
			}
		})
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	t.Parallel()
	s := notifytest.NewMailServer(t, notifytest.MailOptions{})
	e := mailer(t, s, "smtp", notify.EmailConfig{}, nil)
	for _, to := range []string{"nobody", "a@b\r\nRCPT TO:<c@d>", "a b@c", "@", "13800005678"} {
		m := letter("a")
		m.To = to
		if f, is := e.Send(t.Context(), m).(*notify.Failure); !is || f.Verdict != notify.Refused {
			t.Errorf("%q: %v", to, f)
		}
	}
	if s.Sessions() != 0 {
		t.Error("the server was bothered")
	}
}

// Nobody listens, or the try is cut off.
func TestMailServerThatIsNotThere(t *testing.T) {
	t.Parallel()
	e, err := notify.NewEmail(notify.EmailConfig{Server: "smtp://127.0.0.1:1", From: from}, clock.NewManual(start), nil)
	if err != nil {
		t.Fatal(err)
	}
	if f, is := e.Send(t.Context(), letter("a")).(*notify.Failure); !is || f.Verdict != notify.Unwell {
		t.Errorf("%v", f)
	}
}
