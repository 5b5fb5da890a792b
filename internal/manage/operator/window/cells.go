package window

import (
	"encoding/binary"
	"math"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
)

// cells are panes of a count, or of a count and a number: the sum, the least or the greatest of its events' values. They lie one after the other in one
// piece of memory, the count in as many bytes as the greatest one needs.
type cells struct {
	lo     int64
	bytes  []byte
	wide   uint8 // bytes of a count: 1, 2 or 4; 0 before the first cell
	valued bool
	most   uint8 // how many cells there can be
}

func (c *cells) size() int {
	if c.valued {
		return int(c.wide) + 8
	}
	return int(c.wide)
}

func (c *cells) len() int64 {
	if c.wide == 0 {
		return 0
	}
	return int64(len(c.bytes) / c.size())
}

func (c *cells) bounds() (lo, next int64) { return c.lo, c.lo + c.len() }

// at is the cell with an index from 0 on.
func (c *cells) at(i int64) (n uint32, x float64) {
	b := c.bytes[i*int64(c.size()):]
	switch c.wide {
	case 1:
		n = uint32(b[0])
	case 2:
		n = uint32(binary.LittleEndian.Uint16(b))
	default:
		n = binary.LittleEndian.Uint32(b)
	}
	if c.valued {
		x = math.Float64frombits(binary.LittleEndian.Uint64(b[c.wide:]))
	}
	return n, x
}

func (c *cells) set(i int64, n uint32, x float64) {
	c.widen(n)
	b := c.bytes[i*int64(c.size()):]
	switch c.wide {
	case 1:
		b[0] = byte(n)
	case 2:
		binary.LittleEndian.PutUint16(b, uint16(n))
	default:
		binary.LittleEndian.PutUint32(b, n)
	}
	if c.valued {
		binary.LittleEndian.PutUint64(b[c.wide:], math.Float64bits(x))
	}
}

// widen makes room for a count.
func (c *cells) widen(n uint32) {
	wide := uint8(4)
	switch {
	case n <= math.MaxUint8:
		wide = 1
	case n <= math.MaxUint16:
		wide = 2
	}
	if wide <= c.wide {
		return
	}
	old, cells := *c, c.len()
	c.wide, c.bytes = wide, nil
	c.extend(cells)
	for i := range cells {
		n, x := old.at(i)
		c.set(i, n, x)
	}
}

// extend appends empty cells. There is room for 1, 2, 4, … 32 cells, then for as many as there can be.
func (c *cells) extend(by int64) {
	need := c.len() + by
	if room := need * int64(c.size()); room > int64(cap(c.bytes)) {
		grown := int64(1)
		for grown < need {
			grown *= 2
		}
		if grown > 32 {
			grown = max(need, int64(c.most))
		}
		c.bytes = append(make([]byte, 0, grown*int64(c.size())), c.bytes...)
	}
	old := len(c.bytes)
	c.bytes = c.bytes[:need*int64(c.size())]
	clear(c.bytes[old:])
}

// reach makes a pane one of the cells.
func (c *cells) reach(pane int64) {
	lo, next := c.bounds()
	switch {
	case lo == next:
		c.widen(1)
		c.lo = pane
		c.extend(1)
	case pane >= next:
		c.extend(pane - next + 1)
	case pane < lo:
		kept := len(c.bytes)
		c.extend(lo - pane)
		moved := len(c.bytes) - kept
		copy(c.bytes[moved:], c.bytes[:kept])
		clear(c.bytes[:moved])
		c.lo = pane
	}
}

func (c *cells) add(w *window, pane int64, e *operator.Event) {
	c.reach(pane)
	n, x := c.at(pane - c.lo)
	switch {
	case n == 0:
		x = e.Number
	case w.measure == Min:
		x = min(x, e.Number)
	case w.measure == Max:
		x = max(x, e.Number)
	default:
		x += e.Number
	}
	if n < math.MaxUint32 {
		n++
	}
	c.set(pane-c.lo, n, x)
}

func (c *cells) cut(before int64) {
	lo, next := c.bounds()
	from := max(before, lo)
	for ; from < next; from++ {
		if n, _ := c.at(from - lo); n > 0 {
			break
		}
	}
	if from >= next {
		c.lo, c.bytes, c.wide = 0, nil, 0
		return
	}
	gone := int(from-lo) * c.size()
	c.bytes = c.bytes[:copy(c.bytes, c.bytes[gone:])]
	c.lo = from
}

func (c *cells) count(from, to int64) (all int64) {
	lo, next := c.bounds()
	for pane := max(from, lo); pane <= to && pane < next; pane++ {
		n, _ := c.at(pane - lo)
		all += int64(n)
	}
	return all
}

// value combines the panes anew, from the oldest on, so that a sum is the same after any history that led to these panes.
func (c *cells) value(w *window, from, to int64) (float64, bool) {
	count, x := int64(0), 0.0
	lo, next := c.bounds()
	for pane := max(from, lo); pane <= to && pane < next; pane++ {
		n, y := c.at(pane - lo)
		switch {
		case n == 0:
		case count == 0:
			x = y
		case w.measure == Min:
			x = min(x, y)
		case w.measure == Max:
			x = max(x, y)
		default:
			x += y
		}
		count += int64(n)
	}
	return w.combined(count, x)
}

// combined is the measure of count events, whose values come to x.
func (w *window) combined(count int64, x float64) (float64, bool) {
	if !w.valued {
		x = float64(count)
	}
	switch w.measure {
	case Avg:
		return x / float64(count), count > 0
	case Min, Max:
		return x, count > 0
	case Rate:
		return x / float64(w.over) * 3600e6, true
	}
	return x, true
}

func (c *cells) append(dst []byte) []byte {
	for i := range c.len() {
		n, x := c.at(i)
		dst = binary.AppendUvarint(dst, uint64(n))
		if c.valued && n > 0 {
			dst = binary.BigEndian.AppendUint64(dst, math.Float64bits(x))
		}
	}
	return dst
}

func (c *cells) read(_ *window, r *wire.Reader, lo int64, n int) {
	for i := range n {
		count := r.Uvarint()
		edge := i == 0 || i == n-1
		if r.Bad = r.Bad || count > math.MaxUint32 || edge && count == 0; r.Bad {
			c.bytes, c.wide = nil, 0
			return
		}
		c.reach(lo + int64(i))
		if count > 0 {
			x := 0.0
			if c.valued {
				x = math.Float64frombits(r.Fixed())
			}
			c.set(int64(i), uint32(count), x)
		}
	}
}
