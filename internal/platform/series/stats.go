package series

import "log/slog"

// Stats accounts for the samples offered since Open: Offered = Stored + Duplicate + Conflicting + TooOld + Ahead
// + Failed.
type Stats struct {
	Offered     uint64 // well-formed samples
	Stored      uint64
	Duplicate   uint64 // the series' newest sample, or one of the last hour's late ones, again (or twice in one call)
	Conflicting uint64 // the time of the series' newest sample with another value: the held value stays
	TooOld      uint64 // more than OutOfOrderWindow behind the store's newest sample
	Ahead       uint64 // more than AheadLimit ahead of the clock
	Failed      uint64 // in a call that returned an error
}

// Refused is how many offered samples carried news and were not stored.
func (s Stats) Refused() uint64 { return s.Conflicting + s.TooOld + s.Ahead }

// Stats gives the account. A repetition of a sample that is neither its series' newest nor among its late ones cannot be told from a late
// one when it comes; it is counted as Stored, and reads merge the two.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.account()
}

func (s *Store) account() Stats {
	n := s.tsdbCounts()
	a := Stats{Offered: s.offered, Conflicting: s.conflict, Ahead: s.ahead, Failed: s.failed, Stored: n[countStored]}
	a.TooOld = n[countTooOld] + n[countOutOfBound] + n[countOutOfOrder]
	a.Duplicate = a.Offered - a.Stored - a.Refused() - a.Failed
	return a
}

// The library drops an exact repetition without a word and may refuse a sample as late as in its commit; only its own counters know.
const (
	countStored     = "prometheus_tsdb_head_samples_appended_total"
	countTooOld     = "prometheus_tsdb_too_old_samples_total"
	countOutOfBound = "prometheus_tsdb_out_of_bound_samples_total"
	countOutOfOrder = "prometheus_tsdb_out_of_order_samples_total"
)

func (s *Store) tsdbCounts() map[string]uint64 {
	families, err := s.registry.Gather()
	if err != nil {
		s.o.Log.Error("reading the series library's counters", "error", err)
	}
	counts := map[string]uint64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			counts[f.GetName()] += uint64(m.GetCounter().GetValue())
		}
	}
	return counts
}

// report tells the log that samples were refused, at most once in reportEvery: a device with a wrong clock sends many.
func (s *Store) report() {
	now := s.o.Clock.Now()
	if since := now.Sub(s.reported); !s.unreported || since >= 0 && since < reportEvery {
		return
	}
	s.reported, s.unreported = now, false
	a := s.account()
	s.o.Log.Warn("series: samples were not stored, counted since the start", slog.Uint64("too_old", a.TooOld),
		slog.Uint64("ahead_of_clock", a.Ahead), slog.Uint64("conflicting", a.Conflicting), slog.Uint64("stored", a.Stored))
}
