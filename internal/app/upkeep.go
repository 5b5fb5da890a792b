package app

import (
	"context"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/ingest"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

const (
	tickEvery  = time.Second
	purgeEvery = time.Hour
)

// startUpkeep starts what happens by itself: ticks, timers, the outbox, the counts on the wall, and retention.
func (a *App) startUpkeep(ctx context.Context) error {
	if err := a.desk.Start(ctx); err != nil {
		return err
	}
	a.crew.start(a.undo, "outbox", a.outbox.Run)
	a.crew.start(a.undo, "signs", a.board.Run)
	if a.o.Silent {
		return nil
	}
	a.crew.start(a.undo, "audit", a.audit.Run)
	a.crew.start(a.undo, "looks", a.runLooks)
	a.crew.start(a.undo, "timers", a.timers.Run)
	a.crew.start(a.undo, "messages", a.messages.Run)
	a.startPulls()
	a.crew.start(a.undo, "retention", a.runRetention)
	a.crew.start(a.undo, "settling", a.runSettling)
	a.crew.start(a.undo, "ticks", a.runTicks)
	return nil
}

// runTicks puts the time into the log once a second. A tick that fails is not repeated: the next one says more.
func (a *App) runTicks(ctx context.Context) error {
	for {
		now := a.o.Clock.Now()
		if _, err := a.bus.AppendTick(ctx, now); err != nil && ctx.Err() == nil {
			a.o.Log.Warn("no tick: the log does not answer", "error", err)
		}
		if err := a.o.Clock.Wait(ctx, now.Truncate(tickEvery).Add(tickEvery)); err != nil {
			return err
		}
	}
}

// runRetention removes from the log what is older than its type's retention and no longer needed by any snapshot.
func (a *App) runRetention(ctx context.Context) error {
	for {
		if err := a.purge(ctx); err != nil && ctx.Err() == nil {
			a.o.Log.Error("retention failed; nothing is lost, the log only stays longer", "error", err)
		}
		if err := a.o.Clock.Wait(ctx, a.o.Clock.Now().Add(purgeEvery)); err != nil {
			return err
		}
	}
}

// mayLag is how many messages detection may be behind the end of the log while retention removes old ones: seconds of work, against a day, which is the
// shortest retention.
const mayLag = 10_000

func (a *App) purge(ctx context.Context) error {
	last, err := a.bus.LastSeq(ctx)
	if err != nil {
		return err
	}
	if a.runner.Ready() != nil || a.runner.Position()+mayLag < last {
		a.o.Log.Warn("retention waits: detection is behind, and what it has not computed is not removed", "position", a.runner.Position(), "end", last)
		return nil
	}
	now := a.o.Clock.Now()
	longest := 24 * time.Hour
	for class, keep := range retentionClasses(a.now.get()) {
		longest = max(longest, keep)
		n, err := a.bus.Purge(ctx, class, now.Add(-keep))
		if err != nil {
			return fault.Wrap("app.purge", err)
		}
		if n > 0 {
			a.o.Log.Info("events past their retention removed", "class", class, "messages", n)
		}
	}
	_, err = a.bus.PurgeTicks(ctx, now.Add(-longest))
	return fault.Wrap("app.purge", err)
}

// retentionClasses are the retentions of the types in force.
func retentionClasses(set *pack.Set) map[bus.Retention]time.Duration {
	classes := map[bus.Retention]time.Duration{}
	for _, t := range set.Types {
		classes[ingest.ClassOf(t)] = t.Retention
	}
	return classes
}
