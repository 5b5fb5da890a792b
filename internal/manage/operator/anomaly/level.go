package anomaly

import "math"

// levels are means of the values, over ever longer times.
type levels struct {
	last, fast, slow, long, longest float64
}

const (
	fastRate    = 0.3
	slowRate    = 0.03
	longRate    = 0.002
	longestRate = 0.0002
)

func (l *levels) start(x float64) { *l = levels{x, x, x, x, x} }

func (l *levels) learnLevels(n uint64, x float64) {
	l.last = x
	l.fast = toward(l.fast, x, rate(n, fastRate))
	l.slow = toward(l.slow, x, rate(n, slowRate))
	l.long = toward(l.long, x, rate(n, longRate))
	l.longest = toward(l.longest, x, rate(n, longestRate))
}

// rate is how much of the way a mean moves towards the value that comes after n others: like the mean of them all until that is slower than least.
func rate(n uint64, least float64) float64 { return math.Max(1/float64(n+1), least) }
