package casework

import (
	"slices"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
)

func (ctx *Context) byProgram() bool { return ctx.Actor.Has(access.System) }

func completeOpening(cmd Command, f *Fact) error {
	o := cmd.Opening
	if o == nil || o.Number == "" || o.Subject == "" || (o.Scenario == "") != (o.Episode == 0) || o.Episode < 0 {
		return refuse(fault.Invalid, "case.opening", "an opening needs a number, a subject, and a scenario with an episode or neither")
	}
	for _, p := range o.Limits.All() {
		if p.Limit <= 0 || p.Reminder < 0 {
			return refuse(fault.Invalid, "case.limit", "a limit is above 0, and a reminder not below")
		}
	}
	if cmd.Kind == Report && o.Unit == "" {
		return refuse(fault.Invalid, "case.own-unit", "a field worker's own report belongs to a unit")
	}
	opening := *o
	f.Case, f.Body.Opening, f.Body.Reports = IDOf(o.DetectionID()), &opening, cmd.Reports
	if cmd.Kind == Warn {
		at := f.At.Add(o.Limits.Persist)
		f.Body.WakeAt = &at
	}
	return nil
}

func completeMerge(c Case, ctx Context, f *Fact) error {
	switch {
	case ctx.Into == nil:
		return refuse(fault.Invalid, "case.merge-into", "a merge must name the case into which")
	case ctx.Into.ID == c.ID:
		return refuse(fault.Invalid, "case.merge-self", "a case cannot be merged into itself")
	case !ctx.Into.Open():
		return refuse(fault.Invalid, "case.merge-closed", "case %s is %s: only an open case can take another one in", ctx.Into.Number, ctx.Into.State)
	}
	f.Body.Into = ctx.Into.ID
	return nil
}

func completeReports(c Case, cmd Command, f *Fact) error {
	if len(cmd.Reports) == 0 && cmd.Kind == Attach {
		return refuse(fault.Invalid, "case.no-report", "no report is named")
	}
	for _, r := range cmd.Reports {
		if has := slices.Contains(c.Reports, r); has != (cmd.Kind == Part) {
			return refuse(fault.Invalid, "case.report-part", "report %s is %s", r.Report, map[bool]string{true: "part of this case already", false: "no part of this case"}[has])
		}
	}
	f.Body.Reports, f.Body.Into = cmd.Reports, cmd.Into
	return nil
}

// chosen is the reason for a unit that a person named; accounts may carry a name in both languages, "派遣员 / Dispatcher".
func chosen(at CommandKind, name string) lang.Text {
	zh, en, both := strings.Cut(name, " / ")
	if !both {
		en = zh
	}
	if at == Arbitrate {
		return lang.Text{ZH: "由" + zh + "裁定", EN: "decided in arbitration by " + en}
	}
	return lang.Text{ZH: "由" + zh + "派遣时选定", EN: "chosen at " + string(at) + " by " + en}
}

func completeDispatch(c Case, cmd Command, ctx Context, f *Fact) error {
	unit, why := c.Unit, lang.Text{}
	if cmd.Unit != "" && cmd.Unit != c.Unit {
		unit, why = cmd.Unit, chosen(cmd.Kind, ctx.Actor.Name)
	}
	if unit == "" {
		return refuse(fault.Invalid, "case.no-unit-found", "no unit was found for this case (%s): the dispatch must name one", c.WhyUnit)
	}
	f.Body.Unit, f.Body.WhyUnit, f.Body.Why = unit, why.EN, why
	if cmd.Handler != "" {
		if ctx.Handler == nil || ctx.Handler.ID != cmd.Handler || ctx.Handler.Unit != unit {
			return refuse(fault.Invalid, "case.not-in-unit", "%s does not work in unit %s; leave the handler out and the unit finds one", cmd.Handler, unit)
		}
		f.Body.Handler, f.Body.HandlerName = ctx.Handler.ID, ctx.Handler.Name
	}
	return startPhase(&c, cmd.Phase, ctx, f)
}

// startPhase lets a phase's clock begin with the fact; a class without a limit has none.
func startPhase(c *Case, n int, ctx Context, f *Fact) error {
	p, has := c.phase(n)
	if !has {
		if n != 0 {
			return refuse(fault.Invalid, "case.no-phase", "the limit has no phase %d; it has %d", n, len(c.Limits.All()))
		}
		return nil
	}
	f.Body.Phase = n
	f.setClock(p.run(ctx.Calendar, f.At, p.Limit))
	return nil
}

func (f *Fact) setClock(due, remind time.Time) {
	f.Body.DueAt = &due
	if !remind.IsZero() {
		f.Body.RemindAt = &remind
	}
}

func completeInvolve(c Case, cmd Command, f *Fact) error {
	if len(cmd.Units) == 0 {
		return refuse(fault.Invalid, "case.no-unit", "no unit is named")
	}
	for i, u := range cmd.Units {
		involved := slices.ContainsFunc(c.Parts, func(p Contribution) bool { return p.Unit == u })
		if u == "" || u == c.Unit || involved || slices.Contains(cmd.Units[:i], u) {
			return refuse(fault.Invalid, "case.unit-involved", "unit %q leads the case or is involved already", u)
		}
	}
	f.Body.Units = cmd.Units
	return nil
}

