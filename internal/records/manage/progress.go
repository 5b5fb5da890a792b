package manage

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/detect"
	"twoweave/internal/manage/event"
	"twoweave/internal/platform/bus"
	"twoweave/internal/platform/sqldb"
)

var progressTables = []sqldb.Migration{{Name: "manage-progress-1", SQL: fmt.Sprintf(`
CREATE TABLE worker (
	name       TEXT   NOT NULL PRIMARY KEY,
	expires_at BIGINT NOT NULL
);

CREATE TABLE progress (
	part  BIGINT NOT NULL PRIMARY KEY,
	epoch BIGINT NOT NULL, -- grows by one at each take-over
	seq   BIGINT NOT NULL, -- the last message of the log whose output is kept
	owner TEXT   NOT NULL  -- a worker's name; empty = free
);
INSERT INTO progress (part, epoch, seq, owner)
	WITH RECURSIVE parts (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM parts WHERE n < %d)
	SELECT n, 0, 0, '' FROM parts;

-- The row that every change of ownership writes first, so that such changes come one after another.
CREATE TABLE ownership (
	id      BIGINT NOT NULL PRIMARY KEY,
	changes BIGINT NOT NULL
);
INSERT INTO ownership (id, changes) VALUES (1, 0);`, event.Partitions-1)}}

// Advance is the fence: it moves a partition's progress to seq for the owner of an epoch, in the transaction that keeps the output. false means that this
// epoch is over, or that the output of seq is kept already: the transaction must keep nothing.
func (Store) Advance(tx *sqldb.Tx, part int, epoch int64, seq bus.Seq) (bool, error) {
	rows, err := tx.Exec(`UPDATE progress SET seq = $3 WHERE part = $1 AND epoch = $2 AND seq < $3`, part, epoch, int64(seq))
	return rows > 0, fault.Wrap("records.Advance", err)
}

// Leases are all partitions: epoch and progress, with the owners' names beside them.
func (Store) Leases(tx *sqldb.Tx) ([]detect.Lease, []string, error) {
	var owners []string
	leases, err := collect(tx, func(r *sql.Rows) (detect.Lease, error) {
		owners = append(owners, "")
		return scanLease(r, &owners[len(owners)-1])
	}, `SELECT part, epoch, seq, owner FROM progress ORDER BY part`)
	return leases, owners, fault.Wrap("records.Leases", err)
}

func scanLease(row scanner, more ...any) (detect.Lease, error) {
	var l detect.Lease
	var seq int64
	err := row.Scan(append([]any{&l.Part, &l.Epoch, &seq}, more...)...)
	l.Seq = bus.Seq(seq)
	return l, err
}

// Owners shares the partitions of the log out among workers; it is detect's port. It rests on passed time: a worker that has not claimed for its ttl
// is taken to be gone, and its partitions move with a new epoch. The worker may only be slow, or stopped; then the fence refuses what it
// brings under the old epoch.
type Owners struct{ DB *sqldb.DB }

// Claim renews a worker's claim until now+ttl and evens out the shares: it gives back what is beyond the worker's fair share and takes what is free. It returns all that the worker
// holds, in order of partition. A name must be new for each start of a process, since a lease kept over a restart would be two owners of one epoch.
func (o Owners) Claim(ctx context.Context, worker string, now time.Time, ttl time.Duration) ([]detect.Lease, error) {
	var leases []detect.Lease
	err := o.DB.Update(ctx, func(tx *sqldb.Tx) error {
		live, err := renew(tx, worker, now, ttl)
		if err != nil {
			return err
		}
		share := (event.Partitions + live - 1) / live
		if err := even(tx, worker, share); err != nil {
			return err
		}
		leases, err = held(tx, worker)
		return err
	})
	return leases, fault.Wrap("records.Claim", err)
}

// Release frees all that a worker holds.
func (o Owners) Release(ctx context.Context, worker string) error {
	err := o.DB.Update(ctx, func(tx *sqldb.Tx) error {
		if err := lockOwnership(tx); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM worker WHERE name = $1`, worker); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE progress SET owner = '' WHERE owner = $1`, worker)
		return err
	})
	return fault.Wrap("records.Release", err)
}

// ReleaseAll frees all partitions, whoever holds them: for a start that knows itself alone with the log, so that after a crash it need not wait until
// its predecessor's lease ends. Epochs still grow with the next claim; should the predecessor write after all, the fence refuses it.
func (o Owners) ReleaseAll(ctx context.Context) error {
	err := o.DB.Update(ctx, func(tx *sqldb.Tx) error {
		if err := lockOwnership(tx); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM worker`); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE progress SET owner = '' WHERE owner <> ''`)
		return err
	})
	return fault.Wrap("records.ReleaseAll", err)
}

func lockOwnership(tx *sqldb.Tx) error {
	_, err := tx.Exec(`UPDATE ownership SET changes = changes + 1 WHERE id = 1`)
	return err
}

// renew keeps the worker, drops those whose time has passed, frees what they held, and counts the living.
func renew(tx *sqldb.Tx, worker string, now time.Time, ttl time.Duration) (live int, err error) {
	if err := lockOwnership(tx); err != nil {
		return 0, err
	}
	_, err = tx.Exec(`INSERT INTO worker (name, expires_at) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at`,
		worker, sqldb.Micros(now.Add(ttl)))
	if err != nil {
		return 0, err
	}
	if _, err := tx.Exec(`DELETE FROM worker WHERE expires_at <= $1`, sqldb.Micros(now)); err != nil {
		return 0, err
	}
	if _, err := tx.Exec(`UPDATE progress SET owner = '' WHERE owner <> '' AND owner NOT IN (SELECT name FROM worker)`); err != nil {
		return 0, err
	}
	err = tx.QueryRow(`SELECT COUNT(*) FROM worker`).Scan(&live)
	return live, err
}

// even gives back what is beyond the share, or takes what is free up to it; taking begins a new epoch.
func even(tx *sqldb.Tx, worker string, share int) error {
	var have int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM progress WHERE owner = $1`, worker).Scan(&have); err != nil {
		return err
	}
	if have > share {
		_, err := tx.Exec(`UPDATE progress SET owner = '' WHERE part IN
			(SELECT part FROM progress WHERE owner = $1 ORDER BY part DESC LIMIT $2)`, worker, have-share)
		return err
	}
	_, err := tx.Exec(`UPDATE progress SET owner = $1, epoch = epoch + 1 WHERE part IN
		(SELECT part FROM progress WHERE owner = '' ORDER BY part LIMIT $2)`, worker, share-have)
	return err
}

func held(tx *sqldb.Tx, worker string) ([]detect.Lease, error) {
	return collect(tx, func(r *sql.Rows) (detect.Lease, error) { return scanLease(r) },
		`SELECT part, epoch, seq FROM progress WHERE owner = $1 ORDER BY part`, worker)
}
