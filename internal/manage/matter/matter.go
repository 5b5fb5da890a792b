// Package matter is the classes of what a case can be about (部件/事件类), in the sense of GB/T 30428.
//
// A class is pack content. It says what the matter is, when it is filed and when closed, who is responsible for it and how long they may take, in
// one stretch or in phases; a case pins the limits of the class in force when it was opened.
package matter

import (
	"fmt"
	"time"

	"twoweave/internal/base/lang"
	"twoweave/internal/base/worktime"
	"twoweave/internal/manage/order"
)

// ClassID names a matter class: "ponding".
type ClassID string

// Kind says what a class is about: a thing that stands in the city, or something that happens in it.
type Kind string

const (
	Component Kind = "component" // 部件
	Event     Kind = "event"     // 事件
)

// Class is one minor class (小类), an entry of a pack's classes folder.
type Class struct {
	ID      ClassID   `yaml:"class"`
	Title   lang.Text `yaml:"title"`
	Kind    Kind      `yaml:"kind"`
	Major   lang.Text `yaml:"major"`   // the major class (大类) it belongs to
	Source  string    `yaml:"source"`  // the standard's clause, the law or the notice that the row is from
	Assumed bool      `yaml:"assumed"` // limits or conditions are ours, not the source's
	Filing  lang.Text `yaml:"filing"`  // when it is filed (立案条件)
	Closing lang.Text `yaml:"closing"` // when it is closed (结案条件)
	Unit    string    `yaml:"unit"`    // the kind of unit that is responsible: "street", "water", "traffic-police"
	Light   bool      `yaml:"light"`   // may be settled on the spot
	Terms   `yaml:",inline"`

	States map[order.Level]Variant `yaml:"states"` // what differs in a city state, and in those above it
}

// Terms are how long the responsible unit may take, from dispatch to handled: one limit, or phases one after another.
type Terms struct {
	Limit    Limit         `yaml:"limit"`
	Reminder time.Duration `yaml:"reminder"` // counted time before the limit ends
	Phases   []Phase       `yaml:"phases"`
}

// Phase is one stretch of a limit, by the situation the matter is in: "not fenced yet".
type Phase struct {
	Title    lang.Text     `yaml:"title"`
	Limit    Limit         `yaml:"limit"`
	Reminder time.Duration `yaml:"reminder"`
}

// Variant is what differs in a city state; what is empty stays as it is.
type Variant struct {
	Unit  string `yaml:"unit"`
	Terms `yaml:",inline"`
}

// At is who is responsible and how long they may take in a city state.
func (c *Class) At(l order.Level) Variant {
	now := Variant{Unit: c.Unit, Terms: c.Terms}
	for _, level := range order.Levels()[:l.Rank()+1] {
		v := c.States[level]
		if v.Unit != "" {
			now.Unit = v.Unit
		}
		now.Terms = now.Terms.changed(v.Terms)
	}
	return now
}

func (t Terms) changed(by Terms) Terms {
	switch {
	case len(by.Phases) > 0:
		return by
	case !by.Limit.IsZero():
		return Terms{Limit: by.Limit, Reminder: by.Reminder}
	case by.Reminder > 0:
		t.Reminder = by.Reminder
	}
	return t
}

// All are the terms as phases: a single limit is one without a title.
func (t Terms) All() []Phase {
	if len(t.Phases) == 0 && !t.Limit.IsZero() {
		return []Phase{{Limit: t.Limit, Reminder: t.Reminder}}
	}
	return t.Phases
}

// Limit is an amount of time on one of the clocks. As text it is an amount of the standard's ("5 working days", "3 urgent hours") or, for what
// is shorter than an hour, a plain duration round the clock ("30m").
type Limit struct {
	Amount worktime.Limit
	Short  time.Duration // instead
}

// IsZero says whether there is none.
func (l Limit) IsZero() bool { return l == Limit{} }

// On is the limit as counted time, and the clock that counts it.
func (l Limit) On(c *worktime.Calendar) (worktime.Clock, time.Duration) {
	if l.Short != 0 {
		return worktime.UrgentHour, l.Short
	}
	return l.Amount.Clock, c.Length(l.Amount)
}

// UnmarshalText reads a limit.
func (l *Limit) UnmarshalText(text []byte) error {
	*l = Limit{}
	if d, err := time.ParseDuration(string(text)); err == nil {
		l.Short = d
		return nil
	}
	if err := l.Amount.UnmarshalText(text); err != nil {
		return fmt.Errorf("%w; or a duration round the clock, such as 30m", err)
	}
	return nil
}

// MarshalText writes the limit; nothing for none.
func (l Limit) MarshalText() ([]byte, error) {
	if l.IsZero() {
		return nil, nil
	}
	return []byte(l.String()), nil
}

// String is the limit as it is written.
func (l Limit) String() string {
	if l.Short != 0 {
		return l.Short.String()
	}
	return l.Amount.String()
}
