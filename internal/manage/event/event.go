// Package event is what arrives from outside: observations, reports and notices.
//
// An Event follows CloudEvents 1.0: a source, an id that is unique within the source, a type, a time, a subject and data. To these the
// program adds who sent it (the authenticated sender, never a claim inside the event), where it happened, and its partition. An event is a
// fact; it is never changed after it was accepted. Personal values in its data are sealed before it reaches the log.
//
// The package also holds the event type (pack content that says what an event of a type looks like) and the codec of event batches, the
// form in which events stand in the log.
package event

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/fnv"
	"time"

	"twoweave/internal/base/geo"
)

// Partitions is the number of virtual partitions of the log, fixed for ever: a key's partition must never change.
const Partitions = 64

// TypeName names an event type: "water.level", "call.110".
type TypeName string

// Sender names who was authenticated when the event arrived: an API key's or a device user's name.
type Sender string

// AreaCode is the code of an area in the registry; Unplaced when the place is not known.
type AreaCode string

// Unplaced is the area of an event whose place could not be found. It is counted and shown, not refused.
const Unplaced AreaCode = "unplaced"

// Event is one accepted fact. Treat it as immutable.
type Event struct {
	ID      string
	Source  string
	Type    TypeName
	Sender  Sender
	Subject string     // the thing or matter it is about, such as a sensor's code; may be empty for reports
	Time    time.Time  // when it happened, as the source says
	Area    AreaCode   // found by ingest
	Place   *geo.Point // as the source says; nil when it said nothing
	Data    []byte     // JSON object, personal values sealed
	Body    uint64     // digest of the event as it was received, before sealing (see BodyDigest)
}

// Key identifies an event for deduplication: the same sender, source and id are the same event.
type Key [16]byte

// Key is the event's deduplication key.
func (e *Event) Key() Key {
	return Key(digest(string(e.Sender), e.Source, e.ID))
}

// BodyDigest tells apart two events with one Key: type, subject, time, place and data as received. It is taken before personal values
// are sealed, since sealing the same value twice gives two texts; it is keyed with a secret, since a plain digest of a short personal
// value could be searched for.
func (e *Event) BodyDigest(secret []byte) uint64 {
	place := ""
	if e.Place != nil {
		place = string(appendPoint(nil, e.Place))
	}
	d := digest(string(secret), string(e.Type), e.Subject, e.Time.UTC().Format(time.RFC3339Nano), place, string(e.Data))
	return binary.BigEndian.Uint64(d[:8])
}

// PartitionOf is the partition of a partition key.
func PartitionOf(key string) int {
	h := fnv.New64a()
	h.Write([]byte(key))
	x := h.Sum64()
	x ^= x >> 33 // FNV's low bits of short keys are alike; fold the high ones in
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return int(x % Partitions)
}

func digest(parts ...string) [16]byte {
	h := sha256.New()
	var n [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return [16]byte(h.Sum(nil)[:16])
}
