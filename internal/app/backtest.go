package app

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/gateway/api"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/reform/backtest"
	"twoweave/internal/reform/pack"
)

// Trial is a scenario to be tried on the past.
type Trial struct {
	File     string // as problems name it
	Text     []byte // YAML
	ID       scenario.ID
	From, To time.Time
	Examples int
}

// Past looks back into the log of a program that is stopped.
type Past struct{ app *App }

// OpenPast opens the log, the records and the packs of a program's data folder, which no program may be using. It starts nothing.
func OpenPast(ctx context.Context, config Config, log *slog.Logger) (*Past, error) {
	const op = "app.OpenPast"
	a, err := New(config, Options{Clock: clock.System{}, Log: log, Silent: true})
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(a.path("log")); errors.Is(err, fs.ErrNotExist) && config.NATS == "embedded" {
		return nil, fault.New(fault.Invalid, op, "there is no log in %s", config.Data)
	}
	for _, open := range []func(context.Context) error{a.openData, a.openDatabase, a.openBus} {
		if err := open(ctx); err != nil {
			return nil, errors.Join(fault.Wrap(op, err), a.undo.unwind())
		}
	}
	return &Past{app: a}, nil
}

// Close closes everything.
func (p *Past) Close() error { return p.app.undo.unwind() }

// Explain tells how the detection with an id came about.
func (p *Past) Explain(ctx context.Context, id string, progress backtest.Progress) (scenario.Explanation, error) {
	return p.app.explain(ctx, id, progress)
}

// Backtest tries a scenario beside the packs that were activated last.
func (p *Past) Backtest(ctx context.Context, t Trial, progress backtest.Progress) (scenario.Comparison, error) {
	const op = "app.Backtest"
	last, err := p.app.lastActivation(ctx)
	if err != nil {
		return scenario.Comparison{}, fault.Wrap(op, err)
	}
	if last.Activation == "" {
		return scenario.Comparison{}, fault.New(fault.NotFound, op, "no packs were ever activated in %s", p.app.config.Data)
	}
	set, err := loader{p.app.blobs}.Load(ctx, last)
	if err != nil {
		return scenario.Comparison{}, fault.Wrap(op, err)
	}
	run, err := p.app.trial(set, t)
	if err != nil {
		return scenario.Comparison{}, err
	}
	run.Progress = progress
	return run.Run(ctx)
}

// explain tells from the log; what the log has lost, from the record.
func (a *App) explain(ctx context.Context, id string, progress backtest.Progress) (scenario.Explanation, error) {
	var found casedesk.Finding
	var rule casedesk.Rule
	err := a.database.View(ctx, func(tx *sqldb.Tx) (err error) {
		if found, err = a.records.Finding(tx, id); err != nil {
			return err
		}
		rule, err = a.records.Rule(tx, found.Started.Rule)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		return scenario.Explanation{}, err
	}
	x, err := backtest.Explainer{Log: a.bus, Loader: loader{a.blobs}, Progress: progress}.Explain(ctx, found.Started, found.EndedAt)
	if err == nil && !x.Recomputed && rule.Hash != "" {
		x.Definition = scenario.Definition{Scenario: rule.Scenario, Version: rule.Version, Hash: rule.Hash, Title: rule.Title, Operator: rule.Operator,
			Where: rule.Where, When: rule.When, Until: rule.Until, For: rule.For, Note: rule.Note}
	}
	return x, err
}

// trial reads and checks what is to be tried.
func (a *App) trial(set *pack.Set, t Trial) (backtest.Trial, error) {
	draft, err := pack.ReadDraft(t.File, t.Text, t.ID)
	if err != nil {
		return backtest.Trial{}, err
	}
	run := backtest.Trial{Log: a.bus, Set: set, Draft: draft, From: t.From, To: t.To, Examples: t.Examples}
	return run, run.Check()
}

// looking is the running program's Past. The log is read for one person at a time: it is the same log that detection reads.
type looking struct {
	app  *App
	busy chan struct{} // of capacity 1
}

func (a *App) looking() looking { return looking{app: a, busy: make(chan struct{}, 1)} }

// begin is Exhausted while somebody else looks back.
func (l looking) begin() (end func(), err error) {
	select {
	case l.busy <- struct{}{}:
		return func() { <-l.busy }, nil
	default:
		return nil, fault.New(fault.Exhausted, "app.looking", "somebody else is looking back into the log; try again in a moment")
	}
}

func (l looking) Explain(ctx context.Context, id string) (scenario.Explanation, error) {
	end, err := l.begin()
	if err != nil {
		return scenario.Explanation{}, err
	}
	defer end()
	return l.app.explain(ctx, id, nil)
}

func (l looking) Backtest(q api.Question) (func(context.Context, func(done, of uint64)) (scenario.Comparison, error), error) {
	run, err := l.app.trial(l.app.now.get(), Trial{File: "scenario", Text: q.Text, ID: q.ID, From: q.From, To: q.To, Examples: q.Examples})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, told func(done, of uint64)) (scenario.Comparison, error) {
		end, err := l.begin()
		if err != nil {
			return scenario.Comparison{}, err
		}
		defer end()
		run.Progress = func(done, of bus.Seq) { told(uint64(done), uint64(of)) }
		return run.Run(ctx)
	}, nil
}
