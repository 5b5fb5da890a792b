package anomaly

import (
	"bytes"
	"encoding/binary"
	"math"

	"twoweave/internal/base/wire"
)

// numbers are the state's floating numbers, in the order of the encoding.
func (m *model) numbers() []*float64 {
	all := []*float64{&m.last, &m.fast, &m.slow, &m.long, &m.far, &m.short, &m.variation, &m.meanVar, &m.errSum, &m.offDay, &m.offWeek, &m.mem, &m.expected, &m.surprise}
	for i := range m.err {
		all = append(all, &m.err[i], &m.cnt[i])
	}
	for i := range m.day {
		all = append(all, &m.day[i].n, &m.day[i].mean)
	}
	for i := range m.week {
		all = append(all, &m.week[i].n, &m.week[i].mean)
	}
	return all
}

// Append appends the state; an untouched machine is a single zero.
func (m *machine) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, m.n)
	if m.n == 0 {
		return dst
	}
	for _, v := range []int64{m.newest, m.gap, m.lock, m.lockUntil} {
		dst = binary.AppendVarint(dst, v)
	}
	for _, x := range m.numbers() {
		dst = appendNumber(dst, *x)
	}
	for i := range m.ch {
		dst = m.ch[i].append(dst)
	}
	return dst
}

// appendNumber writes zero, which most slots are at first, as one byte.
func appendNumber(dst []byte, x float64) []byte {
	b := math.Float64bits(x)
	if b == 0 {
		return append(dst, 0)
	}
	return binary.BigEndian.AppendUint64(append(dst, 1), b)
}

func readNumber(r *wire.Reader) float64 {
	if r.Byte() == 0 {
		return 0
	}
	x := math.Float64frombits(r.Fixed())
	if math.IsNaN(x) || math.IsInf(x, 0) {
		r.Bad = true
	}
	return x
}

func (c *channel) append(dst []byte) []byte {
	for _, v := range []uint32{c.seen, c.upSeen, c.downSeen} {
		dst = binary.AppendUvarint(dst, uint64(v))
	}
	return c.down.append(c.up.append(dst))
}

func (c *channel) read(r *wire.Reader) {
	for _, v := range []*uint32{&c.seen, &c.upSeen, &c.downSeen} {
		n := r.Uvarint()
		r.Bad = r.Bad || n > maxSeen+weight
		*v = uint32(n)
	}
	c.up.read(r)
	c.down.read(r)
}

func (h *tail) append(dst []byte) []byte {
	dst = binary.AppendVarint(dst, int64(h.base))
	for i := 0; i < bins; {
		run := i
		for run < bins && h.counts[run] == 0 {
			run++
		}
		dst = binary.AppendUvarint(dst, uint64(run-i))
		if run < bins {
			dst = binary.AppendUvarint(dst, uint64(h.counts[run]))
		}
		i = run + 1
	}
	return dst
}

func (h *tail) read(r *wire.Reader) {
	base := r.Varint()
	r.Bad = r.Bad || base < -maxBase || base > maxBase
	h.base = int32(base)
	for i := uint64(0); i < bins && !r.Bad; i++ {
		i += min(r.Uvarint(), bins)
		if i < bins {
			n := r.Uvarint()
			r.Bad = r.Bad || n > maxSeen+weight
			h.counts[i] = uint16(n)
		}
	}
}

// read reads what Append wrote. Whatever Append would write otherwise is damaged.
func (m *machine) read(r *wire.Reader) {
	start := r.Rest
	m.n = r.Uvarint()
	if m.n > 0 {
		for _, v := range []*int64{&m.newest, &m.gap, &m.lock, &m.lockUntil} {
			*v = r.Varint()
		}
		for _, x := range m.numbers() {
			*x = readNumber(r)
		}
		for i := range m.ch {
			m.ch[i].read(r)
		}
	}
	if !r.Bad && !bytes.Equal(m.Append(nil), start[:len(start)-len(r.Rest)]) {
		r.Bad = true
	}
	if r.Bad {
		*m = machine{of: m.of}
	}
}
