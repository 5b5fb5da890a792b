package anomaly

import "math"

// The functions here use +, −, ×, ÷, Frexp, Ldexp, Sqrt and Floor only, which are exact or correctly rounded everywhere. The standard library's Exp and Log are in
// assembly on some machines, and give other last bits there. Products that are summed stand in a conversion, which keeps the compiler from fusing the two.

// The series of ln, in powers of the square of (x−1)/(x+1), and of exp; the last term first.
var (
	odds       = [...]float64{1.0 / 23, 1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3, 1}
	factorials = [...]float64{1.0 / 1307674368000, 1.0 / 87178291200, 1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
		1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2, 1, 1}
)

// ln is the natural logarithm of a positive number, to about 1e-15.
func ln(x float64) float64 {
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = m*2, e-1
	}
	s := (m - 1) / (m + 1)
	s2, sum := s*s, 0.0
	for _, c := range odds {
		sum = float64(sum*s2) + c
	}
	return float64(2*s*sum) + float64(float64(e)*math.Ln2)
}

// exp is e to the x, to about 1e-15; it is 0 and the greatest number at the ends.
func exp(x float64) float64 {
	if x < -700 {
		return 0
	}
	x = math.Min(x, 700)
	k := math.Floor(x/math.Ln2 + 0.5)
	r, sum := x-float64(k*math.Ln2), 0.0
	for _, c := range factorials {
		sum = float64(sum*r) + c
	}
	return math.Ldexp(sum, int(k))
}

// power is x to the k for positive x, of which no more than 1e30 counts.
func power(x, k float64) float64 { return exp(float64(k * ln(math.Min(x, 1e30)))) }

// toward moves a part of the way from one number to another.
func toward(from, to, part float64) float64 { return from + float64(part*(to-from)) }
