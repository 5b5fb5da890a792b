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

// SealedTo begins the recipient of a message to a person whose number is sealed: behind it are the person and the sealed value, with a colon between. Whoever
// sends opens it for that moment.
const SealedTo = "sealed:"

// answers brings the reports of a case up to date with a decided command. With the end of a matter everybody who reported it is answered; with its
// reopening, or when its end is undone, that answer no longer holds. Whoever left a number is told once nobody can undo it any more.
func (d *Desk) answers(tx *sqldb.Tx, done decided) error {
	before, after := answered(done.before.State), answered(done.after.State)
	switch {
	case after && !before:
		return d.answerAll(tx, done)
	case before && !after:
		return d.takeBack(tx, done)
	}
	return nil
}

// answered says whether reporters of a case in the state have been told how it ended. Those of a merged case are told by the one it is part of.
func answered(s casework.State) bool { return s == casework.Closed || s == casework.Voided }

func (d *Desk) answerAll(tx *sqldb.Tx, done decided) error {
	fact := &done.result.Facts[0]
	text := endText(&done.after, fact.Note)
	reports, err := d.Store.AnswerReports(tx, done.after.ID, fact.At, text.ZH)
	if err != nil {
		return err
	}
	for i := range reports {
		if err := tellReporter(tx, &reports[i], &done.after, endID(&reports[i], fact.Version), text, fact.At, fact.At.Add(casework.UndoWithin)); err != nil {
			return err
		}
	}
	return nil
}

// takeBack takes the answers back; messages about them that have not left do not leave.
func (d *Desk) takeBack(tx *sqldb.Tx, done decided) error {
	reports, err := d.Store.AnswerReports(tx, done.after.ID, time.Time{}, "")
	if err != nil || done.result.Facts[0].Kind != casework.FactUndone {
		return err
	}
	for i := range reports {
		err := notify.Cancel(tx, endID(&reports[i], done.before.Version), done.result.Facts[0].At)
		if err != nil && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return nil
}

// tellTaken says to whoever left a number that the report was taken, and under which number.
func (d *Desk) tellTaken(tx *sqldb.Tx, r *Report, c *casework.Case) error {
	text := lang.Text{
		ZH: fmt.Sprintf("您反映的“%s”已受理，编号 %s。", c.Title.ZH, c.Number),
		EN: fmt.Sprintf("Your report (%s) was taken under the number %s.", c.Title.EN, c.Number),
	}
	return tellReporter(tx, r, c, notify.ID("taken/"+string(r.ID)), text, r.At, time.Time{})
}

func endID(r *Report, version int64) notify.ID {
	return notify.ID(fmt.Sprintf("end/%s/%d", r.ID, version))
}

func tellReporter(tx *sqldb.Tx, r *Report, c *casework.Case, id notify.ID, text lang.Text, at, notBefore time.Time) error {
	if r.Phone == "" {
		return nil
	}
	return notify.Put(tx, notify.Message{
		ID: id, Channel: notify.SMS, To: SealedTo + r.Person + ":" + r.Phone, Body: text, About: string(c.ID), At: at, NotBefore: notBefore,
	})
}

// endText says how a matter ended.
func endText(c *casework.Case, note string) lang.Text {
	switch {
	case c.State == casework.Voided:
		return lang.Text{
			ZH: fmt.Sprintf("您反映的“%s”（编号 %s）经核实不予立案：%s", c.Title.ZH, c.Number, note),
			EN: fmt.Sprintf("Your report (%s, number %s) was looked into and not filed: %s", c.Title.EN, c.Number, note),
		}
	case c.Light:
		return lang.Text{
			ZH: fmt.Sprintf("您反映的“%s”（编号 %s）已当场处理完毕。", c.Title.ZH, c.Number),
			EN: fmt.Sprintf("What you reported (%s, number %s) was settled on the spot.", c.Title.EN, c.Number),
		}
	}
	return lang.Text{
		ZH: fmt.Sprintf("您反映的“%s”（编号 %s）已处理完毕并核查结案。", c.Title.ZH, c.Number),
		EN: fmt.Sprintf("What you reported (%s, number %s) was settled and checked.", c.Title.EN, c.Number),
	}
}
