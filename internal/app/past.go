package app

import (
	"context"
	"errors"
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
	content, err := readPacks(o.Config.Packs)
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
	program, err := New(o.Config, Options{Clock: c, Log: o.Log, Silent: true, Demo: true, Snapshots: rarely})
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

// tell sends events, each at its own time; those of one moment are sent together.
func (r *replay) tell(ctx context.Context, past []demo.Past, until time.Time) error {
	for len(past) > 0 {
		n := 1
		for n < len(past) && past[n].At.Equal(past[0].At) {
			n++
		}
		if err := r.moveTo(ctx, past[0].At); err != nil {
			return err
		}
		if err := r.tellAtOnce(ctx, past[:n]); err != nil {
			return err
		}
		past = past[n:]
	}
	if err := r.moveTo(ctx, until); err != nil {
		return err
	}
	return r.caughtUp(ctx)
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
