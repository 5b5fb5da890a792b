package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
)

// EmailConfig is the mail server that takes our mail. The zero value is none.
type EmailConfig struct {
	Server     string `yaml:"server"` // smtp://HOST:587 (encrypted by STARTTLS when the server offers it) or smtps://HOST:465
	User       string `yaml:"user"`   // empty: without signing in
	Password   Secret `yaml:"password"`
	From       string `yaml:"from"`       // such as "市城运中心 <notice@city.example>"
	RequireTLS bool   `yaml:"requireTls"` // send nothing to a server that offers no encryption; a password is never sent to one that is not this machine
}

func (c EmailConfig) check() (problems []fault.Problem) {
	u, err := url.Parse(c.Server)
	if err != nil || u.Hostname() == "" || u.Port() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		problems = append(problems, fault.Problem{Field: "email.server", Message: "must be smtp://HOST:PORT or smtps://HOST:PORT"})
	}
	if _, err := mail.ParseAddress(c.From); err != nil {
		problems = append(problems, fault.Problem{Field: "email.from", Message: "must be a mail address, such as notice@city.example"})
	}
	return problems
}

// EmailCarrier brings messages to a mail server by SMTP (RFC 5321), with the standard library's client.
type EmailCarrier struct {
	config EmailConfig
	server *url.URL
	from   *mail.Address
	clock  clock.Clock
	roots  *x509.CertPool
}

// NewEmail makes a carrier. roots are who signs the server's certificate; nil stands for the system's.
func NewEmail(c EmailConfig, clk clock.Clock, roots *x509.CertPool) (*EmailCarrier, error) {
	if problems := c.check(); problems != nil {
		return nil, fault.Invalidly("notify.NewEmail", problems...)
	}
	e := &EmailCarrier{config: c, clock: clk, roots: roots}
	e.server, _ = url.Parse(c.Server)     // check has read it
	e.from, _ = mail.ParseAddress(c.From) // likewise
	return e, nil
}

// Send gives m to the server. The mail's Message-ID is the same in every try.
func (e *EmailCarrier) Send(ctx context.Context, m Message) error {
	to, err := mail.ParseAddress(m.To)
	if err != nil {
		return refuse("不是邮件地址", "the address is not a mail address")
	}
	c, hangUp, err := e.connect(ctx)
	if err != nil {
		return serverFails(err)
	}
	defer hangUp()
	if err := e.greet(c); err != nil {
		return serverFails(err)
	}
	if err := e.hand(c, to, e.compose(m, to)); err != nil {
		return mailFails(err)
	}
	_ = c.Quit() // the mail was taken already
	return nil
}

// connect opens a session that ends with ctx.
func (e *EmailCarrier) connect(ctx context.Context) (_ *smtp.Client, hangUp func(), err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", e.server.Host)
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	hangUp = func() { stop(); _ = conn.Close() }
	if e.server.Scheme == "smtps" {
		conn = tls.Client(conn, e.tls())
	}
	c, err := smtp.NewClient(conn, e.server.Hostname())
	if err != nil {
		hangUp()
	}
	return c, hangUp, err
}

func (e *EmailCarrier) tls() *tls.Config {
	return &tls.Config{ServerName: e.server.Hostname(), RootCAs: e.roots, MinVersion: tls.VersionTLS12}
}

var errPlain = errors.New("the mail server offers no encryption")

// greet brings the session to where mail can be given: encrypted when the server offers it, and signed in.
func (e *EmailCarrier) greet(c *smtp.Client) error {
	if err := c.Hello(domain(e.from.Address)); err != nil {
		return err
	}
	_, encrypted := c.TLSConnectionState()
	if offered, _ := c.Extension("STARTTLS"); offered && !encrypted {
		if err := c.StartTLS(e.tls()); err != nil {
			return err
		}
		encrypted = true
	}
	if e.config.RequireTLS && !encrypted {
		return errPlain
	}
	if e.config.User == "" {
		return nil
	}
	if host := e.server.Hostname(); !encrypted && host != "localhost" && host != "127.0.0.1" && host != "::1" {
		return errPlain // the password stays here
	}
	return c.Auth(e.auth(c))
}

// auth is PLAIN, or LOGIN for servers that offer nothing better.
func (e *EmailCarrier) auth(c *smtp.Client) smtp.Auth {
	_, offered := c.Extension("AUTH")
	mechanisms := strings.Fields(strings.ToUpper(offered))
	if slices.Contains(mechanisms, "LOGIN") && !slices.Contains(mechanisms, "PLAIN") {
		return &loginAuth{user: e.config.User, password: e.config.Password}
	}
	return smtp.PlainAuth("", e.config.User, string(e.config.Password), e.server.Hostname())
}

