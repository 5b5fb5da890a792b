package incident

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/registry"
)

func personID(id string) registry.PersonID { return registry.PersonID(id) }

// complete fills in the fact of an admitted command, or says what the command lacks.
func complete(i *Incident, cmd Command, f *Fact) error {
	switch cmd.Kind {
	case OpenIt:
		return completeOpening(cmd, f)
	case Offer:
		return completeOffer(i, cmd, f)
	case Gather, Release:
		return completeCases(i, cmd, f)
	case Write:
		return completeReport(i, cmd, f)
	case StandDown, Close:
		return completeEnd(i, cmd, f)
	case Reopen:
		f.Body.Cases = slices.Clone(cmd.Cases)
		return needsNote(cmd)
	case Give:
		return completeGive(i, cmd, f)
	}
	if !OnTask(cmd.Kind) {
		return nil
	}
	f.Body.Task = cmd.Task
	return completeTask(i, cmd)
}

func completeTask(i *Incident, cmd Command) error {
	switch cmd.Kind {
	case Supply:
		if t, _ := i.Task(cmd.Task); len(t.Resources) >= MaxResources {
			return refuse(fault.Invalid, "incident.resources", "a task has at most %d lines of resources", MaxResources)
		}
		return needsNote(cmd)
	case Finish, GiveUp, Withdraw:
		return needsNote(cmd)
	}
	return nil
}

func completeOpening(cmd Command, f *Fact) error {
	if cmd.Opening == nil {
		return refuse(fault.Invalid, "incident.empty", "nothing is known about the incident")
	}
	o := *cmd.Opening
	o.Title, o.Place, o.Areas = strings.TrimSpace(o.Title), strings.TrimSpace(o.Place), append([]event.AreaCode(nil), o.Areas...)
	var wrong []fault.Problem
	if o.Title == "" {
		wrong = append(wrong, fault.Wrong("title", "incident.title", "is needed"))
	}
	if !slices.Contains(Kinds, o.Kind) {
		wrong = append(wrong, fault.Wrong("kind", "incident.kind", "must be one of %v", Kinds))
	}
	if o.Level.Rank() < 0 {
		wrong = append(wrong, fault.Wrong("level", "incident.level", "is no level of a city state"))
	}
	for field, text := range map[string]string{"title": o.Title, "place": o.Place} {
		if err := checkText(field, text, MaxTitle); err != nil {
			return err
		}
	}
	if len(wrong) > 0 {
		return fault.Invalidly("incident.Decide", wrong...)
	}
	slices.Sort(o.Areas)
	o.Areas = slices.Compact(o.Areas)
	f.Body.Opening = &o
	return nil
}

func completeOffer(i *Incident, cmd Command, f *Fact) error {
	switch {
	case cmd.To.ID == "":
		return fault.Invalidly("incident.Decide", fault.Wrong("to", "incident.to", "who is to take command?"))
	case cmd.To.ID == i.Commander.ID:
		return fault.Invalidly("incident.Decide", fault.Wrong("to", "incident.to-same", "is in command already"))
	}
	f.Body.To = &cmd.To
	return nil
}

// completeCases keeps what changes by it: to gather what is gathered already, or to release what is not, is no fact.
func completeCases(i *Incident, cmd Command, f *Fact) error {
	for _, id := range cmd.Cases {
		if slices.Contains(i.Cases, id) == (cmd.Kind == Release) && !slices.Contains(f.Body.Cases, id) {
			f.Body.Cases = append(f.Body.Cases, id)
		}
	}
	switch {
	case len(f.Body.Cases) == 0 && cmd.Kind == Gather:
		return refuse(fault.Invalid, "incident.nothing-to-gather", "there is no case to gather: name at least one that the incident does not have yet")
	case len(f.Body.Cases) == 0:
		return refuse(fault.Invalid, "incident.nothing-to-release", "there is no case to release: name at least one that the incident has")
	case cmd.Kind == Gather && len(i.Cases)+len(f.Body.Cases) > MaxCases:
		return refuse(fault.Invalid, "incident.many-cases", "an incident gathers at most %d cases", MaxCases)
	}
	return nil
}

