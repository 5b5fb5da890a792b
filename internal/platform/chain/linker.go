package chain

import (
	"context"
	"encoding/hex"
	"log/slog"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/platform/signing"
	"twoweave/internal/platform/sqldb"
)

const (
	lookEvery = 500 * time.Millisecond // how long a row waits for its link at most, when one look takes all of them
	lease     = 10 * time.Second
	lastWord  = 5 * time.Second // for what is left at the stop
	batch     = 500             // rows linked in one transaction
)

// Options are what a Linker works with; all but Tell are needed.
type Options struct {
	DB     *sqldb.DB
	Clock  clock.Clock
	Log    *slog.Logger
	Table  Table
	Suite  Suite
	Hash   string // the algorithm of new links
	Signer signing.Signer
	Every  time.Duration // a head when the last one is older, and there are rows after it
	Rows   int64         // a head after so many rows
	// Tell sends a head to the witness; it runs in the transaction that keeps the head. Optional.
	Tell func(tx *sqldb.Tx, h Head) error
}

// Linker links the rows of one installation's table.
type Linker struct {
	o     Options
	owner string
}

// NewLinker makes a Linker.
func NewLinker(o Options) *Linker { return &Linker{o: o, owner: ident.New()} }

// Start gives the installation its name when it has none yet.
func (l *Linker) Start(ctx context.Context) error {
	return fault.Wrap("chain.Start", l.o.DB.Update(ctx, func(tx *sqldb.Tx) error { return begin(tx, ident.New()) }))
}

// Run links and signs until ctx ends. What fails is logged and tried again: rows wait unlinked meanwhile, and Lag tells so.
func (l *Linker) Run(ctx context.Context) error {
	for {
		n, err := l.Step(ctx)
		if err != nil && ctx.Err() == nil {
			l.o.Log.Error("audit rows could not be linked; they wait", "error", err)
		}
		if n == batch && err == nil {
			continue
		}
		if err := l.o.Clock.Wait(ctx, l.o.Clock.Now().Add(lookEvery)); err != nil {
			l.finish(context.WithoutCancel(ctx))
			return err
		}
	}
}

// finish links what is left and signs it, so that a program that is stopped leaves nothing loose, and lets the next one begin at once.
func (l *Linker) finish(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastWord)
	defer cancel()
	n, err := batch, error(nil)
	for n == batch && err == nil {
		n, err = l.Step(ctx)
	}
	if err == nil {
		err = l.Head(ctx)
	}
	if err == nil {
		err = l.release(ctx, ` AND owner = $1`, l.owner)
	}
	if err != nil {
		l.o.Log.Warn("audit rows were not linked at the stop; the next program does it", "error", err)
	}
}

// Step links what one transaction takes, signs a head if one is due, and says how many rows were linked.
func (l *Linker) Step(ctx context.Context) (linked int, err error) {
	if linked, err = l.link(ctx); err != nil {
		return 0, fault.Wrap("chain.link", err)
	}
	return linked, fault.Wrap("chain.head", l.head(ctx, false))
}

// Head signs a head now, if there are rows after the last one.
func (l *Linker) Head(ctx context.Context) error { return fault.Wrap("chain.Head", l.head(ctx, true)) }

// TakeOver ends the lease of any Linker, for a program that knows that it is dead: rows need not wait until it runs out.
func (l *Linker) TakeOver(ctx context.Context) error {
	return fault.Wrap("chain.TakeOver", l.release(ctx, ``))
}

func (l *Linker) release(ctx context.Context, of string, args ...any) error {
	return l.o.DB.Update(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`UPDATE audit_chain SET leased_until = 0 WHERE one = 1`+of, args...)
		return err
	})
}

// mine says whether this Linker may work. A lease that ends later than any lease could is of a time before the clock was set back, and binds nobody.
func (l *Linker) mine(s state, now time.Time) bool {
	return s.owner == l.owner || s.until <= sqldb.Micros(now) || s.until > sqldb.Micros(now.Add(lease))
}

// link looks in a View, since reading under Update would set every command that writes on the audit at odds with this one.
func (l *Linker) link(ctx context.Context) (int, error) {
	var s state
	var rows []row
	err := l.o.DB.View(ctx, func(tx *sqldb.Tx) (err error) {
		if s, err = readState(tx); err == nil && l.mine(s, l.o.Clock.Now()) {
			rows, err = l.o.Table.loose(tx, batch)
		}
		return err
	})
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	linked := 0
	err = l.o.DB.Update(sqldb.Background(ctx), func(tx *sqldb.Tx) error {
		linked = 0
		ok, err := l.chain(tx, s, rows)
		if ok {
			linked = len(rows)
		}
		return err
	})
	return linked, err
}

