package anomaly

import "math"

const (
	bins    = 96
	octave  = 8  // bins in which values double
	weight  = 16 // of one value when it is new; halved with every fading
	maxSeen = 60000
	maxBase = 1100 * octave
)

// tail counts the sizes of deviations to one side in bins that grow with the size, eight to a doubling.
type tail struct {
	base   int32 // of the first bin; what is smaller is in it too
	counts [bins]uint16
}

// binOf is the number of the bin that holds a positive y, counted from 1.
func binOf(y float64) int32 {
	m, e := math.Frexp(y)
	return int32(e)*octave + int32((m*2-1)*octave)
}

// edge is where a bin begins.
func edge(bin int32) float64 {
	e := bin / octave
	if bin < e*octave {
		e--
	}
	return math.Ldexp(0.5+float64(bin-e*octave)/(2*octave), int(e))
}

// add counts a positive y. A bin more than top is counted as top, so that one absurd value does not push out all others.
func (h *tail) add(y float64, top int32, empty bool) {
	b := binOf(y)
	if empty {
		h.base = b - bins*2/3
	}
	b = min(b, top)
	for b-h.base >= bins {
		h.raise(b - h.base - bins + 1)
	}
	h.counts[max(b-h.base, 0)] += weight
}

func (h *tail) raise(by int32) {
	h.base += by
	by = min(by, bins)
	for _, c := range h.counts[:by] {
		if by < bins {
			h.counts[by] += c
		}
	}
	copy(h.counts[:], h.counts[by:])
	clear(h.counts[bins-by:])
}

func (h *tail) halve() {
	for i := range h.counts {
		h.counts[i] /= 2
	}
}

// reached is the size that a count of seen values has reached; 0 when so many have not.
func (h *tail) reached(count float64) float64 {
	sum := 0.0
	for i := bins - 1; i >= 0; i-- {
		c := float64(h.counts[i])
		if sum+c >= count && c > 0 {
			if i == 0 {
				return 0
			}
			low, high := edge(h.base+int32(i)), edge(h.base+int32(i)+1)
			return high - float64((high-low)*((count-sum)/c))
		}
		sum += c
	}
	return 0
}

// channel is one way of deviating, up and down, and how often each size was seen.
type channel struct {
	seen     uint32 // in units of weight
	up, down tail
	upSeen   uint32
	downSeen uint32
}

var (
	KMin, KMax, KMix = 0.3, 1.3, 0.3
	SOne, STwo       = 0.1, 0.01
)

// surprise is the size of −ln of the probability of so great a deviation to its side, by the tail of a Weibull distribution through two quantiles.
func (c *channel) surprise(y float64) float64 {
	l := c.weibull(y)
	n := float64(c.seen) / weight
	if l == 0 {
		return 0
	}
	h := &c.up
	if y < 0 {
		h, y = &c.down, -y
	}
	past := h.beyond(y) / weight
	if past > 0 {
		return math.Min(l, GuardMul*ln((n+1)/(past+0.5))+GuardAdd)
	}
	return math.Max(l, RecMul*ln(n+1))
}

func (h *tail) beyond(y float64) (sum float64) {
	b := binOf(y) - h.base
	for i := max(b, 0); i < bins; i++ {
		sum += float64(h.counts[i])
	}
	return sum
}

var GuardMul, GuardAdd, RecMul = 1.5, 0.0, 1.2

func (c *channel) weibull(y float64) float64 {
	h := &c.up
	if y < 0 {
		h, y = &c.down, -y
	}
	n := float64(c.seen) / weight
	if y == 0 || n < 20 {
		return 0
	}
	s2 := math.Max(STwo, 3/n)
	y1, y2 := h.reached(SOne*float64(c.seen)), h.reached(s2*float64(c.seen))
	t2 := -ln(s2)
	if y2 == 0 {
		y2 = h.reached(0.5 * weight)
		t2 = ln(n + 1)
		if y2 == 0 {
			return math.Min(4*ln(n), maxSurprise)
		}
	}
	k := 1.0
	if y1 > 0 && y1 < y2*0.98 {
		k = ln(t2/-ln(SOne)) / ln(y2/y1)
	} else if y1 > 0 {
		k = KMax
	}
	k = toward(k, 1, KMix)
	k = math.Min(math.Max(k, KMin), KMax)
	return math.Min(float64(t2*power(y/y2, k)), maxSurprise)
}

const maxSurprise = 100

func (c *channel) learn(y float64) {
	if c.seen >= maxSeen {
		c.seen, c.upSeen, c.downSeen = c.seen/2, c.upSeen/2, c.downSeen/2
		c.up.halve()
		c.down.halve()
	}
	c.seen += weight
	if y > 0 {
		c.up.add(y, c.top(&c.up), c.upSeen == 0)
		c.upSeen += weight
	} else if y < 0 {
		c.down.add(-y, c.top(&c.down), c.downSeen == 0)
		c.downSeen += weight
	}
}

func (c *channel) top(h *tail) int32 {
	if y := h.reached(STwo * float64(c.seen)); y > 0 {
		return binOf(y) + 6*octave
	}
	return math.MaxInt32 / 2
}
