package casework

import (
	"slices"
	"time"

	"twoweave/internal/base/lang"
	"twoweave/internal/base/worktime"
	"twoweave/internal/manage/matter"
)

// Limits are how long a case may take, pinned when it was opened.
type Limits struct {
	Phases  []Phase       `json:"phases,omitempty"`     // one after another; none = no limit
	Light   bool          `json:"light,omitempty"`      // such a matter may be settled on the spot
	Persist time.Duration `json:"persist_ns,omitempty"` // after a warning to the owner

	// What limits were before they had clocks and phases; still read.
	Handle   time.Duration `json:"handle_ns,omitempty"`
	Reminder time.Duration `json:"reminder_ns,omitempty"`
}

// LimitsOf are the limits of a matter class under the terms in force, as a calendar counts them.
func LimitsOf(m *matter.Class, now matter.Terms, cal *worktime.Calendar) Limits {
	l := Limits{Light: m.Light}
	for _, p := range now.All() {
		clock, counted := p.Limit.On(cal)
		l.Phases = append(l.Phases, Phase{Title: p.Title, Clock: clock, Limit: counted, Reminder: p.Reminder})
	}
	return l
}

// Phase is one stretch of a limit: "not fenced", 3 urgent hours.
type Phase struct {
	Title    lang.Text      `json:"title,omitzero"` // empty when it is the only one
	Clock    worktime.Clock `json:"clock"`
	Limit    time.Duration  `json:"limit_ns"`    // counted time
	Reminder time.Duration  `json:"reminder_ns"` // counted time before it ends; 0 = none
}

// All are the phases, whenever the limits were pinned.
func (l *Limits) All() []Phase {
	if len(l.Phases) == 0 && l.Handle > 0 {
		return []Phase{{Clock: worktime.UrgentHour, Limit: l.Handle, Reminder: l.Reminder}}
	}
	return l.Phases
}

// phase is the phase the case is in; false when the class has no limit.
func (c *Case) phase(n int) (Phase, bool) {
	all := c.Limits.All()
	if n < 0 || n >= len(all) {
		return Phase{}, false
	}
	return all[n], true
}

// run lets a phase's clock run from a moment: with all of its time, or with what is left of it.
func (p Phase) run(cal *worktime.Calendar, from time.Time, left time.Duration) (due, remind time.Time) {
	due = cal.Due(from, left, p.Clock)
	if p.Reminder > 0 && left > p.Reminder {
		remind = cal.Due(from, left-p.Reminder, p.Clock)
	}
	return due, remind
}

// TimerKind names a case's clocks.
type TimerKind string

const (
	TimerRemind   TimerKind = "case.remind"
	TimerEscalate TimerKind = "case.escalate"
	TimerPersist  TimerKind = "case.persist"
	TimerResume   TimerKind = "case.resume"
)

// TimerKinds are all of them.
var TimerKinds = []TimerKind{TimerRemind, TimerEscalate, TimerPersist, TimerResume}

// Timer is a wish to be woken: at Due the program gives the command that belongs to Kind. A zero Due cancels.
type Timer struct {
	Kind TimerKind
	Due  time.Time
}

// Command is what the program does when the timer is due.
func (k TimerKind) Command() CommandKind {
	switch k {
	case TimerEscalate:
		return Escalate
	case TimerPersist:
		return Persist
	case TimerResume:
		return Resume
	}
	return Remind
}

// due is when a clock of the case rings; zero when it does not.
func (c *Case) due(k TimerKind) time.Time {
	switch {
	case k == TimerRemind && !c.Reminded:
		return c.RemindAt
	case k == TimerEscalate && !c.Escalated:
		return c.DueAt
	case k == TimerPersist && c.State == Warned, k == TimerResume && c.State == Suspended:
		return c.WakeAt
	}
	return time.Time{}
}

// timers are what has to be set and cancelled when a case becomes another: what is due follows from the case alone.
func timers(before, after *Case) []Timer {
	var changed []Timer
	for _, k := range TimerKinds {
		if due := after.due(k); !due.Equal(before.due(k)) {
			changed = append(changed, Timer{Kind: k, Due: due})
		}
	}
	return slices.Clip(changed)
}

// Result is everything a command leads to; all of it is kept together or none.
type Result struct {
	Facts  []Fact
	Timers []Timer
}
