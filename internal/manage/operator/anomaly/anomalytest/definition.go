// Package anomalytest is the definition of the anomaly operator's score, read off the complete list of a subject's values, without running state.
//
// It is what the operator's tests, and those of detection, compare the operator with. It looks at the whole list again for each value, keeps every deviation there
// ever was as a number in a list, and uses the standard library's logarithm: its scores agree with the operator's to about twelve digits. It knows no fading
// of histories, so it is for lists of at most MaxValues. Nothing outside of tests imports it.
package anomalytest

import (
	"math"
	"time"
)

// MaxValues is how long a list may be.
const MaxValues = 3700

// Value is one value of a subject: no older than the one before it, and at most 35 days younger.
type Value struct {
	At int64 // µs since 1970
	X  float64
}

// Judgement is the score of a value, and what was expected in its place, which means nothing for the first.
type Judgement struct{ Score, Expected float64 }

// Judge judges each value of the list.
func Judge(every, season time.Duration, all []Value) (judged []Judgement) {
	d := definition{every: every.Microseconds(), season: season, all: all}
	for j := range all {
		d.look(j)
		s := d.shown(j)
		judged = append(judged, Judgement{s / (s + 9), d.said[j]})
	}
	return judged
}

// definition holds what was found out about each value of the list.
type definition struct {
	every  int64
	season time.Duration
	all    []Value

	guesses [][8]float64
	known   [][8]bool
	said    []float64
	most    []float64     // the greatest surprise of its deviations, weighed: jump, season, swing, still, extent
	held    []bool        // an alarm before it stands for it
	gaps    []int64       // the usual time between two values once it is there, µs
	past    [5][2]history // the sizes of the deviations, by kind and side
}

func toward(from, to, part float64) float64 { return from + float64(part*(to-from)) }

// look finds out about value j, given what was found about those before.
func (d *definition) look(j int) {
	d.gaps = append(d.gaps, d.gap(j))
	var guesses [8]float64
	var known [8]bool
	var off [5]float64
	said, most := 0.0, 0.0
	if j > 0 {
		guesses, known = d.guess(j)
		said = guesses[d.bestOf(j, known, 1, 0, 2, 6, 7, 4, 5)]
		swing, still := d.changes(j)
		x := d.all[j].X
		off = [5]float64{x - said, x - guesses[d.bestOf(j, known, 3, 4, 5)], swing, still, x - d.level(j, 0.0002)}
	}
	for kind, worth := range []float64{1, 1, 1.1, 0.7, 1} {
		if j >= 60 {
			most = math.Max(most, worth*d.surprise(kind, j, off[kind]))
		}
		d.remember(kind, j, off[kind])
	}
	d.guesses, d.known, d.said, d.most = append(d.guesses, guesses), append(d.known, known), append(d.said, said), append(d.most, most)
	d.held = append(d.held, d.holds(j))
}

// level is a mean of the values before j: of them all at first, and with a rate at least.
func (d *definition) level(j int, rate float64) float64 {
	v := d.all[0].X
	for i := 1; i < j; i++ {
		v = toward(v, d.all[i].X, math.Max(1/float64(i+1), rate))
	}
	return v
}

// gap is the usual time between two values, once value j is there.
func (d *definition) gap(j int) int64 {
	if j == 0 || d.every > 0 {
		return d.every
	}
	gap, between := d.gaps[j-1], d.all[j].At-d.all[j-1].At
	part := gap/int64(max(2, min(j, 16))) + 1
	switch {
	case j == 1:
		return between
	case between > gap:
		return gap + part
	case between < gap:
		return max(gap-part, 1)
	}
	return gap
}

// slot is the level, before j, of j's part of the season, and how many values it is made of.
func (d *definition) slot(j int, season, width time.Duration) (mean float64, n int) {
	of := func(i int) int64 {
		s := season.Microseconds()
		return ((d.all[i].At%s + s) % s) / width.Microseconds()
	}
	for i := range j {
		if of(i) == of(j) {
			visit := math.Min(1, float64(d.gaps[i])/float64(width.Microseconds()))
			mean = toward(mean, d.all[i].X, math.Max(1/float64(n+1), 0.08*visit))
			n++
		}
	}
	return mean, n
}

// guess is what each predictor says of value j: the last one; the mean of the last few, the last hundred, the last thousand; the level of the time of day, of
// the week; and these with the last values' distance from them.
func (d *definition) guess(j int) (g [8]float64, known [8]bool) {
	day, dayN := d.slot(j, 24*time.Hour, 15*time.Minute)
	week, weekN := d.slot(j, 168*time.Hour, time.Hour)
	g = [8]float64{d.all[j-1].X, d.level(j, 0.3), d.level(j, 0.03), d.level(j, 0.002), day, week, day + d.distance(j, 4), week + d.distance(j, 5)}
	daily, weekly := dayN >= 2 && d.season != 168*time.Hour, weekN >= 2 && d.season != 24*time.Hour
	return g, [8]bool{true, true, true, true, daily, weekly, daily, weekly}
}

// distance is how far the values before j were off a predictor.
func (d *definition) distance(j, p int) (off float64) {
	for i := 1; i < j; i++ {
		if d.known[i][p] {
			off = toward(off, d.all[i].X-d.guesses[i][p], 0.15)
		}
	}
	return off
}

// failure is the mean error of a predictor before j, and of how many it is.
func (d *definition) failure(j, p int) (mean float64, n int) {
	for i := 1; i < j; i++ {
		if d.known[i][p] {
			mean = toward(mean, math.Abs(d.all[i].X-d.guesses[i][p]), math.Max(1/float64(n+1), 0.01))
			n++
		}
	}
	return mean, n
}

func (d *definition) bestOf(j int, known [8]bool, among ...int) int {
	best, least := among[0], math.Inf(1)
	for _, p := range among {
		if e, n := d.failure(j, p); known[p] && n >= 20 && e < least {
			best, least = p, e
		}
	}
	return best
}

// changes are how much values change lately against usually, and the reverse.
func (d *definition) changes(j int) (swing, still float64) {
	lately, usually := 0.0, 0.0
	for i := 1; i <= j; i++ {
		c := math.Abs(d.all[i].X - d.all[i-1].X)
		lately, usually = toward(lately, c, math.Max(1/float64(i+1), 0.08)), toward(usually, c, math.Max(1/float64(i+1), 0.001))
	}
	if usually == 0 {
		return 0, 0
	}
	return lately / usually, usually / (lately + float64(usually*0.02))
}

// shown is the surprise that value j shows: less than half of it while an alarm holds.
func (d *definition) shown(j int) float64 {
	if d.held[j] {
		return math.Min(d.most[j], 9) / 2
	}
	return d.most[j]
}

// holds says that an alarm of the last 36 values or the last hour, or a greater surprise of longer ago, stands for what is surprising in value j, which is not
// half as much again.
func (d *definition) holds(j int) bool {
	memory, recent := 0.0, false
	for i := range j {
		memory *= 0.9985
		if d.most[i] < 9 {
			continue
		}
		memory = math.Max(memory, math.Min(d.most[i], 40))
		recent = recent || !d.held[i] && (j-i < 36 || d.all[j].At < d.all[i].At+time.Hour.Microseconds())
	}
	if kept := math.Min(d.most[j], 40); kept >= 9 && kept >= float64(memory*1.5) {
		return false
	}
	return recent || d.most[j] < float64(memory*0.65)
}
