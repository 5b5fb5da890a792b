package casework

import (
	"slices"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/registry"
)

// Apply gives the case after one fact. The fact must be the next one of this case, as Decide made it: Apply trusts, Fold checks.
func Apply(c Case, f Fact) Case {
	before := c
	before.before = nil
	m, _ := byFact(c.State, f.Kind)
	if f.Kind == FactUndone && c.before != nil {
		c = *c.before
	} else {
		if m.to != Same {
			c.WakeAt = time.Time{}
		}
		c = applied(c, f)
		if m.to != Same {
			c.State = m.to
		}
	}
	c.Version, c.UpdatedAt = f.Version, f.At
	c.before, c.last = &before, lastly{f.Kind, f.Actor, f.At}
	return c
}

// applied is what a fact changes besides the state.
func applied(c Case, f Fact) Case {
	b := f.Body
	switch f.Kind {
	case FactAccepted, FactFlagged, FactWarned, FactTaken, FactReported:
		return opened(f)
	case FactCheckOrdered:
		c.VisitAt = f.At
	case FactConfirmed:
		c.AcceptedAt = f.At
	case FactPersisted, FactFiled:
		c.FiledAt = f.At
	case FactMerged:
		c.Into = b.Into
		c = unclocked(c)
	case FactDispatched, FactArbitrated:
		c = dispatched(c, f)
	case FactReturned:
		c.Returns++
		c = unclocked(c)
	case FactInvolved:
		c.Parts = involved(c.Parts, b.Units)
	case FactContributed:
		c.Parts = contributed(c.Parts, b.Unit)
		c.Hands = hand(c.Hands, f.Actor)
	case FactAdvanced, FactReworked:
		c = clocked(c, f)
		if f.Kind == FactReworked {
			c.Reworks, c.HandledAt, c.DispatchedAt = c.Reworks+1, time.Time{}, f.At
		}
	case FactStarted:
		c = handledBy(c, f)
	case FactHandled, FactSettled:
		c = handledBy(unclocked(c), f)
		c.HandledAt, c.Late = f.At, b.Late
		if f.Kind == FactSettled {
			c.ClosedAt, c.Light = f.At, true
		}
	default:
		c = settled(wished(c, f), f)
	}
	return c
}

// wished is what facts about the limit change.
func wished(c Case, f Fact) Case {
	b := f.Body
	switch f.Kind {
	case FactSuspensionAsked, FactExtensionAsked:
		c.Asked = &Asked{By: f.Actor, At: f.At, Until: b.WakeAt, Amount: b.Amount, Reason: f.Note}
	case FactSuspended:
		c = unclocked(c)
		c.Left, c.WakeAt = b.Left, moment(b.WakeAt)
	case FactExtended:
		c = clocked(c, f)
		c.Extensions++
	case FactDeclined:
		c.Asked = nil
	case FactResumed:
		c = clocked(c, f)
	case FactReminded:
		c.Reminded = true
	case FactEscalated:
		c.Escalated = true
	}
	return c
}

// settled is what the facts after the handling change, and those that come at any time.
func settled(c Case, f Fact) Case {
	b := f.Body
	switch f.Kind {
	case FactVerified:
		c.Verifier, c.VerifiedAt = f.Actor, f.At
	case FactClosed:
		c.ClosedAt = f.At
	case FactReopened:
		c = reopened(c, f.At)
	case FactRated:
		c.Rating = b.Rating
	case FactUrged:
		c.Urged++
	case FactAttached, FactJoined:
		c.Reports = append(slices.Clone(c.Reports), b.Reports...)
	case FactParted:
		c.Reports = slices.DeleteFunc(slices.Clone(c.Reports), func(a Attached) bool { return slices.Contains(b.Reports, a) })
	case FactRecovered:
		c.EndedAt = moment(b.EndedAt)
	}
	return c
}

