package vault

import (
	"context"
	"errors"
	"slices"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
)

// rewrapped is how many persons' keys one transaction wraps anew: few, so that a rotation holds nobody up.
const rewrapped = 100

// Stage is a point of a rotation.
type Stage string

// The stages of a rotation that are told to Rotation.Note, each in the transaction that it names.
const (
	Begun     Stage = "begun"     // new persons are wrapped under the new version
	Ended     Stage = "ended"     // nobody is under an older one
	Destroyed Stage = "destroyed" // an older one is destroyed
)

// Rotation exchanges the master key of a database that programs may be using.
type Rotation struct {
	Vault *Vault
	DB    *sqldb.DB
	// Note records a stage in its transaction. Optional.
	Note func(tx *sqldb.Tx, stage Stage, id MasterID) error
	// Progress is told after every step how many persons are under the new version, of how many. Optional.
	Progress func(done, of int64)
}

// Run makes a new version of the wrapping key and wraps every person's key under it. A rotation that was broken off, at whatever point, is gone on with instead: the
// same call ends it. Programs that run beside go on reading and writing; those begun with an older text of the master key read it anew when they meet
// the new version. It gives the version that everybody is under now. The older versions remain until Destroy.
func (r Rotation) Run(ctx context.Context) (id MasterID, err error) {
	const op = "vault.Rotate"
	release, err := r.Vault.keeper.Lock()
	if err != nil {
		return 0, fault.Wrap(op, err)
	}
	defer func() { err = errors.Join(err, release()) }()
	if id, err = r.begin(ctx); err != nil {
		return 0, fault.Wrap(op, err)
	}
	for {
		left, err := r.pass(ctx, id)
		if err != nil {
			return id, fault.Wrap(op, err)
		}
		if left == 0 {
			return id, nil
		}
	}
}

// begin settles which version it goes to. The key file is written before the database, so what the file has and the database lacks is a rotation that was broken off in between.
func (r Rotation) begin(ctx context.Context) (MasterID, error) {
	ring, err := r.Vault.read()
	if err != nil {
		return 0, err
	}
	r.Vault.ring.Store(ring)
	s, err := r.Status(ctx)
	if err != nil {
		return 0, err
	}
	if s.Older() > 0 {
		return s.Current, nil // announced and not ended
	}
	if ring.primary == s.Current {
		if ring, err = r.Vault.grow(); err != nil {
			return 0, err
		}
	}
	return ring.primary, r.DB.Update(ctx, func(tx *sqldb.Tx) error {
		if err := r.Vault.announce(tx, ring.primary); err != nil {
			return err
		}
		return r.note(tx, Begun, ring.primary)
	})
}

// pass goes through all persons once and says how many are left, since some may have come in between under the older version.
func (r Rotation) pass(ctx context.Context, id MasterID) (left int64, err error) {
	for after := PersonID(""); ; {
		batch, err := r.older(ctx, id, after)
		if err != nil {
			return 0, err
		}
		if len(batch) == 0 {
			break
		}
		after = batch[len(batch)-1].person
		if err := r.rewrap(ctx, id, batch); err != nil {
			return 0, err
		}
		if err := r.tell(ctx); err != nil {
			return 0, err
		}
	}
	s, err := r.Status(ctx)
	if err != nil || s.Older() > 0 {
		return s.Older(), err
	}
	return 0, r.DB.Update(ctx, func(tx *sqldb.Tx) error { return r.note(tx, Ended, id) })
}

func (r Rotation) tell(ctx context.Context) error {
	if r.Progress == nil {
		return nil
	}
	s, err := r.Status(ctx)
	if err == nil {
		r.Progress(s.Under[s.Current], s.Under[s.Current]+s.Older())
	}
	return err
}

func (r Rotation) note(tx *sqldb.Tx, stage Stage, id MasterID) error {
	if r.Note == nil {
		return nil
	}
	return r.Note(tx, stage, id)
}

// wrapping is a person's key as the database has it.
type wrapping struct {
	person PersonID
	key    string
	master MasterID
}

// older reads in a View: reading under Update would set everybody who meets a new person at odds with the rotation.
func (r Rotation) older(ctx context.Context, id MasterID, after PersonID) (all []wrapping, err error) {
	err = r.DB.View(ctx, func(tx *sqldb.Tx) error {
		rows, err := tx.Query(`SELECT id, wrapped_key, COALESCE(master, 0) FROM person
			WHERE id > $1 AND wrapped_key IS NOT NULL AND COALESCE(master, 0) <> $2 ORDER BY id LIMIT $3`, string(after), int64(id), rewrapped)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var w wrapping
			if err := rows.Scan((*string)(&w.person), &w.key, (*int64)(&w.master)); err != nil {
				return err
			}
			all = append(all, w)
		}
		return rows.Err()
	})
	return all, err
}

