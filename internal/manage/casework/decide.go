package casework

import (
	"slices"
	"time"

	"twoweave/internal/base/fault"
)

// UndoWithin is how long a person can take back the own last command.
const UndoWithin = 5 * time.Minute

// undoable are the facts that can be taken back: those that move a case and that no other case and nobody outside has heard of.
var undoable = []FactKind{
	FactConfirmed, FactCheckOrdered, FactFiled, FactVoided, FactMerged, FactDispatched, FactStarted, FactReturned, FactArbitrated, FactSuspended, FactResumed,
	FactHandled, FactReworked, FactVerified, FactClosed, FactSettled, FactReopened,
}

// Decide says what follows from a command. For what opens a case, c is the zero Case. It never changes anything: the caller keeps the result as a whole.
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
	if err := complete(c, cmd, ctx, &fact); err != nil {
		return Result{}, err
	}
	fact.Body.Late = ends(fact.Kind) && c.Overdue(fact.At)
	after := Apply(c, fact)
	return Result{Facts: []Fact{fact}, Timers: timers(&c, &after)}, nil
}

// ends says whether a fact ends a stretch of the limit.
func ends(k FactKind) bool {
	return k == FactHandled || k == FactSettled || k == FactAdvanced || k == FactReturned
}

// admit is what every command must pass, in the order in which a person would want to hear it.
func admit(c Case, cmd Command, ctx Context) (move, error) {
	if !ctx.Allowed.Allow {
		return move{}, ctx.Allowed.Refusal("casework.Decide")
	}
	if cmd.Version != 0 && cmd.Version != c.Version {
		return move{}, refuse(fault.Conflict, "case.changed", "the case has changed: you saw version %d, it is at version %d and %s", cmd.Version, c.Version, c.State)
	}
	m, ok := find(c.State, cmd.Kind)
	if !ok {
		return move{}, NotPossible(c.State, cmd.Kind)
	}
	if cmd.Version == 0 && slices.Contains(Commands, cmd.Kind) && !ctx.byProgram() {
		return move{}, refuse(fault.Invalid, "case.version", "the command must name the version of the case it was decided on; it is at version %d", c.Version)
	}
	return m, hindrance(&c, cmd.Kind, ctx)
}

// hindrance is what stands against a command that the table allows, whatever the command says in particular.
func hindrance(c *Case, k CommandKind, ctx Context) error {
	switch k {
	case Verify, Rework:
		if slices.Contains(c.Hands, ctx.Actor.ID) {
			return refuse(fault.Denied, "access.own-work", "who handled a case does not verify it")
		}
	case Settle:
		if !c.Limits.Light {
			return refuse(fault.Invalid, "case.not-light", "a matter of the class %s cannot be settled on the spot", c.Class)
		}
	case Finish:
		if n := slices.IndexFunc(c.Parts, func(p Contribution) bool { return !p.Done }); n >= 0 {
			return refuse(fault.Invalid, "case.part-open", "unit %s is involved and has not done its part", c.Parts[n].Unit)
		}
	case Contribute:
		_, err := part(c, ctx)
		return err
	case Advance:
		if _, more := c.phase(c.Phase + 1); !more {
			return refuse(fault.Invalid, "case.last-phase", "the limit has no further phase; what follows is finish")
		}
	case Suspend, Extend, Decline, AskSuspension, AskExtension:
		return wishes(c, k)
	case Undo:
		return undoing(c, ctx)
	}
	return nil
}

// wishes are about the limit: one at a time, and only what was asked is granted.
func wishes(c *Case, k CommandKind) error {
	asks := k == AskSuspension || k == AskExtension
	switch {
	case asks && c.DueAt.IsZero():
		return refuse(fault.Invalid, "case.no-limit", "no limit runs for this case")
	case asks && c.Asked != nil:
		return refuse(fault.Invalid, "case.asked-already", "something was asked already and awaits its answer")
	case !asks && (c.Asked == nil || k == Suspend && !c.Asked.Suspension() || k == Extend && c.Asked.Suspension()):
		return refuse(fault.Invalid, "case.not-asked", "the unit has not asked for it")
	}
	return nil
}

