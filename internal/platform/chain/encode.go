package chain

import (
	"encoding/binary"
	"hash"

	"twoweave/internal/base/fault"
)

// Kind is how a column's value is put into bytes.
type Kind byte

// The kinds of columns; their letters are part of the format.
const (
	Int  Kind = 'i' // BIGINT: 8 bytes, big-endian
	Bool Kind = 'b' // BOOLEAN: one byte, 0 or 1
	Text Kind = 't' // TEXT: its length as 4 bytes, big-endian, and its UTF-8
)

// Column is one column of the table, by name.
type Column struct {
	Name string
	Kind Kind
}

// Table is what is chained. Beside its Columns it has those of the chain: position, linked_at, alg, hash. At and ID name a row, and are among Columns.
type Table struct {
	Name    string
	At, ID  string
	Columns []Column
}

const rowFormat = "twoweave-audit-row-1"

// link is what the chain adds to a row.
type link struct {
	installation string
	position     int64
	linkedAt     int64
	alg          string
}

func text(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
	return append(b, s...)
}

func number(b []byte, n int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(n)) }

// record is the canonical bytes of a row; docs/audit.md describes them. A value that is not of its column's kind is an Invalid fault.
func (t Table) record(b []byte, l link, values []any) ([]byte, error) {
	b = text(b, rowFormat)
	b = text(b, l.alg)
	b = text(b, l.installation)
	b = number(b, l.position)
	b = number(b, l.linkedAt)
	for i, c := range t.Columns {
		b = text(b, c.Name)
		b = append(b, byte(c.Kind))
		var ok bool
		if b, ok = c.value(b, values[i]); !ok {
			return nil, fault.New(fault.Invalid, "chain", "the column %s holds no value of its kind", c.Name)
		}
	}
	return b, nil
}

func (c Column) value(b []byte, v any) ([]byte, bool) {
	switch v := v.(type) {
	case int64:
		if c.Kind == Bool && (v == 0 || v == 1) {
			return append(b, byte(v)), true
		}
		return number(b, v), c.Kind == Int
	case string:
		return text(b, v), c.Kind == Text
	}
	return b, false
}

// next is the hash of a record that follows another.
func next(h hash.Hash, before, record []byte) []byte {
	h.Reset()
	h.Write(before)
	h.Write(record)
	return h.Sum(nil)
}
