// Package matter is the classes of what a case can be about (部件/事件类), in the sense of GB/T 30428.
//
// A class is pack content. It says who is responsible for such a matter and how long they may take; a case pins the limits of the class in
// force when it was opened.
package matter

import (
	"time"

	"twoweave/internal/base/lang"
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
}
