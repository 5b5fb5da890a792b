package window

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
)

// bins is the distribution of a pane's numbers: how many lie in each bin, and the least of them. Bins are as wide as a power of two parts of their octave, at
// first 2^-7; when there are too many, each two neighbours become one (as in UDDSketch, Epicoco and others, 2020). A number's bin is the first bits of
// its encoding, so that no logarithm is rounded. Level and bins depend on the set of numbers alone.
type bins struct {
	all   []bin // rising
	level uint8 // how often neighbours were joined
}

type bin struct {
	low float64 // the least
	n   uint32
}

const (
	maxBins  = 256 // of a pane
	fraction = 7   // bits of the fraction at level 0
	maxLevel = 11  // 2^7 bins for each sign: no more than maxBins
)

// key is the number of the bin; it rises with x.
func key(x float64, level uint8) int64 {
	k := int64(math.Float64bits(math.Abs(x)) >> (52 - fraction))
	if x < 0 {
		k = ^k
	}
	return k >> level
}

func (s *bins) add(e *operator.Event) {
	s.put(bin{e.Number + 0, 1}) // -0 becomes 0
	for len(s.all) > maxBins {
		s.level++
		s.all = joined(s.all, s.level)
	}
}

func (s *bins) put(b bin) {
	at := key(b.low, s.level)
	i, there := slices.BinarySearchFunc(s.all, at, func(x bin, at int64) int { return cmp.Compare(key(x.low, s.level), at) })
	if !there {
		s.all = slices.Insert(s.all, i, b)
		return
	}
	s.all[i].join(b)
}

func (b *bin) join(c bin) {
	b.low = min(b.low, c.low)
	b.n += min(c.n, math.MaxUint32-b.n)
}

// joined puts together what is of one bin at a level; all is rising by their keys.
func joined(all []bin, level uint8) []bin {
	kept := all[:0]
	for _, b := range all {
		if last := len(kept) - 1; last >= 0 && key(kept[last].low, level) == key(b.low, level) {
			kept[last].join(b)
			continue
		}
		kept = append(kept, b)
	}
	return kept
}

func (s *bins) events() (n int64) {
	for _, b := range s.all {
		n += int64(b.n)
	}
	return n
}

// percentile is the nearest-rank one of all numbers of some panes: the least number of the bin it lies in, each bin being as wide as the widest of the panes'.
func percentile(panes []sketch, percent int) (float64, bool) {
	var all []bin
	level, count := uint8(0), int64(0)
	for _, p := range panes {
		s := p.(*bins)
		all = append(all, s.all...)
		level, count = max(level, s.level), count+s.events()
	}
	if count == 0 {
		return 0, false
	}
	slices.SortFunc(all, func(a, b bin) int { return cmp.Compare(a.low, b.low) })
	all = joined(all, level)
	rank := (count*int64(percent) + 99) / 100
	for _, b := range all {
		if rank -= int64(b.n); rank <= 0 {
			return b.low, true
		}
	}
	return 0, false
}

func (s *bins) append(dst []byte) []byte {
	dst = append(dst, s.level)
	dst = binary.AppendUvarint(dst, uint64(len(s.all)))
	for _, b := range s.all {
		dst = binary.BigEndian.AppendUint64(dst, math.Float64bits(b.low))
		dst = binary.AppendUvarint(dst, uint64(b.n))
	}
	return dst
}

func readBins(r *wire.Reader) *bins {
	s := &bins{level: r.Byte()}
	n := r.Uvarint()
	if r.Bad || s.level > maxLevel || n < 1 || n > maxBins {
		r.Bad = true
		return &bins{}
	}
	for range n {
		b := bin{low: math.Float64frombits(r.Fixed())}
		count := r.Uvarint()
		if r.Bad || count < 1 || count > math.MaxUint32 || math.IsNaN(b.low) || math.IsInf(b.low, 0) || b.low == 0 && math.Signbit(b.low) {
			r.Bad = true
			return &bins{}
		}
		b.n = uint32(count)
		if last := len(s.all) - 1; last >= 0 && key(s.all[last].low, s.level) >= key(b.low, s.level) {
			r.Bad = true
			return &bins{}
		}
		s.all = append(s.all, b)
	}
	return s
}
