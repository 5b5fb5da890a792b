package indicator

import "time"

// Measure is what is made of the events in the window.
type Measure string

const (
	Count   Measure = "count"   // how many; also when empty
	Rate    Measure = "rate"    // how many in an hour
	Sum     Measure = "sum"     // of Of, and so on
	Average Measure = "average" //
	Least   Measure = "min"
	Most    Measure = "max"
	// Of the latest reading of each subject: what the things show now.
	LastSum     Measure = "last-sum"
	LastAverage Measure = "last-average"
	LastLeast   Measure = "last-min"
	LastMost    Measure = "last-max"
)

// Measures are all there are.
var Measures = []Measure{Count, Rate, Sum, Average, Least, Most, LastSum, LastAverage, LastLeast, LastMost}

// Last says that only the latest reading of each subject counts.
func (m Measure) Last() bool {
	return m == LastSum || m == LastAverage || m == LastLeast || m == LastMost
}

// OfValues says that the measure needs a number of each event.
func (m Measure) OfValues() bool { return m != "" && m != Count && m != Rate }

// Adds says that the city's value is the sum of its areas', so that its bands are not an area's.
func (m Measure) Adds() bool {
	return m == "" || m == Count || m == Rate || m == Sum || m == LastSum
}

// Value is the measure of a partial value over a window. Nothing happened is zero for what is counted; for anything about readings there is then
// nothing to say.
func (m Measure) Value(p Partial, window time.Duration) (float64, bool) {
	switch m {
	case "", Count:
		return float64(p.Count), true
	case Rate:
		return float64(p.Count) / window.Hours(), true
	case Sum:
		return p.Sum, true
	case LastSum:
		return p.Sum, p.Count > 0
	}
	if p.Count == 0 {
		return 0, false
	}
	switch m {
	case Least, LastLeast:
		return p.Min, true
	case Most, LastMost:
		return p.Max, true
	}
	return p.Sum / float64(p.Count), true
}

// Partial is what is known of some readings. The zero Partial is that of none.
type Partial struct {
	Count int64
	Sum   float64
	Min   float64 // zero when there are none, like Max
	Max   float64
}

// Add takes in one reading.
func (p *Partial) Add(v float64) { p.Merge(Partial{Count: 1, Sum: v, Min: v, Max: v}) }

// Merge takes in other readings.
func (p *Partial) Merge(o Partial) {
	switch {
	case o.Count == 0:
		return
	case p.Count == 0:
		*p = o
		return
	}
	p.Count += o.Count
	p.Sum += o.Sum
	p.Min, p.Max = min(p.Min, o.Min), max(p.Max, o.Max)
}
