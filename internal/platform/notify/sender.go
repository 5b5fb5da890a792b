package notify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/platform/sqldb"
)

// Options are what a Sender works with. DB, Clock and Log are needed; the other zero values stand for the defaults.
type Options struct {
	DB       *sqldb.DB
	Clock    clock.Clock
	Log      *slog.Logger
	Carriers map[Channel]Carrier // a message of a channel without one becomes a dead letter; none is needed for App

	// Reveal opens what was put sealed, the address or the texts, for the moment of sending; nil: nothing was. It may return a *Failure.
	Reveal func(ctx context.Context, tx *sqldb.Tx, m *Message) error

	Parallel  int           // messages under way to one receiver; 8
	Timeout   time.Duration // of one try; 20 seconds
	GiveUp    time.Duration // after the first try, when a failing message becomes a dead letter; 24 hours
	KeepSent  time.Duration // how long sent and cancelled messages are kept; 30 days
	KeepDead  time.Duration // how long dead letters are kept; 90 days
	KeepInbox time.Duration // how long in-app messages are kept, read or not; 90 days
}

const (
	poll       = time.Second // the longest sleep: messages also come from other processes
	sweepEvery = time.Hour
	day        = 24 * time.Hour
)

// Sender sends the messages of a database.
type Sender struct {
	o        Options
	owner    string
	wake     chan struct{}
	finished chan struct{} // a message is no longer under way
	work     sync.WaitGroup
	under    atomic.Int64 // messages under way
	sent     atomic.Int64
	mu       sync.Mutex // for lanes
	lanes    map[string]*lane
}

// NewSender makes a Sender with an owner name of its own.
func NewSender(o Options) *Sender {
	orElse(&o.Parallel, 8)
	orElse(&o.Timeout, 20*time.Second)
	orElse(&o.GiveUp, day)
	orElse(&o.KeepSent, 30*day)
	orElse(&o.KeepDead, 90*day)
	orElse(&o.KeepInbox, 90*day)
	return &Sender{o: o, owner: rand.Text(), wake: make(chan struct{}, 1), finished: make(chan struct{}, 1), lanes: map[string]*lane{}}
}

func orElse[T comparable](value *T, usual T) {
	var zero T
	if *value == zero {
		*value = usual
	}
}

// Wake lets Run look for messages now: call it after committing some. It never blocks.
func (s *Sender) Wake() { signal(s.wake) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run sends messages as they fall due until ctx ends, then cuts off those under way, waits for them, and returns ctx's error. A database that does not
// answer is logged and tried again. What failed is tried again up to a second late.
func (s *Sender) Run(ctx context.Context) error {
	defer s.work.Wait()
	var swept time.Time
	for ctx.Err() == nil {
		if _, err := s.dispatch(ctx); err != nil && ctx.Err() == nil {
			s.o.Log.Error("messages are not leaving", "error", err)
		}
		if now := s.o.Clock.Now(); now.Sub(swept) >= sweepEvery || now.Before(swept) {
			swept = now
			if _, err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
				s.o.Log.Error("old messages are not removed", "error", err)
			}
		}
		s.sleep(ctx, s.o.Clock.Now().Add(poll))
	}
	return ctx.Err()
}

// SendDue sends what can be sent now, waits until all of it has been settled, and returns how many messages arrived. What has to wait is not waited for.
// An error means that the database does not answer, or that ctx has ended. Neither Run nor another SendDue of this Sender may be under way.
func (s *Sender) SendDue(ctx context.Context) (n int, err error) {
	defer s.work.Wait()
	before := s.sent.Load()
	for {
		under := s.under.Load()
		started, err := s.dispatch(ctx)
		if err != nil || started == 0 && under == 0 {
			s.work.Wait()
			return int(s.sent.Load() - before), fault.Wrap("notify.SendDue", err)
		}
		if started == 0 {
			<-s.finished
		}
	}
}

// dispatch starts what may be started now and returns how many messages that were.
func (s *Sender) dispatch(ctx context.Context) (int, error) {
	now := s.o.Clock.Now()
	found, err := s.look(ctx, now)
	if err != nil || len(found) == 0 {
		return 0, err
	}
	taken, err := s.take(ctx, found, now)
	if err != nil {
		return 0, err
	}
	for _, l := range taken {
		s.enter(l.lane)
		s.work.Go(func() {
			defer s.leave(l.lane)
			s.deliver(ctx, l)
		})
	}
	return len(taken), nil
}

func (s *Sender) enter(name string) {
	s.under.Add(1)
	s.at(name, func(l *lane) { l.busy++ })
}

func (s *Sender) leave(name string) {
	s.at(name, func(l *lane) { l.busy-- })
	s.under.Add(-1)
	signal(s.finished)
	s.Wake()
}

// at works on a lane.
func (s *Sender) at(name string, fn func(l *lane)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lanes[name]
	if l == nil {
		l = &lane{}
		s.lanes[name] = l
	}
	fn(l)
}

func (s *Sender) room(name string, now time.Time) (n int) {
	s.at(name, func(l *lane) { n = l.room(now, s.o.Parallel) })
	return n
}

