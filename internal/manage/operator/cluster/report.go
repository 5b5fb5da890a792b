package cluster

import (
	"cmp"
	"container/heap"
	"slices"

	"twoweave/internal/base/geo"
)

// report is one report that is kept.
type report struct {
	at      int64
	seq     uint64
	n       int
	place   geo.Point
	where   geo.Cartesian
	from    *source
	label   *label // nil when it has none
	payload []byte
	count   int // of the cluster that it is the centre of, among what is kept
}

// source is whom reports come from.
type source struct {
	name    string
	reports int
	round   uint64 // in which it was last counted
}

// label names a cluster on its reports.
type label struct {
	name  string
	given uint64 // the how manieth it is
}

func compare(a, b *report) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq), cmp.Compare(a.n, b.n))
}

func (r *report) before(o *report) bool { return compare(r, o) < 0 }

// payloads are those of the reports, in order.
func payloads(all []*report) [][]byte {
	var out [][]byte
	for _, r := range slices.SortedFunc(slices.Values(all), compare) {
		out = append(out, r.payload)
	}
	return out
}

// queue holds reports as a heap, the oldest first.
type queue []*report

func (q *queue) push(r *report) { heap.Push(q, r) }
func (q *queue) pop() *report   { return heap.Pop(q).(*report) }

// The methods of container/heap.

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].before(q[j]) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push is for container/heap.
func (q *queue) Push(x any) { *q = append(*q, x.(*report)) }

// Pop is for container/heap.
func (q *queue) Pop() any {
	last := len(*q) - 1
	r := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return r
}
