package notifytest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Mail is what a MailServer took.
type Mail struct {
	From, To  string // of the envelope
	Data      []byte
	Encrypted bool
	User      string // who had signed in
}

// MailOptions say what a mail server offers.
type MailOptions struct {
	StartTLS  bool
	Implicit  bool   // TLS from the first byte
	Mechanism string // of AUTH: PLAIN or LOGIN; empty: none is offered, nor needed
	User      string
	Password  string

	// Reply may answer a command by itself, such as "550 5.1.1 no such user"; empty: as usual. The verbs are those of SMTP in upper case, and "." for the
	// end of the data. A reply of "hang up" closes the connection.
	Reply func(verb, argument string) string
}

// MailServer is an SMTP server.
type MailServer struct {
	Host, Port string
	Roots      *x509.CertPool

	o        MailOptions
	tls      *tls.Config
	mu       sync.Mutex
	got      []Mail
	sessions int
}

// NewMailServer starts a mail server on 127.0.0.1 until t ends.
func NewMailServer(t testing.TB, o MailOptions) *MailServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &MailServer{o: o}
	m.certify()
	m.Host, m.Port, _ = net.SplitHostPort(listener.Addr().String())
	var work sync.WaitGroup
	work.Go(func() { m.accept(listener, &work) })
	t.Cleanup(func() {
		_ = listener.Close()
		work.Wait()
	})
	return m
}

// certify borrows the certificate of the standard library's test servers.
func (m *MailServer) certify() {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	m.tls, m.Roots = &tls.Config{Certificates: s.TLS.Certificates}, x509.NewCertPool()
	m.Roots.AddCert(s.Certificate())
}

// Got are the mails taken so far.
func (m *MailServer) Got() []Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.got)
}

// Sessions is how many connections were made.
func (m *MailServer) Sessions() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sessions
}

func (m *MailServer) accept(listener net.Listener, work *sync.WaitGroup) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		m.mu.Lock()
		m.sessions++
		m.mu.Unlock()
		work.Go(func() {
			s := &session{server: m}
			s.use(conn)
			defer func() { _ = s.conn.Close() }()
			if m.o.Implicit {
				s.encrypt()
			}
			s.serve()
		})
	}
}

// session is one client's.
type session struct {
	server    *MailServer
	conn      net.Conn
	text      *textproto.Reader
	mail      Mail
	encrypted bool
	user      string
}

func (s *session) use(conn net.Conn) {
	s.conn, s.text = conn, textproto.NewReader(bufio.NewReader(conn))
}

func (s *session) encrypt() {
	s.use(tls.Server(s.conn, s.server.tls))
	s.encrypted = true
}

func (s *session) say(format string, args ...any) { _, _ = fmt.Fprintf(s.conn, format+"\r\n", args...) }

func (s *session) serve() {
	s.say("220 mail.example ESMTP")
	for {
		line, err := s.text.ReadLine()
		if err != nil {
			return
		}
		verb, argument, _ := strings.Cut(line, " ")
		if !s.command(strings.ToUpper(verb), argument) {
			return
		}
	}
}

// special answers as the test wants it, or not at all.
func (s *session) special(verb, argument string) (done, goOn bool) {
	if s.server.o.Reply == nil {
		return false, true
	}
	switch reply := s.server.o.Reply(verb, argument); reply {
	case "":
		return false, true
	case "hang up":
		return true, false
	default:
		s.say("%s", reply)
		return true, true
	}
}

func (s *session) command(verb, argument string) (goOn bool) {
	if done, goOn := s.special(verb, argument); done {
		return goOn
	}
	switch verb {
	case "EHLO":
		s.offer()
	case "STARTTLS":
		s.say("220 go ahead")
		s.encrypt()
	case "AUTH":
		s.auth(argument)
	case "MAIL":
		s.from(argument)
	case "RCPT":
		s.mail.To = address(argument)
		s.say("250 2.1.5 ok")
	case "DATA":
		return s.data()
	case "QUIT":
		s.say("221 bye")
		return false
	default:
		s.say("502 5.5.1 no such command")
	}
	return true
}

func (s *session) offer() {
	lines := []string{"mail.example"}
	if s.server.o.StartTLS && !s.encrypted {
		lines = append(lines, "STARTTLS")
	}
	if s.server.o.Mechanism != "" {
		lines = append(lines, "AUTH "+s.server.o.Mechanism)
	}
	for i, l := range lines {
		mark := "-"
		if i == len(lines)-1 {
			mark = " "
		}
		s.say("250%s%s", mark, l)
	}
}

func (s *session) auth(argument string) {
	mechanism, first, _ := strings.Cut(argument, " ")
	var user, password string
	switch {
	case mechanism != s.server.o.Mechanism:
		s.say("504 5.5.4 no such mechanism")
		return
	case mechanism == "PLAIN":
		parts := append(bytes.Split(decoded(first), []byte{0}), nil, nil)
		user, password = string(parts[1]), string(parts[2])
	default:
		user, password = s.ask("Username:"), s.ask("Password:")
	}
	if user != s.server.o.User || password != s.server.o.Password {
		s.say("535 5.7.8 not accepted")
		return
	}
	s.user = user
	s.say("235 2.7.0 welcome")
}

func (s *session) ask(what string) string {
	s.say("334 %s", base64.StdEncoding.EncodeToString([]byte(what)))
	line, _ := s.text.ReadLine()
	return string(decoded(line))
}

func decoded(text string) []byte {
	b, _ := base64.StdEncoding.DecodeString(text)
	return b
}

func (s *session) from(argument string) {
	if s.server.o.Mechanism != "" && s.user == "" {
		s.say("530 5.7.0 sign in first")
		return
	}
	s.mail = Mail{From: address(argument), Encrypted: s.encrypted, User: s.user}
	s.say("250 2.1.0 ok")
}

// address is what stands between the angle brackets.
func address(argument string) string {
	_, rest, _ := strings.Cut(argument, "<")
	a, _, _ := strings.Cut(rest, ">")
	return a
}

func (s *session) data() (goOn bool) {
	s.say("354 end with a dot")
	body, err := io.ReadAll(s.text.DotReader())
	if err != nil {
		return false
	}
	s.mail.Data = body
	if done, goOn := s.special(".", ""); done {
		return goOn
	}
	s.server.mu.Lock()
	s.server.got = append(s.server.got, s.mail)
	s.server.mu.Unlock()
	s.say("250 2.0.0 taken")
	return true
}
