package worktime

import (
	"math"
	"sort"
	"time"
)

// Length is a limit as counted time.
func (c *Calendar) Length(l Limit) time.Duration {
	switch l.Clock {
	case WorkingDay:
		return time.Duration(l.Amount) * c.hours.length()
	case UrgentDay:
		return time.Duration(l.Amount) * 24 * time.Hour
	}
	return time.Duration(l.Amount) * time.Hour
}

// Counted is how much time a clock counts between two moments; below 0 when to is before from.
func (c *Calendar) Counted(from, to time.Time, clock Clock) time.Duration {
	if !clock.Working() {
		return to.Sub(from)
	}
	return c.worked(to) - c.worked(from)
}

// Due is the first moment at which a clock that starts has counted so much. Time that ends with an office's hours is due at their end, not on the next
// morning; no time at all is due at once.
func (c *Calendar) Due(from time.Time, counted time.Duration, clock Clock) time.Time {
	if !clock.Working() || counted <= 0 {
		return from.Add(max(counted, 0))
	}
	target := c.worked(from) + counted
	day, length := c.hours.length(), DateOf(from)
	full := int((target - 1) / day) // working days that lie wholly before the moment
	// The day is the last one with at most so many working days before it: of several (a weekend) the one that is worked.
	n := sort.Search(math.MaxInt32, func(i int) bool { return c.workdays(length+Date(i)+1) > full })
	return (length + Date(n)).Start().Add(c.hours.at(target - time.Duration(full)*day)).In(from.Location())
}

// worked is the working time before a moment, counted from 1969-12-29.
func (c *Calendar) worked(t time.Time) time.Duration {
	date := DateOf(t)
	sum := time.Duration(c.workdays(date)) * c.hours.length()
	if working, _ := c.Working(date); working {
		sum += c.hours.before(t.Sub(date.Start()))
	}
	return sum
}
