package sequence

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
)

// none is the beginning of no chain: before every moment.
const none = math.MinInt64

// entry is one event of a step.
type entry struct {
	at    int64
	seq   uint64
	n     uint32
	begun int64 // the newest time at which a chain of the steps up to this one began that ends here; none when there is no such chain
}

func compare(a, b entry) int {
	if c := cmp.Compare(a.at, b.at); c != 0 {
		return c
	}
	if c := cmp.Compare(a.seq, b.seq); c != 0 {
		return c
	}
	return cmp.Compare(a.n, b.n)
}

func entryOf(e operator.Event) entry { return entry{at: e.At, seq: e.Seq, n: uint32(e.N), begun: none} }

// step is the kept events of one step in their order. Their begun does not go down: a chain that ends in one event could as well end in the next one.
type step []entry

// before is the newest beginning of a chain that ends before e in this step.
func (s step) before(e entry) int64 {
	i, _ := slices.BinarySearchFunc(s, e, compare)
	return s.begunAt(i - 1)
}

// upTo is the same of a chain that ends before e or in it.
func (s step) upTo(e entry) int64 {
	i, here := slices.BinarySearchFunc(s, e, compare)
	if here {
		i++
	}
	return s.begunAt(i - 1)
}

func (s step) begunAt(i int) int64 {
	if i < 0 {
		return none
	}
	return s[i].begun
}

// after is the oldest event after e.
func (s step) after(e entry) (entry, bool) {
	i, here := slices.BinarySearchFunc(s, e, compare)
	if here {
		i++
	}
	if i == len(s) {
		return entry{}, false
	}
	return s[i], true
}

// insert puts e in its place.
func (s *step) insert(e entry) {
	i, _ := slices.BinarySearchFunc(*s, e, compare)
	if i > 0 {
		e.begun = max(e.begun, (*s)[i-1].begun)
	}
	*s = slices.Insert(*s, i, e)
}

// raise takes in what is known about the step before: a chain that ends there is the beginning of one that ends here.
func (s step) raise(earlier step, from entry) {
	i, _ := slices.BinarySearchFunc(s, from, compare)
	begun := int64(none)
	for ; i < len(s); i++ {
		begun = max(begun, s[i].begun, earlier.before(s[i]))
		s[i].begun = begun
	}
}

// trim forgets what no event at or after bound can have a use for, and the oldest of too many.
func (s *step) trim(bound, within int64) {
	closed, _ := slices.BinarySearchFunc(*s, bound, func(e entry, bound int64) int { return cmp.Compare(e.at, bound) })
	drop := max(closed-1, 0)
	if closed > 0 && ((*s)[drop].begun == none || (*s)[drop].begun < bound-within) {
		drop = closed
	}
	drop = max(drop, len(*s)-MaxOpen-1)
	*s = slices.Delete(*s, 0, drop)
}

func (s step) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	last := int64(0)
	for _, e := range s {
		dst = binary.AppendVarint(dst, e.at-last)
		dst = binary.AppendUvarint(dst, e.seq)
		dst = binary.AppendUvarint(dst, uint64(e.n))
		if e.begun == none {
			dst = binary.AppendUvarint(dst, 0)
		} else {
			dst = binary.AppendUvarint(dst, uint64(e.at-e.begun)+1)
		}
		last = e.at
	}
	return dst
}

// readStep reads what append wrote; the reader is Bad when the entries could not be a step's.
func readStep(r *wire.Reader) step {
	count := r.Uvarint()
	if r.Bad || count > MaxOpen+1 {
		r.Bad = true
		return nil
	}
	s := make(step, 0, count)
	last := entry{begun: none}
	for range count {
		e := readEntry(r, last.at)
		if r.Bad || e.begun < last.begun || len(s) > 0 && compare(last, e) >= 0 {
			r.Bad = true
			return nil
		}
		s, last = append(s, e), e
	}
	return s
}

func readEntry(r *wire.Reader, last int64) entry {
	e := entry{at: last + r.Varint(), seq: r.Uvarint(), begun: none}
	n, length := r.Uvarint(), r.Uvarint()
	if length > 0 {
		e.begun = e.at - int64(length-1)
	}
	if n > math.MaxUint32 || length > math.MaxInt64 || length > 0 && (e.begun > e.at || e.begun == none) {
		r.Bad = true
	}
	e.n = uint32(n)
	return e
}
