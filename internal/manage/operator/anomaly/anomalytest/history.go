package anomalytest

import (
	"cmp"
	"math"
	"slices"
)

// history is every size to one side that a kind of deviation ever had, the greatest bin first, and the first one's bin.
type history struct {
	marks []mark
	first int
}

// mark is one past size: of value j, and in its bin.
type mark struct {
	j, bin int
	size   float64
}

// side is the history of a kind of deviation to the side of y, and y's size.
func (d *definition) side(kind int, y float64) (*history, float64) {
	if y < 0 {
		return &d.past[kind][1], -y
	}
	return &d.past[kind][0], y
}

// remember takes value j's deviation into the history. A size more than 64 times as great as what one in a hundred reach is taken for that.
func (d *definition) remember(kind, j int, y float64) {
	h, size := d.side(kind, y)
	if size == 0 {
		return
	}
	m := mark{j, binOf(size), size}
	if one := h.reached(0.01 * float64(j)); one > 0 {
		m.bin = min(m.bin, binOf(one)+48)
	}
	if len(h.marks) == 0 {
		h.first = m.bin
	}
	at, _ := slices.BinarySearchFunc(h.marks, m, func(a, b mark) int { return cmp.Compare(b.bin, a.bin) })
	h.marks = slices.Insert(h.marks, at, m)
}

// binOf numbers sizes by eighths of their power of two.
func binOf(size float64) int {
	e := math.Floor(math.Log2(size))
	for math.Exp2(e) > size {
		e--
	}
	for math.Exp2(e+1) <= size {
		e++
	}
	return 8*int(e) + int(math.Floor(8*(size/math.Exp2(e)-1)))
}

func edge(bin int) float64 {
	e := math.Floor(float64(bin) / 8)
	return math.Exp2(e) * (1 + (float64(bin)-8*e)/8)
}

// floor is the lowest bin that is told apart: 64 below the first size, 95 below the greatest.
func (h *history) floor() int { return max(h.first-64, h.marks[0].bin-95) }

// reached is the size that so many of the history have reached, evenly spread within a bin; 0 when it is among the smallest.
func (h *history) reached(many float64) float64 {
	for from := 0; from < len(h.marks); {
		bin, to := h.marks[from].bin, from
		for to < len(h.marks) && h.marks[to].bin == bin {
			to++
		}
		if bin <= h.floor() {
			return 0
		}
		if float64(to) >= many {
			low, high := edge(bin), edge(bin+1)
			return high - float64((high-low)*((many-float64(from))/float64(to-from)))
		}
		from = to
	}
	return 0
}

// beyond is how many were as great as y, to the bin.
func (h *history) beyond(y float64) (often float64) {
	for _, m := range h.marks {
		if max(m.bin, h.floor()) >= binOf(y) {
			often++
		}
	}
	return often
}

// surprise is that of value j's deviation y, after the j−1 values before it that have one.
func (d *definition) surprise(kind, j int, y float64) float64 {
	n := float64(j - 1)
	h, y := d.side(kind, y)
	if y == 0 || n < 20 {
		return 0
	}
	s, exponent := h.drawn(y, n)
	if often := h.beyond(y); often > 0 {
		s = math.Min(s, 2*math.Log((n+1)/(often+0.5)))
	}
	if top := h.greatest(j); top > 0 && y > top {
		s = math.Max(s, math.Min(7.4, 1.3*math.Log(n+1))*math.Pow(y/top, 0.8*exponent))
	}
	return math.Min(s, 100)
}

// drawn is read off the Weibull distribution's tail through the sizes that a tenth and a hundredth of all values reach.
func (h *history) drawn(y, n float64) (s, exponent float64) {
	share := math.Max(0.01, 3/n)
	one, two := h.reached(0.1*n), h.reached(share*n)
	if two == 0 {
		two, share = h.reached(0.5), 1/(n+1)
	}
	if two == 0 {
		return 4 * math.Log(n), 1
	}
	exponent = 1
	if one >= 0.98*two {
		exponent = 2
	} else if one > 0 {
		exponent = math.Log(math.Log(share)/math.Log(0.1)) / math.Log(two/one)
	}
	exponent = math.Min(math.Max(0.3*exponent+0.7, 0.5), 1.3)
	return -math.Log(share) * math.Pow(y/two, exponent), exponent
}

// greatest is the greatest size in the blocks of 32 values before the last full one before j, a little less for each block since.
func (h *history) greatest(j int) (top float64) {
	ended := (j - 1) / 32 // blocks that ended before j
	for _, m := range h.marks {
		block, size := (m.j+31)/32, m.size // numbered from 1
		if block >= ended {
			continue
		}
		for range ended - block - 1 {
			size *= 0.998
		}
		top = math.Max(top, size)
	}
	return top
}
