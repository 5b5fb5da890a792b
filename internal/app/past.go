package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/demo"
	"twoweave/internal/manage/event"
	"twoweave/internal/reform/pack"
)

// tellPast tells a new demo's log what the city's devices have sent before the city begins to live, with the clock of those days: findings over days need it.
// A demo that goes on in a folder has a past of its own, and false comes back.
func tellPast(ctx context.Context, o DemoOptions, begun time.Time) (told bool, err error) {
	if mustBeNew(o.Config.Data) != nil {
		return false, nil
	}
	content, err := readPacks(o.Config.Packs, o.Config.Trust)
	if err != nil {
		return false, err
	}
	set, err := pack.Combine(content...)
	if err != nil {
		return false, err
	}
	var areas []string
	for _, a := range set.Directory.Areas {
		areas = append(areas, string(a.Code))
	}
	if len(areas) == 0 {
		return false, nil // the city will say what it lacks
	}
	past := demo.History(areas, begun)
	c := clock.NewManual(past[0].At)
	program, err := New(o.Config, Options{Clock: c, Log: slog.New(onlyErrors{o.Log.Handler()}), Silent: true, Demo: true, Snapshots: rarely})
	if err != nil {
		return false, err
	}
	if err := program.Start(ctx); err != nil {
		return false, err
	}
	r := &replay{app: program, clock: c}
	err = r.tell(ctx, past, begun)
	return true, errors.Join(err, program.Stop(ctx))
}

// onlyErrors leaves warnings out: when days pass in a second, stores warn of what is no matter.
type onlyErrors struct{ slog.Handler }

func (h onlyErrors) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelError && h.Handler.Enabled(ctx, l)
}

func (h onlyErrors) WithAttrs(a []slog.Attr) slog.Handler { return onlyErrors{h.Handler.WithAttrs(a)} }

func (h onlyErrors) WithGroup(name string) slog.Handler { return onlyErrors{h.Handler.WithGroup(name)} }

// tell sends events, each at its own time; those of one moment are sent together.
func (r *replay) tell(ctx context.Context, past []demo.Past, until time.Time) error {
	for len(past) > 0 {
		n := 1
		for n < len(past) && past[n].At.Equal(past[0].At) {
			n++
		}
		if err := r.passTo(ctx, past[0].At); err != nil {
			return err
		}
		if err := r.tellAtOnce(ctx, past[:n]); err != nil {
			return err
		}
		past = past[n:]
	}
	if err := r.passTo(ctx, until); err != nil {
		return err
	}
	return r.caughtUp(ctx)
}

// passTo lets the time between two moments pass. The log learns of it before the clock does: the signs write their values down when the clock moves, and
// partitions that had said nothing since the last moment would be taken to be silent.
func (r *replay) passTo(ctx context.Context, t time.Time) error {
	if err := r.caughtUp(ctx); err != nil {
		return err
	}
	if _, err := r.app.bus.AppendTick(ctx, t); err != nil {
		return err
	}
	if err := r.caughtUp(ctx); err != nil {
		return err
	}
	r.clock.Set(t)
	_, err := r.app.timers.RunDue(ctx)
	return err
}

func (r *replay) tellAtOnce(ctx context.Context, past []demo.Past) error {
	events := make([]event.Event, len(past))
	for i, p := range past {
		e, problems := event.FromJSON(p.CloudEvent)
		if len(problems) > 0 {
			return fault.Invalidly("app.tell", problems...)
		}
		events[i] = e
	}
	_, err := r.app.ingest.Accept(ctx, "demo-devices", events)
	return err
}
