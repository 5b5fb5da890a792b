package app

import (
	"context"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/vault"
	"twoweave/internal/records/manage"
)

// What is done for a person on their own demand. No row of the table decides it: it takes the key file and the database.
const (
	exportPerson access.Action = "person.export"
	forgetPerson access.Action = "person.forget"
)

const maxHeld = 10_000

// Held is everything that is kept about whoever has a telephone number.
type Held struct {
	Person  string       `json:"person"` // how our records name them
	Reports []HeldReport `json:"reports"`
	Looks   []HeldLook   `json:"looks"`
}

// HeldReport is one thing that the person told.
type HeldReport struct {
	At       time.Time `json:"at"`
	Case     string    `json:"case"`
	Channel  string    `json:"channel"`
	Name     string    `json:"name"`
	Phone    string    `json:"phone"`
	Text     string    `json:"text"`
	Address  string    `json:"address"`
	Answer   string    `json:"answer"`
	Answered time.Time `json:"answered_at,omitzero"`
}

// HeldLook is that somebody looked at the person's data, or wished to.
type HeldLook struct {
	At      time.Time `json:"at"`
	Who     string    `json:"who"`
	Roles   string    `json:"roles"`
	What    string    `json:"what"`
	Thing   string    `json:"thing"`
	Purpose string    `json:"purpose"`
	Allowed bool      `json:"allowed"`
}

// People answers what people may ask about their own data, beside a program that may be running.
type People struct {
	keys  *Keys
	store manage.Store
	seals persons
}

// OpenPeople opens the database with its master key.
func OpenPeople(ctx context.Context, config Config) (*People, error) {
	keys, err := OpenKeys(ctx, config, nil)
	if err != nil {
		return nil, err
	}
	return &People{keys: keys, seals: persons{keys.Vault}}, nil
}

// Close closes the database.
func (p *People) Close() error { return p.keys.Close() }

// Held is everything about whoever has a number; fault.NotFound when that is nobody. That it was asked is on the audit.
func (p *People) Held(ctx context.Context, phone string) (h Held, err error) {
	err = p.keys.db.Update(ctx, func(tx *sqldb.Tx) error {
		h = Held{Reports: []HeldReport{}, Looks: []HeldLook{}}
		if h.Person, err = p.seals.Find(tx, "phone", phone); err != nil {
			return err
		}
		told, err := p.told(tx, h.Person)
		if err != nil {
			return err
		}
		things := []string{"person/" + h.Person}
		for i := range told {
			r, err := p.open(tx, &told[i])
			if err != nil {
				return err
			}
			h.Reports = append(h.Reports, r)
			if r.Case != "" {
				things = append(things, "case/"+r.Case)
			}
		}
		if h.Looks, err = p.looks(tx, things); err != nil {
			return err
		}
		return p.note(tx, exportPerson, h.Person)
	})
	return h, fault.Wrap("app.Held", err)
}

func (p *People) told(tx *sqldb.Tx, person string) ([]casedesk.Report, error) {
	all, err := p.store.FindReports(tx, casedesk.ReportQuery{Person: person, Limit: maxHeld})
	if err == nil && len(all) == maxHeld {
		err = fault.New(fault.Exhausted, "app.told", "there are more than %d reports by this number", maxHeld)
	}
	return all, err
}

func (p *People) open(tx *sqldb.Tx, x *casedesk.Report) (r HeldReport, err error) {
	r = HeldReport{At: x.At, Case: string(x.Case), Channel: string(x.Channel), Text: x.Text, Address: x.Place.Address, Answer: x.Answer, Answered: x.AnsweredAt}
	if x.Name != "" {
		if r.Name, err = p.seals.Open(tx, x.Person, "name", x.Name); err != nil {
			return r, err
		}
	}
	if x.Phone != "" {
		r.Phone, err = p.seals.Open(tx, x.Person, "phone", x.Phone)
	}
	return r, err
}

// looks are the looks at things, each thing once.
func (p *People) looks(tx *sqldb.Tx, things []string) ([]HeldLook, error) {
	all, seen := []HeldLook{}, map[string]bool{}
	for _, thing := range things {
		if seen[thing] {
			continue
		}
		seen[thing] = true
		q := manage.AuditSearch{Thing: thing, From: time.Unix(0, 0), To: clock.System{}.Now().Add(time.Hour), Limit: maxHeld}
		if strings.HasPrefix(thing, "case/") {
			q.Action = access.ReadPersonal
		}
		rows, err := p.store.SearchAudit(tx, q)
		if err != nil {
			return nil, err
		}
		for _, a := range rows {
			all = append(all, HeldLook{At: a.At, Who: a.Actor, Roles: a.Roles, What: string(a.Action), Thing: a.Thing, Purpose: string(a.Purpose), Allowed: a.Decision.Allow})
		}
	}
	return all, nil
}

// Forget destroys the key of whoever has a number: nothing sealed for them opens again, nobody finds them by the number, and messages that wait for them are removed. What was reported
// stays without them. While a case of theirs goes on it is fault.Conflict: they are still to be told.
func (p *People) Forget(ctx context.Context, phone string) error {
	return fault.Wrap("app.Forget", p.keys.db.Update(ctx, func(tx *sqldb.Tx) error {
		person, err := p.seals.Find(tx, "phone", phone)
		if err != nil {
			return err
		}
		told, err := p.told(tx, person)
		if err != nil {
			return err
		}
		for i := range told {
			if err := p.release(tx, &told[i]); err != nil {
				return err
			}
		}
		if err := p.keys.Vault.Forget(tx, vault.PersonID(person)); err != nil {
			return err
		}
		return p.note(tx, forgetPerson, person)
	}))
}

// release removes the messages of a report, whose case must be at its end.
func (p *People) release(tx *sqldb.Tx, r *casedesk.Report) error {
	if r.Case != "" {
		c, err := p.store.Case(tx, r.Case)
		if err != nil {
			return err
		}
		if c.Open() {
			return fault.New(fault.Conflict, "app.release", "case %s, which this person reported, still goes on", r.Case)
		}
	}
	return notify.Erase(tx, notify.SMS, casedesk.SealedTo+r.Person+":"+r.Phone)
}

func (p *People) note(tx *sqldb.Tx, action access.Action, person string) error {
	return p.store.AppendAudit(tx, access.Audit{At: clock.System{}.Now(), Actor: access.Program("person").ID, Roles: string(access.System), Action: action, Thing: "person/" + person,
		Purpose: access.Supervision, Decision: access.Decision{Allow: true, Rule: "command line", Reason: "on demand"}})
}
