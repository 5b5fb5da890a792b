// Package appraisal is the figures of work (评价): how well field workers, operators, units, areas, classes and scenarios do.
//
// # Acts
//
// What counts is an act: something that was done to a case, by whom, for which unit, where, whether in time, and how long it took. ActsOf derives acts from
// a fact and the case before it; they are kept with the fact, in the same transaction, and go when the fact is undone. So a figure is a count over acts,
// and the list behind it is the same acts: they cannot disagree.
//
// # Figures
//
// Figures defines each figure once: what it counts, out of what, and the words in which a person reads it. A rate without anything to rate is no number,
// not zero. Time limits that the classes do not set (filing, dispatching, verifying) stand here; they are assumed.
package appraisal

import (
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/matter"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/registry"
)

// What says what was done.
type What string

const (
	Opened      What = "opened"      // a case began, by detection or report
	Taken       What = "taken"       // an operator took a report of the public
	Reported    What = "reported"    // a field worker reported
	Filed       What = "filed"       //
	Dispatched  What = "dispatched"  // to a unit, by arbitration too
	Misdirected What = "misdirected" // it was given back; counts for who dispatched it
	Returned    What = "returned"    // likewise; counts for the unit
	Handled     What = "handled"     // settled on the spot too
	Reworked    What = "reworked"    // verification failed; counts for who handled it
	Verified    What = "verified"    // or checked on site before filing
	Extended    What = "extended"    //
	Urged       What = "urged"       //
	Escalated   What = "escalated"   // its limit passed
	Closed      What = "closed"      //
	Reopened    What = "reopened"    //
	Rated       What = "rated"       // by who reported it
)

// Timing says whether an act came in time.
type Timing int

const (
	Untimed Timing = iota // nothing says by when
	InTime
	Late
)

// The times that no class sets. Assumed: round the clock, since the centres are staffed day and night.
const (
	FileWithin     = 30 * time.Minute // from acceptance
	DispatchWithin = 30 * time.Minute // from filing
	VerifyWithin   = 4 * time.Hour    // from handling
)

// Act is one thing that was done to a case.
type Act struct {
	Case     casework.ID
	Version  int64 // of the fact it is from
	What     What
	At       time.Time
	Who      string // empty: the program
	Name     string
	Unit     registry.UnitID
	Area     event.AreaCode
	Class    matter.ClassID
	Scenario scenario.ID
	Timing   Timing
	Took     time.Duration // zero: there is nothing to measure from
	Value    int           // of a rating
}

// ActsOf is what a fact counts as. before is the case to which it happened, after what became of it.
func ActsOf(before, after *casework.Case, f *casework.Fact) []Act {
	a := Act{Case: f.Case, Version: f.Version, At: f.At, Who: f.Actor, Name: f.Name, Unit: after.Unit, Area: after.Area, Class: after.Class, Scenario: after.Detection.Scenario}
	if strings.HasPrefix(f.Actor, program) {
		a.Who, a.Name = "", ""
	}
	switch f.Kind {
	case casework.FactAccepted, casework.FactFlagged, casework.FactWarned, casework.FactTaken, casework.FactReported:
		return opened(a, f)
	case casework.FactFiled, casework.FactPersisted:
		return []Act{a.is(Filed).since(before.AcceptedAt, FileWithin)}
	case casework.FactDispatched, casework.FactArbitrated:
		return dispatched(a, before, f)
	case casework.FactReturned:
		misdirected := a.is(Misdirected)
		misdirected.Who, misdirected.Name = before.Dispatcher, ""
		return []Act{a.is(Returned), misdirected}
	case casework.FactHandled, casework.FactSettled:
		return settled(a, before, f)
	case casework.FactReworked:
		a.Who, a.Name = before.Handler, before.HandlerName
		return []Act{a.is(Reworked)}
	case casework.FactVerified:
		return []Act{a.is(Verified).since(before.HandledAt, VerifyWithin)}
	case casework.FactConfirmed:
		if before.State == casework.Checking {
			return []Act{a.is(Verified).since(before.VisitAt, VerifyWithin)}
		}
	case casework.FactClosed:
		return []Act{a.is(Closed).took(before.OpenedAt)}
	case casework.FactRated:
		a.Value = f.Body.Rating
		return []Act{a.is(Rated)}
	}
	if what, counts := plain[f.Kind]; counts {
		return []Act{a.is(what)}
	}
	return nil
}

// program is how the ids of the program's own parts begin.
var program = access.Program("").ID

// plain are facts that only count.
var plain = map[casework.FactKind]What{
	casework.FactExtended: Extended, casework.FactUrged: Urged, casework.FactEscalated: Escalated, casework.FactReopened: Reopened,
}

func opened(a Act, f *casework.Fact) []Act {
	all := []Act{a.is(Opened)}
	if since := f.Body.Opening.Since; !since.IsZero() {
		all[0] = all[0].took(since)
	}
	switch f.Kind {
	case casework.FactTaken:
		all = append(all, a.is(Taken))
	case casework.FactReported:
		all = append(all, a.is(Reported), a.is(Filed))
	}
	return all
}

// dispatched: an arbitration has no time of its own, it begins with the return.
func dispatched(a Act, before *casework.Case, f *casework.Fact) []Act {
	if f.Kind == casework.FactArbitrated {
		return []Act{a.is(Dispatched)}
	}
	return []Act{a.is(Dispatched).since(before.FiledAt, DispatchWithin)}
}

func settled(a Act, before *casework.Case, f *casework.Fact) []Act {
	a.Who, a.Name = f.Body.Handler, f.Body.HandlerName
	from := before.DispatchedAt
	if from.IsZero() {
		from = before.FiledAt
	}
	done := a.is(Handled).took(from)
	if before.Limited() {
		done.Timing = timing(!f.Body.Late)
	}
	if f.Kind != casework.FactSettled {
		return []Act{done}
	}
	return []Act{done, a.is(Closed).took(before.OpenedAt)}
}

func (a Act) is(w What) Act {
	a.What = w
	return a
}

// took measures from a moment, when there is one.
func (a Act) took(from time.Time) Act {
	if !from.IsZero() {
		a.Took = max(0, a.At.Sub(from))
	}
	return a
}

// since measures from a moment and says whether that was within a time.
func (a Act) since(from time.Time, within time.Duration) Act {
	if from.IsZero() {
		return a
	}
	a = a.took(from)
	a.Timing = timing(a.Took <= within)
	return a
}

func timing(inTime bool) Timing {
	if inTime {
		return InTime
	}
	return Late
}
