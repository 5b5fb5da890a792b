package appraisaldesktest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/lang"
	"twoweave/internal/base/worktime"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/matter"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/registry"
)

// life is one case as it went, by casework's own decisions.
type life struct {
	c     casework.Case
	facts []casework.Fact
	rng   *rand.Rand
	now   time.Time
}

// begin is the year's first moment in the city.
var begin = time.Date(2025, 12, 31, 16, 0, 0, 0, time.UTC)

const (
	units, areas, classes, scenarios = 12, 36, 14, 10
	people                           = 15 // of each role
)

func person(role access.Role, n int, unit registry.UnitID) access.Actor {
	id := fmt.Sprintf("%s-%d", role, n)
	return access.Actor{ID: id, Name: "Name of " + id, Roles: []access.Role{role}, Unit: string(unit)}
}

func (l *life) some(role access.Role) access.Actor { return person(role, l.rng.IntN(people), l.c.Unit) }

// live makes the n-th case of a year of so many.
func live(seed uint64, n, of int) *life {
	l := &life{rng: rand.New(rand.NewPCG(seed, uint64(n)))}
	l.now = begin.Add(time.Duration(float64(365*24*time.Hour) * float64(n) / float64(of)).Truncate(time.Microsecond))
	if n%5 == 0 { // at midnight in the city, where periods begin and end
		l.now = l.now.Add(-16 * time.Hour).Truncate(24 * time.Hour).Add(16 * time.Hour)
	}
	l.start(n)
	for steps := 0; l.c.Open() && steps < 40 && l.step(); steps++ {
	}
	l.after()
	return l
}

// do gives a command after a while; what is refused is left out.
func (l *life) do(k casework.CommandKind, who access.Actor, within time.Duration, more ...func(*casework.Command)) bool {
	cmd := casework.Command{Kind: k, Purpose: access.Casework, Version: l.c.Version, Note: "a note"}
	for _, m := range more {
		m(&cmd)
	}
	l.now = l.now.Add(time.Duration(l.rng.ExpFloat64() * float64(within)).Truncate(time.Microsecond))
	r, err := casework.Decide(l.c, cmd, casework.Context{Now: l.now, Actor: who, Allowed: access.Decision{Allow: true, Rule: "a rule"}, Calendar: worktime.China()})
	if err != nil {
		return false
	}
	for _, f := range r.Facts {
		l.facts = append(l.facts, f)
		l.c = casework.Apply(l.c, f)
	}
	if l.rng.IntN(40) == 0 { // second thoughts
		return l.do(casework.Undo, who, time.Minute)
	}
	return true
}

func (l *life) start(n int) {
	o := &casework.Opening{Number: fmt.Sprintf("n-%07d", n), Title: lang.Text{ZH: "事", EN: "A matter"}, Class: matter.ClassID(fmt.Sprint("class-", l.rng.IntN(classes))),
		ClassTitle: lang.Text{ZH: "类", EN: "Class"}, Severity: scenario.Minor, Subject: fmt.Sprint("s-", n), Area: event.AreaCode(fmt.Sprint("area-", l.rng.IntN(areas))),
		Unit: registry.UnitID(fmt.Sprint("unit-", l.rng.IntN(units)))}
	o.Limits = casework.Limits{Handle: []time.Duration{0, 4 * time.Hour, 8 * time.Hour, 60 * 24 * time.Hour}[l.rng.IntN(4)], Reminder: time.Hour, Light: l.rng.IntN(4) == 0}
	l.c.Unit = o.Unit
	with := func(cmd *casework.Command) { cmd.Opening, cmd.Version = o, 0 }
	switch l.rng.IntN(10) {
	case 0, 1:
		l.do(casework.Report, l.some(access.FieldWorker), 0, with)
	case 2, 3, 4:
		l.do(casework.Take, l.some(access.Operator), 0, with)
	default:
		o.Scenario, o.Episode, o.Since = scenario.ID(fmt.Sprint("scenario-", l.rng.IntN(scenarios))), 1, l.now.Add(-time.Duration(l.rng.IntN(3600))*time.Second)
		kind := []casework.CommandKind{casework.Open, casework.Open, casework.Screen}[l.rng.IntN(3)]
		l.do(kind, access.Program("flow"), 0, with)
	}
}