func undoing(c *Case, ctx Context) error {
	switch {
	case !slices.Contains(undoable, c.last.kind) || c.before == nil:
		return refuse(fault.Invalid, "case.no-undo", "what was done last cannot be undone")
	case c.last.actor != ctx.Actor.ID:
		return refuse(fault.Denied, "case.undo-other", "only who gave the last command can undo it")
	case ctx.Now.After(c.last.at.Add(UndoWithin)):
		return refuse(fault.Invalid, "case.undo-late", "a command can be undone within %v", UndoWithin)
	}
	return nil
}

// Possible says whether the actor could give the command now, were it complete: nil, or the refusal that Decide would give. Screens ask it, so that
// they offer nothing that is refused.
func Possible(c Case, k CommandKind, ctx Context) error {
	_, err := admit(c, Command{Kind: k, Version: c.Version}, ctx)
	return err
}

// complete fills in the fact of an admitted command, or says what the command lacks.
func complete(c Case, cmd Command, ctx Context, f *Fact) error {
	switch cmd.Kind {
	case Open, Screen, Warn, Take, Report:
		return completeOpening(cmd, f)
	case Void, Return, Reopen, Decline, Urge:
		return needsReason(cmd)
	case Rework:
		if err := needsReason(cmd); err != nil {
			return err
		}
		return startPhase(&c, c.Phase, ctx, f)
	case Merge:
		return completeMerge(c, ctx, f)
	case Attach, Join, Part:
		return completeReports(c, cmd, f)
	case Dispatch, Arbitrate:
		return completeDispatch(c, cmd, ctx, f)
	case Involve:
		return completeInvolve(c, cmd, f)
	case Contribute:
		return completeContribute(c, ctx, f)
	case Start, Finish, Settle:
		f.Body.Handler, f.Body.HandlerName, f.Body.Spot = ctx.Actor.ID, ctx.Actor.Name, cmd.Spot
		return cmd.Spot.valid()
	case Rate:
		return completeRating(cmd, f)
	case Undo:
		f.Body.Undoes = c.last.kind
	default:
		return completeClock(c, cmd, ctx, f)
	}
	return nil
}

// completeClock is for the commands about limits and moments.
func completeClock(c Case, cmd Command, ctx Context, f *Fact) error {
	switch cmd.Kind {
	case Advance:
		return startPhase(&c, c.Phase+1, ctx, f)
	case AskSuspension:
		return completeAskSuspension(cmd, f)
	case AskExtension:
		return completeAskExtension(cmd, f)
	case Suspend:
		completeSuspend(&c, ctx, f)
	case Extend:
		completeExtend(&c, ctx, f)
	case Resume:
		return completeResume(&c, ctx, f)
	case Persist:
		return completePersist(&c, f)
	case Recover:
		return completeRecover(c, cmd, f)
	case Remind:
		return completeRemind(c, f)
	case Escalate:
		return completeEscalate(c, f)
	}
	return nil
}

// valid says what is wrong with a spot; none is right.
func (s *Spot) valid() error {
	if s == nil {
		return nil
	}
	if err := s.Point.Valid(); err != nil {
		return refuse(fault.Invalid, "case.spot", "where the device was: %v", err)
	}
	if !(s.Accuracy >= 0 && s.Accuracy <= 1e7) { // not a number neither
		return refuse(fault.Invalid, "case.spot-accuracy", "where the device was: the accuracy must be 0 … 10,000,000 metres")
	}
	return nil
}

func needsReason(cmd Command) error {
	if cmd.Note == "" {
		return refuse(fault.Invalid, "case.reason", "%s needs a reason in its note", cmd.Kind)
	}
	return nil
}

func refuse(kind fault.Kind, code fault.Code, format string, args ...any) error {
	return fault.Say(kind, "casework.Decide", code, format, args...)
}

// later keeps a case's facts in order when the machine's clock jumps back, in the microseconds that records keep.
func later(now, last time.Time) time.Time {
	if now = now.UTC().Truncate(time.Microsecond); now.Before(last) {
		return last
	}
	return now
}
