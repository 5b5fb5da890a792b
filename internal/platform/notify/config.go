package notify

import (
	"fmt"
	"net/netip"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
)

// Config is how the outside is set up: the part of the program's configuration that is this package's. The zero value has no carrier for any channel but App.
type Config struct {
	Source   string      `yaml:"source"` // CloudEvents source of this installation, such as https://city.example/twoweave
	SMS      SMSConfig   `yaml:"sms"`
	Email    EmailConfig `yaml:"email"`
	Webhooks Endpoints   `yaml:"webhooks"`
	Allow    []string    `yaml:"allow"` // addresses and networks of one's own that webhook receivers may have, such as 10.1.0.0/16
}

var noSource = fault.Problem{Field: "source", Message: "is missing; webhooks need it: a URI of this installation"}

// Check says everything that is wrong with a configuration, without opening anything.
func (c Config) Check() []fault.Problem {
	var problems []fault.Problem
	if c.SMS != (SMSConfig{}) {
		problems = append(problems, c.SMS.check()...)
	}
	if c.Email != (EmailConfig{}) {
		problems = append(problems, c.Email.check()...)
	}
	if c.Source == "" && len(c.Webhooks) > 0 {
		problems = append(problems, noSource)
	}
	seen := map[string]bool{}
	for i, e := range c.Webhooks {
		for _, p := range e.Check() {
			p.Field = fmt.Sprintf("webhooks[%d].%s", i, p.Field)
			problems = append(problems, p)
		}
		if seen[e.Name] {
			problems = append(problems, fault.Problem{Field: fmt.Sprintf("webhooks[%d].name", i), Message: fmt.Sprintf("%q is used twice", e.Name)})
		}
		seen[e.Name] = true
	}
	for i, text := range c.Allow {
		if _, err := network(text); err != nil {
			message := fmt.Sprintf("is %q; it must be an address or a network, such as 10.1.0.0/16", text)
			problems = append(problems, fault.Problem{Field: fmt.Sprintf("allow[%d]", i), Message: message})
		}
	}
	return problems
}

// network reads an address or a network.
func network(text string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(text); err == nil {
		ip = ip.Unmap()
		return ip.Prefix(ip.BitLen())
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}

// Carriers makes the carriers that the configuration names, and how to close them. The directory of webhook receivers is Webhooks, unless another one is
// given. A configuration that has problems is an Invalid fault that names all of them.
func (c Config) Carriers(clk clock.Clock, directory Directory) (carriers map[Channel]Carrier, stop func(), err error) {
	const op = "notify.Carriers"
	problems := c.Check()
	if c.Source == "" && directory != nil {
		problems = append(problems, noSource)
	}
	if problems != nil {
		return nil, nil, fault.Invalidly(op, problems...)
	}
	carriers, stop = map[Channel]Carrier{}, func() {}
	if c.SMS != (SMSConfig{}) {
		sms, err := NewSMS(c.SMS, clk)
		if err != nil {
			return nil, nil, fault.Wrap(op, err)
		}
		carriers[SMS], stop = sms, func() { _ = sms.Close() }
	}
	if c.Email != (EmailConfig{}) {
		if carriers[Email], err = NewEmail(c.Email, clk, nil); err != nil {
			return nil, nil, fault.Wrap(op, err)
		}
	}
	if directory == nil {
		directory = c.Webhooks
	}
	carriers[Webhook] = NewWebhook(WebhookOptions{Source: c.Source, Directory: directory, Clock: clk, Allow: c.networks()})
	return carriers, stop, nil
}

// networks are the allow-list; Check has read it.
func (c Config) networks() (all []netip.Prefix) {
	for _, text := range c.Allow {
		if p, err := network(text); err == nil {
			all = append(all, p)
		}
	}
	return all
}