// Fold is the case that facts add up to. It refuses facts that are not the whole history of one case, in order, along the table.
func Fold(facts []Fact) (Case, error) {
	var c Case
	for i, f := range facts {
		if f.Version != int64(i)+1 || (i > 0 && f.Case != c.ID) {
			return Case{}, fault.New(fault.Invalid, "casework.Fold", "fact %d of case %s is not the next of case %s", f.Version, f.Case, c.ID)
		}
		if _, known := byFact(c.State, f.Kind); !known || (i == 0) != (f.Body.Opening != nil) || (f.Kind == FactRecovered && f.Body.EndedAt == nil) {
			return Case{}, fault.New(fault.Invalid, "casework.Fold", "a case that is %q cannot have the fact %q", c.State, f.Kind)
		}
		c = Apply(c, f)
	}
	return c, nil
}

func opened(f Fact) Case {
	o := f.Body.Opening
	c := Case{
		ID: f.Case, Number: o.Number, Class: o.Class, ClassTitle: o.ClassTitle, Limits: o.Limits, Severity: o.Severity,
		Title: o.Title, Detection: o.DetectionID(), Area: o.Area, Place: o.Place, Unit: o.Unit, WhyUnit: o.WhyUnit, OpenedAt: f.At,
		WakeAt: moment(f.Body.WakeAt), Reports: f.Body.Reports, Opener: f.Actor,
	}
	if f.Kind == FactAccepted || f.Kind == FactTaken {
		c.AcceptedAt = f.At
	}
	if f.Kind == FactReported {
		c.FiledAt = f.At
	}
	return c
}

func dispatched(c Case, f Fact) Case {
	c.DispatchedAt, c.Unit, c.Dispatcher = f.At, f.Body.Unit, f.Actor
	if f.Body.WhyUnit != "" {
		c.WhyUnit = f.Body.WhyUnit
	}
	c.Handler, c.HandlerName = f.Body.Handler, f.Body.HandlerName
	return clocked(c, f)
}

// clocked is the case with the clock that the fact set running.
func clocked(c Case, f Fact) Case {
	c = unclocked(c)
	c.Phase, c.DueAt, c.RemindAt, c.Left = f.Body.Phase, moment(f.Body.DueAt), moment(f.Body.RemindAt), 0
	c.Reminded, c.Escalated = false, false
	return c
}

// unclocked is the case with its clock stopped, and nothing asked about it.
func unclocked(c Case) Case {
	c.DueAt, c.RemindAt, c.Asked = time.Time{}, time.Time{}, nil
	return c
}

// reopened is a case that begins again where it was filed: who had a hand in it still may not verify it.
func reopened(c Case, at time.Time) Case {
	c.Reopened++
	c.Handler, c.HandlerName, c.Verifier, c.Phase, c.Light, c.Late = "", "", "", 0, false, false
	c.DispatchedAt, c.HandledAt, c.VerifiedAt, c.ClosedAt = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	if c.State == Closed {
		c.FiledAt = at
	} else {
		c.AcceptedAt = at
	}
	return c
}

func handledBy(c Case, f Fact) Case {
	c.Handler, c.HandlerName = f.Body.Handler, f.Body.HandlerName
	c.Hands = hand(c.Hands, c.Handler)
	return c
}

func hand(hands []string, who string) []string {
	if slices.Contains(hands, who) {
		return hands
	}
	return append(slices.Clone(hands), who)
}

func involved(parts []Contribution, units []registry.UnitID) []Contribution {
	parts = slices.Clone(parts)
	for _, u := range units {
		parts = append(parts, Contribution{Unit: u})
	}
	return parts
}

func contributed(parts []Contribution, unit registry.UnitID) []Contribution {
	parts = slices.Clone(parts)
	for i := range parts {
		if parts[i].Unit == unit {
			parts[i].Done = true
		}
	}
	return parts
}

// moment is a time that may be absent.
func moment(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return *at
}