// deliver tries a message and notes what came of it, also when ctx has ended meanwhile: what has arrived need not be sent again.
func (s *Sender) deliver(ctx context.Context, l *letter) {
	err := s.try(ctx, l)
	now, keep := s.o.Clock.Now(), context.WithoutCancel(ctx)
	switch {
	case err == nil:
		s.sent.Add(1)
		err = errors.Join(s.arrived(keep, l, now), s.answers(keep, l, now))
	case ctx.Err() != nil:
		err = s.giveBack(keep, l, now)
	default:
		err = s.fails(keep, l, now, failureOf(err))
	}
	if err != nil {
		s.o.Log.Error("what came of a message was not noted; it may be sent again under the same key", "message", l.Message, "error", err)
	}
}

// try hands the message to its carrier. A panic of the carrier becomes an error.
func (s *Sender) try(ctx context.Context, l *letter) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the carrier panicked: %v\n%s", p, debug.Stack())
		}
	}()
	now := s.o.Clock.Now()
	if !l.NotAfter.IsZero() && !now.Before(l.NotAfter) {
		return &Failure{Verdict: Refused, Why: tooLate}
	}
	carrier := s.o.Carriers[l.Channel]
	if carrier == nil {
		return refuse("没有配置该通知渠道", "no carrier is configured for this channel")
	}
	m := l.Message
	if err := s.reveal(ctx, &m); err != nil {
		return err
	}
	short, stop := s.until(ctx, now.Add(s.o.Timeout))
	defer stop()
	err = carrier.Send(short, m)
	if err != nil && short.Err() != nil && ctx.Err() == nil {
		return &Failure{Verdict: Unwell, Why: say("接收方 %s 内没有应答", "the receiver did not answer within %s", s.o.Timeout)}
	}
	return err
}

func (s *Sender) reveal(ctx context.Context, m *Message) error {
	if s.o.Reveal == nil {
		return nil
	}
	return s.o.DB.View(ctx, func(tx *sqldb.Tx) error { return s.o.Reveal(ctx, tx, m) })
}

var tooLate = say("到可以发送时已过时效", "its time had passed before it could be sent")

func exhausted(after time.Duration, last lang.Text) lang.Text {
	return lang.Text{
		ZH: fmt.Sprintf("%s 内多次未能送达，已放弃；最后一次：%s", after, last.ZH),
		EN: fmt.Sprintf("given up after failing for %s; at last: %s", after, last.EN),
	}
}

// answers notes a receiver that answers. What waited for it need not wait longer.
func (s *Sender) answers(ctx context.Context, l *letter, now time.Time) error {
	var paused bool
	s.at(l.lane, func(l *lane) { paused = l.answers() })
	if !paused {
		return nil
	}
	s.o.Log.Info("a receiver of messages answers again", "receiver", l.lane)
	return s.release(ctx, l.lane, now)
}

// fails notes a try that failed: for the message, and for its receiver if that is to blame.
func (s *Sender) fails(ctx context.Context, l *letter, now time.Time, f *Failure) error {
	err := s.keep(ctx, l, now, f)
	switch f.Verdict {
	case Unwell:
		var pauses bool
		s.at(l.lane, func(at *lane) { pauses = at.fails(l.seq, now, f) })
		if pauses {
			return errors.Join(err, s.pause(ctx, l, now, f))
		}
	case Refused:
		if f.Answered {
			return errors.Join(err, s.answers(ctx, l, now))
		}
	}
	return err
}

// keep makes a failed message wait or die.
func (s *Sender) keep(ctx context.Context, l *letter, now time.Time, f *Failure) error {
	end := l.first.Add(s.o.GiveUp)
	switch {
	case f.Verdict == Refused:
		s.o.Log.Warn("a message became a dead letter", "message", l.Message, "attempts", l.attempts+1, "error", f)
		return s.bury(ctx, l, now, f.Why)
	case !now.Before(end):
		s.o.Log.Warn("a message became a dead letter after failing for too long", "message", l.Message, "attempts", l.attempts+1, "error", f)
		return s.bury(ctx, l, now, exhausted(s.o.GiveUp, f.Why))
	}
	s.o.Log.Info("a message was not sent, and will be tried again", "message", l.Message, "attempts", l.attempts+1, "error", f)
	next := now.Add(max(backOff(l.attempts), min(f.Wait, lastTry)))
	if next.After(end) {
		next = end
	}
	return s.postpone(ctx, l, next, f.Why)
}

// pause is for a receiver that has just begun one.
func (s *Sender) pause(ctx context.Context, l *letter, now time.Time, f *Failure) error {
	s.o.Log.Warn("a receiver of messages fails and is left alone for a while", "receiver", l.lane, "error", f)
	dead, err := s.strand(ctx, l.lane, now, f.Why)
	if dead > 0 {
		s.o.Log.Warn("messages became dead letters", "receiver", l.lane, "messages", dead)
	}
	return err
}

// until is ctx, ended when the clock reaches t.
func (s *Sender) until(ctx context.Context, t time.Time) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		if s.o.Clock.Wait(ctx, t) == nil {
			cancel()
		}
	})
	return ctx, func() { cancel(); wg.Wait() }
}

// sleep waits for the time, a Wake or the end of ctx.
func (s *Sender) sleep(ctx context.Context, until time.Time) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-s.wake:
			cancel()
		case <-ctx.Done():
		}
	})
	_ = s.o.Clock.Wait(ctx, until) // it ends early on purpose
	cancel()
	wg.Wait()
}
