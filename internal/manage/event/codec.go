package event

import (
	"encoding/binary"
	"math"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/geo"
)

// Batch is the events of one partition that were accepted together: one message of the log.
type Batch struct {
	Stamp  time.Time // ingest's clock when the batch was formed; event times are clamped to Stamp + MaxAhead
	Events []Event
}

// MaxAhead is how far an event's time may lie ahead of its batch's stamp; a clock further ahead is taken to be wrong and clamped.
const MaxAhead = 5 * time.Minute

// batchFormat is the first byte of an encoded batch. A new form gets a new number; old ones stay readable as long as logs hold them.
const batchFormat = 1

// MaxBatch bounds the number of events in one batch.
const MaxBatch = 4096

// AppendBatch appends the encoding of b to dst: format byte, stamp in microseconds, count, then each event as length-prefixed fields.
func AppendBatch(dst []byte, b *Batch) []byte {
	dst = append(dst, batchFormat)
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
		dst = appendString(dst, s)
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
	r := reader{rest: body}
	if f := r.byte(); r.bad || f != batchFormat {
		return nil, fault.New(fault.Invalid, "event.DecodeBatch", "batch format is unknown; this program reads format %d", batchFormat)
	}
	b := &Batch{Stamp: r.time()}
	n := r.uvarint()
	if r.bad || n > MaxBatch {
		return nil, fault.New(fault.Invalid, "event.DecodeBatch", "batch header is damaged")
	}
	b.Events = make([]Event, n)
	for i := range b.Events {
		r.event(&b.Events[i])
	}
	if r.bad || len(r.rest) != 0 {
		return nil, fault.New(fault.Invalid, "event.DecodeBatch", "batch is damaged or cut short")
	}
	return b, nil
}

// BatchSize is the number of events in an encoded batch, read from its head alone; 0 for what is no batch.
func BatchSize(body []byte) int {
	r := reader{rest: body}
	if r.byte() != batchFormat {
		return 0
	}
	r.time()
	n := r.uvarint()
	if r.bad || n > MaxBatch {
		return 0
	}
	return int(n)
}

// DecodeEvent reads what AppendEvent wrote.
func DecodeEvent(body []byte) (*Event, error) {
	r := reader{rest: body}
	e := &Event{}
	r.event(e)
	if r.bad || len(r.rest) != 0 {
		return nil, fault.New(fault.Invalid, "event.DecodeEvent", "event is damaged or cut short")
	}
	return e, nil
}

// reader consumes fields; after the first damaged one it is bad and gives zero values.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) event(e *Event) {
	e.ID, e.Source, e.Type = r.string(), r.string(), TypeName(r.string())
	e.Sender, e.Subject, e.Area = Sender(r.string()), r.string(), AreaCode(r.string())
	e.Time = r.time()
	if r.byte() == 1 {
		e.Place = &geo.Point{Lon: r.float(), Lat: r.float()}
	}
	e.Body = r.fixed()
	e.Data = r.bytes()
}

func (r *reader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.rest)) {
		r.bad = true
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if r.bad || n <= 0 {
		r.bad = true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) time() time.Time {
	v, n := binary.Varint(r.rest)
	if r.bad || n <= 0 {
		r.bad = true
		return time.Time{}
	}
	r.rest = r.rest[n:]
	return time.UnixMicro(v).UTC()
}

func (r *reader) fixed() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (r *reader) float() float64 { return math.Float64frombits(r.fixed()) }

func (r *reader) bytes() []byte  { return r.take(r.uvarint()) }
func (r *reader) string() string { return string(r.bytes()) }

func appendString(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

func appendPoint(dst []byte, p *geo.Point) []byte {
	dst = binary.BigEndian.AppendUint64(dst, math.Float64bits(p.Lon))
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(p.Lat))
}
