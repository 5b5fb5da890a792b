package casework

import (
	"slices"
	"time"

	"twoweave/internal/base/fault"
)

// Decide says what follows from a command. For Open, c is the zero Case. It never changes anything: the caller keeps the result as a whole.
//
// Refusals are faults: Denied when access did not allow the command or a handler would verify the own work, Conflict when the actor saw
// another version, Invalid for a move the table does not have or a command that lacks something.
func Decide(c Case, cmd Command, ctx Context) (Result, error) {
	m, err := admit(c, cmd, ctx)
	if err != nil {
		return Result{}, err
	}
	fact := Fact{
		Case: c.ID, Version: c.Version + 1, Kind: m.leaves, At: later(ctx.Now, c.UpdatedAt),
		Actor: ctx.Actor.ID, Name: ctx.Actor.Name, Purpose: cmd.Purpose, Rule: ctx.Allowed.Rule, Note: cmd.Note,
	}
	timers, err := decide(c, cmd, ctx, &fact)
	if err != nil {
		return Result{}, err
	}
	return Result{Facts: []Fact{fact}, Timers: timers}, nil
}

// admit is what every command must pass, in the order in which a person would want to hear it.
func admit(c Case, cmd Command, ctx Context) (move, error) {
	if !ctx.Allowed.Allow {
		return move{}, refuse(fault.Denied, "%s", orElse(ctx.Allowed.Reason, "access was not asked"))
	}
	if cmd.Version != 0 && cmd.Version != c.Version {
		return move{}, refuse(fault.Conflict, "the case has changed: you saw version %d, it is at version %d and %s", cmd.Version, c.Version, c.State)
	}
	m, ok := find(c.State, cmd.Kind)
	if !ok {
		return move{}, refuse(fault.Invalid, "%s", WhyNot(c.State, cmd.Kind))
	}
	if cmd.Version == 0 && slices.Contains(Commands, cmd.Kind) {
		return move{}, refuse(fault.Invalid, "the command must name the version of the case it was decided on; it is at version %d", c.Version)
	}
	if cmd.Kind == Verify && slices.Contains(c.Hands, ctx.Actor.ID) {
		return move{}, refuse(fault.Denied, "who handled a case does not verify it")
	}
	return m, nil
}

// Possible says whether the actor could give the command now, were it complete: nil, or the refusal that Decide would give. Screens ask it, so that
// they offer nothing that is refused.
func Possible(c Case, k CommandKind, ctx Context) error {
	_, err := admit(c, Command{Kind: k, Version: c.Version}, ctx)
	return err
}

// decide completes the fact of an admitted command and says which timers change.
func decide(c Case, cmd Command, ctx Context, f *Fact) ([]Timer, error) {
	switch cmd.Kind {
	case Open:
		return nil, decideOpen(cmd, f)
	case Dispatch:
		return decideDispatch(c, cmd, ctx, f)
	case Start:
		f.Body.Handler, f.Body.HandlerName = ctx.Actor.ID, ctx.Actor.Name
	case Finish:
		f.Body.Handler, f.Body.HandlerName = ctx.Actor.ID, ctx.Actor.Name
		return []Timer{{Kind: TimerRemind}, {Kind: TimerEscalate}}, nil
	case Recover:
		return nil, decideRecover(c, cmd, f)
	case Remind:
		return nil, decideRemind(c, f)
	case Escalate:
		return nil, decideEscalate(c, f)
	}
	return nil, nil
}

func decideOpen(cmd Command, f *Fact) error {
	o := cmd.Opening
	if o == nil || o.Number == "" || o.Scenario == "" || o.Episode <= 0 {
		return refuse(fault.Invalid, "an opening needs a number, a scenario and an episode")
	}
	if o.Limits.Handle < 0 || o.Limits.Reminder < 0 {
		return refuse(fault.Invalid, "a limit cannot be negative")
	}
	opening := *o
	f.Case, f.Body.Opening = IDOf(o.DetectionID()), &opening
	return nil
}

func decideDispatch(c Case, cmd Command, ctx Context, f *Fact) ([]Timer, error) {
	unit, why := c.Unit, ""
	if cmd.Unit != "" && cmd.Unit != c.Unit {
		unit, why = cmd.Unit, "chosen at dispatch by "+ctx.Actor.Name
	}
	if unit == "" {
		return nil, refuse(fault.Invalid, "no unit was found for this case (%s): the dispatch must name one", c.WhyUnit)
	}
	f.Body.Unit, f.Body.WhyUnit = unit, why
	if cmd.Handler != "" {
		if ctx.Handler == nil || ctx.Handler.ID != cmd.Handler || ctx.Handler.Unit != unit {
			return nil, refuse(fault.Invalid, "%s does not work in unit %s; leave the handler out and the unit finds one", cmd.Handler, unit)
		}
		f.Body.Handler, f.Body.HandlerName = ctx.Handler.ID, ctx.Handler.Name
	}
	if c.Limits.Handle == 0 {
		return nil, nil
	}
	due := f.At.Add(c.Limits.Handle)
	f.Body.DueAt = &due
	return clocks(c.Limits, f.At, due), nil
}

// clocks are the reminder, when there is room for one, and the escalation.
func clocks(l Limits, from, due time.Time) []Timer {
	timers := []Timer{{Kind: TimerEscalate, Due: due}}
	if remind := due.Add(-l.Reminder); l.Reminder > 0 && remind.After(from) {
		timers = append(timers, Timer{Kind: TimerRemind, Due: remind})
	}
	return timers
}

func decideRecover(c Case, cmd Command, f *Fact) error {
	if !c.EndedAt.IsZero() {
		return refuse(fault.Invalid, "the episode of this case has already ended")
	}
	if cmd.At.IsZero() {
		return refuse(fault.Invalid, "a recovery must say when")
	}
	at := cmd.At.UTC().Truncate(time.Microsecond)
	f.Body.EndedAt = &at
	return nil
}

func decideRemind(c Case, f *Fact) error {
	switch {
	case c.DueAt.IsZero():
		return refuse(fault.Invalid, "no limit runs for this case")
	case c.Reminded:
		return refuse(fault.Invalid, "the unit was reminded already")
	case f.At.Before(c.DueAt.Add(-c.Limits.Reminder)):
		return refuse(fault.Invalid, "it is too early to remind")
	}
	return nil
}

func decideEscalate(c Case, f *Fact) error {
	switch {
	case c.DueAt.IsZero():
		return refuse(fault.Invalid, "no limit runs for this case")
	case c.Escalated:
		return refuse(fault.Invalid, "the case was escalated already")
	case f.At.Before(c.DueAt):
		return refuse(fault.Invalid, "the limit has not passed")
	}
	return nil
}

func refuse(kind fault.Kind, format string, args ...any) error {
	return fault.New(kind, "casework.Decide", format, args...)
}

// later keeps a case's facts in order when the machine's clock jumps back, in the microseconds that records keep.
func later(now, last time.Time) time.Time {
	if now = now.UTC().Truncate(time.Microsecond); now.Before(last) {
		return last
	}
	return now
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
