package anomaly

import "math"

const (
	bins     = 96
	octave   = 8     // bins in which sizes double
	unit     = 16    // the weight of a new value; each fading halves it, and after five it is gone
	mostSeen = 60000 // weight at which a history fades
	baseMost = 1100 * octave
	headroom = 6 * octave // above the one percent, sizes are told apart up to 64 times it
	block    = 32         // values; the greatest size counts as past only one to two blocks later
)

// tail is a history of sizes: how often each was seen, in bins that grow with the size, eight to a doubling, and the greatest.
type tail struct {
	base   int32 // of the first bin; what is smaller is in it too
	counts [bins]uint16

	greatest, before, lately float64 // before the last blocks, in the last full one, in the running one
}

// binOf is the number of the bin that holds a positive size.
func binOf(y float64) int32 {
	f, e := math.Frexp(y)
	return int32(e*octave + int((f*2-1)*octave))
}

// edge is where a bin begins.
func edge(bin int32) float64 {
	e := bin >> 3 // octave is 8
	return math.Ldexp(0.5+float64(bin-e*octave)/(2*octave), int(e))
}

// add counts a positive size. A bin beyond top is counted as top, so that one absurd value does not push out all others.
func (h *tail) add(y float64, top int32) {
	b := min(binOf(y), top)
	if h.greatest+h.before+h.lately == 0 {
		h.base = b - bins*2/3
	}
	h.lately = math.Max(h.lately, y)
	if b-h.base >= bins {
		h.raise(b - h.base - bins + 1)
	}
	h.counts[max(b-h.base, 0)] += unit
}

// raise drops the lowest bins into the lowest that stays.
func (h *tail) raise(by int32) {
	h.base += by
	var low uint16
	for _, c := range h.counts[:min(by, bins)] {
		low += c
	}
	n := copy(h.counts[:], h.counts[min(by, bins):])
	clear(h.counts[n:])
	h.counts[0] += low
}

func (h *tail) fade() {
	for i := range h.counts {
		h.counts[i] /= 2
	}
}

// turn ends a block.
func (h *tail) turn() {
	h.greatest, h.before, h.lately = math.Max(float64(h.greatest*greatestFades), h.before), h.lately, 0
}

// reached is the size that a weight of values has reached; 0 when there is none but the smallest.
func (h *tail) reached(weight float64) float64 {
	var sum uint32
	for i := bins - 1; i > 0; i-- {
		c := uint32(h.counts[i])
		if c > 0 && float64(sum+c) >= weight {
			low, high := edge(h.base+int32(i)), edge(h.base+int32(i)+1)
			return high - float64((high-low)*((weight-float64(sum))/float64(c)))
		}
		sum += c
	}
	return 0
}

// beyond is the weight of what was as great as y, to the bin.
func (h *tail) beyond(y float64) float64 {
	var sum uint32
	for _, c := range h.counts[min(max(binOf(y)-h.base, 0), bins):] {
		sum += uint32(c)
	}
	return float64(sum)
}
