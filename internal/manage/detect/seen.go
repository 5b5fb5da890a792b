package detect

import (
	"slices"
	"sort"

	"twoweave/internal/manage/event"
)

// seen remembers the keys of events for the horizons of their types.
type seen struct{ horizons []*horizon }

// horizon remembers keys for one span of log time. A key counts for exactly that span; the two generations only say when memory is given
// back: the older one is dropped when nothing in it can count any more.
type horizon struct {
	span  micros
	young generation
	old   generation
}

// generation is keys in the order they came.
type generation struct {
	number  uint64 // rises by one with each new generation of a horizon
	start   micros
	entries []entry
	index   map[event.Key]uint32
	saved   int // entries that the last delta or snapshot held
}

type entry struct {
	key  event.Key
	body uint64
	at   micros // log time
}

// check says whether the key counts now, and whether with the same body. A key that does not is remembered for span.
func (s *seen) check(key event.Key, body uint64, span, now micros, p *Partition) (known, same bool) {
	for _, h := range s.horizons {
		if e := h.find(key); e != nil && now-e.at <= h.span {
			return true, e.body == body
		}
	}
	s.horizon(span).remember(entry{key, body, now}, p)
	return false, false
}

func (s *seen) horizon(span micros) *horizon {
	i, found := slices.BinarySearchFunc(s.horizons, span, func(h *horizon, span micros) int { return int(h.span - span) })
	if !found {
		s.horizons = slices.Insert(s.horizons, i, &horizon{span: span})
	}
	return s.horizons[i]
}

// rotate gives back what no longer counts.
func (s *seen) rotate(now micros, p *Partition) {
	for _, h := range s.horizons {
		h.rotate(now, p)
	}
}

func (h *horizon) find(key event.Key) *entry {
	if i, ok := h.young.index[key]; ok {
		return &h.young.entries[i]
	}
	if i, ok := h.old.index[key]; ok {
		return &h.old.entries[i]
	}
	return nil
}

func (h *horizon) remember(e entry, p *Partition) {
	if len(h.young.entries) >= max(p.bounds.keys/2, 1) {
		p.account.Forgotten += int64(h.old.counting(e.at - h.span))
		h.turn(e.at, p)
	}
	if len(h.young.entries) == 0 && len(h.old.entries) == 0 {
		h.young.start = e.at
	}
	h.young.append(e)
}

// rotate turns the generations once for each span that has passed; after two nothing counts.
func (h *horizon) rotate(now micros, p *Partition) {
	for range 2 {
		if len(h.young.entries)+len(h.old.entries) == 0 || now-h.young.start < h.span {
			return
		}
		h.turn(min(now, h.young.start+h.span), p)
	}
	if now-h.young.start >= h.span {
		h.young.start = now
	}
}

// turn makes the young generation the old one.
func (h *horizon) turn(start micros, p *Partition) {
	for i := range h.old.savedChunks() {
		p.removed[chunkKey(h.span, h.old.number, i)] = struct{}{}
	}
	h.old = h.young
	h.young = generation{number: h.old.number + 1, start: start}
}

func (g *generation) append(e entry) {
	if g.index == nil {
		g.index = map[event.Key]uint32{}
	}
	g.index[e.key] = uint32(len(g.entries))
	g.entries = append(g.entries, e)
}

// counting is how many entries are not before a moment.
func (g *generation) counting(since micros) int {
	return len(g.entries) - sort.Search(len(g.entries), func(i int) bool { return g.entries[i].at >= since })
}
