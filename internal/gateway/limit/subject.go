package limit

import (
	"hash/maphash"
	"sync"
)

// subjects remembers of which things each sender has spoken: who goes on inventing new ones pays for them. The memory is bounded: the older half is forgotten
// when the younger is full, and what is forgotten counts as new.
type subjects struct {
	seed       maphash.Seed
	most       int // of each half
	mu         sync.Mutex
	young, old map[uint64]struct{}
}

func newSubjects(remember int) *subjects {
	return &subjects{seed: maphash.MakeSeed(), most: max(1, remember/2), young: map[uint64]struct{}{}}
}

func (s *subjects) key(sender, subject string) uint64 {
	return maphash.Comparable(s.seed, [2]string{sender, subject})
}

// fresh are the keys among these that are new.
func (s *subjects) fresh(keys map[uint64]struct{}) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range keys {
		_, young := s.young[k]
		_, old := s.old[k]
		if !young && !old {
			n++
		}
	}
	return n
}

func (s *subjects) remember(keys map[uint64]struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range keys {
		if len(s.young) >= s.most {
			s.old, s.young = s.young, make(map[uint64]struct{})
		}
		s.young[k] = struct{}{}
	}
}

// Subjects says whether a sender may speak of these things: of any number that it has spoken of before, and of some new ones.
func (d *Door) Subjects(sender string, named []string) error {
	n, keys := d.newOnes(sender, named)
	if n > 0 {
		if err := d.rate("subjects-account", d.invented, sender, n); err != nil {
			return err
		}
	}
	d.subjects.remember(keys)
	return nil
}

func (d *Door) newOnes(sender string, named []string) (n int, keys map[uint64]struct{}) {
	keys = make(map[uint64]struct{}, len(named))
	for _, subject := range named {
		keys[d.subjects.key(sender, subject)] = struct{}{}
	}
	return d.subjects.fresh(keys), keys
}
