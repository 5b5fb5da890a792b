package bus

import (
	"context"
	"sync"
)

// signal ends what waits for something that will not come any more. Each firing reaches those who joined before it. The zero value is
// ready.
type signal struct {
	mu      sync.Mutex
	next    int
	waiting map[int]context.CancelFunc
}

func (s *signal) fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, cancel := range s.waiting {
		cancel()
	}
	s.waiting = nil
}

// join is ctx, ended too when the signal fires. The caller calls leave when it waits no longer.
func (s *signal) join(ctx context.Context) (joined context.Context, leave context.CancelFunc) {
	joined, cancel := context.WithCancel(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == nil {
		s.waiting = map[int]context.CancelFunc{}
	}
	id := s.next
	s.next++
	s.waiting[id] = cancel
	return joined, func() {
		cancel()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.waiting, id)
	}
}
