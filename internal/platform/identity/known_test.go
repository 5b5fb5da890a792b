package identity

import (
	"testing"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

// Strangers who guess keep every place busy that they can have, and stand in a row as long as it may be: who has signed in on this browser before is let in
// all the same, and who has not is asked to try again.
func TestWhoIsKnownStandsInNoRowWithStrangers(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, Migrations, func(t *testing.T, db *sqldb.DB) {
		h := NewHasher(cheap, 2, 3)
		w := newWorld(t, db, h)
		w.hired("li", access.Operator)
		before, err := w.signIn("li", good, Client{Address: "10.0.0.1"})
		w.must(err)
		for len(h.waiting) < cap(h.waiting) {
			h.waiting <- struct{}{}
		}
		h.unknown <- struct{}{} // once those who were here before have rested
		h.running <- struct{}{} // the one stranger that is computed
		if _, err := w.signIn("li", good, Client{Address: "10.0.0.1", Marks: before.Marks}); err != nil {
			w.Errorf("on a browser that is known: %v", err)
		}
		if _, err := w.signIn("li", good, Client{Address: "10.0.0.1", Marks: []string{"made.up"}}); !fault.Is(err, fault.Unavailable) {
			w.Errorf("on another: %v", err)
		}
	})
}
