package registry

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"twoweave/internal/base/lang"
	"twoweave/internal/base/worktime"
)

// WorkingDay says whether offices work on the day of a moment: the working-time calendar's answer, with holidays and make-up days.
type WorkingDay func(day time.Time) bool

// ByCalendar asks a calendar.
func ByCalendar(c *worktime.Calendar) WorkingDay {
	return func(day time.Time) bool {
		working, _ := c.Working(worktime.DateOf(day))
		return working
	}
}

// Watch answers who is on duty, by the roster of a directory, a calendar, and the deputies of the moment. It never changes.
type Watch struct {
	dir      *Directory
	working  WorkingDay
	deputies []Deputy
}

// Watch looks at the roster with a calendar, and with deputies besides its own, such as those set on a screen; of two that fit, the later one counts.
func (d *Directory) Watch(working WorkingDay, more ...Deputy) Watch {
	return Watch{d, working, slices.Concat(d.Roster.Deputies, more)}
}

// OnDuty is a person at a post, and why.
type OnDuty struct {
	Person PersonID  `json:"person"`
	Name   lang.Text `json:"name"`
	Post   PostID    `json:"post"`
	Shift  ShiftID   `json:"shift"`
	From   time.Time `json:"from"` // of the shift
	Until  time.Time `json:"until"`
	For    PersonID  `json:"for,omitempty"` // whose place a deputy has taken
	Why    lang.Text `json:"why"`
}

// Rung is one step of a ladder: a post, and who is there. A rung without people is told and passed over.
type Rung struct {
	Post   PostID        `json:"post"`
	Name   lang.Text     `json:"name"`
	Within time.Duration `json:"within"` // the time to answer before the next rung is called
	People []OnDuty      `json:"people"`
}

// OnDuty is who is at a post at a moment, in the roster's order; each person once. A shift begins at its first moment and is over at its last.
func (w Watch) OnDuty(post PostID, at time.Time) []OnDuty {
	var all []OnDuty
	today := DateOf(at)
	for _, u := range w.dir.watch.duties[post] {
		for _, day := range [...]Date{today - 1, today} { // yesterday's night shift may still be on
			from, until, kept := w.stretch(w.dir.watch.shifts[u.Shift], day)
			if !kept || at.Before(from) || !at.Before(until) || !u.covers(day) {
				continue
			}
			for _, id := range u.on(day) {
				all = w.add(all, OnDuty{Person: id, Post: post, Shift: u.Shift, From: from, Until: until}, at)
			}
		}
	}
	return all
}

// stretch is when a shift of a day begins and ends, and whether it is kept on that day.
func (w Watch) stretch(s *Shift, day Date) (from, until time.Time, kept bool) {
	if s == nil {
		return from, until, false
	}
	start := day.Start()
	from, until = start.Add(time.Duration(s.From)*time.Minute), start.Add(time.Duration(s.To)*time.Minute)
	if s.To <= s.From {
		until = until.Add(24 * time.Hour)
	}
	switch s.Days {
	case Working:
		return from, until, w.working(start)
	case Off:
		return from, until, !w.working(start)
	}
	return from, until, true
}

func (u *Duty) covers(day Date) bool { return day >= u.From && (u.Until == 0 || day <= u.Until) }

// on are the persons of a day.
func (u *Duty) on(day Date) []PersonID {
	if u.Turn == 0 {
		return u.Persons
	}
	turn := int(day-u.From) / u.Turn % len(u.Persons)
	return u.Persons[turn : turn+1]
}

// add puts whoever stands there for a person into a list, once.
func (w Watch) add(all []OnDuty, o OnDuty, at time.Time) []OnDuty {
	rostered := o.Person
	o.Person = w.standIn(rostered, o.Post, at)
	if slices.ContainsFunc(all, func(other OnDuty) bool { return other.Person == o.Person }) {
		return all
	}
	o.Name = w.dir.personName(o.Person)
	post, shift := w.dir.watch.posts[o.Post], w.dir.watch.shifts[o.Shift]
	hours := fmt.Sprintf("%s–%s", shift.From, shift.To)
	o.Why = lang.Text{
		ZH: fmt.Sprintf("%s%s（%s）在岗", post.Name.ZH, shift.Name.ZH, hours),
		EN: fmt.Sprintf("on duty as %s, %s (%s)", post.Name.EN, shift.Name.EN, hours),
	}
	if o.Person != rostered {
		o.For = rostered
		name := w.dir.personName(rostered)
		o.Why.ZH += "，代" + name.ZH
		o.Why.EN += ", standing in for " + name.EN
	}
	return append(all, o)
}

// standIn follows deputies of deputies. Where they go round in a circle nobody is replaced: each of them has said to be away.
func (w Watch) standIn(id PersonID, post PostID, at time.Time) PersonID {
	now := id
	for range len(w.deputies) + 1 {
		next := now
		for i := range w.deputies {
			if d := &w.deputies[i]; d.For == now && d.stands(post, at) {
				next = d.By
			}
		}
		if next == now {
			return now
		}
		now = next
	}
	return id
}

// Ladder is who is called for a unit at a moment: the unit's first post, and from there each post's next. A unit without a post of its own begins at the post that
// the roster names for that; without one the ladder is empty.
func (w Watch) Ladder(unit UnitID, at time.Time) []Rung {
	first := w.dir.watch.first[unit]
	if first == nil {
		first = w.dir.watch.posts[w.dir.Roster.Otherwise]
	}
	return w.ladder(first, at)
}

// LadderFrom is the ladder that begins at a post.
func (w Watch) LadderFrom(post PostID, at time.Time) []Rung {
	return w.ladder(w.dir.watch.posts[post], at)
}

func (w Watch) ladder(first *Post, at time.Time) []Rung {
	var all []Rung
	for _, p := range w.dir.chain(first) {
		all = append(all, Rung{Post: p.ID, Name: p.Name, Within: p.Answer(), People: w.OnDuty(p.ID, at)})
	}
	return all
}

// Stretch is a post's shift on a day.
type Stretch struct {
	Post  PostID    `json:"post"`
	Shift ShiftID   `json:"shift"`
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
}

// Gaps are the shifts from a day to a day, both included, that a post must keep and that nobody is rostered for, in order of time.
func (w Watch) Gaps(post PostID, from, to Date) []Stretch {
	p := w.dir.watch.posts[post]
	if p == nil {
		return nil
	}
	var all []Stretch
	for day := from; day <= to; day++ {
		for _, id := range p.Shifts {
			begin, end, kept := w.stretch(w.dir.watch.shifts[id], day)
			if kept && !w.kept(post, id, day) {
				all = append(all, Stretch{post, id, begin, end})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Stretch) int { return cmp.Or(a.From.Compare(b.From), a.Until.Compare(b.Until)) })
	return all
}

func (w Watch) kept(post PostID, shift ShiftID, day Date) bool {
	return slices.ContainsFunc(w.dir.watch.duties[post], func(u *Duty) bool { return u.Shift == shift && u.covers(day) })
}
