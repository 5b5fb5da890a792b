package incident

import (
	"slices"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
)

// Command is what somebody wants done. Only the fields of its kind are read.
type Command struct {
	Kind    CommandKind
	Version int64 // of the incident that the actor saw; the program may leave it out
	Task    int
	Note    string        // reason, outcome, resource, or after-action text
	Opening *Opening      // OpenIt
	To      Who           // Offer
	Cases   []casework.ID // Gather, Release; Reopen: those that another incident has gathered since
	Order   *Assignment   // Give: with a due time, or with Within
	Within  time.Duration // Give by urgent hours; Write: the next one is due so long from now
	Report  *Report       // Write: what is known, done, expected; next due; which it corrects
	Open    []int         // StandDown, Close: the tasks that are left open
}

// Context is what a command is decided in.
type Context struct {
	Now     time.Time
	Actor   access.Actor
	Allowed access.Decision
}

const (
	// EscalateAfter is how long after the reminder a task that is still late has the duty room called.
	EscalateAfter = 10 * time.Minute
	// MaxWithin is how far off a task's due time, or the next situation report, may be.
	MaxWithin = 7 * 24 * time.Hour
	// MaxText bounds what somebody writes, MaxTitle a title or a place, in characters.
	MaxText, MaxTitle = 8000, 300
	// MaxTasks, MaxCases and MaxResources bound an incident and a task.
	MaxTasks, MaxCases, MaxResources = 500, 2000, 50
)

// Decide gives the fact that follows from a command. For OpenIt, i is a zero Incident with its ID. It changes nothing.
//
// Refusals are faults: Denied when access did not allow it or the person is the wrong one, Conflict when what it is about has changed since the actor
// looked, Invalid for a move that the tables do not have or a command that lacks something.
func Decide(i Incident, cmd Command, ctx Context) (Fact, error) {
	leaves, err := admit(&i, cmd, ctx)
	if err != nil {
		return Fact{}, err
	}
	f := Fact{Incident: i.ID, Version: i.Version + 1, Kind: leaves, At: later(ctx.Now, i.UpdatedAt), By: whoIs(ctx.Actor), Rule: ctx.Allowed.Rule, Note: cmd.Note}
	if err := checkText("note", cmd.Note, MaxText); err != nil {
		return Fact{}, err
	}
	return f, complete(&i, cmd, &f)
}

// Possible says whether the actor could give the command now, were it complete: nil, or the refusal that Decide would give.
func Possible(i Incident, k CommandKind, task int, ctx Context) error {
	_, err := admit(&i, Command{Kind: k, Task: task, Version: i.Version}, ctx)
	return err
}

// admit is what every command must pass, in the order in which a person would want to hear it.
func admit(i *Incident, cmd Command, ctx Context) (FactKind, error) {
	if !ctx.Allowed.Allow {
		return "", ctx.Allowed.Refusal("incident.Decide")
	}
	if err := fresh(i, cmd, ctx); err != nil {
		return "", err
	}
	if OnTask(cmd.Kind) {
		return admitTask(i, cmd, ctx)
	}
	m, ok := find(i.State, cmd.Kind)
	if !ok {
		return "", notPossible("incident.not-possible", WhyNot(i.State, cmd.Kind), cmd.Kind, string(i.State))
	}
	return m.leaves, inCommand(i, cmd.Kind, ctx)
}

func admitTask(i *Incident, cmd Command, ctx Context) (FactKind, error) {
	t, _ := i.Task(cmd.Task)
	if why := WhyNotTask(i.State, t.State, cmd.Kind); why != "" {
		return "", taskNotPossible(i.State, t.State, cmd.Kind, why)
	}
	m, _ := findTask(cmd.Kind)
	switch {
	case cmd.Kind == Check && t.EndedBy.ID == whoIs(ctx.Actor).ID:
		return "", refuse(fault.Denied, "incident.own-task", "who did a task does not check it")
	case cmd.Kind == Remind && (!t.Reminded.IsZero() || ctx.Now.Before(t.Due)), cmd.Kind == Escalate && (!t.Escalated.IsZero() || t.Reminded.IsZero() || ctx.Now.Before(t.Reminded.Add(EscalateAfter))):
		return "", refuse(fault.Invalid, "incident.not-due", "%s is not due for task %d", cmd.Kind, t.N)
	}
	return m.leaves, nil
}

