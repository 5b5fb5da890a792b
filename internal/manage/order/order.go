// Package order is what people (and some findings) order the city brain to do: city states and silences.
//
// A State sets an area, or the whole city, to special or to one of the emergency levels; a Silence says where a kind of matter is known and shall open no
// case: a maintenance window, a permit for night work, the children of one failed parent. Both are dated, have a reason, and are taken back by their id. They
// stand in the log as control messages, so that a replay uses what was in force then.
//
// The package is pure. Who may order what, and that an emergency needs two persons, is the order desk's business.
package order

import (
	"cmp"
	"slices"
	"time"

	"twoweave/internal/manage/event"
)

// Level is how tense the city's state is: daily (日常), special (专项), or emergency (应急) IV to I.
type Level string

const (
	Daily      Level = "daily"
	Special    Level = "special"
	Emergency4 Level = "emergency-4"
	Emergency3 Level = "emergency-3"
	Emergency2 Level = "emergency-2"
	Emergency1 Level = "emergency-1"
)

// Levels are all levels, the calmest first.
func Levels() []Level { return []Level{Daily, Special, Emergency4, Emergency3, Emergency2, Emergency1} }

// Rank is 0 for daily, 1 for special, 2 to 5 for emergency IV to I; -1 for what is no level.
func (l Level) Rank() int { return slices.Index(Levels(), l) }

// Emergency says whether the level is one of the emergency levels, which need two persons.
func (l Level) Emergency() bool { return l.Rank() >= Emergency4.Rank() }

// State is one order of a city state. The state of an area is the highest level among the orders in force there.
type State struct {
	ID    string         `json:"id"`
	Level Level          `json:"level"`
	Area  event.AreaCode `json:"area,omitempty"` // empty = the whole city
	Until time.Time      `json:"until,omitzero"` // of log time; zero = until it is taken back
	Why   string         `json:"why,omitempty"`
}

// Silence keeps what it covers from starting an episode. What is open stays open, and what ends ends.
type Silence struct {
	ID        string         `json:"id"`
	Scenarios []string       `json:"scenarios,omitempty"` // empty = all
	Area      event.AreaCode `json:"area,omitempty"`      // empty = everywhere
	Subjects  []string       `json:"subjects,omitempty"`  // empty = all
	From      time.Time      `json:"from,omitzero"`       // of the event's time; zero = from the beginning
	Until     time.Time      `json:"until,omitzero"`      // the first moment that is not silent; zero = until it is taken back
	Why       string         `json:"why,omitempty"`
}

// Covers says whether the silence holds for a scenario's subject in an area at a moment of event time.
func (s *Silence) Covers(scenario, subject string, area event.AreaCode, at time.Time) bool {
	return (s.From.IsZero() || !at.Before(s.From)) && (s.Until.IsZero() || at.Before(s.Until)) &&
		(s.Area == "" || s.Area == area) && among(s.Scenarios, scenario) && among(s.Subjects, subject)
}

func among(all []string, one string) bool { return len(all) == 0 || slices.Contains(all, one) }

// Table is the orders in force. The zero Table is empty. It is not safe for several goroutines.
type Table struct {
	States   []State   // by id
	Silences []Silence // by id
}

// Put adds an order of a state, or replaces the one with its id.
func (t *Table) Put(s State) { t.States = put(t.States, s, func(x State) string { return x.ID }) }

// End takes back a state or a silence; an id that is not there is no error, since it may have run out.
func (t *Table) End(id string) {
	t.States = slices.DeleteFunc(t.States, func(s State) bool { return s.ID == id })
	t.Silences = slices.DeleteFunc(t.Silences, func(s Silence) bool { return s.ID == id })
}

// Hush adds a silence, or replaces the one with its id.
func (t *Table) Hush(s Silence) {
	t.Silences = put(t.Silences, s, func(x Silence) string { return x.ID })
}

func put[T any](all []T, one T, id func(T) string) []T {
	i, found := slices.BinarySearchFunc(all, id(one), func(x T, want string) int { return cmp.Compare(id(x), want) })
	if found {
		all[i] = one
		return all
	}
	return slices.Insert(all, i, one)
}

// Level is the state of an area at a moment of log time.
func (t *Table) Level(area event.AreaCode, now time.Time) Level {
	highest := Daily
	for i := range t.States {
		s := &t.States[i]
		if (s.Area == "" || s.Area == area) && (s.Until.IsZero() || now.Before(s.Until)) && s.Level.Rank() > highest.Rank() {
			highest = s.Level
		}
	}
	return highest
}

// Silent is the silence that covers a scenario's subject in an area at a moment of event time; nil when none does.
func (t *Table) Silent(scenario, subject string, area event.AreaCode, at time.Time) *Silence {
	for i := range t.Silences {
		if t.Silences[i].Covers(scenario, subject, area, at) {
			return &t.Silences[i]
		}
	}
	return nil
}

// Forget drops what ended before a moment of log time; a silence only once no event that is not late could still fall into it.
func (t *Table) Forget(now time.Time, lateness time.Duration) {
	t.States = slices.DeleteFunc(t.States, func(s State) bool { return !s.Until.IsZero() && !now.Before(s.Until) })
	t.Silences = slices.DeleteFunc(t.Silences, func(s Silence) bool { return !s.Until.IsZero() && !now.Before(s.Until.Add(lateness)) })
}

// ByLevel is a value for each level that has one of its own; the others have that of the next calmer one. Daily must be there.
type ByLevel map[Level]float64

// At is the value at a level.
func (b ByLevel) At(l Level) float64 {
	for rank := l.Rank(); rank >= 0; rank-- {
		if v, ok := b[Levels()[rank]]; ok {
			return v
		}
	}
	return 0
}