// loginAuth is the old mechanism LOGIN: the server asks for name and password one after the other.
type loginAuth struct {
	user     string
	password Secret
	asked    int
}

func (a *loginAuth) Start(*smtp.ServerInfo) (string, []byte, error) { return "LOGIN", nil, nil }

func (a *loginAuth) Next(_ []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	a.asked++
	switch a.asked {
	case 1:
		return []byte(a.user), nil
	case 2:
		return []byte(a.password), nil
	}
	return nil, errors.New("the mail server asks for more than name and password")
}

// hand gives the mail to the server.
func (e *EmailCarrier) hand(c *smtp.Client, to *mail.Address, body []byte) error {
	if err := c.Mail(e.from.Address); err != nil {
		return err
	}
	if err := c.Rcpt(to.Address); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(body); err != nil {
		return err
	}
	return w.Close()
}

// compose is the mail as it travels (RFC 5322, MIME): plain text in UTF-8.
func (e *EmailCarrier) compose(m Message, to *mail.Address) []byte {
	var b bytes.Buffer
	line := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	line("From", e.from.String())
	line("To", to.String())
	line("Subject", subject(text(m.Subject, m.Lang)))
	line("Date", e.clock.Now().Format(time.RFC1123Z))
	line("Message-ID", messageID(m.Key(), domain(e.from.Address)))
	line("Auto-Submitted", "auto-generated") // RFC 3834: no machine shall answer it
	line("MIME-Version", "1.0")
	line("Content-Type", "text/plain; charset=utf-8")
	line("Content-Transfer-Encoding", "base64")
	b.WriteString("\r\n")
	encoded := base64.StdEncoding.EncodeToString([]byte(text(m.Body, m.Lang) + "\r\n"))
	for part := range slices.Chunk([]byte(encoded), 76) {
		b.Write(part)
		b.WriteString("\r\n")
	}
	return b.Bytes()
}

// subject is text as a header may hold it, each encoded word on a line of its own.
func subject(text string) string {
	return strings.ReplaceAll(mime.BEncoding.Encode("utf-8", text), "?= =?", "?=\r\n =?")
}

var dotAtom = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// messageID is a Message-ID that follows from the key.
func messageID(key, domain string) string {
	if !dotAtom.MatchString(key) {
		key = ident.Derive("notify", key)
	}
	return "<" + key + "@" + domain + ">"
}

func domain(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// serverFails is the failure of a session before any mail: whatever the server said, it said to us, not to the message.
func serverFails(err error) error {
	why := say("无法连接邮件服务器", "the mail server could not be reached")
	if code, _ := replyOf(err); code != 0 {
		why = say("邮件服务器不接受本系统（应答 %d）", "the mail server does not accept us (reply %d)", code)
	} else if errors.Is(err, errPlain) {
		why = say("邮件服务器不提供加密", "the mail server offers no encryption")
	}
	return &Failure{Verdict: Unwell, Why: why, Err: withoutReply(err)}
}

// mailFails is the failure of one mail (RFC 5321, section 4.2.1: 4yz may pass later, 5yz will not). 421 closes the session, and 530 to 538 ask us to
// sign in (RFC 4954): those are not the mail's.
func mailFails(err error) error {
	code, status := replyOf(err)
	switch {
	case code == 0, code == 421, code >= 530 && code <= 538:
		return serverFails(err)
	case code >= 500:
		return &Failure{Verdict: Refused, Answered: true, Why: say("邮件服务器拒收（应答 %d%s）", "the mail server refused it (reply %d%s)", code, status)}
	}
	return &Failure{Verdict: TryLater, Why: say("邮件服务器暂不接收（应答 %d%s）", "the mail server does not take it now (reply %d%s)", code, status)}
}

var enhanced = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)

// replyOf is the code of a server's reply and, after a space, its enhanced status (RFC 3463); the rest may repeat the address.
func replyOf(err error) (code int, status string) {
	e, ok := errors.AsType[*textproto.Error](err)
	if !ok {
		return 0, ""
	}
	if status = enhanced.FindString(e.Msg); status != "" {
		status = " " + status
	}
	return e.Code, status
}

// withoutReply is err for the log, unless it holds a server's words.
func withoutReply(err error) error {
	if _, ok := errors.AsType[*textproto.Error](err); ok {
		return nil
	}
	return err
}
