package chain

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
)

// clockSlack is how far two clocks of one installation may be apart, and how far a clock may be put back by a time service, before it counts as set back.
const clockSlack = time.Minute

const pageSize = 2000

// Check is one verification of a chain. Nothing is written.
type Check struct {
	DB       *sqldb.DB
	Table    Table
	Suite    Suite
	Trusted  string               // the installation's public key, base64; empty: the first head's own, and the report says so
	Against  []Head               // as the witness received them; optional
	Progress func(done, of int64) // optional
	Late     time.Duration        // rows linked later than this after their time are counted
}

// Finding is one thing that is wrong. Position is where in the chain, 0 when it is not at one row.
type Finding struct {
	Position int64
	What     string
}

func (f Finding) String() string {
	if f.Position == 0 {
		return f.What
	}
	return fmt.Sprintf("position %d: %s", f.Position, f.What)
}

// Report is what a verification found. The chain is whole when there are no Findings.
type Report struct {
	Installation string
	Position     int64 // of the last row linked
	Checked      int64 // rows that fit
	Loose        int64 // rows not linked yet
	Late         int64
	Heads        int   // kept in the database
	Against      int   // of the witness
	Covered      int64 // the last position that a head of the witness covers
	Trusted      string
	Findings     []Finding
}

// verification is a Check under way.
type verification struct {
	Check
	Report
	state    state
	heads    []Head
	byPlace  map[int64][]signed
	counts   struct{ linked, strange int64 }
	hash     []byte
	linkedAt int64 // the latest so far
	lastAt   int64 // of the last row
	hashes   map[string]hash.Hash
}

// signed is a head with who told of it.
type signed struct {
	Head
	from string
}

func (v *verification) wrong(position int64, format string, args ...any) {
	v.Findings = append(v.Findings, Finding{position, fmt.Sprintf(format, args...)})
}

// Run verifies the chain as it stood when Run began; rows that are linked meanwhile are left for the next time.
func (c Check) Run(ctx context.Context) (Report, error) {
	v := &verification{Check: c, hash: genesis(), byPlace: map[int64][]signed{}, hashes: map[string]hash.Hash{}}
	for name, h := range c.Suite.Hashes {
		v.hashes[name] = h()
	}
	if err := c.DB.View(ctx, v.begin); err != nil {
		return v.Report, fault.Wrap("chain.Check", err)
	}
	v.checkHeads()
	v.checkAgainst()
	if err := v.rows(ctx); err != nil {
		return v.Report, fault.Wrap("chain.Check", err)
	}
	v.sort()
	return v.Report, nil
}

// sort puts the first place in the chain first, and what is at no place last.
func (v *verification) sort() {
	slices.SortStableFunc(v.Findings, func(a, b Finding) int {
		if (a.Position == 0) != (b.Position == 0) {
			return cmp.Compare(b.Position, a.Position)
		}
		return cmp.Compare(a.Position, b.Position)
	})
}

// begin reads, in one snapshot, what the chain says of itself.
func (v *verification) begin(tx *sqldb.Tx) (err error) {
	v.state, err = readState(tx)
	if sqldb.NotFound(err) {
		v.wrong(0, "the state of the chain is missing: it was removed, or the program was never started with this database")
		err = nil
	}
	if err != nil {
		return err
	}
	v.Installation, v.Position = v.state.installation, v.state.position
	if v.heads, err = Heads(tx, -1<<62); err != nil {
		return err
	}
	v.Heads = len(v.heads)
	return tx.QueryRow(`SELECT coalesce(sum(CASE WHEN position > 0 THEN 1 ELSE 0 END), 0), coalesce(sum(CASE WHEN position = 0 THEN 1 ELSE 0 END), 0),
		coalesce(sum(CASE WHEN position < 0 OR (position = 0 AND (alg <> '' OR linked_at <> 0 OR hash IS NOT NULL)) THEN 1 ELSE 0 END), 0) FROM `+v.Table.Name).
		Scan(&v.counts.linked, &v.Loose, &v.counts.strange)
}