func completeReport(i *Incident, cmd Command, f *Fact) error {
	if cmd.Report == nil {
		return refuse(fault.Invalid, "incident.report-empty", "the situation report is empty")
	}
	r := *cmd.Report
	r.N, r.By, r.At = len(i.Reports)+1, f.By, f.At
	r.Known, r.Done, r.Expected = strings.TrimSpace(r.Known), strings.TrimSpace(r.Done), strings.TrimSpace(r.Expected)
	if cmd.Within > 0 {
		r.NextDue = f.At.Add(cmd.Within)
	}
	r.NextDue = r.NextDue.UTC().Truncate(time.Microsecond)
	var wrong []fault.Problem
	if r.Known == "" {
		wrong = append(wrong, fault.Wrong("known", "incident.known", "is needed: what is known now"))
	}
	if !r.NextDue.IsZero() && (!r.NextDue.After(f.At) || r.NextDue.After(f.At.Add(MaxWithin))) {
		wrong = append(wrong, fault.Wrong("next", "incident.week", "must be within the next seven days"))
	}
	if r.Corrects < 0 || r.Corrects >= r.N {
		wrong = append(wrong, fault.Wrong("corrects", "incident.corrects", "is the number of an earlier report"))
	}
	for field, text := range map[string]string{"known": r.Known, "done": r.Done, "expected": r.Expected} {
		if err := checkText(field, text, MaxText); err != nil {
			return err
		}
	}
	if len(wrong) > 0 {
		return fault.Invalidly("incident.Decide", wrong...)
	}
	f.Body.Report = &r
	return nil
}

// completeEnd wants a text, and every task that is left open named: nobody ends an incident without knowing of them.
func completeEnd(i *Incident, cmd Command, f *Fact) error {
	if err := needsNote(cmd); err != nil {
		return err
	}
	named := slices.Sorted(slices.Values(cmd.Open))
	named = slices.Compact(named)
	for _, n := range i.Open() {
		if !slices.Contains(named, n) {
			return refuse(fault.Invalid, "incident.task-open", "task %d is still open (%s): settle it, or name it among those that are left open", n, i.Tasks[n-1].What)
		}
	}
	f.Body.Open = i.Open()
	return nil
}

func completeGive(i *Incident, cmd Command, f *Fact) error {
	if cmd.Order == nil {
		return refuse(fault.Invalid, "incident.task-empty", "the task is empty")
	}
	o := *cmd.Order
	if o.What = strings.TrimSpace(o.What); o.Clock == UrgentHours {
		o.Due = f.At.Add(cmd.Within)
	}
	o.Due = o.Due.UTC().Truncate(time.Microsecond)
	var wrong []fault.Problem
	if o.What == "" {
		wrong = append(wrong, fault.Wrong("what", "incident.what", "is to be done?"))
	}
	if (o.Unit == "") == (o.Person.ID == "") {
		wrong = append(wrong, fault.Wrong("unit", "incident.one-receiver", "a task is for one unit, or for one person"))
	}
	if o.Clock != UrgentHours && o.Clock != ByTime {
		wrong = append(wrong, fault.Wrong("clock", "incident.clock", "must be %s or %s", UrgentHours, ByTime))
	}
	if !o.Due.After(f.At) || o.Due.After(f.At.Add(MaxWithin)) {
		wrong = append(wrong, fault.Wrong("due", "incident.week", "must be within the next seven days"))
	}
	if len(i.Tasks) >= MaxTasks {
		wrong = append(wrong, fault.Wrong("what", "incident.many-tasks", "an incident has at most %d tasks", MaxTasks))
	}
	if err := checkText("what", o.What, MaxText); err != nil {
		return err
	}
	if len(wrong) > 0 {
		return fault.Invalidly("incident.Decide", wrong...)
	}
	f.Body.Task, f.Body.Order = len(i.Tasks)+1, &o
	return nil
}

func needsNote(cmd Command) error {
	if strings.TrimSpace(cmd.Note) == "" {
		return fault.Invalidly("incident.Decide", fault.Wrong("note", "incident.note", "is needed for %s", cmd.Kind))
	}
	return nil
}

// checkText refuses what no database keeps, and what nobody reads.
func checkText(field, s string, most int) error {
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) || utf8.RuneCountInString(s) > most {
		return fault.Invalidly("incident.Decide", fault.Wrong(field, "text.long", "must be text of at most %d characters", most))
	}
	return nil
}
