package window

import (
	"time"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
)

// maxPanes is how many panes a machine holds at most, the running one among them.
const maxPanes = 61

// panes are what a machine holds of its events: an unbroken row, in which some are empty, but neither the first nor the last.
// Numbers of panes count widths since 1970.
type panes interface {
	bounds() (lo, next int64)                     // the oldest one's number, and that after the newest one; the same when there are none
	add(w *window, pane int64, e *operator.Event) // not more than maxPanes from any other
	cut(before int64)                             // forgets the older ones
	count(from, to int64) int64                   // events in the panes from from up to to, included
	value(w *window, from, to int64) (float64, bool)
	append(dst []byte) []byte                        // without bounds
	read(w *window, r *wire.Reader, lo int64, n int) // r is Bad, or the first and the last are not empty
}

// paneOf is the number of the pane that a moment lies in.
func (w *window) paneOf(at int64) int64 { return floor(at, w.width) }

func floor(a, by int64) int64 {
	q := a / by
	if a%by < 0 {
		q--
	}
	return q
}

// paneWidth is the least width of the ladder of which at most maxPanes-1 whole ones are needed.
func paneWidth(over int64) int64 {
	for _, rung := range ladder {
		for _, n := range rung.times {
			if width := n * rung.unit.Microseconds(); width*(maxPanes-1) >= over {
				return width
			}
		}
	}
	return (48 * time.Hour).Microseconds() // for MaxOver
}

// ladder is the widths that panes may have: parts of a second, a minute, an hour, a day, so that they begin where these do.
var ladder = []struct {
	unit  time.Duration
	times []int64
}{
	{time.Millisecond, []int64{20, 25, 40, 50, 100, 125, 200, 250, 500}},
	{time.Second, []int64{1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30}},
	{time.Minute, []int64{1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30}},
	{time.Hour, []int64{1, 2, 3, 4, 6, 8, 12, 24}},
}
