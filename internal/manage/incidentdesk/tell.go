package incidentdesk

import (
	"fmt"
	"slices"
	"strings"

	"twoweave/internal/base/lang"
	"twoweave/internal/manage/incident"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/registry"
)

// tell brings a change to those whom it concerns.
func (d *Desk) tell(tx *sqldb.Tx, c *change) error {
	if c.fact.Body.Task > 0 {
		t, _ := c.after.Task(c.fact.Body.Task)
		return d.tellTask(tx, c, &t)
	}
	i, by := &c.after, called(c.fact.By.Name)
	switch c.fact.Kind {
	case incident.FactOffered:
		return d.message(tx, i, say("%s 请您接任指挥：%s", "%s asks you to take command: %s", by, i.Title), i.Offered.ID)
	case incident.FactPassed:
		return d.message(tx, i, say("%s 已接任指挥：%s", "%s has taken command: %s", by, i.Title), c.before.Commander.ID)
	case incident.FactKept:
		return d.message(tx, i, say("指挥权未移交：%s", "command was not passed on: %s", i.Title), others(c.fact.By.ID, i.Commander.ID, c.before.Offered.ID)...)
	case incident.FactLate:
		return d.message(tx, i, say("情况报告已到时：%s", "the next situation report is due: %s", i.Title), i.Commander.ID)
	case incident.FactStoodDown, incident.FactClosed:
		return d.silence(tx, i)
	case incident.FactReopened:
		return d.recall(tx, i)
	}
	return nil
}

func (d *Desk) tellTask(tx *sqldb.Tx, c *change, t *incident.Task) error {
	i := &c.after
	switch c.fact.Kind {
	case incident.FactGiven:
		return d.order(tx, i, t)
	case incident.FactReminded:
		return d.message(tx, i, say("任务已超时：%s", "a task is late: %s", t.What), others("", t.Person.ID, t.TakenBy.ID, i.Commander.ID)...)
	case incident.FactEscalated:
		return d.Room.Call(tx, callID(i, t, ".late"), thing(i), "", say("%s：任务仍未完成：%s", "%s: a task is still not done: %s", i.Title, t.What))
	case incident.FactDone:
		if err := d.message(tx, i, say("任务已完成，请核查：%s", "a task is done and is to be checked: %s", t.What), others(c.fact.By.ID, i.Commander.ID)...); err != nil {
			return err
		}
	case incident.FactImpossible:
		if err := d.message(tx, i, say("任务无法完成：%s（%s）", "a task is not possible: %s (%s)", t.What, t.Outcome), others(c.fact.By.ID, i.Commander.ID)...); err != nil {
			return err
		}
	case incident.FactWithdrawn:
		if err := d.message(tx, i, say("任务已撤回：%s", "a task was withdrawn: %s", t.What), others(c.fact.By.ID, t.Person.ID, t.TakenBy.ID)...); err != nil {
			return err
		}
	case incident.FactSupplied:
		return nil
	}
	return d.hush(tx, i, t)
}

// order brings a task to whoever is to do it.
func (d *Desk) order(tx *sqldb.Tx, i *incident.Incident, t *incident.Task) error {
	title := say("%s：%s", "%s: %s", i.Title, t.What)
	if t.Unit == "" {
		return d.message(tx, i, title, t.Person.ID)
	}
	return d.Room.Call(tx, callID(i, t, ""), thing(i), t.Unit, title)
}

// recall brings the tasks that nobody has acknowledged yet to their doers once more when an incident goes on: silence ended the calls.
func (d *Desk) recall(tx *sqldb.Tx, i *incident.Incident) error {
	for n := range i.Tasks {
		if t := &i.Tasks[n]; t.State == incident.Given {
			if err := d.order(tx, i, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// silence ends the calls about tasks that stay open when an incident ends: nobody runs for them any more.
func (d *Desk) silence(tx *sqldb.Tx, i *incident.Incident) error {
	for _, n := range i.Open() {
		if err := d.hush(tx, i, &i.Tasks[n-1]); err != nil {
			return err
		}
	}
	return nil
}

// hush ends the calls about a task: somebody has it, or it is over. Only an acknowledged task can still have the duty room called later.
func (d *Desk) hush(tx *sqldb.Tx, i *incident.Incident, t *incident.Task) error {
	why := say("任务状态已更新", "the task is %s", string(t.State))
	if t.Unit != "" {
		if err := d.Room.Withdraw(tx, callID(i, t, ""), why); err != nil {
			return err
		}
	}
	if t.Escalated.IsZero() || t.State == incident.Acknowledged && i.State == incident.Running {
		return nil
	}
	return d.Room.Withdraw(tx, callID(i, t, ".late"), why)
}

func (d *Desk) message(tx *sqldb.Tx, i *incident.Incident, text lang.Text, to ...registry.PersonID) error {
	for _, p := range to {
		if err := d.Room.Tell(tx, p, thing(i), text); err != nil {
			return err
		}
	}
	return nil
}

// others are the persons of a list, each once, without the one who knows already.
func others(knows registry.PersonID, all ...registry.PersonID) (who []registry.PersonID) {
	for _, p := range all {
		if p != "" && p != knows && !slices.Contains(who, p) {
			who = append(who, p)
		}
	}
	return who
}

func thing(i *incident.Incident) string { return "incident/" + string(i.ID) }

func callID(i *incident.Incident, t *incident.Task, suffix string) string {
	if i.Round > 0 { // a call that has ended does not begin again
		suffix += fmt.Sprintf(".again%d", i.Round)
	}
	return fmt.Sprintf("incident.%s.task.%d%s", i.ID, t.N, suffix)
}

// say is a sentence in both languages. An argument is a text in both, or one that people wrote, which is the same in both.
func say(zh, en string, args ...any) lang.Text {
	of := func(format string, english bool) string {
		words := make([]any, strings.Count(format, "%s"))
		for n := range words {
			words[n] = args[n]
			if t, both := args[n].(lang.Text); both && english {
				words[n] = t.EN
			} else if both {
				words[n] = t.ZH
			}
		}
		return fmt.Sprintf(format, words...)
	}
	return lang.Text{ZH: of(zh, false), EN: of(en, true)}
}

// called is a person's name in both languages: accounts may carry both, "值班长 / Duty officer".
func called(name string) lang.Text {
	zh, en, both := strings.Cut(name, " / ")
	if !both {
		en = zh
	}
	return lang.Text{ZH: zh, EN: en}
}
