package notify

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
)

// SMSConfig is the HTTP gateway that sends SMS. The zero value is none.
//
// The gateway gets, by POST, {"id": …, "to": …, "text": …} as JSON: id is Message.Key, to is digits with or without a leading +. The id is in the header
// Idempotency-Key, too. It answers 2xx when it has taken the message, and not before.
type SMSConfig struct {
	URL    string `yaml:"url"`
	Header string `yaml:"header"` // that carries the secret; empty: Authorization
	Secret Secret `yaml:"secret"` // the header's whole value, such as "Bearer …"; empty: none is sent
}

func (c SMSConfig) check() (problems []fault.Problem) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		problems = append(problems, fault.Problem{Field: "sms.url", Message: "must be an http or https URL"})
	}
	if strings.ContainsAny(string(c.Secret), "\r\n") {
		problems = append(problems, fault.Problem{Field: "sms.secret", Message: "must be one line"})
	}
	return problems
}

// SMSCarrier brings messages to an HTTP gateway that sends SMS.
type SMSCarrier struct {
	config SMSConfig
	clock  clock.Clock
	client *http.Client
}

// NewSMS makes a carrier. The gateway is the operator's own choice and may stand in the operator's own network: no address is refused. Redirects are not
// followed, nor are proxies of the environment used.
func NewSMS(c SMSConfig, clk clock.Clock) (*SMSCarrier, error) {
	if problems := c.check(); problems != nil {
		return nil, fault.Invalidly("notify.NewSMS", problems...)
	}
	if c.Header == "" {
		c.Header = "Authorization"
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: maxAnswer}
	return &SMSCarrier{config: c, clock: clk, client: &http.Client{Transport: transport, CheckRedirect: noRedirect}}, nil
}

// Close ends the connections that are kept for later messages.
func (s *SMSCarrier) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

type smsBody struct {
	ID   string `json:"id"`
	To   string `json:"to"`
	Text string `json:"text"`
}

// Send hands m to the gateway.
func (s *SMSCarrier) Send(ctx context.Context, m Message) error {
	to, ok := phone(m.To)
	if !ok {
		return refuse("不是电话号码", "the address is not a phone number")
	}
	body, err := json.Marshal(smsBody{ID: m.Key(), To: to, Text: text(m.Body, m.Lang)})
	if err != nil {
		return err
	}
	header := http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {m.Key()}}
	if s.config.Secret != "" {
		header.Set(s.config.Header, string(s.config.Secret))
	}
	return post(ctx, s.client, s.config.URL, header, body, s.clock.Now)
}

// text is t in a language, without what lies around it.
func text(t lang.Text, tag lang.Tag) string { return strings.TrimSpace(t.In(tag)) }

var (
	dialable   = regexp.MustCompile(`^\+?[0-9]{3,15}$`) // ITU-T E.164 has at most 15 digits; short numbers have three
	phoneMarks = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", "（", "", "）", "", "－", "")
)

// phone is a phone number as gateways take it: what people put between the digits is left out.
func phone(to string) (string, bool) {
	number := phoneMarks.Replace(strings.Map(halfWidth, strings.TrimSpace(to)))
	return number, dialable.MatchString(number)
}

// halfWidth turns the full-width digits and plus of Chinese keyboards into ASCII.
func halfWidth(r rune) rune {
	if r >= '０' && r <= '９' || r == '＋' {
		return r - '０' + '0'
	}
	return r
}
