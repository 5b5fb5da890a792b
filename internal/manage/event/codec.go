package event

import (
	"encoding/binary"
	"math"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/geo"
	"twoweave/internal/base/wire"
)

// Batch is the events of one partition that were accepted together: one message of the log.
type Batch struct {
	Stamp  time.Time // ingest's clock when the batch was formed; event times are clamped to Stamp + MaxAhead
	Copies bool      // keyed copies: the events themselves stand in the partitions of their own keys
	Events []Event
}

// MaxAhead is how far an event's time may lie ahead of its batch's stamp; a clock further ahead is taken to be wrong and clamped.
const MaxAhead = 5 * time.Minute

// The first byte of an encoded batch says what it is. A new form gets a new number; old ones stay readable as long as logs hold them.
const (
	batchFormat = 1
	copyFormat  = 2 // the same, of keyed copies
)

// MaxBatch bounds the number of events in one batch.
const MaxBatch = 4096

// AppendBatch appends the encoding of b to dst: format byte, stamp in microseconds, count, then each event as length-prefixed fields.
func AppendBatch(dst []byte, b *Batch) []byte {
	format := byte(batchFormat)
	if b.Copies {
		format = copyFormat
	}
	dst = append(dst, format)
	dst = binary.AppendVarint(dst, b.Stamp.UnixMicro())
	dst = binary.AppendUvarint(dst, uint64(len(b.Events)))
	for i := range b.Events {
		dst = AppendEvent(dst, &b.Events[i])
	}
	return dst
}

// AppendEvent appends the encoding of one event to dst.
func AppendEvent(dst []byte, e *Event) []byte {
	for _, s := range [...]string{e.ID, e.Source, string(e.Type), string(e.Sender), e.Subject, string(e.Area)} {
		dst = wire.AppendString(dst, s)
	}
	dst = binary.AppendVarint(dst, e.Time.UnixMicro())
	if e.Place == nil {
		dst = append(dst, 0)
	} else {
		dst = appendPoint(append(dst, 1), e.Place)
	}
	dst = binary.BigEndian.AppendUint64(dst, e.Body)
	dst = binary.AppendUvarint(dst, uint64(len(e.Data)))
	return append(dst, e.Data...)
}

// DecodeBatch reads what AppendBatch wrote. The events' Data share body's memory. Any damage is one Invalid fault; it never panics.
func DecodeBatch(body []byte) (*Batch, error) {
	r := reader{wire.Reader{Rest: body}}
	f := r.Byte()
	if r.Bad || f != batchFormat && f != copyFormat {
		return nil, fault.New(fault.Invalid, "event.DecodeBatch", "batch format is unknown; this program reads the formats %d and %d", batchFormat, copyFormat)
	}
	b := &Batch{Copies: f == copyFormat, Stamp: r.time()}
	n := r.Uvarint()
	if r.Bad || n > MaxBatch {
		return nil, fault.New(fault.Invalid, "event.DecodeBatch", "batch header is damaged")
	}
	b.Events = make([]Event, n)
	for i := range b.Events {
		r.event(&b.Events[i])
	}
	if !r.Done() {
		return nil, fault.New(fault.Invalid, "event.DecodeBatch", "batch is damaged or cut short")
	}
	return b, nil
}

// BatchSize is the number of events in an encoded batch, read from its head alone; 0 for what is no batch, and for keyed copies, which are no
// events of their own.
func BatchSize(body []byte) int {
	r := reader{wire.Reader{Rest: body}}
	if r.Byte() != batchFormat {
		return 0
	}
	r.time()
	n := r.Uvarint()
	if r.Bad || n > MaxBatch {
		return 0
	}
	return int(n)
}

// DecodeEvent reads what AppendEvent wrote.
func DecodeEvent(body []byte) (*Event, error) {
	r := reader{wire.Reader{Rest: body}}
	e := &Event{}
	r.event(e)
	if !r.Done() {
		return nil, fault.New(fault.Invalid, "event.DecodeEvent", "event is damaged or cut short")
	}
	return e, nil
}

// reader reads the parts of a batch.
type reader struct{ wire.Reader }

func (r *reader) event(e *Event) {
	e.ID, e.Source, e.Type = r.String(), r.String(), TypeName(r.String())
	e.Sender, e.Subject, e.Area = Sender(r.String()), r.String(), AreaCode(r.String())
	e.Time = r.time()
	if r.Byte() == 1 {
		e.Place = &geo.Point{Lon: r.float(), Lat: r.float()}
	}
	e.Body = r.Fixed()
	e.Data = r.Bytes()
}

func (r *reader) time() time.Time { return time.UnixMicro(r.Varint()).UTC() }

func (r *reader) float() float64 { return math.Float64frombits(r.Fixed()) }

func appendPoint(dst []byte, p *geo.Point) []byte {
	dst = binary.BigEndian.AppendUint64(dst, math.Float64bits(p.Lon))
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(p.Lat))
}
