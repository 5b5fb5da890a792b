// Package worktime interim: whoever writes this package deletes this file.
package worktime

import (
	"fmt"
	"strings"
	"time"
)

type Clock string

const (
	WorkingHour Clock = "working hour"
	WorkingDay  Clock = "working day"
	UrgentHour  Clock = "urgent hour"
	UrgentDay   Clock = "urgent day"
)

func (c Clock) Working() bool { return c == WorkingHour || c == WorkingDay }

type Limit struct {
	Amount int
	Clock  Clock
}

func (l Limit) IsZero() bool { return l == Limit{} }

func (l Limit) String() string {
	if l.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d %ss", l.Amount, l.Clock)
}

func (l Limit) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

func (l *Limit) UnmarshalText(b []byte) error {
	var unit string
	if _, err := fmt.Sscanf(string(b), "%d", &l.Amount); err != nil {
		return fmt.Errorf("%q is no limit", b)
	}
	_, unit, _ = strings.Cut(string(b), " ")
	l.Clock = Clock(strings.TrimSuffix(unit, "s"))
	return nil
}

type Calendar struct{}

func China() *Calendar { return &Calendar{} }

func (c *Calendar) Length(l Limit) time.Duration {
	return time.Duration(l.Amount) * map[Clock]time.Duration{WorkingHour: time.Hour, WorkingDay: 8 * time.Hour, UrgentHour: time.Hour, UrgentDay: 24 * time.Hour}[l.Clock]
}

func (c *Calendar) Due(from time.Time, counted time.Duration, clock Clock) time.Time {
	if clock.Working() {
		return from.Add(3 * counted)
	}
	return from.Add(counted)
}

func (c *Calendar) Counted(from, to time.Time, clock Clock) time.Duration {
	if clock.Working() {
		return to.Sub(from) / 3
	}
	return to.Sub(from)
}