// inCommand is who may pass command on, and who may take it.
func inCommand(i *Incident, k CommandKind, ctx Context) error {
	me := whoIs(ctx.Actor)
	switch {
	case k == Offer && i.Commander.ID != me.ID && !ctx.Actor.Has(access.Admin):
		return refuse(fault.Denied, "incident.not-commander", "command is passed on by the commander, %s, or by an administrator", i.Commander.Name)
	case (k == Accept || k == Decline) && i.Offered == nil:
		return refuse(fault.Invalid, "incident.not-offered", "command was not offered to anybody")
	case k == Accept && i.Offered.ID != me.ID:
		return refuse(fault.Denied, "incident.offered-other", "command was offered to %s", i.Offered.Name)
	case k == Decline && i.Offered.ID != me.ID && i.Commander.ID != me.ID:
		return refuse(fault.Denied, "incident.decline-other", "only %s can decline, and only %s can take the offer back", i.Offered.Name, i.Commander.Name)
	case k == ReportLate && (i.Late || i.ReportDue.IsZero() || ctx.Now.Before(i.ReportDue)):
		return refuse(fault.Invalid, "incident.no-late-report", "no situation report is late")
	}
	return nil
}

// fresh refuses what was decided on an older state of what the command is about.
func fresh(i *Incident, cmd Command, ctx Context) error {
	switch {
	case cmd.Kind == OpenIt || cmd.Version == 0 && ctx.Actor.Has(access.System):
		return nil
	case cmd.Version < 1 || cmd.Version > i.Version:
		return refuse(fault.Invalid, "incident.version", "the command must name the version of the incident it was decided on; it is at version %d", i.Version)
	}
	last := i.Touched
	if t, known := i.Task(cmd.Task); known && OnTask(cmd.Kind) {
		last = t.Touched
	}
	if cmd.Version < last.Version {
		return refuse(fault.Conflict, "incident.changed", "it has changed since you looked (version %d): %s, %s, version %d", cmd.Version, last.By.Name, last.What, last.Version)
	}
	return nil
}

// Next is the moment at which the program has to look again; zero when no clock runs.
func (i *Incident) Next() time.Time {
	var next time.Time
	if i.State != Running {
		return next
	}
	sooner := func(at time.Time) {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	if !i.ReportDue.IsZero() && !i.Late {
		sooner(i.ReportDue)
	}
	for _, t := range i.Tasks {
		switch {
		case !slices.Contains(todo, t.State):
		case t.Reminded.IsZero():
			sooner(t.Due)
		case t.Escalated.IsZero():
			sooner(t.Reminded.Add(EscalateAfter))
		}
	}
	return next
}

// Due is what the program has to do by itself at a moment, one command at a time; false when nothing is due.
func (i *Incident) Due(now time.Time) (Command, bool) {
	if next := i.Next(); next.IsZero() || now.Before(next) {
		return Command{}, false
	}
	if !i.Late && !i.ReportDue.IsZero() && !now.Before(i.ReportDue) {
		return Command{Kind: ReportLate}, true
	}
	for _, t := range i.Tasks {
		switch {
		case !slices.Contains(todo, t.State):
		case t.Reminded.IsZero() && !now.Before(t.Due):
			return Command{Kind: Remind, Task: t.N}, true
		case !t.Reminded.IsZero() && t.Escalated.IsZero() && !now.Before(t.Reminded.Add(EscalateAfter)):
			return Command{Kind: Escalate, Task: t.N}, true
		}
	}
	return Command{}, false
}

// later keeps facts in order when the machine's clock jumps back, in the microseconds that records keep.
func later(now, last time.Time) time.Time {
	if now = now.UTC().Truncate(time.Microsecond); now.Before(last) {
		return last
	}
	return now
}

func whoIs(a access.Actor) Who { return Who{ID: personID(a.ID), Name: a.Name} }

func refuse(kind fault.Kind, code fault.Code, format string, args ...any) error {
	return fault.Say(kind, "incident.Decide", code, format, args...)
}

// notPossible is the refusal of a command that the tables do not have for a state.
func notPossible(code fault.Code, why string, k CommandKind, state string) error {
	f := fault.New(fault.Invalid, "incident.Decide", "%s", why)
	f.Coded = fault.Coded{Code: code, Params: []string{string(k), state}}
	return f
}

func taskNotPossible(during State, from TaskState, k CommandKind, why string) error {
	switch m, known := findTask(k); {
	case known && !slices.Contains(m.during, during):
		return notPossible("incident.not-possible", why, k, string(during))
	case from == NoTask:
		return notPossible("incident.no-task", why, k, "")
	}
	return notPossible("incident.task-not-possible", why, k, string(from))
}
