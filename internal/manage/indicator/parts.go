package indicator

import (
	"cmp"
	"slices"
	"time"
)

// Parts gathers what the partitions of the log know of one area.
type Parts struct {
	known []known // by partition
}

type known struct {
	part      int
	at, heard time.Time
	Partial
}

// Put takes in a partition's sample, heard at a moment. It is false when the partition has said the same or more already: what is told again after a
// restart.
func (p *Parts) Put(s *Sample, heard time.Time) bool {
	i, found := slices.BinarySearchFunc(p.known, s.Part, func(k known, part int) int { return cmp.Compare(k.part, part) })
	if !found {
		p.known = slices.Insert(p.known, i, known{part: s.Part})
	} else if !s.At.After(p.known[i].at) {
		return false
	}
	k := &p.known[i]
	k.at, k.heard, k.Partial = s.At, heard, s.Partial
	return true
}

// Total is what they know together, merged in the order of partitions, so that it is the same each time; at is the log time of the newest. What was
// heard before since is dropped: each partition says everything once a minute, so a silent one is not computed here any more.
func (p *Parts) Total(since time.Time) (total Partial, at time.Time) {
	p.known = slices.DeleteFunc(p.known, func(k known) bool { return k.heard.Before(since) })
	for _, k := range p.known {
		total.Merge(k.Partial)
		if k.at.After(at) {
			at = k.at
		}
	}
	return total, at
}
