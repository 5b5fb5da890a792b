package order

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
)

// What orders are bound by.
const (
	MaxEmergency = 7 * 24 * time.Hour   // an emergency expires within this
	MaxSilence   = 366 * 24 * time.Hour // and a silence within this
	ProposalLife = time.Hour            // a proposal that nobody confirmed lapses
	MaxWhy       = 1000                 // bytes
	MaxListed    = 1000                 // scenarios or subjects of one silence
	MaxName      = 256                  // bytes of one of them
)

// Known is the city as far as an order must name it rightly.
type Known interface {
	KnownArea(event.AreaCode) bool
	KnownScenario(id string) bool
}

// Give makes an order of a person's draft: ordered at once, or proposed when it is an emergency. The fault of a bad draft is Invalid and names every
// problem by its field.
func Give(id ID, kind Kind, d Draft, by Person, now time.Time, city Known) (Order, error) {
	wrong := d.resolve(kind, now)
	if wrong = append(wrong, check(kind, &d, now, city)...); len(wrong) > 0 {
		return Order{}, fault.Invalidly("order.Give", wrong...)
	}
	o := Order{ID: id, Version: 1, Kind: kind, Draft: d, Status: Ordered, Origin: ByPerson, By: by, At: now}
	if o.NeedsTwo() {
		o.Status = Proposed
	}
	return o, nil
}

// NeedsTwo says whether two persons must agree on the order.
func (o *Order) NeedsTwo() bool {
	return o.Kind == PutState && o.Level.Emergency() && o.Origin == ByPerson
}

// Automatic makes the order that follows from a finding, in force at once. It always expires. When it is a state, standing is the level that the area has
// without it: an order that would not raise it is ignored.
func Automatic(id ID, kind Kind, d Draft, detection string, by Person, at time.Time, standing Level) Order {
	o := Order{ID: id, Version: 1, Kind: kind, Draft: d, Status: Ordered, Origin: ByFinding, Detection: detection, By: by, At: at}
	longest := at.Add(MaxEmergency)
	if o.Until.IsZero() || o.Until.After(longest) {
		o.Until = longest
	}
	if kind == PutState && standing.Rank() >= d.Level.Rank() {
		o.Status, o.EndedAt = Ignored, at
		o.EndWhy = fmt.Sprintf("the area stood at %s already", standing)
	}
	return o
}

// Confirm is the order with the second person's word. It is Denied to the one who proposed it, and Invalid when nothing waits to be confirmed.
func Confirm(o Order, by Person, now time.Time) (Order, error) {
	const op = "order.Confirm"
	switch {
	case o.Status != Proposed:
		return o, fault.Say(fault.Invalid, op, "order.not-proposed", "only a proposed order can be confirmed; this one is %s", o.Status)
	case by.ID == o.By.ID:
		return o, fault.Say(fault.Denied, op, "access.own-proposal", "an emergency needs two persons: who proposed it does not confirm it")
	case !now.Before(o.Due()):
		return o, fault.Say(fault.Invalid, op, "order.lapsed", "the proposal has lapsed; propose it anew")
	}
	o.Status, o.Second, o.SecondAt = Ordered, by, now
	return o.next(), nil
}

// End is the order taken back, or refused while it was proposed. A reason must be given.
func End(o Order, by Person, why string, now time.Time) (Order, error) {
	const op = "order.End"
	if !o.Status.Live() {
		return o, fault.Say(fault.Invalid, op, "order.over", "the order is %s already", o.Status)
	}
	if wrong := checkWhy(why); wrong != nil {
		return o, fault.Invalidly(op, *wrong)
	}
	to := Ended
	if o.Status == Proposed {
		to = Refused
	}
	o.Status, o.EndedBy, o.EndedAt, o.EndWhy = to, by, now, why
	return o.next(), nil
}

// Expire is the order run out; due is false when it is not due at the moment.
func Expire(o Order, now time.Time) (_ Order, due bool) {
	if !o.Status.Live() || o.Due().IsZero() || now.Before(o.Due()) {
		return o, false
	}
	o.Status, o.EndedAt = Expired, o.Due()
	return o.next(), true
}

// Due is when a live order runs out by itself; zero when it does not.
func (o *Order) Due() time.Time {
	lapse := o.At.Add(ProposalLife)
	if o.Status != Proposed || !o.Until.IsZero() && o.Until.Before(lapse) {
		return o.Until
	}
	return lapse
}

func (o Order) next() Order {
	o.Version++
	return o
}

