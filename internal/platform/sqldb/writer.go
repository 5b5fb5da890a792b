package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
)

const (
	groupSize = 128                   // of Updates that share one commit: bounds how long the first of them waits
	busyTries = 3                     // each waits for SQLite's busy timeout
	patience  = 20 * time.Millisecond // of the others with Updates in the background: after that the rest of those wait for the next group
)

type backgroundKey struct{}

// Background marks what is done with ctx as work that gives way: nobody waits for it at a screen, and it may be much at once. On SQLite it comes last in each
// group, and a group takes it up for so long only; in each there is some. PostgreSQL has many hands, and nothing changes there.
func Background(ctx context.Context) context.Context {
	return context.WithValue(ctx, backgroundKey{}, true)
}

// writer owns the one connection that writes. It forms groups and keeps the transaction; each function runs in the goroutine of its caller, to whom the writer
// hands the transaction and from whom it takes it back.
type writer struct {
	conn    *sql.Conn
	queue   chan *job // unbuffered: whoever waits here may still leave
	behind  chan *job // likewise, of those that give way
	later   []*job    // that gave way to others: the next in their row
	first   *job      // that was waited for
	closing chan struct{}
	closed  chan struct{}
}

// job is one Update on its way through the writer.
type job struct {
	turn chan *Tx      // the writer lends the transaction; may come more than once
	ran  chan error    // the caller gives it back, with fn's outcome
	gone chan struct{} // closed by a caller who left before its first turn
	done chan error    // the final answer, buffered: the caller may have panicked away
	err  error         // fn's outcome in the last run
	last bool          // it gives way
	left bool          // the caller is gone, or its fn did not return: it cannot run again
}

// errAborted stands for fn's outcome when fn did not return: a panic, or runtime.Goexit.
var errAborted = errors.New("the function did not return")

func startWriter(conn *sql.Conn) *writer {
	w := &writer{conn: conn, queue: make(chan *job), behind: make(chan *job), closing: make(chan struct{}), closed: make(chan struct{})}
	go w.loop()
	return w
}

// do is the caller's side.
func (w *writer) do(ctx context.Context, fn func(*Tx) error) error {
	j := &job{turn: make(chan *Tx), ran: make(chan error), gone: make(chan struct{}), done: make(chan error, 1)}
	queue := w.queue
	if ctx.Value(backgroundKey{}) != nil {
		queue, j.last = w.behind, true
	}
	select {
	case queue <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.closing:
		return fault.New(fault.Unavailable, "sqldb.Update", "the database is closed")
	}
	for leave := ctx.Done(); ; {
		select {
		case tx := <-j.turn:
			leave = nil // from here on the answer is the writer's
			j.run(ctx, tx, fn)
		case err := <-j.done:
			return err
		case <-leave:
			close(j.gone)
			return ctx.Err()
		}
	}
}

// run runs fn and gives the transaction back, also when fn panics.
func (j *job) run(ctx context.Context, tx *Tx, fn func(*Tx) error) {
	err := errAborted
	tx.ctx = ctx
	defer func() {
		j.ran <- withLost(err, tx.finish())
	}()
	err = errorOf(tx, fn)
}

func errorOf(tx *Tx, fn func(*Tx) error) error {
	if err := tx.ctx.Err(); err != nil {
		return err
	}
	return fn(tx)
}

func (w *writer) loop() {
	defer close(w.closed)
	for w.wait() {
		w.group(w.gather())
	}
	answer(w.later, fault.New(fault.Unavailable, "sqldb.Update", "the database is closed"))
}

// wait waits until somebody is in the row; false at the end.
func (w *writer) wait() bool {
	select {
	case <-w.closing:
		return false
	default:
	}
	if len(w.later) > 0 {
		return true
	}
	select {
	case j := <-w.queue:
		w.first = j
	case j := <-w.behind:
		w.later = append(w.later, j)
	case <-w.closing:
		return false
	}
	return true
}

