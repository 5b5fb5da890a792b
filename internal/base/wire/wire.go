// Package wire reads and writes the fields of our own binary forms: event batches in the log, snapshots of detection.
//
// Strings and bytes carry their length; numbers are varints or eight bytes, the high one first. A Reader never panics and never reads past its end: after
// the first damaged field it is Bad and gives zero values, so that a decoder can read a whole record and ask once. It knows nothing of what it reads.
package wire

import "encoding/binary"

// Reader consumes fields from the front of Rest. What Take and Bytes return shares Rest's memory.
type Reader struct {
	Rest []byte
	Bad  bool
}

// Done says that everything was read and nothing was damaged.
func (r *Reader) Done() bool { return !r.Bad && len(r.Rest) == 0 }

// Take is the next n bytes, nil when there are not as many.
func (r *Reader) Take(n uint64) []byte {
	if r.Bad || n > uint64(len(r.Rest)) {
		r.Bad = true
		return nil
	}
	b := r.Rest[:n:n]
	r.Rest = r.Rest[n:]
	return b
}

// Byte is one byte.
func (r *Reader) Byte() byte {
	if b := r.Take(1); b != nil {
		return b[0]
	}
	return 0
}

// Fixed is a number of eight bytes.
func (r *Reader) Fixed() uint64 {
	if b := r.Take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// Uvarint is an unsigned number of varying length.
func (r *Reader) Uvarint() uint64 {
	v, n := binary.Uvarint(r.Rest)
	if r.Bad || n <= 0 {
		r.Bad = true
		return 0
	}
	r.Rest = r.Rest[n:]
	return v
}

// Varint is a signed number of varying length.
func (r *Reader) Varint() int64 {
	v, n := binary.Varint(r.Rest)
	if r.Bad || n <= 0 {
		r.Bad = true
		return 0
	}
	r.Rest = r.Rest[n:]
	return v
}

// Bytes is a length and as many bytes.
func (r *Reader) Bytes() []byte { return r.Take(r.Uvarint()) }

// String is a length and as many bytes, copied.
func (r *Reader) String() string { return string(r.Bytes()) }

// AppendString appends what String reads.
func AppendString(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}
