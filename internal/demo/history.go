package demo

import (
	"slices"
	"time"
)

// Past is one event of before the city begins to live.
type Past struct {
	At         time.Time
	CloudEvent []byte // JSON
}

// History is what the city's devices have sent in the two weeks before a moment, in order of time: what findings over days need. It is told to the program's
// log once, before the city lives, with the clock of those days.
func History(areas []string, begun time.Time) []Past {
	city := make([]area, len(areas))
	for i, code := range areas {
		city[i] = area{Code: code}
	}
	var all []Past
	add := func(messages []message) {
		for _, m := range messages {
			at, err := time.Parse(time.RFC3339Nano, m.Time)
			if err != nil {
				panic("demo: a message has no time: " + err.Error()) // newMessage wrote it
			}
			all = append(all, Past{At: at, CloudEvent: m.encode()})
		}
	}
	for _, t := range trucksOf(city, begun) {
		add(t.past(begun))
	}
	for _, h := range homesOf(city, begun) {
		add(h.past())
	}
	slices.SortStableFunc(all, func(a, b Past) int { return a.At.Compare(b.At) })
	return all
}