// step is the next thing that happens, or false when nothing more does.
func (l *life) step() bool {
	op, di := l.some(access.Operator), l.some(access.Dispatcher)
	wo, ve := l.some(access.FieldWorker), l.some(access.Verifier)
	odd := l.rng.IntN(100)
	switch l.c.State {
	case casework.Screening:
		if odd < 20 {
			return l.do(casework.Void, op, time.Hour)
		}
		return l.do(casework.Confirm, op, 20*time.Minute)
	case casework.Accepted:
		switch {
		case odd < 8:
			return l.do(casework.Void, op, time.Hour)
		case odd < 30:
			return l.do(casework.Check, op, 10*time.Minute)
		}
		return l.do(casework.File, op, 25*time.Minute)
	case casework.Checking:
		return l.do(casework.Confirm, ve, 3*time.Hour)
	case casework.Filed:
		if odd < 10 && l.do(casework.Settle, wo, time.Hour) {
			return true
		}
		return odd < 99 && l.do(casework.Dispatch, di, 25*time.Minute)
	case casework.Returned:
		return l.do(casework.Arbitrate, di, time.Hour, func(cmd *casework.Command) { cmd.Unit = registry.UnitID(fmt.Sprint("unit-", l.rng.IntN(units))) })
	case casework.Handled:
		if odd < 10 {
			return l.do(casework.Rework, ve, 2*time.Hour)
		}
		return l.do(casework.Verify, ve, 3*time.Hour)
	case casework.Verified:
		return l.do(casework.Close, op, 2*time.Hour)
	}
	return l.work(odd, op, di, wo)
}

// work is what happens while a unit has the case.
func (l *life) work(odd int, op, di, wo access.Actor) bool {
	switch {
	case l.c.State == casework.Suspended:
		return l.do(casework.Resume, wo, 5*time.Hour)
	case l.c.Asked != nil && l.c.Asked.Suspension():
		return l.do(casework.Suspend, di, time.Hour)
	case l.c.Asked != nil:
		return l.do([]casework.CommandKind{casework.Extend, casework.Extend, casework.Decline}[l.rng.IntN(3)], di, time.Hour)
	case odd < 6:
		return l.do(casework.Return, wo, time.Hour)
	case odd < 9:
		return l.do(casework.Urge, op, time.Hour)
	case odd < 12 && l.do(casework.AskExtension, wo, time.Hour, func(cmd *casework.Command) { cmd.Amount = worktime.Limit{Amount: 2, Clock: worktime.UrgentHour} }):
		return true
	case odd < 14 && l.do(casework.AskSuspension, wo, time.Hour, func(cmd *casework.Command) { cmd.At = l.now.Add(30 * time.Hour) }):
		return true
	case odd < 18 && !l.c.DueAt.IsZero() && l.now.After(l.c.DueAt) && !l.c.Escalated:
		return l.do(casework.Escalate, access.Program("timer"), 0)
	case odd >= 97:
		return false // nobody sees to it for the rest of the year
	case l.c.State == casework.Dispatched:
		return l.do(casework.Start, wo, time.Hour)
	}
	return l.do(casework.Finish, wo, 4*time.Hour)
}

// after is what may follow the end.
func (l *life) after() {
	switch odd := l.rng.IntN(100); {
	case l.c.State == casework.Closed && odd < 30:
		l.do(casework.Rate, l.some(access.Operator), time.Hour, func(cmd *casework.Command) { cmd.Rating = 1 + l.rng.IntN(5) })
	case (l.c.State == casework.Closed || l.c.State == casework.Voided) && odd < 35:
		if l.do(casework.Reopen, l.some(access.Operator), 10*time.Hour) {
			for steps := 0; l.c.Open() && steps < 20 && l.step(); steps++ {
			}
		}
	}
}
