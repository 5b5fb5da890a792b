package bus

import (
	"iter"
	"math/bits"
)

// Partitions is the number of virtual partitions of the log. It is part of the data's format and never changes.
const Partitions = 64

// PartSet is a set of partitions. The zero value is the empty set.
type PartSet uint64

// AllParts is every partition.
const AllParts = ^PartSet(0)

// Parts is the set of the given partitions; numbers outside 0 … 63 are left out.
func Parts(parts ...int) PartSet {
	var s PartSet
	for _, p := range parts {
		s = s.Add(p)
	}
	return s
}

// Has reports whether part is in the set.
func (s PartSet) Has(part int) bool { return validPart(part) && s&(1<<part) != 0 }

// Add is the set with part in it.
func (s PartSet) Add(part int) PartSet {
	if !validPart(part) {
		return s
	}
	return s | 1<<part
}

// Remove is the set without part.
func (s PartSet) Remove(part int) PartSet {
	if !validPart(part) {
		return s
	}
	return s &^ (1 << part)
}

// Len is the number of partitions in the set.
func (s PartSet) Len() int { return bits.OnesCount64(uint64(s)) }

// All yields the partitions of the set in rising order.
func (s PartSet) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for rest := uint64(s); rest != 0; rest &= rest - 1 {
			if !yield(bits.TrailingZeros64(rest)) {
				return
			}
		}
	}
}

func validPart(part int) bool { return part >= 0 && part < Partitions }
