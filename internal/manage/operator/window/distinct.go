package window

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
)

// names is which texts a pane has seen: their hashes while they are few, then a HyperLogLog of 1024 registers (Flajolet and others, 2007). Both depend on the
// set of hashes alone.
type names struct {
	n         int64
	hashes    []uint64 // rising
	registers []byte   // nil while hashes are kept
}

const (
	maxHashes = 128  // of a pane; then registers take no more room
	exactly   = 1024 // up to as many hashes in all panes together are counted exactly when all panes have theirs
	precision = 10   // 2^10 registers
	registers = 1 << precision
	maxRank   = 64 - precision + 1
)

// hash is FNV-1a, its bits mixed as at the end of MurmurHash3, since HyperLogLog needs all of them to be even.
func hash(text string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

func (s *names) add(e *operator.Event) {
	s.n++
	h := hash(e.Text)
	if s.registers != nil {
		register(s.registers, h)
		return
	}
	i, known := slices.BinarySearch(s.hashes, h)
	if known {
		return
	}
	if s.hashes = slices.Insert(s.hashes, i, h); len(s.hashes) > maxHashes {
		s.registers = make([]byte, registers)
		for _, h := range s.hashes {
			register(s.registers, h)
		}
		s.hashes = nil
	}
}

// register takes in a hash: its first bits choose the register, its rank is the place of the first 1 in the others.
func register(all []byte, h uint64) {
	i := h >> (64 - precision)
	rank := byte(min(bits.LeadingZeros64(h<<precision)+1, maxRank))
	all[i] = max(all[i], rank)
}

func (s *names) events() int64 { return s.n }

// distinct is how many different texts there are in all of some panes.
func distinct(panes []sketch) float64 {
	var hashes []uint64
	few := true
	for _, p := range panes {
		hashes = append(hashes, p.(*names).hashes...)
		few = few && p.(*names).registers == nil
	}
	if few && len(hashes) <= exactly {
		slices.Sort(hashes)
		return float64(len(slices.Compact(hashes)))
	}
	all := make([]byte, registers)
	for _, h := range hashes {
		register(all, h)
	}
	for _, p := range panes {
		for i, rank := range p.(*names).registers {
			all[i] = max(all[i], rank)
		}
	}
	return math.Round(estimate(all))
}

// estimate is Ertl's improved raw estimator (New cardinality estimation algorithms for HyperLogLog sketches, 2017, algorithm 6), which has no bias for small
// numbers either. The conversions keep products and sums apart on every machine.
func estimate(all []byte) float64 {
	var ranks [maxRank + 1]float64
	for _, rank := range all {
		ranks[rank]++
	}
	const m = float64(registers)
	z := float64(m * tau(1-ranks[maxRank]/m))
	for k := maxRank - 1; k >= 1; k-- {
		z = float64(0.5 * (z + ranks[k]))
	}
	z += float64(m * sigma(ranks[0]/m))
	return float64(m*m/z) / (2 * math.Ln2)
}

func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for {
		x = float64(x * x)
		before := z
		z += float64(x * y)
		y += y
		if z == before {
			return z
		}
	}
}

func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for {
		x = math.Sqrt(x)
		before := z
		y = float64(0.5 * y)
		z -= float64(float64((1-x)*(1-x)) * y)
		if z == before {
			return z / 3
		}
	}
}

// append writes how many hashes there are and the hashes; a 0 and the registers when these are kept.
func (s *names) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(s.n))
	dst = binary.AppendUvarint(dst, uint64(len(s.hashes)))
	for _, h := range s.hashes {
		dst = binary.BigEndian.AppendUint64(dst, h)
	}
	return append(dst, s.registers...)
}

func readNames(r *wire.Reader) *names {
	s := &names{n: int64(r.Uvarint())}
	few := r.Uvarint()
	if few == 0 {
		s.registers = slices.Clone(r.Take(registers))
		for _, rank := range s.registers {
			r.Bad = r.Bad || rank > maxRank
		}
		if len(s.registers) == 0 {
			r.Bad = true
		}
	}
	if r.Bad || few > maxHashes || s.n <= 0 {
		r.Bad = true
		return &names{}
	}
	for range few {
		s.hashes = append(s.hashes, r.Fixed())
	}
	for i := 1; i < len(s.hashes); i++ {
		r.Bad = r.Bad || s.hashes[i] <= s.hashes[i-1]
	}
	return s
}