// gather takes whoever waits now, up to the size of a group; those that give way come last.
func (w *writer) gather() (jobs []*job) {
	if w.first != nil {
		jobs, w.first = append(jobs, w.first), nil
	}
	jobs = waiting(w.queue, jobs)
	w.later = waiting(w.behind, w.later)
	n := min(len(w.later), groupSize)
	jobs = append(jobs, w.later[:n]...)
	w.later = append([]*job(nil), w.later[n:]...)
	return jobs
}

// waiting adds whoever waits now.
func waiting(queue chan *job, jobs []*job) []*job {
	for len(jobs) < groupSize {
		select {
		case j := <-queue:
			jobs = append(jobs, j)
		default:
			return jobs
		}
	}
	return jobs
}

// group runs jobs in one transaction and answers them. If the transaction as a whole is lost, each job goes again alone, so that
// only those fail that cannot succeed; also jobs that had refused go again, since what they saw of the others is gone.
func (w *writer) group(jobs []*job) {
	if err := w.begin(); err != nil {
		answer(jobs, err)
		return
	}
	jobs, err := w.transact(jobs)
	if err == nil || len(jobs) == 1 {
		answer(jobs, err)
		return
	}
	for _, j := range jobs {
		if j.left {
			j.done <- j.err
			continue
		}
		w.group([]*job{j})
	}
}

// answer tells each caller the outcome: its function's, else the transaction's.
func answer(jobs []*job, err error) {
	for _, j := range jobs {
		if j.err == nil {
			j.err = err
		}
		j.done <- j.err
	}
}

// transact gives back the jobs that it has run.
func (w *writer) transact(jobs []*job) ([]*job, error) {
	jobs, err := w.members(jobs)
	if err == nil {
		err = w.exec("COMMIT")
	}
	if err != nil {
		_ = w.exec("ROLLBACK") // SQLite may have rolled back itself
	}
	return jobs, err
}

func (w *writer) begin() (err error) {
	for range busyTries {
		if err = w.exec("BEGIN IMMEDIATE"); !busy(err) {
			return err
		}
	}
	return err
}

// members runs the jobs one by one, until those that give way have had their time, and gives back those that it has run. An error means that the whole
// transaction is lost.
func (w *writer) members(jobs []*job) ([]*job, error) {
	begun, someLast := time.Time{}, false
	for i, j := range jobs {
		if now := (clock.System{}).Now(); j.last && !someLast {
			begun, someLast = now, true
		} else if j.last && now.Sub(begun) >= patience {
			w.later = append(append([]*job(nil), jobs[i:]...), w.later...)
			return jobs[:i], nil
		}
		if err := w.member(j); err != nil {
			return jobs, err
		}
	}
	return jobs, nil
}

func (w *writer) member(j *job) error {
	if err := w.exec("SAVEPOINT member"); err != nil {
		return err
	}
	if j.err = w.lend(j); j.err != nil {
		if err := w.exec("ROLLBACK TO member"); err != nil {
			return err
		}
	}
	return w.exec("RELEASE member")
}

// lend lets the job's caller run its function. Statements do not see the caller's context end: SQLite answers an interrupted write by rolling back
// the whole transaction, and with it the other members of the group. The Tx looks at the context between statements instead.
func (w *writer) lend(j *job) error {
	tx := newTx(context.Background(), context.Background(), w.conn, SQLite)
	select {
	case j.turn <- tx:
		err := <-j.ran
		j.left = errors.Is(err, errAborted)
		return err
	case <-j.gone:
		j.left = true
		return context.Canceled
	}
}

func (w *writer) exec(statement string) error {
	_, err := w.conn.ExecContext(context.Background(), statement)
	return err
}

// stop lets the running group finish. Once only.
func (w *writer) stop() error {
	close(w.closing)
	<-w.closed
	return w.conn.Close()
}
