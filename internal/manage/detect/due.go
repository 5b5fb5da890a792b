package detect

import "container/heap"

// dueHeap holds the states that must be looked at as time passes, the next first. Its order is total, so the way it was filled does not show.
type dueHeap []*state

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].before(h[j]) }
func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].dueAt, h[j].dueAt = i, j
}

// Push is for container/heap.
func (h *dueHeap) Push(x any) {
	s := x.(*state)
	s.dueAt = len(*h)
	*h = append(*h, s)
}

// Pop is for container/heap.
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	s := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	s.dueAt = -1
	return s
}

// set puts a state at the place of its wake; far is no place.
func (h *dueHeap) set(s *state) {
	switch {
	case s.wake == far:
		h.remove(s)
	case s.dueAt < 0:
		heap.Push(h, s)
	default:
		heap.Fix(h, s.dueAt)
	}
}

func (h *dueHeap) remove(s *state) {
	if s.dueAt >= 0 {
		heap.Remove(h, s.dueAt)
	}
}