// resolve makes a moment of For, and lets a silence begin now when nothing else was said.
func (d *Draft) resolve(kind Kind, now time.Time) (wrong []fault.Problem) {
	if kind == PutSilence && d.From.IsZero() {
		d.From = now
	}
	switch {
	case d.For == 0:
		return nil
	case !d.Until.IsZero():
		wrong = append(wrong, fault.Wrong("for", "order.for-and-until", "cannot stand beside until: give one of them"))
	case d.For < 0:
		wrong = append(wrong, fault.Wrong("for", "order.for", "must be a time ahead, such as 6h"))
	}
	if d.Until.IsZero() {
		d.Until = now.Add(max(d.For, 1))
	}
	d.For = 0
	return wrong
}

func check(kind Kind, d *Draft, now time.Time, city Known) (wrong []fault.Problem) {
	add := func(field string, code fault.Code, format string, args ...any) {
		wrong = append(wrong, fault.Wrong(field, code, format, args...))
	}
	if d.Area != "" && !city.KnownArea(d.Area) {
		add("area", "area.unknown", "there is no area %q", d.Area)
	}
	if !d.Until.IsZero() && !d.Until.After(now) {
		add("until", "order.past", "is %s, which is past", d.Until.UTC().Format(time.RFC3339))
	}
	if w := checkWhy(d.Why); w != nil {
		wrong = append(wrong, *w)
	}
	switch kind {
	case PutState:
		checkState(d, now, add)
	case PutSilence:
		checkSilence(d, now, city, add)
	default:
		add("kind", "order.kind", "is %q; orders are of the kind %q or %q", kind, PutState, PutSilence)
	}
	return wrong
}

type adder func(field string, code fault.Code, format string, args ...any)

func checkState(d *Draft, now time.Time, add adder) {
	switch {
	case d.Level.Rank() < 0:
		add("level", "order.level", "is %q; the levels are %v", d.Level, Levels())
	case d.Level == Daily:
		add("level", "order.daily", "daily is what holds where nothing is ordered: end the orders instead")
	case d.Level.Emergency() && d.Until.IsZero():
		add("until", "order.emergency-until", "is missing: an emergency must expire, within %d days", MaxEmergency/(24*time.Hour))
	case d.Level.Emergency() && d.Until.After(now.Add(MaxEmergency)):
		add("until", "order.emergency-long", "is too far: an emergency lasts at most %d days and is then ordered anew", MaxEmergency/(24*time.Hour))
	}
}

func checkSilence(d *Draft, now time.Time, city Known, add adder) {
	if len(d.Scenarios) == 0 && len(d.Subjects) == 0 && d.Area == "" {
		add("scenarios", "order.silent-what", "say what is silent: scenarios, an area or subjects. Everything everywhere cannot be")
	}
	for _, id := range d.Scenarios {
		if !city.KnownScenario(id) {
			add("scenarios", "order.scenario", "there is no scenario %q", id)
		}
	}
	checkList("scenarios", d.Scenarios, add)
	checkList("subjects", d.Subjects, add)
	switch {
	case d.Until.IsZero():
		add("until", "order.silence-until", "is missing: a silence must end, within %d days", MaxSilence/(24*time.Hour))
	case d.Until.After(now.Add(MaxSilence)):
		add("until", "order.silence-long", "is too far: a silence lasts at most %d days", MaxSilence/(24*time.Hour))
	case !d.From.IsZero() && !d.Until.After(d.From):
		add("until", "order.until-from", "is not after from")
	}
	if d.Ground != Maintenance && d.Ground != Permit {
		add("ground", "order.ground", "is %q; it must be %q or %q", d.Ground, Maintenance, Permit)
	}
}

func checkList(field string, all []string, add adder) {
	if len(all) > MaxListed {
		add(field, "order.listed", "are %d; at most %d are allowed", len(all), MaxListed)
	}
	if slices.ContainsFunc(all, func(s string) bool { return s == "" || len(s) > MaxName || !text(s) }) {
		add(field, "order.names", "must each have 1 to %d bytes of text", MaxName)
	}
}

func checkWhy(why string) *fault.Problem {
	switch {
	case why == "":
		wrong := fault.Wrong("why", "order.why", "is missing: every order and every end of one has a reason")
		return &wrong
	case len(why) > MaxWhy || !text(why):
		wrong := fault.Wrong("why", "order.why-long", "must be text of at most %d bytes", MaxWhy)
		return &wrong
	}
	return nil
}

// text says whether databases can keep s.
func text(s string) bool {
	return utf8.ValidString(s) && !slices.Contains([]byte(s), 0)
}
