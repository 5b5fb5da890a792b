package casework

import (
	"slices"
	"time"

	"twoweave/internal/base/fault"
)

// Apply gives the case after one fact. The fact must be the next one of this case, as Decide made it: Apply trusts, Fold checks.
func Apply(c Case, f Fact) Case {
	if f.Kind == FactAccepted {
		c = opened(f)
	}
	c.Version, c.UpdatedAt = f.Version, f.At
	switch f.Kind {
	case FactFiled:
		c.State = Filed
	case FactDispatched:
		c = dispatched(c, f)
	case FactStarted:
		c.State = Handling
		c = handledBy(c, f)
	case FactHandled:
		c.State, c.HandledAt, c.DueAt = Handled, f.At, time.Time{}
		c = handledBy(c, f)
	case FactVerified:
		c.State, c.Verifier, c.VerifiedAt = Verified, f.Actor, f.At
	case FactClosed:
		c.State, c.ClosedAt = Closed, f.At
	case FactRecovered:
		c.EndedAt = *f.Body.EndedAt
	case FactReminded:
		c.Reminded = true
	case FactEscalated:
		c.Escalated = true
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
		if !leaves(c.State, f.Kind) || (f.Kind == FactAccepted) != (f.Body.Opening != nil) || (f.Kind == FactRecovered && f.Body.EndedAt == nil) {
			return Case{}, fault.New(fault.Invalid, "casework.Fold", "a case that is %q cannot have the fact %q", c.State, f.Kind)
		}
		c = Apply(c, f)
	}
	return c, nil
}

func leaves(from State, kind FactKind) bool {
	return slices.ContainsFunc(table, func(m move) bool { return m.from == from && m.leaves == kind })
}

func opened(f Fact) Case {
	o := f.Body.Opening
	return Case{
		ID: f.Case, Number: o.Number, State: Accepted, Class: o.Class, ClassTitle: o.ClassTitle, Limits: o.Limits, Severity: o.Severity,
		Title: o.Title, Detection: o.DetectionID(), Area: o.Area, Unit: o.Unit, WhyUnit: o.WhyUnit, OpenedAt: f.At,
	}
}

func dispatched(c Case, f Fact) Case {
	c.State, c.DispatchedAt, c.Unit = Dispatched, f.At, f.Body.Unit
	if f.Body.WhyUnit != "" {
		c.WhyUnit = f.Body.WhyUnit
	}
	c.Handler, c.HandlerName = f.Body.Handler, f.Body.HandlerName
	if f.Body.DueAt != nil {
		c.DueAt = *f.Body.DueAt
	}
	return c
}

func handledBy(c Case, f Fact) Case {
	c.Handler, c.HandlerName = f.Body.Handler, f.Body.HandlerName
	if !slices.Contains(c.Hands, c.Handler) {
		c.Hands = append(slices.Clone(c.Hands), c.Handler)
	}
	return c
}