// chain links rows after s. When another Linker was here since s was read, it changes nothing.
func (l *Linker) chain(tx *sqldb.Tx, s state, rows []row) (bool, error) {
	now := l.o.Clock.Now()
	h := l.o.Suite.Hashes[l.o.Hash]()
	before, hash := s, s.hash
	hashes := make([][]byte, len(rows))
	for i, r := range rows {
		record, err := l.o.Table.record(nil, link{s.installation, s.position + int64(i) + 1, sqldb.Micros(now), l.o.Hash}, r.values)
		if err != nil {
			return false, err
		}
		hash = next(h, hash, record)
		hashes[i] = hash
	}
	// The position of the state is the fence: whoever moves it from where it was read has the rows.
	n, err := tx.Exec(`UPDATE audit_chain SET position = $1, hash = $2, linked_at = $3, owner = $4, leased_until = $5 WHERE one = 1 AND position = $6 AND hash = $7`,
		s.position+int64(len(rows)), hash, sqldb.Micros(now), l.owner, sqldb.Micros(now.Add(lease)), before.position, before.hash)
	if err != nil || n == 0 {
		return false, err
	}
	for i, r := range rows {
		at, id := l.o.Table.name(r.values)
		n, err := tx.Exec(`UPDATE `+l.o.Table.Name+` SET position = $1, linked_at = $2, alg = $3, hash = $4 WHERE `+l.o.Table.At+` = $5 AND `+l.o.Table.ID+` = $6 AND position = 0`,
			s.position+int64(i)+1, sqldb.Micros(now), l.o.Hash, hashes[i], at, id)
		if err != nil {
			return false, err
		}
		if n != 1 {
			return false, fault.New(fault.Conflict, "chain", "an audit row that was read is no longer there: somebody removes rows while they wait for their link")
		}
	}
	return true, nil
}

// head signs the end of the chain when a head is due.
func (l *Linker) head(ctx context.Context, now bool) error {
	due := false
	err := l.o.DB.View(ctx, func(tx *sqldb.Tx) (err error) {
		_, _, due, err = l.due(tx, now)
		return err
	})
	if err != nil || !due {
		return err
	}
	return l.o.DB.Update(ctx, func(tx *sqldb.Tx) error {
		s, last, due, err := l.due(tx, now)
		if err != nil || !due {
			return err
		}
		h, err := Head{Installation: s.installation, Number: last.Number + 1, Position: s.position, Alg: l.o.Hash, Hash: hex.EncodeToString(s.hash),
			At: l.o.Clock.Now().Truncate(time.Microsecond)}.sign(l.o.Signer)
		if err != nil {
			return err
		}
		if err := putHead(tx, h); err != nil || l.o.Tell == nil {
			return err
		}
		return l.o.Tell(tx, h)
	})
}

func (l *Linker) due(tx *sqldb.Tx, now bool) (s state, last Head, due bool, err error) {
	if s, err = readState(tx); err != nil {
		return s, last, false, err
	}
	if last, err = lastHead(tx); err != nil || s.position <= last.Position || !l.mine(s, l.o.Clock.Now()) {
		return s, last, false, err
	}
	age := l.o.Clock.Now().Sub(last.At)
	return s, last, now || s.position-last.Position >= l.o.Rows || age >= l.o.Every || age < 0, nil
}

// Lag is how the chain stands.
type Lag struct {
	Position int64     // of the last row linked
	Loose    int64     // rows not linked yet
	Eldest   time.Time // of those; zero: none
	Head     Head      // the last one: Number, Position, At
}

// Lag tells how the chain stands.
func (l *Linker) Lag(ctx context.Context) (lag Lag, err error) {
	err = l.o.DB.View(ctx, func(tx *sqldb.Tx) error {
		s, err := readState(tx)
		if err != nil {
			return err
		}
		lag.Position = s.position
		var eldest int64
		if err := tx.QueryRow(`SELECT count(*), coalesce(min(`+l.o.Table.At+`), 0) FROM `+l.o.Table.Name+` WHERE position = 0`).Scan(&lag.Loose, &eldest); err != nil {
			return err
		}
		lag.Eldest = sqldb.FromMicros(eldest)
		lag.Head, err = lastHead(tx)
		return err
	})
	return lag, fault.Wrap("chain.Lag", err)
}
