package anomaly

import (
	"bytes"
	"encoding/binary"
	"math"

	"twoweave/internal/base/wire"
)

// coder writes the fields of a state, or reads them into the same places: one walk for both, so that they cannot differ.
type coder struct {
	w []byte       // when writing
	r *wire.Reader // when reading; nil when writing
}

func (c *coder) number(x *float64) {
	if c.r == nil {
		c.w = binary.BigEndian.AppendUint64(c.w, math.Float64bits(*x))
		return
	}
	*x = math.Float64frombits(c.r.Fixed())
	c.r.Bad = c.r.Bad || !(math.Abs(*x) <= 4*largest)
}

// count is a number from 0 to most.
func (c *coder) count(n *uint64, most uint64) {
	if c.r == nil {
		c.w = binary.AppendUvarint(c.w, *n)
		return
	}
	*n = c.r.Uvarint()
	c.r.Bad = c.r.Bad || *n > most
}

func (c *coder) small(n *uint32, most uint32) {
	wide := uint64(*n)
	c.count(&wide, uint64(most))
	*n = uint32(wide)
}

func (c *coder) moment(t *int64) {
	if c.r == nil {
		c.w = binary.AppendVarint(c.w, *t)
		return
	}
	*t = c.r.Varint()
}

func (c *coder) model(m *model) {
	c.count(&m.n, math.MaxInt64)
	if m.n == 0 || c.r != nil && c.r.Bad {
		return
	}
	for _, t := range []*int64{&m.newest, &m.gap, &m.waiting, &m.waitTime} {
		c.moment(t)
	}
	for _, x := range []*float64{&m.last, &m.fast, &m.slow, &m.long, &m.longest, &m.offDay, &m.offWeek, &m.swinging, &m.swings, &m.held, &m.surprise, &m.expected} {
		c.number(x)
	}
	for i := range m.errors {
		c.small(&m.errors[i].n, errorMost)
		c.number(&m.errors[i].mean)
	}
	c.slots(m.day[:])
	c.slots(m.week[:])
	for i := range m.usuals {
		c.small(&m.usuals[i].seen, mostSeen+unit)
		c.tail(&m.usuals[i].up)
		c.tail(&m.usuals[i].down)
	}
}

// slots writes no level of a slot that has none.
func (c *coder) slots(all []slot) {
	for i := range all {
		c.small(&all[i].n, slotMost)
		if all[i].n > 0 {
			c.number(&all[i].mean)
		}
	}
}

// tail writes the bins as runs of zeros, each with the count that ends it.
func (c *coder) tail(h *tail) {
	for _, x := range []*float64{&h.greatest, &h.before, &h.lately} {
		c.number(x)
	}
	base := int64(h.base)
	c.moment(&base)
	if c.r != nil && (base < -baseMost || base > baseMost) {
		c.r.Bad = true
		return
	}
	h.base = int32(base)
	for i := uint64(0); i < bins; i++ {
		run := uint64(0)
		for i+run < bins && h.counts[i+run] == 0 {
			run++
		}
		c.count(&run, bins-i)
		if i += run; i < bins {
			n := uint32(h.counts[i])
			c.small(&n, math.MaxUint16)
			h.counts[i] = uint16(n)
		}
	}
}

// Append appends the state; an untouched machine is a single zero.
func (m *machine) Append(dst []byte) []byte {
	c := coder{w: dst}
	c.model(&m.model)
	return c.w
}

// read reads what Append wrote. What Append would have written otherwise is damaged.
func (m *machine) read(r *wire.Reader) {
	start := r.Rest
	c := coder{r: r}
	c.model(&m.model)
	if r.Bad || !bytes.Equal(m.Append(nil), start[:len(start)-len(r.Rest)]) {
		r.Bad, m.model = true, model{}
	}
}
