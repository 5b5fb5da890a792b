package detect

import (
	"context"
	"sync"

	"twoweave/internal/base/fault"
	"twoweave/internal/reform/pack"
)

// sets loads each activation's packs once for all partitions, and keeps the latest few.
type sets struct {
	loader Loader
	mu     sync.Mutex
	kept   []keptSet
}

type keptSet struct {
	activation string
	set        *pack.Set
}

// maxSets is how many activations can be in use at the same time: partitions that are behind may be at an older one.
const maxSets = 4

// load is the set of an activation; nil for none.
func (s *sets) load(ctx context.Context, a Activation) (*pack.Set, error) {
	if a.Activation == "" {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.kept {
		if k.activation == a.Activation {
			return k.set, nil
		}
	}
	set, err := s.loader.Load(ctx, a)
	if err != nil {
		return nil, fault.Wrap("detect.load", err)
	}
	if set.Activation != a.Activation {
		return nil, fault.New(fault.Invalid, "detect.load", "the packs of activation %s give %s", a.Activation, set.Activation)
	}
	s.kept = append(s.kept, keptSet{a.Activation, set})
	s.kept = s.kept[max(0, len(s.kept)-maxSets):]
	return set, nil
}

// await is load that does not give up while the store is away.
func (s *sets) await(ctx context.Context, a Activation) (*pack.Set, error) {
	for n := 0; ; n++ {
		set, err := s.load(ctx, a)
		if err == nil || !passing(err) || pause(ctx, n) != nil {
			return set, err
		}
	}
}
