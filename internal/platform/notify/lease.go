package notify

import (
	"context"
	"time"

	"twoweave/internal/base/lang"
	"twoweave/internal/platform/sqldb"
)

// letter is a leased message.
type letter struct {
	Message
	seq      int64
	lane     string
	attempts int64
	first    time.Time
}

// look finds what may be sent now, for each lane as much as it has room for. The look is a View: under Update it would set every transaction that puts a
// message at odds with this one.
func (s *Sender) look(ctx context.Context, now time.Time) (all []*letter, err error) {
	err = s.o.DB.View(ctx, func(tx *sqldb.Tx) error {
		for name := ""; ; {
			err := tx.QueryRow(`SELECT lane FROM notify WHERE status = $1 AND lane > $2 ORDER BY lane LIMIT 1`, string(Waiting), name).Scan(&name)
			if sqldb.NotFound(err) {
				return nil
			}
			if err != nil {
				return err
			}
			if all, err = lookInto(tx, name, now, s.room(name, now), all); err != nil {
				return err
			}
		}
	})
	return all, err
}

// lookInto appends up to room due messages of a lane.
func lookInto(tx *sqldb.Tx, name string, now time.Time, room int, all []*letter) ([]*letter, error) {
	if room == 0 {
		return all, nil
	}
	rows, err := tx.Query(`SELECT `+columns+`, first_at FROM notify WHERE status = $1 AND lane = $2 AND try_at <= $3 ORDER BY try_at, seq LIMIT $4`,
		string(Waiting), name, sqldb.Micros(now), room)
	if err != nil {
		return all, err
	}
	defer rows.Close()
	for rows.Next() {
		var first int64
		seq, e, err := scanEntry(rows, &first)
		if err != nil {
			return all, err
		}
		l := &letter{Message: e.Message, seq: seq, lane: name, attempts: e.Attempts, first: sqldb.FromMicros(first)}
		if first == 0 {
			l.first = now
		}
		all = append(all, l)
	}
	return all, rows.Err()
}

// take leases the messages found, less those that another Sender took meanwhile.
func (s *Sender) take(ctx context.Context, found []*letter, now time.Time) (taken []*letter, err error) {
	until := now.Add(s.lease())
	err = s.o.DB.Update(ctx, func(tx *sqldb.Tx) error {
		taken = nil
		for _, l := range found {
			n, err := tx.Exec(`UPDATE notify SET owner = $1, try_at = $2, first_at = $3 WHERE seq = $4 AND status = $5 AND try_at <= $6`,
				s.owner, sqldb.Micros(until), sqldb.Micros(l.first), l.seq, string(Waiting), sqldb.Micros(now))
			if err != nil {
				return err
			}
			if n == 1 {
				taken = append(taken, l)
			}
		}
		return nil
	})
	return taken, err
}

// lease is how long a message is this Sender's: longer than a try may take, and what a crash delays messages by.
func (s *Sender) lease() time.Duration { return 2*s.o.Timeout + 20*time.Second }

// TakeOver ends the leases of all Senders, for a program that knows that they are dead: their messages need not wait until the leases run out.
func (s *Sender) TakeOver(ctx context.Context) error {
	return s.exec(ctx, `UPDATE notify SET owner = '', try_at = 0 WHERE status = $1 AND owner <> ''`, string(Waiting))
}

// arrived notes that a message was taken, also when it was cancelled meanwhile.
func (s *Sender) arrived(ctx context.Context, l *letter, now time.Time) error {
	return s.exec(ctx, `UPDATE notify SET status = $1, done_at = $2, owner = '', reason_zh = '', reason_en = '' WHERE seq = $3 AND owner = $4`,
		string(Sent), sqldb.Micros(now), l.seq, s.owner)
}

// giveBack ends a lease without a word about the try: it was cut off.
func (s *Sender) giveBack(ctx context.Context, l *letter, now time.Time) error {
	return s.exec(ctx, `UPDATE notify SET owner = '', try_at = $1 WHERE seq = $2 AND owner = $3 AND status = $4`,
		sqldb.Micros(now), l.seq, s.owner, string(Waiting))
}