// rewrap wraps keys anew. Whoever was forgotten since they were read stays forgotten: only a row that is as it was read is changed.
func (r Rotation) rewrap(ctx context.Context, id MasterID, batch []wrapping) error {
	fresh := make([]string, len(batch))
	for i, w := range batch {
		h, err := r.Vault.unwrap(w.person, w.key, w.master)
		if err != nil {
			return err
		}
		if fresh[i], err = r.Vault.wrap(h, w.person, id); err != nil {
			return err
		}
	}
	return r.DB.Update(ctx, func(tx *sqldb.Tx) error {
		for i, w := range batch {
			if _, err := tx.Exec(`UPDATE person SET wrapped_key = $1, master = $2 WHERE id = $3 AND wrapped_key = $4`,
				fresh[i], int64(id), string(w.person), w.key); err != nil {
				return err
			}
		}
		return nil
	})
}

// Status is which versions of the master key there are, and who is under each.
type Status struct {
	Current MasterID
	Under   map[MasterID]int64 // living persons; 0 are those of before versions were noted
}

// Older is how many are not under the current version.
func (s Status) Older() (n int64) {
	for id, under := range s.Under {
		if id != s.Current {
			n += under
		}
	}
	return n
}

// Versions are all versions, the current one first.
func (s Status) Versions() []MasterID {
	all := []MasterID{s.Current}
	for id := range s.Under {
		if id != s.Current && id != 0 {
			all = append(all, id)
		}
	}
	slices.Sort(all[1:])
	return all
}

// Status reads it.
func (r Rotation) Status(ctx context.Context) (s Status, err error) {
	err = r.DB.View(ctx, func(tx *sqldb.Tx) error {
		s, err = status(tx)
		return err
	})
	return s, fault.Wrap("vault.Status", err)
}

func status(tx *sqldb.Tx) (s Status, err error) {
	s.Under = map[MasterID]int64{}
	if s.Current, err = current(tx); err != nil {
		return s, err
	}
	rows, err := tx.Query(`SELECT k.id, (SELECT count(*) FROM person p WHERE p.master = k.id) FROM vault_key k
		UNION ALL SELECT 0, count(*) FROM person WHERE master IS NULL AND wrapped_key IS NOT NULL`)
	if err != nil {
		return s, err
	}
	defer rows.Close()
	for rows.Next() {
		var id, n int64
		if err := rows.Scan(&id, &n); err != nil {
			return s, err
		}
		s.Under[MasterID(id)] = n
	}
	return s, rows.Err()
}

// Destroy destroys every version but the current one, and gives those. While anybody is under an older one it destroys nothing and is fault.Conflict. What was broken off is ended by the same call. Backups of before the rotation open no more after it.
func (r Rotation) Destroy(ctx context.Context) (gone []MasterID, err error) {
	const op = "vault.Destroy"
	release, err := r.Vault.keeper.Lock()
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	defer func() { err = errors.Join(err, release()) }()
	ring, err := r.Vault.read()
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	r.Vault.ring.Store(ring)
	var now MasterID
	if err := r.DB.Update(ctx, func(tx *sqldb.Tx) (err error) { now, err = r.strike(tx); return err }); err != nil {
		return nil, fault.Wrap(op, err)
	}
	for id := range ring.wrap {
		if id != now && id != ring.primary { // the primary one may be that of a rotation that was broken off before it was announced
			gone = append(gone, id)
		}
	}
	slices.Sort(gone)
	if len(gone) > 0 {
		_, err = r.Vault.keep(now, ring.primary)
	}
	return gone, fault.Wrap(op, err)
}

// strike removes the older versions from the database, and says which one is current. It counts in the transaction that removes, which is serialisable: a person who is
// being wrapped under an older version meanwhile, by somebody who has not yet seen the announcement, is a conflict for one of the two.
func (r Rotation) strike(tx *sqldb.Tx) (MasterID, error) {
	s, err := status(tx)
	if err != nil {
		return 0, err
	}
	if n := s.Older(); n > 0 {
		return 0, fault.New(fault.Conflict, "vault.Destroy", "%d persons are still under an older version of the master key; rotate first", n)
	}
	for _, id := range s.Versions()[1:] {
		if _, err := tx.Exec(`DELETE FROM vault_key WHERE id = $1`, int64(id)); err != nil {
			return 0, err
		}
		if err := r.note(tx, Destroyed, id); err != nil {
			return 0, err
		}
	}
	return s.Current, nil
}
