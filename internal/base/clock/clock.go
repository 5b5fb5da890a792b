// Package clock is where the program gets its time from.
//
// Nothing below cmd calls time.Now: a Clock is passed in, so that tests and replays drive time themselves. Two rules follow from the
// design. Detection never reads a Clock at all: its time comes from the log (stamps and ticks). And a Clock may jump backwards, as a
// machine's clock does; whoever needs order takes the maximum of what it has seen.
package clock

import (
	"context"
	"sync"
	"time"
)

// Clock tells the time and waits for it.
type Clock interface {
	// Now is the current time, in UTC, without a monotonic reading.
	Now() time.Time
	// Wait returns nil once Now is not before until, or ctx's error if ctx ends first.
	Wait(ctx context.Context, until time.Time) error
}

// System is the machine's clock. Under testing/synctest it follows the bubble's time.
type System struct{}

// Now is the machine's time in UTC.
func (System) Now() time.Time { return time.Now().UTC().Round(0) }

// Wait sleeps on a timer.
func (System) Wait(ctx context.Context, until time.Time) error {
	t := time.NewTimer(time.Until(until))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Manual is a clock that moves only when told to: the clock of tests and of replayed files.
type Manual struct {
	mu      sync.Mutex
	now     time.Time
	waiters map[chan struct{}]time.Time
}

// NewManual makes a clock that stands at now.
func NewManual(now time.Time) *Manual {
	return &Manual{now: now.UTC().Round(0), waiters: map[chan struct{}]time.Time{}}
}

// Now is the time last set.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// Advance moves the clock by d and wakes whoever waited for a time now reached.
func (m *Manual) Advance(d time.Duration) { m.Set(m.Now().Add(d)) }

// Set moves the clock to t, backwards too, and wakes whoever waited for a time now reached.
func (m *Manual) Set(t time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = t.UTC().Round(0)
	for ch, until := range m.waiters {
		if !m.now.Before(until) {
			close(ch)
			delete(m.waiters, ch)
		}
	}
}

// Wait blocks until the clock is set to until or later.
func (m *Manual) Wait(ctx context.Context, until time.Time) error {
	ch := m.enlist(until)
	if ch == nil {
		return ctx.Err()
	}
	select {
	case <-ch:
		return nil
	case <-ctx.Done():
		m.mu.Lock()
		delete(m.waiters, ch)
		m.mu.Unlock()
		return ctx.Err()
	}
}

// Waiting is how many goroutines wait now: a test's way to know that work has reached its clock.
func (m *Manual) Waiting() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.waiters)
}

func (m *Manual) enlist(until time.Time) chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.now.Before(until) {
		return nil
	}
	ch := make(chan struct{})
	m.waiters[ch] = until
	return ch
}
