// Package operator is how a scenario looks at its events beyond the single one: over a window, for what is missing, in an order, around a place, against
// the season, across two streams.
//
// Each folder is one operator. It has a Config, which is pack content, an Operator made from it, and a Machine: the state of one subject. A Machine is fed
// by detection with what detection has already sorted out: events that are no duplicates, not too late, with their times clamped, in the order of the log,
// which is not the order of their times. It measures; whether what it measures opens an episode is the rule's business (when, until), and when an
// episode starts and ends is detection's.
//
// # What holds for every Machine
//
//   - It is a pure function of its calls: no clock, no randomness, no map order. The same calls give the same measures, bit for bit, and
//     a Machine that was written with Append and read back goes on as if nothing had happened. Floating sums are formed anew from their panes, in
//     order, so that they cannot drift.
//   - Moments are microseconds since 1970. Event times may go back, by at most the type's lateness; log time (Advance) never does. An event may
//     lie up to event.MaxAhead before log time.
//   - Its size is bounded, and said in its documentation.
//   - Read never panics, whatever it is given; damage makes the reader Bad.
package operator

import (
	"math"
	"time"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/event"
	"twoweave/internal/rule"
)

// Never is the moment that does not come.
const Never = math.MaxInt64

// Event is what a Machine sees of one event.
type Event struct {
	At     int64        // its time, clamped
	Seq    uint64       // its place in the log, which breaks ties of time:
	N      int          // position, then index within the batch
	Inputs uint64       // bit i: it is one of the scenario's input i
	Of     *event.Event // during the call only; read only
	Number float64      // the value of the config's of; NaN when it is missing or no number
	Text   string       // the value of the config's of as a text; empty when it is missing or no text
}

// Machine is one subject's state. Detection calls it from one goroutine.
type Machine interface {
	// Observe takes in an event. ok says that there is something to judge, at the moment at: the newest moment the measure is about, never before
	// an earlier at.
	Observe(e Event) (at int64, ok bool)
	// Due is the next moment of log time at which Advance may change the measure without an event; Never when there is none.
	Due() int64
	// Advance says that log time has reached now; detection calls it once Due has come. ok as in Observe.
	Advance(now int64) (at int64, ok bool)
	// Measure fills values, one for each of the Operator's Vars, as things stand after the last Observe or Advance. Missing is allowed.
	Measure(values []rule.Value)
	// Spent says that at log time now nothing in the state can matter any more: a new Machine would measure the same from here on.
	Spent(now int64) bool
	// Append appends the state's encoding.
	Append(dst []byte) []byte
}

// Operator is a compiled config. It never changes and may be shared between goroutines.
type Operator interface {
	Vars() []rule.Var // what Measure gives, for when and until
	New() Machine
	Read(r *wire.Reader) Machine // what Append wrote; r.Bad when it is damaged
	// Span is how long a Machine must have run to measure the same as one that has always run: after it, a changed scenario takes over from the old one.
	Span() time.Duration
}

// Setting is what detection tells an Operator besides its config.
type Setting struct {
	Lateness time.Duration // the greatest of the scenario's event types
	Inputs   int           // how many inputs the scenario has
}
