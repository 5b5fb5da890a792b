package casedesk

import (
	"fmt"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/sqldb"
)

// Owner is who answers for a thing that is watched, such as a building site: told before it becomes a case, when its scenario says so.
type Owner struct {
	Name  string
	Phone string
}

// Owners finds the owner of a detection's subject. It is asked anew for every message, so that a new number counts at once; known is false when nobody is.
type Owners func(subject string) (o Owner, known bool)

// toWarn is how a case begins whose owner is to be told first: as that when somebody can be told, else it is accepted at once, since a warning that nobody
// hears only loses time. The note says who is told.
func (d *Desk) toWarn(o *casework.Opening) (how casework.CommandKind, note string) {
	if owner, known := d.owner(o.Subject); known {
		return casework.Warn, owner.Name
	}
	o.Limits.Persist = 0
	return casework.Open, ""
}

func (d *Desk) owner(subject string) (Owner, bool) {
	if d.Owners == nil || d.Persons == nil {
		return Owner{}, false
	}
	return d.Owners(subject)
}

// warns tells a matter's owner of the warning and of what came of it: it is lifted, or the matter was filed. A warning that has not left when it is lifted
// never leaves, and then there is nothing to lift. What a person did is told once it can no longer be undone.
func (d *Desk) warns(tx *sqldb.Tx, done decided) error {
	before, after, fact := done.before.State, &done.after, &done.result.Facts[0]
	switch {
	case fact.Kind == casework.FactUndone:
		_, err := cancelled(tx, ownerMessage(after, done.before.Version), fact.At)
		return err
	case before == "" && after.State == casework.Warned:
		return d.tellOwner(tx, after, fact, warningText(after, fact.Body.Opening), fact.At)
	case before != casework.Warned || after.State == casework.Warned || after.State == casework.Merged:
		return nil
	case fact.Kind == casework.FactPersisted:
		return d.tellOwner(tx, after, fact, filedText(after), fact.At)
	case after.State == casework.Filed:
		return d.tellOwner(tx, after, fact, filedText(after), fact.At.Add(casework.UndoWithin))
	case after.State == casework.Averted:
		if never, err := cancelled(tx, ownerMessage(after, 1), fact.At); never || err != nil {
			return err
		}
		return d.tellOwner(tx, after, fact, liftedText(after), fact.At)
	}
	return d.tellOwner(tx, after, fact, liftedText(after), fact.At.Add(casework.UndoWithin))
}

func (d *Desk) tellOwner(tx *sqldb.Tx, c *casework.Case, f *casework.Fact, text lang.Text, notBefore time.Time) error {
	owner, known := d.owner(c.Detection.Subject)
	if !known {
		return nil // the number was taken out meanwhile
	}
	person, err := d.Persons.Person(tx, "phone", owner.Phone)
	if err != nil {
		return err
	}
	sealed, err := d.Persons.Seal(tx, person, "phone", owner.Phone)
	if err != nil {
		return err
	}
	return notify.Put(tx, notify.Message{
		ID: ownerMessage(c, f.Version), Channel: notify.SMS, To: SealedTo + person + ":" + sealed, Body: text, About: string(c.ID), At: f.At, NotBefore: notBefore,
	})
}

// ownerMessage names the message to the owner about the fact that made a version of the case.
func ownerMessage(c *casework.Case, version int64) notify.ID {
	return notify.ID(fmt.Sprintf("owner/%s/%d", c.ID, version))
}

// cancelled takes back a message that has not left; done says that there was one.
func cancelled(tx *sqldb.Tx, id notify.ID, now time.Time) (done bool, err error) {
	err = notify.Cancel(tx, id, now)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Conflict) {
		return false, nil
	}
	return err == nil, err
}

func warningText(c *casework.Case, o *casework.Opening) lang.Text {
	since, until := o.Since.In(day), c.WakeAt.In(day)
	return lang.Text{
		ZH: fmt.Sprintf("%s（%s）：自 %s 起。请在 %s 前自行整改，届时仍未恢复的将立案处置。编号 %s。", c.Title.ZH, c.Detection.Subject, since.Format("1月2日 15:04"), until.Format("1月2日 15:04"), c.Number),
		EN: fmt.Sprintf("%s (%s), since %s. Please put it right before %s; if it still lasts then, a case is filed. Number %s.", c.Title.EN, c.Detection.Subject,
			since.Format("2 Jan 15:04"), until.Format("2 Jan 15:04"), c.Number),
	}
}

func liftedText(c *casework.Case) lang.Text {
	return lang.Text{
		ZH: fmt.Sprintf("%s（%s）的预警已解除，不予立案。编号 %s。", c.Title.ZH, c.Detection.Subject, c.Number),
		EN: fmt.Sprintf("The warning about %s (%s) is lifted; no case is filed. Number %s.", c.Title.EN, c.Detection.Subject, c.Number),
	}
}

func filedText(c *casework.Case) lang.Text {
	return lang.Text{
		ZH: fmt.Sprintf("%s（%s）未在限期内恢复，已立案处置。编号 %s。", c.Title.ZH, c.Detection.Subject, c.Number),
		EN: fmt.Sprintf("%s (%s) was not put right; a case was filed. Number %s.", c.Title.EN, c.Detection.Subject, c.Number),
	}
}