// part is what the actor's unit has still to do in a case that another one leads.
func part(c *Case, ctx Context) (Contribution, error) {
	n := slices.IndexFunc(c.Parts, func(p Contribution) bool { return string(p.Unit) == ctx.Actor.Unit && !p.Done })
	if n < 0 {
		return Contribution{}, refuse(fault.Invalid, "case.unit-not-involved", "unit %q is not involved in this case, or has done its part", ctx.Actor.Unit)
	}
	return c.Parts[n], nil
}

func completeContribute(c Case, ctx Context, f *Fact) error {
	p, err := part(&c, ctx)
	f.Body.Unit = p.Unit
	return err
}

func completeRating(cmd Command, f *Fact) error {
	if cmd.Rating < 1 || cmd.Rating > 5 {
		return refuse(fault.Invalid, "case.rating", "a rating is 1 (very bad) to 5 (very good)")
	}
	f.Body.Rating = cmd.Rating
	return nil
}

func completeAskSuspension(cmd Command, f *Fact) error {
	if err := needsReason(cmd); err != nil {
		return err
	}
	until := cmd.At.UTC().Truncate(time.Microsecond)
	if !until.After(f.At) || until.After(f.At.AddDate(1, 0, 0)) {
		return refuse(fault.Invalid, "case.suspension-until", "a suspension is asked until a time that is ahead, by a year at most")
	}
	f.Body.WakeAt = &until
	return nil
}

func completeAskExtension(cmd Command, f *Fact) error {
	if err := needsReason(cmd); err != nil {
		return err
	}
	if cmd.Amount.IsZero() {
		return refuse(fault.Invalid, "case.extension-amount", `an extension says by how much: "2 working days"`)
	}
	f.Body.Amount = cmd.Amount
	return nil
}

// completeSuspend stops the clock where it stood when the suspension was asked for: waiting for the answer costs the unit nothing.
func completeSuspend(c *Case, ctx Context, f *Fact) {
	if p, has := c.phase(c.Phase); has && c.DueAt.After(c.Asked.At) {
		f.Body.Left = ctx.Calendar.Counted(c.Asked.At, c.DueAt, p.Clock)
	}
	f.Body.WakeAt = c.Asked.Until
}

// completeExtend adds to the limit, from its end on.
func completeExtend(c *Case, ctx Context, f *Fact) {
	amount := c.Asked.Amount
	due := ctx.Calendar.Due(c.DueAt, ctx.Calendar.Length(amount), amount.Clock)
	remind := time.Time{}
	if p, has := c.phase(c.Phase); has && p.Reminder > 0 {
		if left := ctx.Calendar.Counted(f.At, due, p.Clock); left > p.Reminder {
			remind = ctx.Calendar.Due(f.At, left-p.Reminder, p.Clock)
		}
	}
	f.Body.Phase, f.Body.Amount = c.Phase, amount
	f.setClock(due, remind)
}

func completeResume(c *Case, ctx Context, f *Fact) error {
	if ctx.byProgram() && f.At.Before(c.WakeAt) {
		return refuse(fault.Invalid, "case.suspension-on", "the suspension's time is not over")
	}
	if p, has := c.phase(c.Phase); has {
		f.Body.Phase = c.Phase
		f.setClock(p.run(ctx.Calendar, f.At, c.Left))
	}
	return nil
}

func completePersist(c *Case, f *Fact) error {
	if f.At.Before(c.WakeAt) {
		return refuse(fault.Invalid, "case.warning-on", "the warning's time is not over")
	}
	return nil
}

func completeRecover(c Case, cmd Command, f *Fact) error {
	if !c.EndedAt.IsZero() {
		return refuse(fault.Invalid, "case.ended", "the episode of this case has already ended")
	}
	if cmd.At.IsZero() {
		return refuse(fault.Invalid, "case.recovery-time", "a recovery must say when")
	}
	at := cmd.At.UTC().Truncate(time.Microsecond)
	f.Body.EndedAt = &at
	return nil
}

func completeRemind(c Case, f *Fact) error {
	switch {
	case c.RemindAt.IsZero():
		return refuse(fault.Invalid, "case.nothing-to-remind", "there is nothing to remind of in this case")
	case c.Reminded:
		return refuse(fault.Invalid, "case.reminded", "the unit was reminded already")
	case f.At.Before(c.RemindAt):
		return refuse(fault.Invalid, "case.too-early", "it is too early to remind")
	}
	return nil
}

func completeEscalate(c Case, f *Fact) error {
	switch {
	case c.DueAt.IsZero():
		return refuse(fault.Invalid, "case.no-limit", "no limit runs for this case")
	case c.Escalated:
		return refuse(fault.Invalid, "case.escalated", "the case was escalated already")
	case f.At.Before(c.DueAt):
		return refuse(fault.Invalid, "case.limit-on", "the limit has not passed")
	}
	return nil
}
