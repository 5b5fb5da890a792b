package casedesk

import (
	"context"
	"slices"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/sqldb"
)

// Moment is the times that figures of cases are counted at.
type Moment struct {
	Now   time.Time
	Today time.Time // when the day began in the city
	Since time.Time // 24 hours before
}

// MomentOf is the moment of a time.
func MomentOf(now time.Time) Moment {
	y, m, d := now.In(day).Date()
	return Moment{Now: now, Today: time.Date(y, m, d, 0, 0, 0, 0, day), Since: now.Add(-24 * time.Hour)}
}

// Counts says whether a case counts for a figure. It is the definition; a store answers the same for many cases at once.
func (m Moment) Counts(f indicator.Figure, c *casework.Case) bool {
	switch f {
	case indicator.Open, indicator.OldestHours:
		return c.Open()
	case indicator.Critical:
		return c.Open() && c.Severity == scenario.Critical
	case indicator.Overdue:
		return c.Open() && c.Overdue(m.Now)
	case indicator.Unfiled:
		return c.State == casework.Accepted
	case indicator.Unassigned:
		return c.State == casework.Filed
	case indicator.InHand:
		return c.State == casework.Dispatched || c.State == casework.Handling
	case indicator.Unverified:
		return c.State == casework.Handled
	case indicator.OpenedToday:
		return !c.OpenedAt.Before(m.Today)
	case indicator.ClosedToday:
		return !c.ClosedAt.Before(m.Today)
	case indicator.OnTime:
		return !c.ClosedAt.Before(m.Since) && c.Limited()
	case indicator.SettleHours:
		return !c.ClosedAt.Before(m.Since)
	}
	return false
}

// Reading is what a case that counts adds to a figure.
func (m Moment) Reading(f indicator.Figure, c *casework.Case) float64 {
	switch f {
	case indicator.OldestHours:
		return hours(m.Now.Sub(c.OpenedAt).Microseconds())
	case indicator.SettleHours:
		return hours(c.ClosedAt.Sub(c.OpenedAt).Microseconds())
	case indicator.OnTime:
		if c.Late {
			return 0
		}
		return 100
	}
	return 1
}

func hours(micros int64) float64 { return float64(micros) / float64(time.Hour/time.Microsecond) }

// Tally is cases of one area, scenario, class and unit in numbers. A store gives several for the same four; they add up.
type Tally struct {
	Area     event.AreaCode
	Scenario scenario.ID
	Class    string
	Unit     string

	Open, Critical, Overdue, Unfiled, Unassigned, InHand, Unverified int64
	Oldest                                                           int64 // when the oldest open one was opened, in microseconds

	OpenedToday, ClosedToday int64
	Closed, SettleMicros     int64 // in the last 24 hours, and how long they took from acceptance to closing, together
	Limited, OnTime          int64 // of these: with a limit, and handled within it
}

// Figures are the cases in numbers, and the moment they were counted at.
type Figures struct {
	Moment  Moment
	Tallies []Tally
}

// Figures counts the cases of the whole city. As for Count, the caller has asked access about the city's signs.
func (d *Desk) Figures(ctx context.Context) (Figures, error) {
	f := Figures{Moment: MomentOf(d.Clock.Now())}
	err := d.DB.View(ctx, func(tx *sqldb.Tx) error {
		var err error
		f.Tallies, err = d.Store.Tallies(tx, f.Moment)
		return err
	})
	return f, fault.Wrap("casedesk.Figures", err)
}

// Areas is what the figures say of the cases that a filter lets through, by area. An area where there are none has no entry.
func (f *Figures) Areas(by *indicator.Filter) map[event.AreaCode]indicator.Partial {
	all := map[event.AreaCode]indicator.Partial{}
	for i := range f.Tallies {
		t := &f.Tallies[i]
		if !among(by.Scenarios, t.Scenario) || !among(by.Classes, t.Class) || !among(by.Units, t.Unit) {
			continue
		}
		if p := t.partial(by.Figure, f.Moment.Now); p.Count > 0 {
			sum := all[t.Area]
			sum.Merge(p)
			all[t.Area] = sum
		}
	}
	return all
}

// among says whether a list lets something through; a nil list lets all through.
func among[T comparable](list []T, x T) bool { return list == nil || slices.Contains(list, x) }

func (t *Tally) partial(f indicator.Figure, now time.Time) indicator.Partial {
	switch f {
	case indicator.OldestHours:
		age := hours(now.UnixMicro() - t.Oldest)
		return indicator.Partial{Count: t.Open, Max: age}
	case indicator.OnTime:
		return indicator.Partial{Count: t.Limited, Sum: 100 * float64(t.OnTime)}
	case indicator.SettleHours:
		return indicator.Partial{Count: t.Closed, Sum: hours(t.SettleMicros)}
	}
	n := map[indicator.Figure]int64{
		indicator.Open: t.Open, indicator.Critical: t.Critical, indicator.Overdue: t.Overdue, indicator.Unfiled: t.Unfiled,
		indicator.Unassigned: t.Unassigned, indicator.InHand: t.InHand, indicator.Unverified: t.Unverified,
		indicator.OpenedToday: t.OpenedToday, indicator.ClosedToday: t.ClosedToday,
	}[f]
	return indicator.Partial{Count: n}
}
