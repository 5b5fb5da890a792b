package series

import "twoweave/internal/base/fault"

// Snapshot writes all samples, the newest too, as blocks into an empty folder, from which Open reads them. Appending goes on.
func (s *Store) Snapshot(dir string) error {
	return fault.Wrap("series.Snapshot", s.db.Snapshot(dir, true))
}
