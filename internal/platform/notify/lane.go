package notify

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"twoweave/internal/base/lang"
)

const (
	givingUp = 3               // different messages failing in a row after which the receiver, not the message, is taken to be at fault
	laneTry  = 5 * time.Minute // the longest pause of a receiver that did not ask for one
	probes   = 1               // messages at a time that try a receiver after a pause
)

// lane is how one receiver does, as far as this Sender knows.
type lane struct {
	busy   int                // messages under way
	failed map[int64]struct{} // messages that failed since the last one that did not
	pauses int64              // in a row
	until  time.Time          // the end of the pause
	since  time.Time          // of the first failure in a row
	why    lang.Text          // the last failure
}

// room is how many messages may be started now.
func (l *lane) room(now time.Time, parallel int) int {
	switch {
	case now.Before(l.until):
		return 0
	case l.pauses > 0:
		return max(probes-l.busy, 0)
	}
	return max(parallel-l.busy, 0)
}

// fails notes that the receiver failed a message, and tells whether that begins a pause. Messages that were under way when the last pause began say
// nothing new.
func (l *lane) fails(seq int64, now time.Time, f *Failure) (pauses bool) {
	if now.Before(l.until) {
		return false
	}
	if l.failed == nil {
		l.failed, l.since = map[int64]struct{}{}, now
	}
	l.failed[seq] = struct{}{}
	l.why = f.Why
	switch {
	case f.Wait > 0:
		l.until = now.Add(min(f.Wait, lastTry))
	case l.pauses > 0 || len(l.failed) >= givingUp:
		l.until = now.Add(min(backOff(l.pauses), laneTry))
	default:
		return false
	}
	l.pauses++
	return true
}

// answers notes that the receiver does answer, and tells whether it had paused.
func (l *lane) answers() (paused bool) {
	paused = l.pauses > 0
	*l = lane{busy: l.busy}
	return paused
}

// Receiver is how a receiver does, as one Sender sees it since it began.
type Receiver struct {
	Channel Channel
	Name    string    // of a webhook receiver
	Busy    int       // messages under way
	Since   time.Time // when it began to fail; zero: it does not
	Until   time.Time // until when it is left alone; zero: it is not
	Why     lang.Text
}

// splitLane is what laneOf put together.
func splitLane(name string) (c Channel, receiver string) {
	channel, receiver, _ := strings.Cut(name, ":")
	return Channel(channel), receiver
}

// Receivers tells how each receiver does that this Sender has tried, for a page and for metrics.
func (s *Sender) Receivers() []Receiver {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.o.Clock.Now()
	all := make([]Receiver, 0, len(s.lanes))
	for name, l := range s.lanes {
		r := Receiver{Busy: l.busy, Since: l.since, Why: l.why}
		r.Channel, r.Name = splitLane(name)
		if now.Before(l.until) {
			r.Until = l.until
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b Receiver) int { return cmp.Or(cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Name, b.Name)) })
	return all
}
