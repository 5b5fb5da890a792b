package window

import (
	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
)

// sketch is what a pane holds of texts or of the distribution of numbers. The same events make the same sketch, in whatever order they come.
type sketch interface {
	add(e *operator.Event)
	events() int64
	append(dst []byte) []byte
}

// row is panes that are sketches; nil is an empty one.
type row struct {
	lo  int64
	all []sketch
}

func (w *window) newSketch() sketch {
	if w.measure == Distinct {
		return &names{}
	}
	return &bins{}
}

func (s *row) bounds() (lo, next int64) { return s.lo, s.lo + int64(len(s.all)) }

func (s *row) add(w *window, pane int64, e *operator.Event) {
	lo, next := s.bounds()
	switch {
	case lo == next:
		s.lo, s.all = pane, make([]sketch, 1)
	case pane >= next:
		s.all = append(s.all, make([]sketch, pane-next+1)...)
	case pane < lo:
		s.lo, s.all = pane, append(make([]sketch, lo-pane), s.all...)
	}
	if s.all[pane-s.lo] == nil {
		s.all[pane-s.lo] = w.newSketch()
	}
	s.all[pane-s.lo].add(e)
}

func (s *row) cut(before int64) {
	lo, next := s.bounds()
	from := max(before, lo)
	for from < next && s.all[from-lo] == nil {
		from++
	}
	if from >= next {
		s.lo, s.all = 0, nil
		return
	}
	kept := copy(s.all, s.all[from-lo:])
	clear(s.all[kept:])
	s.lo, s.all = from, s.all[:kept]
}

// within are the panes from from up to to that are not empty.
func (s *row) within(from, to int64) (all []sketch) {
	lo, next := s.bounds()
	for pane := max(from, lo); pane <= to && pane < next; pane++ {
		if x := s.all[pane-lo]; x != nil {
			all = append(all, x)
		}
	}
	return all
}

func (s *row) count(from, to int64) (all int64) {
	for _, x := range s.within(from, to) {
		all += x.events()
	}
	return all
}

func (s *row) value(w *window, from, to int64) (float64, bool) {
	if w.measure == Distinct {
		return distinct(s.within(from, to)), true
	}
	return percentile(s.within(from, to), w.percent)
}

// append writes a 0 for an empty pane, else a 1 before the sketch.
func (s *row) append(dst []byte) []byte {
	for _, x := range s.all {
		if x == nil {
			dst = append(dst, 0)
			continue
		}
		dst = x.append(append(dst, 1))
	}
	return dst
}

func (s *row) read(w *window, r *wire.Reader, lo int64, n int) {
	s.lo = lo
	for i := range n {
		there := r.Byte()
		edge := i == 0 || i == n-1
		if r.Bad = r.Bad || there > 1 || edge && there == 0; r.Bad {
			s.all = nil
			return
		}
		var x sketch
		switch {
		case there == 0:
		case w.measure == Distinct:
			x = readNames(r)
		default:
			x = readBins(r)
		}
		s.all = append(s.all, x)
	}
}