// rows follows the chain to the first row that does not fit: nothing after it can be trusted.
func (v *verification) rows(ctx context.Context) error {
	last := int64(0)
	for {
		var page []row
		err := v.DB.View(ctx, func(tx *sqldb.Tx) (err error) {
			page, err = v.Table.page(tx, last, v.state.position, pageSize)
			return err
		})
		if err != nil {
			return err
		}
		for _, r := range page {
			if !v.row(last+1, r) {
				return nil
			}
			last++
			v.Checked = last
		}
		if v.Progress != nil {
			v.Progress(last, v.state.position)
		}
		if len(page) < pageSize {
			break
		}
	}
	v.end(last)
	return nil
}

// row checks one row against the place where it should be.
func (v *verification) row(want int64, r row) bool {
	position, ok := r.position.(int64)
	linkedAt, okAt := r.linkedAt.(int64)
	alg, okAlg := r.alg.(string)
	kept, okHash := r.hash.([]byte)
	switch {
	case !ok || position < want:
		v.wrong(want, "two rows have this position: a row was put in")
		return false
	case position > want:
		v.wrong(want, "%s missing; the next row that is there is at position %d", missingRows(want, position-1), position)
		return false
	case !okAt || !okAlg || !okHash || v.hashes[alg] == nil:
		v.wrong(want, "the row's link is damaged: its algorithm, time or hash is not what this program writes")
		return false
	}
	record, err := v.Table.record(nil, link{v.state.installation, position, linkedAt, alg}, r.values)
	if err != nil {
		v.wrong(want, "the row was changed: %s", fault.Message(err))
		return false
	}
	hash := next(v.hashes[alg], v.hash, record)
	if !bytes.Equal(hash, kept) {
		v.wrong(want, "the row does not fit its hash, though everything before it fits: it was changed, moved here from another place, or put in")
		return false
	}
	return v.times(want, linkedAt, r) && v.signedHere(want, alg, hash)
}

func (v *verification) times(position, linkedAt int64, r row) bool {
	at, _ := v.Table.name(r.values)
	written, _ := at.(int64)
	slack := clockSlack.Microseconds()
	switch {
	case linkedAt < v.linkedAt-slack:
		v.wrong(position, "the clock was set back: linked at %s, the row before it at %s", sqldb.FromMicros(linkedAt).Format(time.RFC3339), sqldb.FromMicros(v.linkedAt).Format(time.RFC3339))
		return false
	case written > linkedAt+slack:
		v.wrong(position, "the clock was set back: the row is of %s and was linked at %s, before it happened", sqldb.FromMicros(written).Format(time.RFC3339), sqldb.FromMicros(linkedAt).Format(time.RFC3339))
		return false
	}
	if v.Check.Late > 0 && linkedAt-written > v.Check.Late.Microseconds() {
		v.Report.Late++
	}
	v.linkedAt, v.lastAt = max(v.linkedAt, linkedAt), linkedAt
	return true
}

// signedHere compares the chain with the heads that were signed at this position.
func (v *verification) signedHere(position int64, alg string, hash []byte) bool {
	v.hash = hash
	for _, h := range v.byPlace[position] {
		if h.Hash != hex.EncodeToString(hash) || h.Alg != alg {
			v.wrong(position, "%s head %d, signed %s, has another hash here: the rows up to here are not those that were signed", h.from, h.Number, h.At.Format(time.RFC3339))
			return false
		}
	}
	return true
}

func (v *verification) end(last int64) {
	switch {
	case last < v.state.position:
		v.wrong(last+1, "%s missing at the end of the chain", missingRows(last+1, v.state.position))
	case !bytes.Equal(v.state.hash, v.hash) || v.state.linkedAt != v.lastAt:
		v.wrong(last, "the end of the chain is not where its state says: the state was changed, or rows were put in after the end")
	case v.counts.linked != last:
		v.wrong(0, "%d rows have a position, the chain has %d: rows were put in", v.counts.linked, last)
	case v.counts.strange != 0:
		v.wrong(0, "%d rows have half a link: rows were changed or put in", v.counts.strange)
	}
}

func missingRows(from, to int64) string {
	if from == to {
		return "this row is"
	}
	return fmt.Sprintf("the rows %d to %d are", from, to)
}
