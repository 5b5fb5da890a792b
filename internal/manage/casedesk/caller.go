package casedesk

import (
	"context"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/sqldb"
)

// Persons keeps what identifies people: each person's values sealed under a key of their own.
type Persons interface {
	// Person is the reference of whoever has an identifying value, made when it is new; Find is a NotFound fault then.
	Person(tx *sqldb.Tx, kind, value string) (string, error)
	Find(tx *sqldb.Tx, kind, value string) (string, error)
	Seal(tx *sqldb.Tx, person, field, plain string) (string, error)
	// Open unseals a value; that of a forgotten person is empty.
	Open(tx *sqldb.Tx, person, field, sealed string) (string, error)
}

// ReportView is a report as it is shown. Name and phone are there only for who may see them.
type ReportView struct {
	ID        casework.ReportID `json:"id"`
	Case      *View             `json:"case"`
	Channel   Channel           `json:"channel"`
	At        time.Time         `json:"at"`
	TakerName string            `json:"taker_name"`
	Name      string            `json:"name"`
	Phone     string            `json:"phone"`
	Text      string            `json:"text"`
	Address   string            `json:"address"`
	Answered  *time.Time        `json:"answered_at"`
	Answer    string            `json:"answer"`
}

// Caller answers the earlier reports of whoever has the phone number, the latest first. That somebody looked, or wished to, is recorded.
func (d *Desk) Caller(ctx context.Context, r Reader, phone string) ([]ReportView, error) {
	const op = "casedesk.Caller"
	all := []ReportView{}
	if phone = strings.TrimSpace(phone); phone == "" || d.Persons == nil {
		return all, nil
	}
	var refused error
	err := d.DB.Update(ctx, func(tx *sqldb.Tx) error {
		all = all[:0]
		person, err := d.Persons.Find(tx, "phone", phone)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		var audit access.Audit
		audit, refused = access.Ask(d.Clock.Now(), access.Request{Actor: r.Actor, Action: access.ReadPersonal, Thing: access.Thing{Kind: "person", ID: person}, Purpose: r.Purpose})
		if err := d.Store.AppendAudit(tx, audit); err != nil || refused != nil || person == "" {
			return err
		}
		all, err = d.reportsOf(tx, ReportQuery{Person: person, Limit: maxNear}, true)
		return err
	})
	if err == nil {
		err = refused
	}
	return all, fault.Wrap(op, err)
}

// Told answers what people reported about a case, the latest first. Names stay sealed.
func (d *Desk) Told(ctx context.Context, r Reader, id casework.ID) ([]ReportView, error) {
	const op = "casedesk.Told"
	var all []ReportView
	err := d.DB.View(ctx, func(tx *sqldb.Tx) error {
		c, err := d.Store.Case(tx, id)
		if err != nil {
			return err
		}
		if _, err := d.lookAt(d.Clock.Now(), r, &c, access.ReadCase); err != nil {
			return err
		}
		all, err = d.reportsOf(tx, ReportQuery{Case: id, Limit: MaxLimit}, false)
		return err
	})
	return all, fault.Wrap(op, err)
}

// reportsOf shows reports; open unseals the names.
func (d *Desk) reportsOf(tx *sqldb.Tx, q ReportQuery, open bool) ([]ReportView, error) {
	found, err := d.Store.FindReports(tx, q)
	if err != nil {
		return nil, err
	}
	all, now := []ReportView{}, d.Clock.Now()
	for _, x := range found {
		v := ReportView{ID: x.ID, Channel: x.Channel, At: millis(x.At), TakerName: x.TakerName, Text: x.Text, Address: x.Place.Address, Answered: optional(x.AnsweredAt), Answer: x.Answer}
		if x.Case != "" {
			c, err := d.Store.Case(tx, x.Case)
			if err != nil {
				return nil, err
			}
			view := d.view(&c, now)
			v.Case = &view
		}
		if open && x.Person != "" && d.Persons != nil {
			if v.Name, err = d.Persons.Open(tx, x.Person, "name", x.Name); err != nil {
				return nil, err
			}
			if v.Phone, err = d.Persons.Open(tx, x.Person, "phone", x.Phone); err != nil {
				return nil, err
			}
		}
		all = append(all, v)
	}
	return all, nil
}
