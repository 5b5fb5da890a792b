package ingest

import (
	"maps"
	"sync"
	"time"

	"twoweave/internal/manage/event"
)

// Reason says why an event was not accepted; it is a stable word for sums and senders.
type Reason string

const (
	Undecodable Reason = "undecodable"  // a gateway could not read it
	BadEnvelope Reason = "envelope"     // an attribute is missing or wrong
	UnknownType Reason = "type-unknown" // no active pack has the type
	BadData     Reason = "data"         // the data does not fit the type's schema
	QueueFull   Reason = "queue-full"   // too much waits
	Stopping    Reason = "stopping"     // the program ends
	NoContent   Reason = "no-content"   // no pack is active
	SealFailed  Reason = "seal-failed"  // personal values could not be sealed
	InDoubt     Reason = "in-doubt"     // the append failed; the event may be in the log
	GivenUp     Reason = "given-up"     // the caller stopped waiting; the event may be in the log
)

// Accounting is the sums since the process began. At any moment Received = Accepted + Refused + InDoubt + Waiting.
type Accounting struct {
	Since     time.Time
	Received  uint64
	Accepted  uint64
	Refused   uint64
	InDoubt   uint64
	Waiting   uint64 // being checked or on the way into the log
	Unplaced  uint64 // of the accepted
	RefusedBy map[Reason]uint64
	ByType    map[event.TypeName]TypeCount // types of the active packs; refused ones of other types are only in RefusedBy
}

// TypeCount is the sums of one event type.
type TypeCount struct {
	Accepted, Refused, InDoubt, Unplaced uint64
}

// Accounting is a copy of the sums, all from one moment.
func (in *Ingest) Accounting() Accounting {
	t := &in.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.sums
	a.RefusedBy = maps.Clone(a.RefusedBy)
	a.ByType = maps.Clone(a.ByType)
	a.Waiting = a.Received - a.Accepted - a.Refused - a.InDoubt
	return a
}

type tally struct {
	mu   sync.Mutex
	sums Accounting
}

func (t *tally) init(since time.Time) {
	t.sums = Accounting{Since: since, RefusedBy: map[Reason]uint64{}, ByType: map[event.TypeName]TypeCount{}}
}

func (t *tally) receive(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sums.Received += uint64(n)
}

// refuse counts one event. known says that its type is one of ours: names that senders make up must not fill memory.
func (t *tally) refuse(name event.TypeName, r Reason, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sums.Refused++
	t.sums.RefusedBy[r]++
	if known {
		c := t.sums.ByType[name]
		c.Refused++
		t.sums.ByType[name] = c
	}
}

// settle counts a batch after its append.
func (t *tally) settle(items []*item, durable bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, it := range items {
		c := t.sums.ByType[it.event.Type]
		switch {
		case !durable:
			t.sums.InDoubt++
			c.InDoubt++
		default:
			t.sums.Accepted++
			c.Accepted++
			if it.unplaced {
				t.sums.Unplaced++
				c.Unplaced++
			}
		}
		t.sums.ByType[it.event.Type] = c
	}
}
