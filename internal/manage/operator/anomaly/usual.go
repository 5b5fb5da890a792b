package anomaly

import "math"

const (
	enough        = 20 * unit // weight from which on there is anything to compare with
	greatestFades = 0.998     // with each block
	common        = 0.1       // the parts of all values whose sizes the tail is drawn through
	rare          = 0.01
	heavy, light  = 0.5, 1.3 // exponents: heavier and lighter tails are taken for these
	plain         = 0.7      // how far an exponent is drawn towards that of the exponential distribution, 1
	record        = 7.4      // surprise of what is just greater than ever
	recordGrows   = 1.3      // but at most this much for each −ln of 1 in n, while little was seen
	recordPower   = 0.8      // how the surprise grows beyond, against the tail's exponent
	repeated      = 2.0      // at most this many times the −ln of how often it was so great
	utmost        = 100.0
)

// usuals is the history of one kind of deviation, to both sides.
type usuals struct {
	seen     uint32 // weight of all values, to either side or none
	up, down tail
}

func (u *usuals) side(y float64) (*tail, float64) {
	if y < 0 {
		return &u.down, -y
	}
	return &u.up, y
}

// surprise is about −ln of the probability that a value deviates so far to its side.
func (u *usuals) surprise(y float64) float64 {
	h, y := u.side(y)
	if y == 0 || u.seen < enough {
		return 0
	}
	n := float64(u.seen) / unit
	s, exponent := u.drawn(h, y, n)
	if often := h.beyond(y) / unit; often > 0 {
		s = math.Min(s, float64(repeated*ln((n+1)/(often+0.5))))
	}
	if h.greatest > 0 && y > h.greatest {
		s = math.Max(s, float64(math.Min(record, float64(recordGrows*ln(n+1)))*power(y/h.greatest, float64(exponent*recordPower))))
	}
	return math.Min(s, utmost)
}

// drawn reads the surprise off the tail of a Weibull distribution through two of its sizes, and says its exponent. When nearly all values do not deviate at
// all, there is one size or none.
func (u *usuals) drawn(h *tail, y, n float64) (s, exponent float64) {
	share := math.Max(rare, 3/n)
	one, two := h.reached(float64(common*float64(u.seen))), h.reached(float64(share*float64(u.seen)))
	if two == 0 {
		two, share = h.reached(0.5*unit), 1/(n+1)
	}
	if two == 0 {
		return float64(4 * ln(n)), 1
	}
	exponent = 1
	switch {
	case one > 0 && one < float64(0.98*two):
		exponent = ln(ln(share)/ln(common)) / ln(two/one)
	case one > 0:
		exponent = 2
	}
	exponent = math.Min(math.Max(toward(exponent, 1, plain), heavy), light)
	return float64(-ln(share) * power(y/two, exponent)), exponent
}

// learn takes in the deviation of the value that comes after n others.
func (u *usuals) learn(y float64, n uint64) {
	if u.seen >= mostSeen {
		u.seen /= 2
		u.up.fade()
		u.down.fade()
	}
	u.seen += unit
	if h, y := u.side(y); y > 0 {
		h.add(y, u.top(h))
	}
	if n%block == 0 {
		u.up.turn()
		u.down.turn()
	}
}

func (u *usuals) top(h *tail) int32 {
	if y := h.reached(float64(rare * float64(u.seen))); y > 0 {
		return binOf(y) + headroom
	}
	return math.MaxInt32
}
