package order

import (
	"time"

	"twoweave/internal/base/ident"
	"twoweave/internal/manage/event"
)

// ID names an order for ever; an id is never used for a second order.
type ID string

// Status is how far an order is.
//
//	proposed → ordered → ended | expired
//	proposed → refused | expired
//
// What needs no second person begins as ordered. An automatic order that would raise nothing is kept as ignored. All but the first two are final.
type Status string

const (
	Proposed Status = "proposed" // waits for the second person
	Ordered  Status = "ordered"  // in force from its position in the log
	Ended    Status = "ended"    // taken back by a person, or by the end of the finding behind it
	Refused  Status = "refused"  // a proposal that was not confirmed, or was withdrawn
	Expired  Status = "expired"  // ran out
	Ignored  Status = "ignored"  // automatic, where the area stood at or above the level already
)

// Statuses are all statuses.
func Statuses() []Status { return []Status{Proposed, Ordered, Ended, Refused, Expired, Ignored} }

// Live says whether something can still happen to an order with the status.
func (s Status) Live() bool { return s == Proposed || s == Ordered }

// Origin is where an order comes from.
type Origin string

const (
	ByPerson  Origin = "person"
	ByFinding Origin = "finding"
)

// Ground is on what a silence rests.
type Ground string

const (
	Maintenance Ground = "maintenance" // somebody works on the things or their sensors
	Permit      Ground = "permit"      // what is reported is allowed then and there
	Parent      Ground = "parent"      // it follows from a failure that is known; only findings say so
)

// Person is who did something, as it was known then.
type Person struct {
	ID   string
	Name string
}

// Order is one order as the desk keeps it: what was ordered, by whom, and what became of it. What is in force for detection is not this but what the log says.
type Order struct {
	ID      ID
	Version int64
	Kind    Kind // PutState or PutSilence
	Draft

	Status    Status
	Origin    Origin
	Detection string // the finding behind an automatic order
	By        Person
	At        time.Time
	Second    Person // who confirmed
	SecondAt  time.Time
	EndedBy   Person // who ended or refused it
	EndedAt   time.Time
	EndWhy    string

	// Where the log holds it and its end; 0 = not yet, or never. Whoever places it writes these, not a command.
	Position    uint64
	EndPosition uint64
}

// Draft is what is ordered. A state has a level; a silence has scenarios, subjects, from and ground.
type Draft struct {
	Level     Level
	Area      event.AreaCode // empty = the whole city
	Scenarios []string
	Subjects  []string
	From      time.Time     // of a person's silence: zero = now
	Until     time.Time     // zero = until it is taken back
	For       time.Duration // instead of Until, from when it is given; an Order has Until alone
	Ground    Ground
	Why       string
}

// InForce says whether the order holds at a moment, as far as the record knows.
func (o *Order) InForce(at time.Time) bool {
	return o.Status == Ordered && (o.Until.IsZero() || at.Before(o.Until))
}

// Placed says whether the log holds everything that has been commanded so far. What only people need to know has no place there: proposals, expiry.
func (o *Order) Placed() bool {
	switch o.Status {
	case Ordered:
		return o.Position != 0
	case Ended:
		return o.Position != 0 && o.EndPosition != 0
	}
	return true
}

// State is the order as detection sees it.
func (o *Order) State() State {
	return State{ID: string(o.ID), Level: o.Level, Area: o.Area, Until: o.Until, Why: o.Why}
}

// Silence is the order as detection sees it.
func (o *Order) Silence() Silence {
	return Silence{ID: string(o.ID), Scenarios: o.Scenarios, Area: o.Area, Subjects: o.Subjects, From: o.From, Until: o.Until, Why: o.Why}
}

// Put is the control message that puts the order in force.
func (o *Order) Put() Control {
	if o.Kind == PutSilence {
		s := o.Silence()
		return Control{Kind: PutSilence, Silence: &s}
	}
	s := o.State()
	return Control{Kind: PutState, State: &s}
}

// TakeBack is the control message that takes the order back.
func (o *Order) TakeBack() Control { return Control{Kind: TakeBack, ID: string(o.ID)} }

// RaisedBy and QuietedBy are the ids of the orders that follow from a finding: the same finding always gives the same order.
func RaisedBy(detection string) ID { return ID(ident.Derive("order", "raise", detection)) }

// QuietedBy is the id of the silence that follows from a finding.
func QuietedBy(detection string) ID { return ID(ident.Derive("order", "quiet", detection)) }
