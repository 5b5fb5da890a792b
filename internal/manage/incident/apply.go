package incident

import (
	"slices"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
)

// Apply gives the incident after one fact. The fact must be the next one of this incident, as Decide made it: Apply trusts, Fold checks.
func Apply(i Incident, f Fact) Incident {
	i.Version, i.UpdatedAt = f.Version, f.At
	if _, mine := byFact(f.Kind); f.Body.Task > 0 && !mine {
		i.Tasks = slices.Clone(i.Tasks)
		applyTask(&i.Tasks[f.Body.Task-1], f)
		return i
	}
	if m, _ := byFact(f.Kind); m.to != Same {
		i.State = m.to
	}
	if f.Kind != FactLate {
		i.Touched = Touch{f.Version, f.Kind, f.By, f.At}
	}
	return applied(i, f)
}

func applied(i Incident, f Fact) Incident {
	b := f.Body
	switch f.Kind {
	case FactOpened:
		i.ID, i.OpenedAt, i.OpenedBy, i.Commander = f.Incident, f.At, f.By, f.By
		i.Number, i.Title, i.Kind, i.Level, i.Areas, i.Place = b.Opening.Number, b.Opening.Title, b.Opening.Kind, b.Opening.Level, b.Opening.Areas, b.Opening.Place
	case FactOffered:
		i.Offered = b.To
	case FactPassed:
		i.Commander, i.Offered = f.By, nil
	case FactKept:
		i.Offered = nil
	case FactGathered:
		i.Cases = append(slices.Clone(i.Cases), b.Cases...)
	case FactReleased:
		i.Cases = without(i.Cases, b.Cases)
	case FactGiven:
		i.Tasks = append(slices.Clone(i.Tasks), Task{N: b.Task, Assignment: *b.Order, State: Given, GivenBy: f.By, GivenAt: f.At, Touched: i.Touched})
	case FactReported:
		i.Reports = append(slices.Clone(i.Reports), *b.Report)
		i.ReportDue, i.Late = b.Report.NextDue, false
	case FactLate:
		i.Late = true
	default:
		return moved(i, f)
	}
	return i
}

// moved is what the ends and the new beginnings of an incident change.
func moved(i Incident, f Fact) Incident {
	switch f.Kind {
	case FactStoodDown:
		i.EndedAt, i.Left = f.At, f.Body.Open
	case FactClosed:
		i.ClosedAt, i.Left, i.Offered = f.At, f.Body.Open, nil
	case FactReopened:
		i.EndedAt, i.ClosedAt, i.Left = time.Time{}, time.Time{}, nil
		i.Cases = without(i.Cases, f.Body.Cases)
		i.Round++
		i.Late, i.Tasks = false, anew(i.Tasks)
	}
	return i
}

// anew are the tasks of an incident that goes on: whoever was reminded or called for an open one before is so again, when it is late still.
func anew(tasks []Task) []Task {
	tasks = slices.Clone(tasks)
	for n := range tasks {
		if slices.Contains(todo, tasks[n].State) {
			tasks[n].Reminded, tasks[n].Escalated = time.Time{}, time.Time{}
		}
	}
	return tasks
}

func applyTask(t *Task, f Fact) {
	for _, m := range tasks {
		if m.leaves == f.Kind && m.to != "" {
			t.State = m.to
		}
	}
	switch f.Kind {
	case FactAcknowledged:
		t.TakenBy, t.TakenAt = f.By, f.At
	case FactSupplied:
		t.Resources = append(slices.Clone(t.Resources), f.Note)
	case FactDone, FactImpossible:
		t.EndedBy, t.EndedAt, t.Outcome = f.By, f.At, f.Note
	case FactChecked, FactWithdrawn:
		t.CheckedBy, t.CheckedAt = f.By, f.At
	case FactReminded:
		t.Reminded = f.At
	case FactEscalated:
		t.Escalated = f.At
	}
	if f.Kind != FactReminded && f.Kind != FactEscalated {
		t.Touched = Touch{f.Version, f.Kind, f.By, f.At}
	}
}

func without(all, some []casework.ID) []casework.ID {
	return slices.DeleteFunc(slices.Clone(all), func(id casework.ID) bool { return slices.Contains(some, id) })
}

// byFact is the incident's line that leaves a kind of fact.
func byFact(k FactKind) (move, bool) {
	for _, m := range table {
		if m.leaves == k {
			return m, true
		}
	}
	return move{}, false
}

// Fold is the incident that facts add up to. It refuses facts that are not the whole history of one incident, in order, along the tables.
func Fold(facts []Fact) (Incident, error) {
	var i Incident
	for n, f := range facts {
		if f.Version != int64(n)+1 || n > 0 && f.Incident != i.ID || !follows(&i, &f) {
			return Incident{}, fault.New(fault.Invalid, "incident.Fold", "fact %d (%s) of incident %s is not the next of one at version %d that is %q", f.Version, f.Kind, f.Incident, i.Version, i.State)
		}
		i = Apply(i, f)
	}
	return i, nil
}

// follows says whether the tables have a line for a fact, and the fact carries what Apply needs.
func follows(i *Incident, f *Fact) bool {
	for _, m := range table {
		if m.leaves == f.Kind {
			return slices.Contains(m.from, i.State) && carries(i, f)
		}
	}
	t, known := i.Task(f.Body.Task)
	for _, m := range tasks {
		if m.leaves == f.Kind {
			return known && slices.Contains(m.during, i.State) && slices.Contains(m.from, t.State)
		}
	}
	return false
}

func carries(i *Incident, f *Fact) bool {
	switch f.Kind {
	case FactOpened:
		return f.Body.Opening != nil
	case FactOffered:
		return f.Body.To != nil
	case FactGiven:
		return f.Body.Order != nil && f.Body.Task == len(i.Tasks)+1
	case FactReported:
		return f.Body.Report != nil && f.Body.Report.N == len(i.Reports)+1
	}
	return true
}
