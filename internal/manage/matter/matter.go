// Package matter is the classes of what a case can be about (部件/事件类), in the sense of GB/T 30428.
//
// A class is pack content. It says who is responsible for such a matter and how long they may take; a case pins the limits of the class in
// force when it was opened.
package matter

import (
	"cmp"
	"time"

	"twoweave/internal/base/lang"
	"twoweave/internal/manage/order"
)

// ClassID names a matter class: "ponding".
type ClassID string

// Class is one entry of a pack's classes folder.
type Class struct {
	ID       ClassID       `yaml:"class"`
	Title    lang.Text     `yaml:"title"`
	Source   string        `yaml:"source"`   // the standard's clause, or "assumed"
	Unit     string        `yaml:"unit"`     // the kind of unit that is responsible: "street", "water", "traffic-police"
	Limit    time.Duration `yaml:"limit"`    // from dispatch to handled, in urgent (round-the-clock) time
	Reminder time.Duration `yaml:"reminder"` // this long before the limit ends

	States map[order.Level]Variant `yaml:"states"` // what differs in a city state, and in those above it
}

// Variant is what differs in a city state; what is empty stays as it is.
type Variant struct {
	Unit     string        `yaml:"unit"`
	Limit    time.Duration `yaml:"limit"`
	Reminder time.Duration `yaml:"reminder"`
}

// At is who is responsible and how long they may take in a city state.
func (c *Class) At(l order.Level) Variant {
	now := Variant{Unit: c.Unit, Limit: c.Limit, Reminder: c.Reminder}
	for _, level := range order.Levels()[:l.Rank()+1] {
		v := c.States[level]
		now.Unit, now.Limit, now.Reminder = cmp.Or(v.Unit, now.Unit), cmp.Or(v.Limit, now.Limit), cmp.Or(v.Reminder, now.Reminder)
	}
	return now
}
