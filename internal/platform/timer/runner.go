package timer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
)

const (
	batch    = 128             // timers read at once
	parallel = 16              // of them run at once, so that they share commits
	poll     = time.Second     // the longest sleep: timers may also be set by other processes
	firstTry = time.Second     // after a failure; doubled each time
	lastTry  = 5 * time.Minute // the longest such wait
)

// Handler does what a timer was set for, in tx, the transaction that deletes it. It may Set a timer of the same kind and key again.
type Handler func(ctx context.Context, tx *sqldb.Tx, t Timer) error

// Runner runs the timers of a database.
type Runner struct {
	db       *sqldb.DB
	clock    clock.Clock
	log      *slog.Logger
	handlers map[string]Handler
	wake     chan struct{}
}

// NewRunner makes a Runner with a handler for each kind. It keeps handlers; they must not change.
func NewRunner(db *sqldb.DB, c clock.Clock, log *slog.Logger, handlers map[string]Handler) *Runner {
	return &Runner{db: db, clock: c, log: log, handlers: handlers, wake: make(chan struct{}, 1)}
}

// Wake lets Run look for due timers now: call it after committing one that is due sooner than a second from now. It never blocks.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run runs timers as they fall due until ctx ends, and returns ctx's error. A database that does not answer is logged and tried again.
func (r *Runner) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if _, err := r.RunDue(ctx); err != nil && ctx.Err() == nil {
			r.log.Error("timers are not running", "error", err)
		}
		r.sleep(ctx, r.next(ctx))
	}
	return ctx.Err()
}

// RunDue runs the timers that are due now, and those that fall due meanwhile, and returns how many ran through. A handler's failure is not an error of
// RunDue; a database that does not answer is.
func (r *Runner) RunDue(ctx context.Context) (n int, err error) {
	for {
		due, err := r.due(ctx)
		if err != nil || len(due) == 0 {
			return n, fault.Wrap("timer.RunDue", err)
		}
		ran, err := r.runAll(ctx, due)
		n += ran
		if err != nil {
			return n, fault.Wrap("timer.RunDue", err)
		}
	}
}

// entry is a timer as it was read.
type entry struct {
	Timer
	attempts int64
}

func (r *Runner) due(ctx context.Context) (all []entry, err error) {
	now := sqldb.Micros(r.clock.Now())
	err = r.db.View(ctx, func(tx *sqldb.Tx) error {
		rows, err := tx.Query(`SELECT kind, key, due, attempts FROM timer WHERE try_at <= $1 ORDER BY try_at, due, kind, key LIMIT $2`, now, batch)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var e entry
			var due int64
			if err := rows.Scan(&e.Kind, &e.Key, &due, &e.attempts); err != nil {
				return err
			}
			e.Due = sqldb.FromMicros(due)
			all = append(all, e)
		}
		return rows.Err()
	})
	return all, err
}

// runAll runs a batch: timers of one key one after another, keys side by side.
func (r *Runner) runAll(ctx context.Context, due []entry) (n int, err error) {
	var ran atomic.Int64
	var mu sync.Mutex
	var wg sync.WaitGroup
	slots := make(chan struct{}, parallel)
	for _, list := range byKey(due) {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			for _, e := range list {
				done, e := r.run(ctx, e)
				if done {
					ran.Add(1)
				}
				mu.Lock()
				err = errors.Join(err, e)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return int(ran.Load()), err
}

// byKey groups timers by key, both in the order they came.
func byKey(all []entry) [][]entry {
	place := map[string]int{}
	var lists [][]entry
	for _, e := range all {
		i, is := place[e.Key]
		if !is {
			i = len(lists)
			place[e.Key] = i
			lists = append(lists, nil)
		}
		lists[i] = append(lists[i], e)
	}
	return lists
}

// run runs one timer. done is false if it failed, or if it is no longer there as it was read: another Runner took it, or it was set anew.
func (r *Runner) run(ctx context.Context, e entry) (done bool, err error) {
	if err = r.fire(ctx, e, &done); err == nil {
		return done, nil
	}
	if ctx.Err() != nil {
		return false, err
	}
	r.log.Error("a timer failed", "kind", e.Kind, "key", e.Key, "due", e.Due, "attempts", e.attempts+1, "error", err)
	return false, r.postpone(ctx, e, err)
}

// fire deletes the timer and calls its handler in one transaction. A panic of the handler becomes an error.
func (r *Runner) fire(ctx context.Context, e entry, done *bool) (err error) {
	defer func() {
		if p := recover(); p != nil {
			*done, err = false, fmt.Errorf("the handler panicked: %v\n%s", p, debug.Stack())
		}
	}()
	handler := r.handlers[e.Kind]
	if handler == nil {
		return fault.New(fault.Internal, "timer.Runner", "no handler for timers of kind %q", e.Kind)
	}
	return r.db.Update(ctx, func(tx *sqldb.Tx) error {
		*done = false
		t := e.Timer
		err := tx.QueryRow(`DELETE FROM timer WHERE kind = $1 AND key = $2 AND due = $3 AND attempts = $4 RETURNING payload`,
			e.Kind, e.Key, sqldb.Micros(e.Due), e.attempts).Scan(&t.Payload)
		if sqldb.NotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if t.Payload == nil {
			t.Payload = []byte{} // SQLite's driver makes no difference
		}
		*done = true
		return handler(tx.Context(), tx, t)
	})
}

// postpone keeps a failed timer for another try, unless it was set anew meanwhile.
func (r *Runner) postpone(ctx context.Context, e entry, cause error) error {
	at := r.clock.Now().Add(backOff(e.attempts))
	return r.db.Update(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`UPDATE timer SET attempts = attempts + 1, try_at = $1, last_error = $2 WHERE kind = $3 AND key = $4 AND due = $5 AND attempts = $6`,
			sqldb.Micros(at), fault.KindOf(cause).String()+": "+fault.Message(cause), e.Kind, e.Key, sqldb.Micros(e.Due), e.attempts)
		return err
	})
}

func backOff(attempts int64) time.Duration { return min(firstTry<<min(attempts, 20), lastTry) }

// next is when Run must look again.
func (r *Runner) next(ctx context.Context) time.Time {
	latest := r.clock.Now().Add(poll)
	first := sqldb.Micros(latest)
	err := r.db.View(ctx, func(tx *sqldb.Tx) error {
		return tx.QueryRow(`SELECT COALESCE(MIN(try_at), $1) FROM timer`, first).Scan(&first)
	})
	if err != nil || first > sqldb.Micros(latest) {
		return latest
	}
	return time.UnixMicro(first)
}

// sleep waits for the time, a Wake or the end of ctx.
func (r *Runner) sleep(ctx context.Context, until time.Time) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-r.wake:
			cancel()
		case <-ctx.Done():
		}
	})
	_ = r.clock.Wait(ctx, until) // it ends early on purpose
	cancel()
	wg.Wait()
}
