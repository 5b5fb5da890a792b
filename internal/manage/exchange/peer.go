package exchange

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/matter"
	"twoweave/internal/platform/notify"
	"twoweave/internal/registry"
)

// PeerID names another system, in addresses and in records: "hotline-12345".
type PeerID string

// Config is the part of the program's configuration that is this package's.
type Config struct {
	Peers []*Peer `yaml:"peers"`
}

// Peer is another system: how it is reached, what it may do, and which words it uses.
type Peer struct {
	ID      PeerID          `yaml:"id"`
	Name    lang.Text       `yaml:"name"`
	Webhook Webhook         `yaml:"webhook"` // where it hears from us; without a URL it only pulls
	Secrets []notify.Secret `yaml:"secrets"` // with one of these it signs
	// Role and Unit are whose rights it has: operator to send orders, fieldworker to do ours.
	Role    access.Role    `yaml:"role"`
	Purpose access.Purpose `yaml:"purpose"` // why it is told of our cases; "casework" with the role fieldworker shows it what reporters said

	Classes map[string]matter.ClassID `yaml:"classes"` // its classes → ours
	Class   matter.ClassID            `yaml:"class"`   // for all others
	Areas   map[string]event.AreaCode `yaml:"areas"`   // its areas → ours; our own codes are understood without
	Area    event.AreaCode            `yaml:"area"`    // where nothing says where

	Words map[casework.State]string `yaml:"words"` // our states → its words; what is not in it is not told. None at all: our own words
	Units []registry.UnitID         `yaml:"units"` // that are reached through it

	Pull  string        `yaml:"pull"`  // a URL of its own from which its messages can be fetched; empty: there is none
	Every time.Duration `yaml:"every"` // how often they are; a minute when it is 0
}

// Webhook is where a peer takes messages, and with what they are signed.
type Webhook struct {
	URL     string          `yaml:"url"`
	Secrets []notify.Secret `yaml:"secrets"`
}

// endpointPrefix begins the name of a peer's endpoint.
const endpointPrefix = "exchange/"

// Endpoints are the receivers that notify must know.
func (c *Config) Endpoints() (all notify.Endpoints) {
	for _, p := range c.Peers {
		if p.Webhook.URL != "" {
			all = append(all, p.endpoint(p.Webhook.URL))
		}
	}
	return all
}

func (p *Peer) endpoint(url string) notify.Endpoint {
	return notify.Endpoint{Name: endpointPrefix + string(p.ID), URL: url, Secrets: p.Webhook.Secrets}
}

// Actor is the peer as access knows it; for an order of ours it acts in the order's unit.
func (p *Peer) Actor(unit registry.UnitID) access.Actor {
	return access.Actor{ID: "peer:" + string(p.ID), Name: p.Name.ZH, Roles: []access.Role{access.Peer, p.Role}, Unit: string(unit)}
}

// Word is how the peer calls a state; ok is false when it has no word for it.
func (p *Peer) Word(s casework.State) (word string, ok bool) {
	if len(p.Words) == 0 {
		return string(s), true
	}
	word, ok = p.Words[s]
	return word, ok && word != ""
}

var peerID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// Check says everything that is wrong with a configuration.
func (c *Config) Check() (problems []fault.Problem) {
	units, seen := map[registry.UnitID]bool{}, map[PeerID]bool{}
	for i, p := range c.Peers {
		add := func(field, format string, args ...any) {
			problems = append(problems, fault.Problem{Field: fmt.Sprintf("peers[%d].%s", i, field), Message: fmt.Sprintf(format, args...)})
		}
		p.check(add)
		if seen[p.ID] {
			add("id", "%q is used twice", p.ID)
		}
		seen[p.ID] = true
		for _, u := range p.Units {
			if units[u] {
				add("units", "unit %q is reached through one peer only", u)
			}
			units[u] = true
		}
	}
	return problems
}

func (p *Peer) check(add func(field, format string, args ...any)) {
	if !peerID.MatchString(string(p.ID)) {
		add("id", "is %q; it must be small letters, digits and hyphens, at most 40", p.ID)
	}
	if !p.Name.Complete() {
		add("name", "needs zh and en")
	}
	if p.Role != access.Operator && p.Role != access.FieldWorker {
		add("role", "is %q; it must be operator, for a system that sends orders, or fieldworker, for one that does ours", p.Role)
	}
	if p.Role == access.Operator && (p.Class == "" || p.Area == "") {
		add("class", "class and area are needed: for orders whose own are not known here")
	}
	if p.Role == access.FieldWorker && len(p.Units) == 0 {
		add("units", "at least one unit must be reached through it")
	}
	for s := range p.Words {
		if !slices.Contains(casework.States, s) {
			add("words", "there is no state %q; the states are %v", s, casework.States)
		}
	}
	p.checkWays(add)
}

func (p *Peer) checkWays(add func(field, format string, args ...any)) {
	own := notify.Endpoint{Name: "in", URL: "https://x.example", Secrets: p.Secrets}
	for _, problem := range own.Check() {
		add("secrets", "%s", problem.Message)
	}
	ways := map[string]string{"webhook": p.Webhook.URL, "pull": p.Pull}
	for name, to := range ways {
		if to == "" {
			continue
		}
		for _, problem := range p.endpoint(to).Check() {
			add(name+"."+problem.Field, "%s", problem.Message)
		}
	}
	if u, err := url.Parse(p.Pull); p.Pull != "" && err == nil && u.RawQuery != "" {
		add("pull", "must have no query: after=CURSOR is added to it")
	}
	if p.Every < 0 || p.Every > 0 && p.Every < time.Second {
		add("every", "must be at least 1s")
	}
}