// postpone makes a failed message wait.
func (s *Sender) postpone(ctx context.Context, l *letter, until time.Time, why lang.Text) error {
	return s.exec(ctx, `UPDATE notify SET owner = '', try_at = $1, attempts = attempts + 1, reason_zh = $2, reason_en = $3 WHERE seq = $4 AND owner = $5 AND status = $6`,
		sqldb.Micros(until), why.ZH, why.EN, l.seq, s.owner, string(Waiting))
}

// bury makes a message a dead letter.
func (s *Sender) bury(ctx context.Context, l *letter, now time.Time, why lang.Text) error {
	return s.exec(ctx, `UPDATE notify SET owner = '', status = $1, done_at = $2, attempts = attempts + 1, reason_zh = $3, reason_en = $4
		WHERE seq = $5 AND owner = $6 AND status = $7`, string(Dead), sqldb.Micros(now), why.ZH, why.EN, l.seq, s.owner, string(Waiting))
}

// strand is for a receiver that begins a pause: the day of all that is due to it runs, whether tried or not, and those whose day is over, or whose time,
// are dead.
func (s *Sender) strand(ctx context.Context, name string, now time.Time, why lang.Text) (dead int64, err error) {
	err = s.o.DB.Update(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`UPDATE notify SET first_at = $1 WHERE status = $2 AND lane = $3 AND try_at <= $1 AND first_at = 0`, sqldb.Micros(now), string(Waiting), name)
		if err != nil {
			return err
		}
		tired, err := buryAll(tx, name, "first_at", now.Add(-s.o.GiveUp), now, exhausted(s.o.GiveUp, why))
		if err != nil {
			return err
		}
		late, err := buryAll(tx, name, "not_after", now, now, tooLate)
		dead = tired + late
		return err
	})
	return dead, err
}

// buryAll makes dead letters of what waits for a receiver, is not under way, and has a time in a column that is not after limit.
func buryAll(tx *sqldb.Tx, name, column string, limit, now time.Time, why lang.Text) (int64, error) {
	return tx.Exec(`UPDATE notify SET status = $1, done_at = $2, reason_zh = $3, reason_en = $4
		WHERE status = $5 AND lane = $6 AND owner = '' AND `+column+` > 0 AND `+column+` <= $7`,
		string(Dead), sqldb.Micros(now), why.ZH, why.EN, string(Waiting), name, sqldb.Micros(limit))
}

// release makes due what waits for a receiver that answers again.
func (s *Sender) release(ctx context.Context, name string, now time.Time) error {
	return s.exec(ctx, `UPDATE notify SET try_at = $1 WHERE status = $2 AND lane = $3 AND owner = '' AND attempts > 0 AND try_at > $1`,
		sqldb.Micros(now), string(Waiting), name)
}

const sweepBatch = 500 // rows removed in one transaction

// Sweep removes what was kept long enough and returns how many messages that were. Run does it every hour.
func (s *Sender) Sweep(ctx context.Context) (n int64, err error) {
	now := s.o.Clock.Now()
	for _, c := range Channels {
		for status, keep := range map[Status]time.Duration{Sent: s.o.KeepSent, Cancelled: s.o.KeepSent, Dead: s.o.KeepDead} {
			if c == App {
				keep = s.o.KeepInbox
			}
			removed, err := s.sweep(ctx, c, status, now.Add(-keep))
			n += removed
			if err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

func (s *Sender) sweep(ctx context.Context, c Channel, status Status, before time.Time) (n int64, err error) {
	for more := true; more; {
		var removed int64
		err := s.o.DB.Update(ctx, func(tx *sqldb.Tx) (err error) {
			removed, err = tx.Exec(`DELETE FROM notify WHERE seq IN (SELECT seq FROM notify WHERE status = $1 AND channel = $2 AND done_at < $3 ORDER BY done_at LIMIT $4)`,
				string(status), string(c), sqldb.Micros(before), sweepBatch)
			return err
		})
		if err != nil {
			return n, err
		}
		n, more = n+removed, removed == sweepBatch
	}
	return n, nil
}

func (s *Sender) exec(ctx context.Context, statement string, args ...any) error {
	return s.o.DB.Update(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(statement, args...)
		return err
	})
}
